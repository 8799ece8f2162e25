"""The boxes that MP4, QuickTime, M4A, AVIF and HEIC files consist of (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged

_OF_A_FILE = frozenset(
    b"ftyp moov mdat moof mfra styp sidx ssix prft emsg pdin meta udta uuid free skip wide pnot PICT".split()
)
"""The boxes that a file has at its top level."""
_ESSENTIAL = frozenset((b"moov", b"meta"))


class Box(NamedTuple):
    """`start` to `end` is the whole of it, `payload` where what follows its header begins."""

    name: bytes
    start: int
    payload: int
    end: int


def boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[Box]:
    """The boxes in a stretch of data; one that does not fit ends it."""
    while start + 8 <= end:
        box = _box(bytes(data[start : start + 16]), start, end)
        if box is None or box.end > end:
            return
        yield box
        start = box.end


def boxes_of_file(file: BinaryIO, size: int) -> Iterator[Box]:
    """The boxes of a whole file, up to what is none: players pass over what stands behind the last. Raises Damaged."""
    start = 0
    seen: set[bytes] = set()
    while start + 8 <= size:
        file.seek(start)
        box = _box(file.read(16), start, size)
        is_rubbish = box is None or (box.name not in _OF_A_FILE and (box.end > size or not box.name.isalnum()))
        if is_rubbish and seen & _ESSENTIAL and b"mdat" in seen:
            return
        if box is None:
            raise Damaged(MAKES_NO_SENSE)
        if box.end > size:
            raise Damaged(ENDS_EARLY)
        yield box
        seen.add(box.name)
        start = box.end


def examine_picture(data: bytes) -> None:
    """Look whether a picture that only a decoder reads is there from its beginning to its end. Raises Damaged."""
    found = {box.name: box for box in boxes_of_file(BytesIO(data), len(data))}
    index = found.get(b"meta")
    has_pixels = b"mdat" in found or (index is not None and b"idat" in data[index.payload : index.end])
    if not found.keys() & _ESSENTIAL:
        raise Damaged(MAKES_NO_SENSE)
    if not has_pixels:
        raise Damaged(ENDS_EARLY)


def _box(head: bytes, start: int, end: int) -> Box | None:
    length, name, header = int.from_bytes(head[:4], "big"), head[4:8], 8
    if length == 1:
        length, header = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        length = end - start
    return Box(name, start, start + header, start + length) if length >= header else None
