"""The files a post attaches: found inside the content folder only, looked at, and read again when they are sent."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from fedisched.compose import images
from fedisched.compose.body import Picture
from fedisched.compose.graphemes import count_graphemes
from fedisched.compose.source import Source
from fedisched.model.errors import FileChanged
from fedisched.model.problem import Problem
from fedisched.model.rendered import Attachment, Limits

_FORMATS = "PNG, JPEG, GIF, WebP, AVIF or HEIC"


def read_media(folder: Path, attachment: Attachment) -> bytes:
    """The bytes of an attachment, as they are now. Raises FileChanged if the file is gone or no longer the one that
    was composed."""
    path = folder / attachment.path
    try:
        if not _is_inside(path, folder):
            raise FileChanged(f"{attachment.path} leads out of the content folder now", "Put the file itself there.")
        data = path.read_bytes()
    except OSError as error:
        hint = "Put the file back, or take it out of the post."
        raise FileChanged(f"{attachment.path} cannot be read any more ({error.strerror})", hint) from error
    image = images.look_at(data[: images.HEAD])
    if len(data) != attachment.size or image is None or image.mime != attachment.mime:
        raise FileChanged(f"{attachment.path} has changed while it was being sent", "Try again: it is read anew.")
    return data


@dataclass(frozen=True, slots=True)
class Attacher:
    """Turns the pictures of one post into attachments, or into problems. `folder` is the content folder, `shown` the
    MIME types that the network shows."""

    source: Source
    folder: Path
    limits: Limits
    shown: Collection[str]
    network: str

    def attach(self, picture: Picture) -> tuple[Attachment | None, list[Problem]]:
        """The attachment a picture stands for, None if it cannot be sent; and what is wrong with it."""
        found = self._find(picture)
        if isinstance(found, Problem):
            return None, [found]
        try:
            size = found.stat().st_size
            with found.open("rb") as file:
                head = file.read(images.HEAD)
        except OSError as error:
            message, hint = f"{picture.path} cannot be read ({error.strerror})", "Let fedisched read it."
            return None, [self._problem(picture, "unreadable-image", message, hint)]
        image = images.look_at(head)
        if image is None:
            return None, [self._not_an_image(picture, head)]
        path = found.relative_to(self.folder).as_posix()
        attachment = Attachment(path, picture.alt, image.mime, size, image.width, image.height)
        return attachment, self._remarks(picture, attachment)

    def _find(self, picture: Picture) -> Path | Problem:
        path = picture.path
        if "://" in path or path.startswith(("data:", "//")):
            hint = "Download the image into the content folder and name the file here."
            return self._problem(picture, "image-is-url", f"{path[:80]} is an address, not a file", hint)
        if PurePosixPath(path).is_absolute() or path.startswith("~") or path[1:3] in (":\\", ":/"):
            hint = "Write the path from the post's own folder."
            return self._problem(picture, "absolute-path", f"{path} is not a path inside the content folder", hint)
        for spelling in dict.fromkeys((path, unquote(path))):
            candidate = Path(os.path.normpath(self.folder / PurePosixPath(self.source.post.path).parent / spelling))
            try:
                if not _is_inside(candidate, self.folder):
                    hint = "Copy the file into the content folder, so that it travels with the post."
                    return self._problem(picture, "outside-folder", f"{path} is outside the content folder", hint)
                if candidate.is_file():
                    return candidate
            except (OSError, ValueError):
                continue
        return self._missing(picture)

    def _missing(self, picture: Picture) -> Problem:
        path = picture.path
        hint = "Put the file there, or correct the path: it starts from the post's own folder."
        if "\0" not in path and len(path) < 256 and (self.folder / path).is_file():
            up = "../" * (len(PurePosixPath(self.source.post.path).parts) - 1)
            hint = f"Write {up}{path}: a path starts from the post's own folder."
        return self._problem(picture, "missing-image", f"there is no file {path}", hint)

    def _not_an_image(self, picture: Picture, head: bytes) -> Problem:
        if not head:
            return self._problem(picture, "empty-image", f"{picture.path} is empty", "Put the real file there.")
        hint = f"Attach a {_FORMATS} file."
        return self._problem(picture, "unknown-image", f"{picture.path} is not an image that can be posted", hint)

    def _remarks(self, picture: Picture, attachment: Attachment) -> list[Problem]:
        problems = []
        path, limits = picture.path, self.limits
        if attachment.mime not in self.shown:
            kind = attachment.mime.removeprefix("image/").upper()
            message = f"{path} is {kind}, which {self.network} does not show"
            problems.append(self._problem(picture, "unfit-image", message, "Save it as JPEG or PNG."))
        if attachment.size > limits.image_bytes:
            message = f"{path} has {attachment.size:,} bytes of at most {limits.image_bytes:,}"
            problems.append(self._problem(picture, "image-too-large", message, "Make the image smaller."))
        endings = images.ENDINGS[attachment.mime]
        if not attachment.path.lower().endswith(endings):
            message = f"{path} is in truth {attachment.mime}"
            hint = f"Rename it to end in {endings[0]}; it is sent as what it is."
            problems.append(self._problem(picture, "wrong-extension", message, hint, warning=True))
        if not picture.alt:
            message, hint = f"{path} has no alt text", "Say between the brackets what can be seen: ![here](…)."
            problems.append(self._problem(picture, "no-alt", message, hint, warning=True))
        elif limits.alt_characters is not None and (length := count_graphemes(picture.alt)) > limits.alt_characters:
            message = f"the alt text of {path} has {length} characters of at most {limits.alt_characters}"
            problems.append(self._problem(picture, "alt-too-long", message, "Say it more briefly."))
        return problems

    def _problem(self, picture: Picture, code: str, message: str, hint: str, warning: bool = False) -> Problem:
        return self.source.problem(picture.offset, code, message, hint, "warning" if warning else "error")


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a path, every symbolic link followed, stays in the folder."""
    return path.resolve().is_relative_to(folder.resolve())
