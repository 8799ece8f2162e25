"""Films made anew by ffmpeg, where a network takes MP4 alone: an animated GIF, QuickTime, WebM."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from fedisched.compose.media.damaged import Damaged
from fedisched.model.secret import without_credentials

_FORMATS = {
    "image/gif": "gif",
    "video/quicktime": "mov",
    "video/mp4": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
}
_WITHIN = 900.0
_CANNOT = "could not be made into an MP4 video by ffmpeg"


def is_possible() -> bool:
    """Whether ffmpeg is on this machine."""
    import shutil

    return shutil.which("ffmpeg") is not None


def even(side: int) -> int:
    """A side of a film: the coding needs an even number."""
    return max(side - side % 2, 2)


def transcoded(data: bytes, mime: str, width: int, height: int) -> bytes:
    """The film as MP4 (H.264, AAC), of a size in pixels, without metadata; the same bytes each time. Raises Damaged."""
    with tempfile.TemporaryDirectory(prefix="fedisched-") as folder:
        source, result = Path(folder, "in"), Path(folder, "out.mp4")
        source.write_bytes(data)
        try:
            done = subprocess.run(
                _command(source, result, _FORMATS[mime], width, height),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_WITHIN,
                check=False,
                env=without_credentials(os.environ),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Damaged(_CANNOT) from error
        if done.returncode != 0 or not result.is_file():
            raise Damaged(f"{_CANNOT} ({_last_words(done.stderr)})")
        return result.read_bytes()


def _command(source: Path, result: Path, kind: str, width: int, height: int) -> list[str]:
    # The format is named and only files are opened: a file that calls itself a GIF cannot make ffmpeg fetch anything.
    quiet = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    what = ["-protocol_whitelist", "file", "-f", kind, "-i", str(source), "-map", "0:v:0", "-map", "0:a:0?"]
    nameless = ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"]
    picture = ["-vf", f"scale={width}:{height}", "-c:v", "libx264", "-crf", "21", "-pix_fmt", "yuv420p"]
    sound = ["-c:a", "aac", "-b:a", "128k"]
    repeatable = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    return [*quiet, *what, *nameless, *picture, *sound, *repeatable, "-movflags", "+faststart", str(result)]


def _last_words(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"
