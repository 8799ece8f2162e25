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
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""How many samples a pixel has, by its colour type."""
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""How many bits a sample may have."""
_WITH_PALETTE = 3
_WHOLE = ((0, 1, 0, 1),)
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
"""The first column and each how manieth of them, then the same of rows: what an interlaced picture consists of."""
_AT_ONCE = 8192
"""So many packed bytes unfold to some megabytes at most."""


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


def examine(data: bytes) -> None:
    """Look whether the sums are right and every pixel is there, without keeping any of them. Raises Damaged: viewers
    would show half a picture, or none, and a network takes the file all the same."""
    missing, unpacked, names = 0, zlib.decompressobj(), set()
    view = memoryview(data)
    for chunk in _chunks(data):
        names.add(chunk.name)
        if zlib.crc32(view[chunk.start + 4 : chunk.end - 4]) != int.from_bytes(data[chunk.end - 4 : chunk.end], "big"):
            raise Damaged(MAKES_NO_SENSE)
        if chunk.name == b"IHDR":
            missing = _length_of_pixels(data[chunk.start + 8 : chunk.end - 4])
            needs_palette = data[chunk.start + 17] == _WITH_PALETTE
        elif chunk.name == b"IDAT" and missing > 0:
            missing -= _unpacked(unpacked, view[chunk.start + 8 : chunk.end - 4], missing)
    if missing > 0 or (needs_palette and b"PLTE" not in names):
        raise Damaged(ENDS_EARLY if b"IDAT" in names else MAKES_NO_SENSE)


def _length_of_pixels(header: bytes) -> int:
    """How many bytes the pixels have when they are unpacked, with the byte before each row that says how it is
    written."""
    if len(header) != 13:
        raise Damaged(MAKES_NO_SENSE)
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    depth, colours, packing, filtering, interlaced = header[8:]
    if depth not in _DEPTHS.get(colours, ()) or packing or filtering or interlaced > 1:
        raise Damaged(MAKES_NO_SENSE)
    length = 0
    for left, across, top, down in _PASSES if interlaced else _WHOLE:
        columns, rows = -(-max(width - left, 0) // across), -(-max(height - top, 0) // down)
        length += rows * (1 + -(-columns * _SAMPLES[colours] * depth // 8)) if columns else 0
    return length


def _unpacked(unpacked: zlib._Decompress, packed: memoryview, enough: int) -> int:
    """How many bytes come out, counted until there are enough."""
    length = 0
    try:
        for start in range(0, len(packed), _AT_ONCE):
            if length >= enough:
                break
            length += len(unpacked.decompress(packed[start : start + _AT_ONCE]))
    except zlib.error:
        raise Damaged(MAKES_NO_SENSE) from None
    return length


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
