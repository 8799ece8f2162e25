"""Posts with media, by whole runs of the publisher."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fedisched.model.errors import FileChanged
from fedisched.model.post import Status
from fedisched.model.rendered import Attachment
from fedisched.publisher import courier
from fedisched.publisher.posts import Posts
from fedisched.sandbox import Fault, What
from tests.compose.media.photos import opened, photo, says_nothing_of_the_place
from tests.stage import Stage

LOOK = "![Red above, blue below](a.jpg)"


def uploaded(stage: Stage) -> list[bytes]:
    """Every file that is on the Mastodon side."""
    return [media.data for media in stage.sandbox.media()]


def test_a_photo_goes_out_upright_and_without_its_place(stage: Stage) -> None:
    (stage.folder / "posts/a.jpg").write_bytes(photo("JPEG", 6))
    stage.post("a.md", stage.soon(-10), body=LOOK)
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED
    (data,) = uploaded(stage)
    assert says_nothing_of_the_place(data)
    assert opened(data).size == (64, 96)
    (record,) = stage.sandbox.records(stage.did)
    assert record.value["embed"]["images"][0]["aspectRatio"] == {"width": 64, "height": 96}


def test_media_of_the_front_matter_go_out_with_their_focus(stage: Stage) -> None:
    (stage.folder / "posts/a.jpg").write_bytes(photo())
    stage.post("a.md", stage.soon(-10), media="[{file: a.jpg, alt: A picture, focus: '0.5,1'}]")
    stage.publish()
    (status,) = stage.sandbox.statuses()
    assert [(media.description, media.focus) for media in status.media] == [("A picture", (0.5, 1.0))]


def test_after_an_unclear_answer_nothing_is_uploaded_again(stage: Stage) -> None:
    (stage.folder / "posts/a.jpg").write_bytes(photo())
    stage.sandbox.faults.add(Fault(What.DROP_REQUEST, "/api/v1/statuses"))
    stage.post("a.md", stage.soon(-10), body=LOOK, targets="mastodon")
    stage.publish(wait=3.0)
    (status,) = stage.sandbox.statuses()
    assert len(status.media) == len(uploaded(stage)) == 1


@pytest.mark.parametrize(("target", "upload"), [("mastodon", "*media"), ("bluesky", "*uploadBlob")])
def test_an_upload_that_fails_is_told_as_one(stage: Stage, target: str, upload: str) -> None:
    (stage.folder / "posts/a.jpg").write_bytes(photo())
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, upload, method="POST"))
    stage.post("a.md", stage.soon(-10), body=LOOK, targets=target)
    stage.publish()
    assert stage.reports[0].error.startswith("the upload failed: 127.0.0.1:")
    assert stage.reports[0].error.endswith(" answered 502")


def test_a_picture_that_cannot_be_decoded_blocks_its_post_and_says_why(stage: Stage) -> None:
    data = bytearray(photo("PNG", 3))
    place = data.index(b"IDAT") + 8
    data[place : place + 20] = b"\xff" * 20
    (stage.folder / "posts/a.jpg").write_bytes(data)
    stage.post("a.md", stage.soon(-10), body=LOOK, targets="mastodon")
    assert stage.publish().needs_a_person
    assert stage.sandbox.statuses() == ()
    (report,) = stage.reports
    assert "a.jpg is damaged" in (report.error or "")


def test_a_picture_that_changes_just_then_is_read_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "MEDIA_CHANGED_RETRY", 100_000)
    (stage.folder / "posts/a.jpg").write_bytes(photo())
    read_media: Callable[[Posts, Attachment], bytes] = Posts.read_media
    changed: list[Attachment] = []

    def changes_once(posts: Posts, attachment: Attachment) -> bytes:
        if not changed:
            changed.append(attachment)
            raise FileChanged("posts/a.jpg has changed while it was being sent", "Try again: it is read anew.")
        return read_media(posts, attachment)

    monkeypatch.setattr(Posts, "read_media", changes_once)
    stage.post("a.md", stage.soon(-10), body=LOOK, targets="mastodon")
    stage.publish(wait=2.0)
    (status,) = stage.sandbox.statuses()
    assert len(status.media) == len(uploaded(stage)) == 1
