"""GIF: what is in a file, and the file without what is not the picture (https://www.w3.org/Graphics/GIF/spec-gif89a.txt)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_WIDEST_CODE = 11
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
"""The applications whose words say how often the picture is played; others carry metadata (XMP)."""


class _Block(NamedTuple):
    kind: int
    label: int
    start: int
    end: int


def look(data: bytes) -> Look:
    """Raises Damaged."""
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    frames, has_alpha = 0, False
    for block in _blocks(data):
        frames += block.kind == _IMAGE
        has_alpha = has_alpha or (block.label == _CONTROL and bool(data[block.start + 3] & 1))
    if not width or not height or not frames:
        raise Damaged(MAKES_NO_SENSE)
    return Look(width, height, frames, has_alpha)


def bare(data: bytes) -> bytes:
    """The same picture, bit for bit, without metadata, and without anything that stands behind it. Raises Damaged."""
    kept = (data[block.start : block.end] for block in _blocks(data) if _is_picture(block, data))
    return data[: _end_of_header(data)] + b"".join(kept) + bytes([_TRAILER])


def _is_picture(block: _Block, data: bytes) -> bool:
    if block.kind == _IMAGE or block.label == _CONTROL:
        return True
    return block.label == _APPLICATION and data[block.start + 3 : block.start + 14] in _LOOPS


def _end_of_header(data: bytes) -> int:
    if len(data) < 13:
        raise Damaged(ENDS_EARLY)
    return 13 + _table(data[10])


def _table(flags: int) -> int:
    """How many bytes a table of colours takes."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks(data: bytes) -> Iterator[_Block]:
    position, seen = _end_of_header(data), False
    while True:
        if position >= len(data):
            if seen:  # every viewer forgives a missing trailer
                return
            raise Damaged(ENDS_EARLY)
        start, kind, label = position, data[position], 0
        if kind == _TRAILER:
            return
        if kind == _EXTENSION:
            label = data[position + 1] if position + 1 < len(data) else 0
            position = _end_of_sub_blocks(data, position + 2)
        elif kind == _IMAGE:
            flags = data[position + 9] if position + 9 < len(data) else 0
            first = position + 10 + _table(flags) + 1
            position = _end_of_sub_blocks(data, first)
            if position == first + 1 or not 1 <= data[first - 1] <= _WIDEST_CODE:
                raise Damaged(MAKES_NO_SENSE)  # a frame without a pixel
            seen = True
        else:
            raise Damaged(MAKES_NO_SENSE)
        yield _Block(kind, label, start, position)


def _end_of_sub_blocks(data: bytes, position: int) -> int:
    while position < len(data):
        length = data[position]
        position += 1 + length
        if not length:
            return position
    raise Damaged(ENDS_EARLY)
