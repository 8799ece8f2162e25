"""The files a post attaches."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched import compose
from fedisched.model.errors import FileChanged
from fedisched.model.rendered import Attachment, Limits, Pending
from fedisched.model.settings import NetworkName

from .posts import PNG, codes, only_part, places, png, render


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with posts/cat.png and images/dog.png."""
    content = tmp_path / "content"
    for path in ("posts/cat.png", "images/dog.png", "posts/my cat (1).png"):
        (content / path).parent.mkdir(parents=True, exist_ok=True)
        (content / path).write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(PNG)
    return content


CAT = Attachment("posts/cat.png", "a cat", "image/png", len(PNG), 640, 480)


def composed(folder: Path, path: str, network: NetworkName = "mastodon") -> Attachment:
    """A file as an attachment that can be sent."""
    rendering = render(f"![a cat]({path})", network, folder)
    assert codes(rendering) == []
    return only_part(rendering).media[0]


def test_images_are_attached_in_order(folder: Path) -> None:
    rendering = render("![a cat](cat.png)\n![](../images/dog.png)", "mastodon", folder)
    part = only_part(rendering)
    assert [media.path for media in part.media] == ["posts/cat.png", "images/dog.png"]
    assert replace(part.media[0], most=0, source="", source_size=0) == CAT
    assert part.body == {"status": "", "media_ids": [Pending("media", "1"), Pending("media", "2")]}
    assert places(rendering) == [("no-alt", 6, 1)]
    assert not rendering.can_be_sent


def test_no_description_is_needed_where_the_config_says_so(folder: Path) -> None:
    assert codes(render("![](cat.png)", "mastodon", folder, alt_required=False)) == []


def test_images_on_bluesky_are_an_embed(folder: Path) -> None:
    assert only_part(render("![a cat](cat.png)", "bluesky", folder)).body["embed"] == {
        "$type": "app.bsky.embed.images",
        "images": [{"image": Pending("blob", "1"), "alt": "a cat", "aspectRatio": {"width": 640, "height": 480}}],
    }


@pytest.mark.parametrize("path", ["./cat.png", "my cat (1).png", "my%20cat%20(1).png", "<my cat (1).png>"])
def test_a_path_may_be_written_in_several_ways(folder: Path, path: str) -> None:
    assert codes(render(f"![a]({path})", "mastodon", folder)) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nothing.png", "missing-image"),
        ("images/dog.png", "missing-image"),
        ("../posts", "not-a-file"),
        ("x" * 300, "missing-image"),
        ("../../secret.png", "outside-folder"),
        ("link.png", "outside-folder"),
        ("linked/secret.png", "outside-folder"),
        ("%2e%2e/../secret.png", "outside-folder"),
        ("/etc/passwd", "absolute-path"),
        ("~/cat.png", "absolute-path"),
        ("C:\\cat.png", "absolute-path"),
        ("https://example.com/cat.png", "image-is-url"),
        ("data:image/png;base64,AAAA", "image-is-url"),
        ("empty.png", "empty-image"),
        ("text.png", "unknown-image"),
        ("cat.jpg", "wrong-extension"),
        ("dangling.png", "missing-image"),
        ("half.png", "damaged-image"),
        ("pipe.png", "not-a-file"),
        ("bomb.png", "too-many-pixels"),
    ],
)
def test_what_is_wrong_with_an_image(folder: Path, path: str, code: str) -> None:
    posts = folder / "posts"
    (posts / "link.png").symlink_to("../../secret.png")
    (posts / "linked").symlink_to("../..")
    (posts / "dangling.png").symlink_to("gone.png")
    (posts / "empty.png").touch()
    (posts / "text.png").write_text("no image")
    (posts / "cat.jpg").write_bytes(PNG)
    (posts / "half.png").write_bytes(PNG[:-20])
    os.mkfifo(posts / "pipe.png")
    (posts / "bomb.png").write_bytes(png(1, 1).replace(struct.pack(">II", 1, 1), struct.pack(">II", 60_000, 60_000)))
    rendering = render(f"text\n ![a]({path})", "mastodon", folder)
    assert places(rendering) == [(code, 6, 2)]
    assert rendering.can_be_sent == (code == "wrong-extension")


