"""What an image is, told from its first bytes and never from its name: its type, and its size where that is simple."""

from __future__ import annotations

import struct
from typing import NamedTuple

HEAD = 512 * 1024
"""How many bytes of a file are enough: a JPEG's size stands behind its metadata."""

ENDINGS = {
    "image/png": (".png", ".apng"),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/heic": (".heic", ".heif", ".hif"),
}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


class Image(NamedTuple):
    """A type, and width and height in pixels as they are shown; 0 where they cannot be told."""

    mime: str
    width: int = 0
    height: int = 0


def look_at(head: bytes) -> Image | None:
    """What image begins with these bytes; None if it is none that the networks take."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Image("image/png", *_size(">II", head, 16))
    if head.startswith(b"\xff\xd8\xff"):
        return Image("image/jpeg", *_jpeg_size(head))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Image("image/gif", *_size("<HH", head, 6))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Image("image/webp", *_webp_size(head))
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    return None


def _size(layout: str, head: bytes, offset: int) -> tuple[int, int]:
    if len(head) < offset + struct.calcsize(layout):
        return 0, 0
    width, height = struct.unpack_from(layout, head, offset)
    return width, height


def _jpeg_size(head: bytes) -> tuple[int, int]:
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        marker, length = head[position + 1], int.from_bytes(head[position + 2 : position + 4], "big")
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xE1 and head[position + 4 : position + 8] == b"Exif":
            return 0, 0  # The picture may be turned: what it says of its size is not what is shown.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = _size(">HH", head, position + 5)
            return width, height
        position += 2 + length
    return 0, 0


def _webp_size(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = _size("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _iso_media(head: bytes) -> Image | None:
    length = min(int.from_bytes(head[:4], "big"), 256)
    brands = {head[8:12], *(head[i : i + 4] for i in range(16, length, 4))}
    if brands & {b"avif", b"avis"}:
        return Image("image/avif")
    return Image("image/heic") if brands & _HEIC_BRANDS else None
