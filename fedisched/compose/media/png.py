"""PNG: what is in a file, and the file without what is not the picture (https://www.w3.org/TR/png-3/)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look, is_srgb, orientation, turned

_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"acTL", b"fcTL", b"fdAT")
)
"""The picture, its transparency, its colours and its movement; all else is words about it."""
_LONGEST_PROFILE = 4 * 1024 * 1024


class _Chunk(NamedTuple):
    name: bytes
    start: int
    end: int


def look(data: bytes) -> Look:
    """Raises Damaged."""
    width = height = 0
    frames, how, profile, has_alpha = 1, 1, b"", False
    for chunk in _chunks(data):
        payload = data[chunk.start + 8 : chunk.end - 4] if chunk.name != b"IDAT" else b""
        match chunk.name:
            case b"IHDR" if len(payload) == 13:
                width, height = int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")
                has_alpha = payload[9] in (4, 6)
            case b"tRNS":
                has_alpha = True
            case b"acTL":
                frames = max(int.from_bytes(payload[:4], "big"), 1)
            case b"eXIf":
                how = orientation(payload)
            case b"iCCP":
                profile = _profile(payload)
    if not width or not height:
        raise Damaged(MAKES_NO_SENSE)
    return Look(*turned(width, height, how), frames, has_alpha, is_plain=how == 1 and is_srgb(profile))


def bare(data: bytes) -> bytes:
    """The same picture, bit for bit, without metadata, and without anything that stands behind it. Raises Damaged."""
    return data[:8] + b"".join(data[chunk.start : chunk.end] for chunk in _chunks(data) if chunk.name in _KEPT)


def _profile(payload: bytes) -> bytes:
    name, _, packed = payload.partition(b"\0")
    try:
        return name + zlib.decompressobj().decompress(packed[1:], _LONGEST_PROFILE)
    except zlib.error:
        return b""  # nobody can read it, so nobody sees colours by it


def _chunks(data: bytes) -> Iterator[_Chunk]:
    position = 8
    while True:
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        end = position + 12 + length
        if len(name) < 4 or end > len(data):
            raise Damaged(ENDS_EARLY)
        if (position == 8) != (name == b"IHDR"):
            raise Damaged(MAKES_NO_SENSE)
        yield _Chunk(name, position, end)
        if name == b"IEND":
            return
        position = end
