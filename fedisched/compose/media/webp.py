"""WebP: what is in a file, and the file without what is not the picture (RFC 9649)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look, is_srgb, orientation, turned

_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"))
_METADATA_FLAGS = 0x20 | 0x08 | 0x04  # profile, EXIF, XMP
_ALPHA_FLAG = 0x10
_FRAME_HEAD = 16
"""Bytes before the chunks of one frame of what moves."""
_LOSSY_START, _LOSSLESS_START = b"\x9d\x01\x2a", b"\x2f"


class _Chunk(NamedTuple):
    name: bytes
    start: int
    end: int


def look(data: bytes) -> Look:
    """Raises Damaged."""
    width = height = frames = 0
    how, profile, has_alpha, has_pixels = 1, b"", False, False
    for chunk in _chunks(data):
        payload = data[chunk.start + 8 : chunk.end]
        has_pixels = has_pixels or _has_pixels(chunk.name, payload)
        match chunk.name:
            case b"VP8X" if len(payload) >= 10:
                width, height = (1 + int.from_bytes(payload[at : at + 3], "little") for at in (4, 7))
                has_alpha = bool(payload[0] & _ALPHA_FLAG)
            case b"VP8L" if not width and len(payload) >= 5:
                bits = int.from_bytes(payload[1:5], "little")
                width, height, has_alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
            case b"VP8 " if not width and len(payload) >= 10:
                width, height = (int.from_bytes(payload[at : at + 2], "little") & 0x3FFF for at in (6, 8))
            case b"ANMF":
                frames += 1
            case b"EXIF":
                how = orientation(payload)
            case b"ICCP":
                profile = payload
    if not width or not height or not has_pixels:
        raise Damaged(MAKES_NO_SENSE)
    return Look(*turned(width, height, how), max(frames, 1), has_alpha, is_plain=how == 1 and is_srgb(profile))


def _has_pixels(name: bytes, payload: bytes) -> bool:
    """Whether a chunk is a picture or a frame. Raises Damaged if it begins like one, and cannot go on."""
    match name:
        case b"VP8 ":
            # Its first partition, whose length stands at its beginning, is never all of it (RFC 6386, 9.1).
            first = int.from_bytes(payload[:3], "little") >> 5
            if payload[3:6] != _LOSSY_START or payload[0] & 1:
                raise Damaged(MAKES_NO_SENSE)
            if 10 + first >= len(payload):
                raise Damaged(ENDS_EARLY)
            return True
        case b"VP8L":
            if payload[:1] != _LOSSLESS_START:
                raise Damaged(MAKES_NO_SENSE)
            return len(payload) > 5
        case b"ANMF":
            inner = _chunks_between(payload, _FRAME_HEAD, len(payload))
            return any(_has_pixels(chunk.name, payload[chunk.start + 8 : chunk.end]) for chunk in inner)
        case _:
            return False


def bare(data: bytes) -> bytes:
    """The same picture, bit for bit, without metadata, and without anything that stands behind it. Raises Damaged."""
    pieces = []
    for chunk in _chunks(data):
        piece = data[chunk.start : chunk.end]
        if chunk.name == b"VP8X":
            piece = piece[:8] + bytes([piece[8] & ~_METADATA_FLAGS]) + piece[9:]
        if chunk.name in _KEPT:
            pieces.append(piece + b"\0" * (len(piece) % 2))
    body = b"WEBP" + b"".join(pieces)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunks(data: bytes) -> Iterator[_Chunk]:
    whole = 8 + int.from_bytes(data[4:8], "little")
    if whole > len(data) + 1:
        raise Damaged(ENDS_EARLY)
    yield from _chunks_between(data, 12, min(whole, len(data)))


def _chunks_between(data: bytes, position: int, last: int) -> Iterator[_Chunk]:
    while position + 8 <= last:
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "little")
        if end > len(data):
            raise Damaged(ENDS_EARLY)
        yield _Chunk(data[position : position + 4], position, end)
        position = end + (end - position) % 2
