"""An attachment's bytes, as they are sent: read when they are needed, and made fit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from fedisched.compose.media import film, gif, jpeg, matroska, png, sound, webp
from fedisched.compose.media.damaged import Damaged
from fedisched.compose.media.kinds import HEAD, mime_of
from fedisched.compose.media.look import Look
from fedisched.compose.media.opened import NoFile, Outside, mark_of, opened
from fedisched.compose.media.paint import MOST_PIXELS
from fedisched.model.errors import FileChanged, MediaUnfit
from fedisched.model.rendered import Attachment

DIGEST = "sha256 "
SOUNDS = frozenset(("audio/mpeg", "audio/aac", "audio/ogg", "audio/flac", "audio/wav"))
"""The types of sounds that are no films without pictures."""
_PICTURES: Mapping[str, tuple[Callable[[bytes], Look], Callable[[bytes], bytes]]] = {
    "image/jpeg": (jpeg.look, jpeg.bare),
    "image/png": (png.look, png.bare),
    "image/webp": (webp.look, webp.bare),
    "image/gif": (gif.look, gif.bare),
}


def look_at_picture(data: bytes, mime: str) -> tuple[Look, int]:
    """What a picture is, and how many bytes it has without its metadata. Raises Damaged."""
    if mime in _PICTURES:
        look_at, bare = _PICTURES[mime]
        look = look_at(data)
        if mime == "image/png" and look.pixels <= MOST_PIXELS:
            png.examine(data)
        return look, len(bare(data))
    from fedisched.compose.media import boxes, paint

    boxes.examine_picture(data)
    return paint.measured(data), len(data)


def look_at_film(file: BinaryIO, size: int, mime: str) -> Look:
    """What a video or a sound is; width and height are 0 for a sound. Raises Damaged."""
    match mime:
        case "video/webm" | "video/x-matroska":
            return matroska.look(file, size)
        case "video/mp4" | "video/quicktime" | "audio/mp4":
            return film.look(file, size)
        case _:
            return Look()


def read_media(folder: Path, attachment: Attachment) -> bytes:
    """The bytes of an attachment, as they are sent. Raises FileChanged if the file is gone or no longer the one that
    was composed, MediaUnfit if it cannot be made fit for its network."""
    data = _read(folder, attachment)
    try:
        made = _made(data, attachment)
    except Damaged as damage:
        raise MediaUnfit(f"{attachment.path} {damage}", damage.hint) from damage
    if attachment.most and len(made) > attachment.most:
        message = f"{attachment.path} has {len(made):,} bytes of at most {attachment.most:,}"
        raise MediaUnfit(message, "Make it shorter or smaller.")
    return made


def _read(folder: Path, attachment: Attachment) -> bytes:
    path = attachment.path
    try:
        with opened(folder / path, folder) as (file, found):
            data = file.read(attachment.source_size + 1 if attachment.source_size else -1)
            digest = DIGEST + hashlib.sha256(data).hexdigest() if attachment.source.startswith(DIGEST) else ""
            if attachment.source not in ("", digest or mark_of(found)):
                raise FileChanged(f"{path} has changed while it was being sent", "Try again: it is read anew.")
    except Outside:
        raise FileChanged(f"{path} leads out of the content folder now", "Put the file itself there.") from None
    except NoFile:
        raise FileChanged(f"{path} is no file any more", "Put the file itself there.") from None
    except OSError as error:
        hint = "Put the file back, or take it out of the post."
        raise FileChanged(f"{path} cannot be read any more ({error.strerror})", hint) from error
    return data


def _made(data: bytes, attachment: Attachment) -> bytes:
    mime, size = mime_of(data[:HEAD]) or attachment.mime, (attachment.width, attachment.height)
    match attachment.making:
        case "image":
            from fedisched.compose.media import paint

            return paint.painted(data, attachment.mime, *size, attachment.most)
        case "video":
            from fedisched.compose.media import transcode

            return transcode.transcoded(data, mime, *size)
        case _:
            return bare(data, attachment.mime)


def bare(data: bytes, mime: str) -> bytes:
    """A file without its metadata, and otherwise the same, bit for bit. Raises Damaged."""
    if mime in _PICTURES:
        return _PICTURES[mime][1](data)
    if mime in ("video/mp4", "video/quicktime", "audio/mp4"):
        return film.bare(data)
    if mime in ("video/webm", "video/x-matroska"):
        return matroska.bare(data)
    return sound.bare(data, mime) if mime in SOUNDS else data
