"""What becomes of a post's files on each network, and what is said where nothing can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fedisched import compose
from fedisched.compose.media import transcode
from fedisched.model.errors import FileChanged, MediaUnfit
from fedisched.model.post import Medium
from fedisched.model.problem import Mark
from fedisched.model.rendered import Attachment, Limits
from fedisched.model.settings import NetworkName

from ..posts import codes, only_part, places, png, post, render
from .films import flac, mp3, mp4, ogg, wav, webm
from .photos import animation, drawn, noise, opened, photo, saved, says_nothing_of_the_place, seen_through

BOTH: tuple[NetworkName, ...] = ("mastodon", "bluesky")
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with an empty `posts/`."""
    (tmp_path / "posts").mkdir()
    return tmp_path


@pytest.fixture
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcode, "is_possible", lambda: False)


@pytest.fixture
def with_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as anybody who only plans can tell."""
    monkeypatch.setattr(transcode, "is_possible", lambda: True)


def attachment(folder: Path, name: str, network: NetworkName, limits: Limits | None = None) -> Attachment:
    rendering = render(f"![what is there]({name})", network, folder, limits)
    assert [problem for problem in rendering.problems if problem.is_error] == []
    return only_part(rendering).media[0]


@pytest.mark.parametrize(
    ("data", "network", "mime", "making"),
    [
        (photo("JPEG"), "mastodon", "image/jpeg", ""),
        (photo("JPEG"), "bluesky", "image/jpeg", ""),
        (photo("JPEG", 6), "bluesky", "image/jpeg", "image"),
        (photo("PNG"), "mastodon", "image/png", ""),
        (photo("PNG", 3), "mastodon", "image/png", "image"),
        (photo("WEBP"), "bluesky", "image/webp", ""),
        (photo("AVIF"), "mastodon", "image/jpeg", "image"),
        (saved(seen_through(), "AVIF"), "bluesky", "image/webp", "image"),
        (saved(drawn(mode="P"), "GIF"), "mastodon", "image/gif", ""),
        (saved(drawn(mode="P"), "GIF"), "bluesky", "image/png", "image"),
        (saved(drawn(mode="CMYK"), "JPEG"), "mastodon", "image/jpeg", "image"),
        (animation(), "mastodon", "image/gif", ""),
        (animation(), "bluesky", "video/mp4", "video"),
        (mp4(), "mastodon", "video/mp4", ""),
        (mp4(), "bluesky", "video/mp4", ""),
        (mp4(brand=b"qt  "), "mastodon", "video/quicktime", ""),
        (mp4(brand=b"qt  "), "bluesky", "video/mp4", "video"),
        (webm(), "mastodon", "video/webm", ""),
        (webm(), "bluesky", "video/mp4", "video"),
        (webm(kind=b"matroska"), "mastodon", "video/mp4", "video"),
        (mp4(is_sound=True), "mastodon", "audio/mp4", ""),
        (mp3(), "mastodon", "audio/mpeg", ""),
        (ogg(), "mastodon", "audio/ogg", ""),
        (flac(), "mastodon", "audio/flac", ""),
        (wav(), "mastodon", "audio/wav", ""),
    ],
)
@pytest.mark.usefixtures("with_ffmpeg")
def test_each_network_gets_what_it_shows(
    folder: Path, data: bytes, network: NetworkName, mime: str, making: str
) -> None:
    (folder / "posts/file").write_bytes(data)
    found = attachment(folder, "file", network)
    assert (found.mime, found.making) == (mime, making)
    if making != "video":
        sent = compose.read_media(folder, found)
        assert sent == compose.read_media(folder, attachment(folder, "file", network))
        if mime.startswith("image/"):
            assert says_nothing_of_the_place(sent)
            assert opened(sent).size == (found.width, found.height)
        if not making and mime.startswith("image/"):
            assert found.size == len(sent)


def test_a_picture_is_made_smaller_by_what_the_server_says(folder: Path) -> None:
    (folder / "posts/a.png").write_bytes(saved(noise(200, 100), "PNG"))
    for limits, size in (
        (Limits(500, 4, image_side=50), (50, 25)),
        (Limits(500, 4, image_pixels=5_000), (100, 50)),
        (Limits(500, 4, image_side=50, image_pixels=800), (40, 20)),
        (Limits(500, 4, image_bytes=9_000), (200, 100)),
    ):
        found = attachment(folder, "a.png", "mastodon", limits)
        assert (found.width, found.height) == size
        sent = compose.read_media(folder, found)
        assert opened(sent).size == size
        assert len(sent) <= limits.image_bytes


def test_a_format_that_the_server_does_not_name_is_not_sent(folder: Path) -> None:
    (folder / "posts/a.webp").write_bytes(photo("WEBP"))
    (folder / "posts/a.flac").write_bytes(flac())
    (folder / "posts/a.webm").write_bytes(webm())
    limits = Limits(500, 4, types=("image/jpeg", "image/png", "audio/mpeg"))
    assert attachment(folder, "a.webp", "mastodon", limits).mime == "image/jpeg"
    assert codes(render("![a](a.flac)", "mastodon", folder, limits)) == ["unfit-sound"]
    assert attachment(folder, "a.flac", "mastodon", Limits(500, 4, types=("audio/x-flac",))).mime == "audio/flac"


@pytest.mark.usefixtures("no_ffmpeg")
def test_without_ffmpeg_what_needs_it_is_a_problem_that_says_so(folder: Path) -> None:
    (folder / "posts/a.gif").write_bytes(animation())
    (folder / "posts/a.webm").write_bytes(webm())
    for name in ("a.gif", "a.webm"):
        (problem,) = render(f"![a]({name})", "bluesky", folder).problems
        assert problem.code == "needs-ffmpeg"
        assert "there is no ffmpeg here" in problem.message
        assert "MP4" in problem.hint
        assert render(f"![a]({name})", "mastodon", folder).problems == ()


def test_a_gif_that_is_too_large_is_not_robbed_of_its_movement(folder: Path) -> None:
    (folder / "posts/a.gif").write_bytes(animation())
    (problem,) = render("![a](a.gif)", "mastodon", folder, Limits(500, 4, image_bytes=100)).problems
    assert problem.code == "image-too-large"
    assert "moves" in problem.message
    assert "MP4" in problem.hint


def test_other_pictures_that_move_are_told_to_stand_still_where_they_have_to(folder: Path) -> None:
    data = saved(drawn(), "WEBP", save_all=True, append_images=[drawn().rotate(90)], lossless=True)
    (folder / "posts/a.webp").write_bytes(data)
    assert codes(render("![a](a.webp)", "mastodon", folder)) == []
    rendering = render("![a](a.webp)", "mastodon", folder, Limits(500, 4, image_side=80))
    assert codes(rendering) == ["stands-still"]
    assert rendering.can_be_sent


@pytest.mark.parametrize(
    ("width", "height", "narrow"),
    [(30_000, 10, True), (10, 30_000, True), (8000, 79, True), (8000, 80, False), (4000, 10, False), (10, 10, False)],
)
def test_a_picture_of_which_nothing_is_left_to_see_is_told(folder: Path, width: int, height: int, narrow: bool) -> None:
    (folder / "posts/a.png").write_bytes(png(width, height))
    rendering = render("![what is there](a.png)", "bluesky", folder)
    assert codes(rendering) == (["too-narrow"] if narrow else []) and rendering.can_be_sent
    if height == 10 and narrow:
        assert "30,000 by 10 pixels, of which bluesky gets 4,000 by 1" in rendering.problems[0].message
    assert codes(render("![what is there](a.png)", "mastodon", folder)) == []


def test_a_sound_on_bluesky_is_a_problem_with_ways_out(folder: Path) -> None:
    (folder / "posts/a.mp3").write_bytes(mp3())
    (problem,) = render("![a](a.mp3)", "bluesky", folder).problems
    assert problem.code == "no-sounds"
    assert "video" in problem.hint
    assert "targets" in problem.hint


@pytest.mark.parametrize(("name", "data"), [("a.flac", flac()[:60]), ("a.wav", wav()[:30]), ("a.ogg", ogg()[:200])])
def test_a_sound_that_ends_early_is_a_problem(folder: Path, name: str, data: bytes) -> None:
    (folder / "posts" / name).write_bytes(data)
    assert places(render(f"![a]({name})", "mastodon", folder)) == [("damaged-image", 5, 1)]


def test_a_server_without_sounds_is_no_place_for_one(folder: Path) -> None:
    (folder / "posts/a.mp3").write_bytes(mp3())
    (problem,) = render("![a](a.mp3)", "mastodon", folder, Limits(500, 4, types=("image/png",))).problems
    assert problem.code == "unfit-sound"
    assert "video" in problem.hint


@pytest.mark.parametrize("network", BOTH)
def test_a_video_stands_alone(folder: Path, network: NetworkName) -> None:
    (folder / "posts/a.mp4").write_bytes(mp4())
    (folder / "posts/a.png").write_bytes(photo("PNG"))
    for text, column in (("![a](a.mp4) ![b](a.png)", 13), ("![b](a.png) ![a](a.mp4)", 13)):
        rendering = render(text, network, folder)
        assert places(rendering) == [("mixed-media", 5, column)]
        assert "---" in rendering.problems[0].hint
    assert codes(render("![a](a.mp4)\n---\n![b](a.png)", network, folder)) == []


def test_a_video_may_be_too_large_for_a_server(folder: Path) -> None:
    (folder / "posts/a.mp4").write_bytes(mp4(4000, 3000))
    assert codes(render("![a](a.mp4)", "mastodon", folder)) == ["video-too-large"]
    assert codes(render("![a](a.mp4)", "bluesky", folder)) == []
    assert codes(render("![a](a.mp4)", "mastodon", folder, Limits(500, 4, video_bytes=100))) == ["video-too-large"]


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.mp3"])
def test_a_gigabyte_of_nothing_is_a_problem_at_once(folder: Path, name: str) -> None:
    head = {"a.png": photo("PNG"), "a.mp4": mp4(), "a.mp3": mp3()}[name]
    with (folder / "posts" / name).open("wb") as file:
        file.write(head)
        file.truncate(1_000_000_000)
    rendering = render(f"![a]({name})", "mastodon", folder)
    assert len(rendering.problems) == 1
    assert not rendering.can_be_sent


def test_what_only_decoding_shows_is_told_then(folder: Path) -> None:
    data = bytearray(photo("WEBP", 3, lossless=True))
    place = data.index(b"VP8L") + 16
    data[place : place + 20] = b"\xff" * 20
    (folder / "posts/a.webp").write_bytes(data)
    found = attachment(folder, "a.webp", "mastodon")
    with pytest.raises(MediaUnfit, match=r"posts/a.webp is damaged") as unfit:
        compose.read_media(folder, found)
    assert unfit.value.hint


def test_a_video_that_changes_before_it_is_sent_is_not_sent(folder: Path) -> None:
    (folder / "posts/a.mp4").write_bytes(mp4())
    found = attachment(folder, "a.mp4", "mastodon")
    assert len(compose.read_media(folder, found)) == len(mp4())
    os.utime(folder / "posts/a.mp4", (1, 1))
    with pytest.raises(FileChanged):
        compose.read_media(folder, found)


def test_an_unreadable_file_says_why(folder: Path) -> None:
    (folder / "posts/a.png").symlink_to("a.png")
    assert codes(render("![a](a.png)", "mastodon", folder)) in (["unreadable-image"], ["missing-image"])


@pytest.mark.parametrize("path", ["ä" * 200 + ".png", "x/" * 3000 + "a.png", "x" * 300 + "/"])
def test_a_path_that_is_longer_than_any_is_one_of_nothing(folder: Path, path: str) -> None:
    media = (Medium(path, "one", Mark(3, 10)),)
    assert places(render(post("", media=media), "mastodon", folder)) == [("missing-image", 3, 10)]
    link = folder / "posts/link.png"
    if len(path) < 4096:
        link.symlink_to(path)
        assert codes(render("![a](link.png)", "mastodon", folder)) in (["unreadable-image"], ["missing-image"])


# The front matter's media


def test_media_of_the_front_matter_come_first_and_go_to_the_first_part(folder: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (folder / "posts" / name).write_bytes(photo("PNG"))
    media = (Medium("a.png", "one", Mark(3, 10), focus="0.5,-0.5"), Medium("b.png", "two", Mark(4, 10)))
    first, second = render(post("![three](c.png)\n---\nmore", media=media), "mastodon", folder).rendered.parts
    assert [(one.path, one.alt, one.focus) for one in first.media] == [
        ("posts/a.png", "one", "0.5,-0.5"),
        ("posts/b.png", "two", ""),
        ("posts/c.png", "three", ""),
    ]
    assert second.media == ()


def test_problems_of_media_stand_where_the_file_is_named(folder: Path) -> None:
    media = (Medium("nothing.png", "one", Mark(3, 10)),)
    assert places(render(post("", media=media), "mastodon", folder)) == [("missing-image", 3, 10)]


def test_a_post_of_a_picture_alone_needs_no_text(folder: Path) -> None:
    (folder / "posts/a.png").write_bytes(photo("PNG"))
    assert codes(render(post("", media=(Medium("a.png", "one", Mark(3, 10)),)), "bluesky", folder)) == []


# Descriptions


def test_a_videos_description_has_a_length_of_its_own_on_bluesky(folder: Path) -> None:
    (folder / "posts/a.mp4").write_bytes(mp4())
    (folder / "posts/a.png").write_bytes(photo("PNG"))
    assert codes(render(f"![{'x' * 1001}](a.mp4)", "bluesky", folder)) == ["alt-too-long"]
    assert codes(render(f"![{'x' * 1000}](a.mp4)", "bluesky", folder)) == []
    assert codes(render(f"![{'x' * 1001}](a.png)", "bluesky", folder)) == []
    assert codes(render(f"![{'x' * 1501}](a.png)", "mastodon", folder)) == ["alt-too-long"]


# Captions


def captions(folder: Path, text: str, name: str = "a.en.vtt") -> None:
    (folder / "posts/a.mp4").write_bytes(mp4())
    (folder / "posts" / name).write_text(text)


def test_captions_beside_a_video_belong_to_it(folder: Path) -> None:
    captions(folder, VTT)
    captions(folder, VTT, "a.pt-BR.vtt")
    captions(folder, VTT, "ab.vtt")
    part = only_part(render("![a](a.mp4)", "bluesky", folder))
    assert [(one.path, one.alt, one.mime) for one in part.captions] == [
        ("posts/a.en.vtt", "en", "text/vtt"),
        ("posts/a.pt-BR.vtt", "pt-BR", "text/vtt"),
    ]
    assert compose.read_media(folder, part.captions[0]) == VTT.encode()
    assert only_part(render("![a](a.mp4)", "mastodon", folder)).captions == ()


def test_captions_that_are_named_are_taken_instead(folder: Path) -> None:
    captions(folder, VTT)
    captions(folder, VTT, "other.vtt")
    media = (Medium("a.mp4", "a", Mark(3, 10), captions=("other.vtt",)),)
    part = only_part(render(post("", media=media, lang="de"), "bluesky", folder))
    assert [(one.path, one.alt) for one in part.captions] == [("posts/other.vtt", "de")]


@pytest.mark.parametrize(
    ("names", "text", "words"),
    [
        (("nothing.vtt",), VTT, "no captions to be read at nothing.vtt"),
        (("../../../etc/passwd",), VTT, "no captions to be read"),
        (("a.en.vtt",), "1\n00:00:00,000 --> 00:00:01,000\nHello", "is no WebVTT file"),
        (("a.en.vtt",), VTT + "x" * 20_000, "of at most 20,000"),
        (("a.vtt",), VTT, "which language a.vtt is in"),
        (("a.en.vtt", "a.en.vtt"), VTT, "two files with captions in en"),
    ],
)
def test_what_is_wrong_with_captions(folder: Path, names: tuple[str, ...], text: str, words: str) -> None:
    captions(folder, text)
    captions(folder, text, "a.vtt")
    places = (Mark(5, 7), Mark(6, 7))[: len(names)]
    media = (Medium("a.mp4", "a", Mark(3, 10), captions=names, captions_at=places),)
    (problem,) = render(post("", media=media), "bluesky", folder).problems
    assert (problem.code, problem.line, problem.column) == ("captions", 4 + len(names), 7)
    assert words in problem.message
    assert problem.hint


def test_pillow_is_imported_only_where_it_is_needed(folder: Path) -> None:
    (folder / "posts/a.jpg").write_bytes(photo("JPEG"))
    script = (
        "import sys; from pathlib import Path; from tests.compose.posts import render;"
        f"r = render('![a](a.jpg)', 'bluesky', Path({str(folder)!r}));"
        "assert r.can_be_sent; print([name for name in sys.modules if name.startswith(('PIL', 'pillow'))])"
    )
    said = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert said.stdout == "[]\n"
