"""Films and sounds as ffmpeg writes them: made fit by it, and without their metadata still whole by its judgement."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fedisched import compose
from fedisched.compose.media import transcode
from fedisched.compose.media.damaged import Damaged
from fedisched.compose.media.kinds import mime_of
from fedisched.compose.media.made import bare
from tests.compose.media.photos import animation
from tests.compose.posts import only_part, render

pytestmark = pytest.mark.system
PLACE = "+52.5200+013.4050/"
SOURCES = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i", "sine=duration=1"]
WORDS = ["-metadata", f"location={PLACE}", "-metadata", f"title={PLACE}", "-metadata", f"comment={PLACE}"]
CODECS = {
    "mp4": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"],
    "mov": ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"],
    "webm": ["-c:v", "libvpx", "-c:a", "libvorbis"],
    "mp3": ["-vn"],
    "ogg": ["-vn", "-c:a", "libvorbis"],
    "opus": ["-vn", "-c:a", "libopus"],
    "flac": ["-vn"],
    "wav": ["-vn"],
    "m4a": ["-vn", "-c:a", "aac"],
}


@pytest.fixture(autouse=True)
def ffmpeg() -> None:
    if shutil.which("ffmpeg") is None:
        pytest.fail("these tests need ffmpeg: install the package ffmpeg", pytrace=False)


def made(folder: Path, ending: str) -> Path:
    """A second of film or sound, with a place in its metadata."""
    path = folder / f"a.{ending}"
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *SOURCES, *CODECS[ending], *WORDS, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def probed(data: bytes, at: Path) -> dict[str, Any]:
    """What ffprobe says of a file, which is decoded to its end first; any error fails."""
    at.write_bytes(data)
    decoded = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", str(at), "-f", "null", "-"]
    said = subprocess.run(decoded, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert said.stderr == ""
    asked = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(at)]
    found: dict[str, Any] = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    return found


@pytest.mark.parametrize("ending", CODECS)
def test_without_its_metadata_a_file_is_whole(tmp_path: Path, ending: str) -> None:
    data = made(tmp_path, ending).read_bytes()
    mime = mime_of(data)
    assert mime is not None
    assert PLACE.encode() in data
    clean = bare(data, mime)
    assert PLACE.encode() not in clean
    before, after = probed(data, tmp_path / f"before.{ending}"), probed(clean, tmp_path / f"after.{ending}")
    assert PLACE in json.dumps(before)
    assert PLACE not in json.dumps(after)
    keys = ("codec_name", "width", "height", "sample_rate", "channels", "duration")
    assert [[stream.get(key) for key in keys] for stream in after["streams"]] == [
        [stream.get(key) for key in keys] for stream in before["streams"]
    ]


def test_a_gif_that_moves_becomes_a_video_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/a.gif").write_bytes(animation(5, 33, 25))
    part = only_part(render("![moves](a.gif)", "bluesky", tmp_path))
    assert (part.media[0].mime, part.media[0].width, part.media[0].height) == ("video/mp4", 32, 24)
    sent = compose.read_media(tmp_path, part.media[0])
    assert sent == compose.read_media(tmp_path, part.media[0])
    (stream,) = probed(sent, tmp_path / "sent.mp4")["streams"]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 32, 24)


@pytest.mark.parametrize("ending", ["mov", "webm"])
def test_other_films_become_mp4_for_bluesky(tmp_path: Path, ending: str) -> None:
    (tmp_path / "posts").mkdir()
    made(tmp_path / "posts", ending)
    part = only_part(render(f"![a test picture](a.{ending})", "bluesky", tmp_path))
    sent = compose.read_media(tmp_path, part.media[0])
    assert PLACE.encode() not in sent
    streams = probed(sent, tmp_path / "sent.mp4")["streams"]
    assert [stream["codec_name"] for stream in streams] == ["h264", "aac"]
    assert (streams[0]["width"], streams[0]["height"]) == (64, 48)


def test_what_ffmpeg_cannot_read_is_told_in_its_words() -> None:
    with pytest.raises(Damaged, match="by ffmpeg"):
        transcode.transcoded(b"GIF89a and no more", "image/gif", 10, 10)