def test_a_path_from_the_content_folder_is_told_how_to_be_written(folder: Path) -> None:
    (problem,) = render("![a](images/dog.png)", "mastodon", folder).problems
    assert problem.hint == "Write ../images/dog.png: a path starts from the post's own folder."


def test_more_than_four_images_is_a_problem_at_the_fifth(folder: Path) -> None:
    rendering = render("![a](cat.png)" * 5, "mastodon", folder)
    assert places(rendering) == [("too-many-images", 5, 53)]
    assert len(only_part(rendering).media) == 4


def test_more_than_four_images_on_bluesky_are_a_gallery_of_at_most_ten(folder: Path) -> None:
    rendering = render("![a](cat.png)" * 10, "bluesky", folder)
    assert rendering.can_be_sent
    embed = only_part(rendering).body["embed"]
    assert isinstance(embed, dict)
    assert embed["$type"] == "app.bsky.embed.gallery"
    assert embed["items"][9] == {
        "$type": "app.bsky.embed.gallery#image",
        "image": Pending("blob", "10"),
        "alt": "a",
        "aspectRatio": {"width": 640, "height": 480},
    }
    assert codes(render("![a](cat.png)" * 11, "bluesky", folder)) == ["too-many-images"]


def test_alt_text_has_a_length(folder: Path) -> None:
    limits = Limits(characters=500, media=4, alt_characters=3)
    assert codes(render("![नमस्ते](cat.png)", "mastodon", folder, limits)) == []
    assert codes(render("![four](cat.png)", "mastodon", folder, limits)) == ["alt-too-long"]


def test_a_problem_of_the_file_is_the_same_for_both_networks(folder: Path) -> None:
    text = "![](nothing.png) [a](b.example/c)"
    assert render(text, "bluesky", folder).problems == render(text, "mastodon", folder).problems


def test_media_are_read_again_when_they_are_sent(folder: Path) -> None:
    assert compose.read_media(folder, composed(folder, "cat.png")) == PNG


def test_media_that_changed_are_not_sent(folder: Path) -> None:
    cat = composed(folder, "cat.png")
    path = folder / cat.path
    for changed in (PNG + b"x", b"GIF89a".ljust(len(PNG), b"\0"), PNG[:-1] + b"x"):
        path.write_bytes(changed)
        with pytest.raises(FileChanged, match="changed"):
            compose.read_media(folder, cat)
    path.unlink()
    with pytest.raises(FileChanged, match="cannot be read") as gone:
        compose.read_media(folder, cat)
    assert gone.value.hint
    os.mkfifo(path)
    with pytest.raises(FileChanged, match="no file"):
        compose.read_media(folder, cat)
    path.unlink()
    path.symlink_to("../../secret.png")
    with pytest.raises(FileChanged, match="out of the content folder"):
        compose.read_media(folder, cat)


@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("P start", "start"),
        ("middle P line", "middle line"),
        ("end P", "end"),
        ("end P\nnext", "end\nnext"),
        ("one\nP two", "one\ntwo"),
        ("one\n\nP two\nthree", "one\n\ntwo\nthree"),
        ("one\n\nP\n\ntwo", "one\n\ntwo"),
        ("one\n\nP\nP\n\ntwo", "one\n\ntwo"),
        ("one\n\nP\n\nP\n\ntwo", "one\n\ntwo"),
        ("one\n\n  P  \n\ntwo", "one\n\ntwo"),
        ("P\n\none\n\nP", "one"),
    ],
)
def test_a_picture_leaves_no_trace_in_the_text(tmp_path: Path, network: NetworkName, body: str, text: str) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/a.png").write_bytes(PNG)
    part = only_part(render(body.replace("P", "![what is there](a.png)"), network, tmp_path))
    assert part.text == text
    assert len(part.media) == body.count("P")
