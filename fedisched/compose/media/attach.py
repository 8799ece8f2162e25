"""The files a post attaches: found inside the content folder only, looked at, and what will become of them.

Nothing is decoded here, so that `check` stays quick: what is known of a picture stands in its first bytes and between
its pieces. What only decoding shows (`MediaUnfit`) is told when the post is prepared.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

from fedisched.compose.graphemes import count_graphemes
from fedisched.compose.media.damaged import Damaged
from fedisched.compose.media.kinds import ENDINGS, HEAD, NAMES, kind_of, mime_of
from fedisched.compose.media.look import Look
from fedisched.compose.media.made import DIGEST, SOUNDS, bare, look_at_film, look_at_picture
from fedisched.compose.media.opened import NoFile, Outside, is_inside, mark_of, opened
from fedisched.compose.media.paint import MOST_PIXELS
from fedisched.compose.media.shown import Fit, Shows, fitted
from fedisched.compose.source import Source
from fedisched.model.post import Medium
from fedisched.model.problem import Problem
from fedisched.model.rendered import Attachment, Limits

MOST_BYTES = 100_000_000
"""A picture that is larger is not read: no camera makes such."""
NARROWEST = 40
"""Pixels along the shorter side below which a picture that was made smaller shows nothing any more: two lines of small
text, as high as the smallest faces and signs that apps draw; and what is so much longer than high is scaled down once
more to the width of a screen."""
_FORMATS = "PNG, JPEG, GIF, WebP, AVIF or HEIC picture, an MP4, QuickTime or WebM video, or a sound"

_NO_SOUND = "Make a video of it (with a still picture), or leave this network out of the targets."


class _Found(NamedTuple):
    """A file that was looked at: `size` in bytes as it lies there, `bare` without its metadata."""

    path: str
    mime: str
    size: int
    bare: int
    look: Look
    source: str


class _Unfit(Exception):
    """A file cannot be attached."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Attacher:
    """Turns what one post attaches into attachments, or into problems. `folder` is the content folder, `shows` what the
    network shows."""

    source: Source
    folder: Path
    limits: Limits
    shows: Shows
    network: str
    alt_required: bool = True

    def attach(self, medium: Medium) -> tuple[Attachment | None, list[Problem]]:
        """The attachment that a file becomes, None if it cannot be sent; and what is wrong with it."""
        try:
            found = self._look(medium)
            attachment = self._fitted(medium, found)
        except _Unfit as unfit:
            return None, [unfit.problem]
        remarks = [*self._of_its_name(medium, found), *self._of_movement(medium, found, attachment)]
        remarks += self._of_shape(medium, found, attachment)
        return attachment, [*remarks, *self._of_alt(medium, attachment)]

    # The file

    def _look(self, medium: Medium) -> _Found:
        path = self._find(medium)
        try:
            with opened(path, self.folder) as (file, status):
                return self._looked(medium, path.relative_to(self.folder).as_posix(), file, status)
        except Outside:
            raise self._outside(medium) from None
        except NoFile:
            message = f"{medium.file} is no file: it is a folder, a pipe or a device"
            raise self._unfit(medium, "not-a-file", message, "Put the file itself there.") from None
        except OSError as error:
            message = f"{medium.file} cannot be read ({error.strerror})"
            raise self._unfit(medium, "unreadable-image", message, "Let fedisched read it.") from None
        except Damaged as damage:
            hint = "Put the whole file there, or save it anew in another program."
            raise self._unfit(medium, "damaged-image", f"{medium.file} {damage}", hint) from None

    def _looked(self, medium: Medium, path: str, file: BinaryIO, status: os.stat_result) -> _Found:
        size = status.st_size
        head = file.read(HEAD)
        mime = mime_of(head)
        if mime is None:
            raise self._not_media(medium, head)
        if kind_of(mime) != "image":
            look = look_at_film(file, size, mime)
            if mime == "video/mp4" and not look.width:
                mime = "audio/mp4"
            if mime in SOUNDS and size <= MOST_BYTES:  # they have no index to look at: they are gone through
                file.seek(0)
                size_sent = len(bare(file.read(MOST_BYTES), mime))
                return _Found(path, mime, size, size_sent, look, mark_of(status))
            return _Found(path, mime, size, size, look, mark_of(status))
        if size > MOST_BYTES:
            message = f"{medium.file} has {size:,} bytes, which is no picture any more"
            raise self._unfit(medium, "image-too-large", message, "Make the image smaller.")
        data = head + file.read(MOST_BYTES)
        look, size_sent = look_at_picture(data, mime)
        if look.pixels > MOST_PIXELS:
            message = f"{medium.file} unfolds to {look.width:,} by {look.height:,} pixels"
            hint = f"Make the image smaller: at most {MOST_PIXELS // 1_000_000} million pixels."
            raise self._unfit(medium, "too-many-pixels", message, hint)
        return _Found(path, mime, size, size_sent, look, DIGEST + hashlib.sha256(data).hexdigest())

    def _find(self, medium: Medium) -> Path:
        path = medium.file
        if "://" in path or path.startswith(("data:", "//")):
            hint = "Download the file into the content folder and name it here."
            raise self._unfit(medium, "image-is-url", f"{path[:80]} is an address, not a file", hint)
        if PurePosixPath(path).is_absolute() or path.startswith("~") or path[1:3] in (":\\", ":/"):
            hint = "Write the path from the post's own folder."
            raise self._unfit(medium, "absolute-path", f"{path} is not a path inside the content folder", hint)
        for spelling in dict.fromkeys((path, unquote(path))):
            candidate = self.beside(spelling)
            try:
                if not is_inside(candidate, self.folder):
                    raise self._outside(medium)
                if candidate.exists() and not candidate.is_dir():
                    return candidate
            except (OSError, ValueError):
                continue
        raise self._missing(medium)

    def beside(self, path: str) -> Path:
        """Where a path from the post's own folder leads."""
        return Path(os.path.normpath(self.folder / PurePosixPath(self.source.post.path).parent / path))

    def _missing(self, medium: Medium) -> _Unfit:
        path = medium.file
        # A path may be longer than any file's: that is no error here, but for pathlib it is.
        if "\0" not in path and os.path.isdir(self.beside(path)):  # noqa: PTH112
            hint = f"Name a file in it: {path.rstrip('/')}/…"
            return self._unfit(medium, "not-a-file", f"{path} is a folder", hint)
        hint = "Put the file there, or correct the path: it starts from the post's own folder."
        if "\0" not in path and os.path.isfile(self.folder / path):  # noqa: PTH113
            up = "../" * (len(PurePosixPath(self.source.post.path).parts) - 1)
            hint = f"Write {up}{path}: a path starts from the post's own folder."
        return self._unfit(medium, "missing-image", f"there is no file {path}", hint)

    def _outside(self, medium: Medium) -> _Unfit:
        hint = "Copy the file into the content folder, so that it travels with the post."
        return self._unfit(medium, "outside-folder", f"{medium.file} is outside the content folder", hint)

    def _not_media(self, medium: Medium, head: bytes) -> _Unfit:
        if not head:
            return self._unfit(medium, "empty-image", f"{medium.file} is empty", "Put the real file there.")
        message = f"{medium.file} is nothing that can be posted"
        return self._unfit(medium, "unknown-image", message, f"Attach a {_FORMATS}.")

    # What becomes of it

    def _fitted(self, medium: Medium, found: _Found) -> Attachment:
        match kind_of(found.mime):
            case "image" if found.mime == "image/gif" and found.look.frames > 1:
                fit, most = self._fit_gif(medium, found)
            case "image":
                fit, most = fitted(found.mime, found.look, found.bare, self.limits, self.shows), self.limits.image_bytes
            case _:
                fit, most = self._fit_film(medium, found), self.limits.video_bytes
        size = found.bare if not fit.making else found.size
        place = (fit.mime, size, fit.width, fit.height, medium.focus)
        return Attachment(found.path, medium.alt, *place, fit.making, most, found.source, found.size)

    def _fit_gif(self, medium: Medium, found: _Found) -> tuple[Fit, int]:
        """What moves stays as it is, or becomes a video."""
        look, limits = found.look, self.limits
        if self.shows.films_gifs:
            return self._filmed(medium, found), limits.video_bytes
        fit = fitted(found.mime, look, found.bare, limits, self.shows)
        if fit.making:
            message = f"{medium.file} moves, and is too large for {self.network} ({found.bare:,} bytes, "
            message += f"{look.width} by {look.height} pixels; at most {limits.image_bytes:,} bytes"
            message += f" and {limits.image_pixels:,} pixels)" if limits.image_pixels else ")"
            raise self._unfit(medium, "image-too-large", message, "Make it smaller or shorter, or save it as MP4.")
        return fit, limits.image_bytes

    def _fit_film(self, medium: Medium, found: _Found) -> Fit:
        kind, limits = kind_of(found.mime), self.limits
        if kind == "audio" and not self.shows.sounds:
            message = f"{medium.file} is a sound, and {self.network} takes none"
            raise self._unfit(medium, "no-sounds", message, _NO_SOUND)
        if found.size > limits.video_bytes:
            message = f"{medium.file} has {found.size:,} bytes of at most {limits.video_bytes:,}"
            raise self._unfit(medium, "video-too-large", message, "Make it shorter or smaller.")
        if limits.video_pixels and found.look.pixels > limits.video_pixels:
            message = f"{medium.file} has {found.look.width} by {found.look.height} pixels, more than its server takes"
            raise self._unfit(medium, "video-too-large", message, "Make it smaller.")
        if self.shows.takes(found.mime, limits):
            return Fit("", found.mime, found.look.width, found.look.height)
        if kind == "audio":
            message = f"{medium.file} is {NAMES[found.mime]}, which its server does not take"
            hint = "Save it as MP3." if self.shows.takes("audio/mpeg", limits) else _NO_SOUND
            raise self._unfit(medium, "unfit-sound", message, hint)
        return self._filmed(medium, found)

    def _filmed(self, medium: Medium, found: _Found) -> Fit:
        """What becomes an MP4 video: ffmpeg makes it, when the post is prepared."""
        from fedisched.compose.media import transcode

        if not transcode.is_possible():
            what = "a GIF that moves" if found.mime == "image/gif" else f"a {NAMES[found.mime]} video"
            message = f"{medium.file} is {what}, which {self.network} takes as MP4 only, and there is no ffmpeg here"
            hint = "Install ffmpeg on the machine that publishes, or save the file as MP4."
            raise self._unfit(medium, "needs-ffmpeg", message, hint)
        return Fit("video", "video/mp4", transcode.even(found.look.width), transcode.even(found.look.height))

    # Remarks

    def _of_its_name(self, medium: Medium, found: _Found) -> list[Problem]:
        endings = ENDINGS[found.mime]
        if found.path.lower().endswith(endings):
            return []
        message = f"{medium.file} is in truth {found.mime}"
        hint = f"Rename it to end in {endings[0]}; it is sent as what it is."
        return [self._problem(medium, "wrong-extension", message, hint, warning=True)]

    def _of_movement(self, medium: Medium, found: _Found, attachment: Attachment) -> list[Problem]:
        if found.look.frames == 1 or attachment.making != "image":
            return []
        message = f"{medium.file} moves, but only its first picture goes to {self.network}"
        hint = "Save it as GIF or MP4, or make it small enough to go out as it is."
        return [self._problem(medium, "stands-still", message, hint, warning=True)]

    def _of_shape(self, medium: Medium, found: _Found, attachment: Attachment) -> list[Problem]:
        """A picture that is made to fit keeps its shape, whatever becomes of its shorter side."""
        before, after = min(found.look[:2]), min(attachment.width, attachment.height)
        if attachment.making != "image" or after >= min(before, NARROWEST):
            return []
        message = (
            f"{medium.file} has {found.look.width:,} by {found.look.height:,} pixels, of which {self.network} gets "
        )
        message += f"{attachment.width:,} by {attachment.height:,}, and hardly anything can be seen then"
        hint = "Cut it into several pictures, or to a shape that is less long."
        return [self._problem(medium, "too-narrow", message, hint, warning=True)]

    def _of_alt(self, medium: Medium, attachment: Attachment) -> list[Problem]:
        path, most = medium.file, self._longest_alt(attachment)
        if not medium.alt.strip():
            if not self.alt_required:
                return []
            hint = "Say what can be seen or heard: ![here](…), or in alt. Or set alt_required = false in the config."
            return [self._problem(medium, "no-alt", f"{path} has no alt text", hint)]
        if most is not None and (length := count_graphemes(medium.alt)) > most:
            message = f"the alt text of {path} has {length:,} characters of at most {most:,}"
            return [self._problem(medium, "alt-too-long", message, "Say it more briefly.")]
        most = self.shows.video_alt_bytes if kind_of(attachment.mime) == "video" else None
        if most is not None and (size := len(medium.alt.encode("utf-8", "replace"))) > most:
            message = f"the alt text of {path} has {size:,} bytes of at most {most:,}"
            return [self._problem(medium, "alt-too-long", message, "Say it more briefly.")]
        return []

    def _longest_alt(self, attachment: Attachment) -> int | None:
        most = [self.limits.alt_characters]
        if kind_of(attachment.mime) == "video":
            most.append(self.shows.video_alt_characters)
        return min((limit for limit in most if limit is not None), default=None)

    def _unfit(self, medium: Medium, code: str, message: str, hint: str) -> _Unfit:
        return _Unfit(self._problem(medium, code, message, hint))

    def _problem(self, medium: Medium, code: str, message: str, hint: str, warning: bool = False) -> Problem:
        return self.source.problem_at(medium.at, code, message, hint, "warning" if warning else "error")
