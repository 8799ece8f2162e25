"""What a person at a terminal is told of long uploads."""

from __future__ import annotations

from threading import Event

from fedisched.model.rendered import Attachment
from fedisched.publisher.uploading import told

CLIP = Attachment("posts/clip.mp4", "a clip", "video/mp4", 3)


def test_a_long_upload_is_told_of_with_its_size() -> None:
    said: list[str] = []
    heard = Event()

    def tell(words: str) -> None:
        said.append(words)
        heard.set()

    with told(lambda attachment: bytes(2_000_000), "mastodon", tell, first=0.0, again=0.0) as read_media:
        assert len(read_media(CLIP)) == 2_000_000
        heard.clear()
        assert heard.wait(10)
    assert any(words.startswith("posts/clip.mp4: uploading 2.0 MB for mastodon, ") for words in said)


def test_a_quick_one_is_not() -> None:
    said: list[str] = []
    with told(lambda attachment: b"abc", "mastodon", said.append) as read_media:
        assert read_media(CLIP) == b"abc"
    assert said == []


def test_without_anybody_to_tell_nothing_is_watched() -> None:
    def read_media(attachment: Attachment) -> bytes:
        return b""

    with told(read_media, "mastodon", None) as same:
        assert same is read_media
