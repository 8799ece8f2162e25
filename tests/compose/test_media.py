"""The files a post attaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched import compose
from fedisched.model.errors import FileChanged
from fedisched.model.rendered import Attachment, Limits, Pending
from fedisched.model.settings import NetworkName

from .posts import PNG, codes, only_part, places, render


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


def test_images_are_attached_in_order(folder: Path) -> None:
    rendering = render("![a cat](cat.png)\n![](../images/dog.png)", "mastodon", folder)
    part = only_part(rendering)
    assert [media.path for media in part.media] == ["posts/cat.png", "images/dog.png"]
    assert part.media[0] == CAT
    assert part.body == {"status": "", "media_ids": [Pending("media", "1"), Pending("media", "2")]}
    assert places(rendering) == [("no-alt", 6, 1)]
    assert rendering.can_be_sent


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
        ("../posts", "missing-image"),
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
    rendering = render(f"text\n ![a]({path})", "mastodon", folder)
    assert places(rendering) == [(code, 6, 2)]
    assert rendering.can_be_sent == (code == "wrong-extension")


def test_a_path_from_the_content_folder_is_told_how_to_be_written(folder: Path) -> None:
    (problem,) = render("![a](images/dog.png)", "mastodon", folder).problems
    assert problem.hint == "Write ../images/dog.png: a path starts from the post's own folder."


@pytest.mark.parametrize(("network", "expected"), [("bluesky", ["image-too-large"]), ("mastodon", [])])
def test_an_image_too_large_for_one_network(folder: Path, network: NetworkName, expected: list[str]) -> None:
    (folder / "posts/cat.png").write_bytes(PNG + bytes(2_000_001 - len(PNG)))
    assert codes(render("![a](cat.png)", network, folder)) == expected


def test_heic_is_not_for_bluesky(folder: Path) -> None:
    (folder / "posts/cat.heic").write_bytes(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic")
    assert codes(render("![a](cat.heic)", "bluesky", folder)) == ["unfit-image"]
    assert codes(render("![a](cat.heic)", "mastodon", folder)) == []


def test_more_than_four_images_is_a_problem_at_the_fifth(folder: Path) -> None:
    rendering = render("![a](cat.png)" * 5, "bluesky", folder)
    assert places(rendering) == [("too-many-images", 5, 53)]
    assert len(only_part(rendering).media) == 4


def test_alt_text_has_a_length(folder: Path) -> None:
    limits = Limits(characters=500, media=4, alt_characters=3)
    assert codes(render("![नमस्ते](cat.png)", "mastodon", folder, limits)) == []
    assert codes(render("![four](cat.png)", "mastodon", folder, limits)) == ["alt-too-long"]


def test_a_problem_of_the_file_is_the_same_for_both_networks(folder: Path) -> None:
    text = "![](nothing.png) [a](b.example/c)"
    assert render(text, "bluesky", folder).problems == render(text, "mastodon", folder).problems


def test_media_are_read_again_when_they_are_sent(folder: Path) -> None:
    assert compose.read_media(folder, CAT) == PNG


def test_media_that_changed_are_not_sent(folder: Path) -> None:
    path = folder / CAT.path
    path.write_bytes(PNG + b"x")
    with pytest.raises(FileChanged, match="changed"):
        compose.read_media(folder, CAT)
    path.write_bytes(b"GIF89a".ljust(len(PNG), b"\0"))
    with pytest.raises(FileChanged, match="changed"):
        compose.read_media(folder, CAT)
    path.unlink()
    with pytest.raises(FileChanged, match="cannot be read") as gone:
        compose.read_media(folder, CAT)
    assert gone.value.hint
    path.symlink_to("../../secret.png")
    with pytest.raises(FileChanged, match="out of the content folder"):
        compose.read_media(folder, CAT)
