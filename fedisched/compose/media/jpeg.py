"""JPEG: what is in a file, and the file without what is not the picture. Nothing is decoded (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look, is_srgb, orientation, turned

_SOI, _EOI, _SOS, _DQT, _APP0, _APP1, _APP2, _APP14, _COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
"""Frames whose samples are coded by Huffman's tables, in which nothing takes less than one bit."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_METADATA = frozenset((*range(0xE0, 0xF0), _COM))
# Within a scan, FF 00 is a byte of it and FF D0 to FF D7 are marks of it; anything else ends it.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JFIF, _ADOBE, _EXIF, _ICC = b"JFIF\0", b"Adobe", b"Exif\0", b"ICC_PROFILE\0"


class _Segment(NamedTuple):
    """`data[start:end]` is the whole of it; `payload` where what follows its length begins."""

    marker: int
    start: int
    payload: int
    end: int


def look(data: bytes) -> Look:
    """Raises Damaged."""
    width = height = components = frame = scanned = 0
    how, profile, has_tables = 1, b"", False
    for segment in _segments(data):
        if segment.marker == _SOS:
            scanned += segment.end - segment.payload if frame else 0
            continue
        has_tables = has_tables or segment.marker == _DQT
        payload = data[segment.payload : segment.end]
        if segment.marker in _FRAMES and len(payload) >= 6:
            height, width, components = (
                int.from_bytes(payload[1:3], "big"),
                int.from_bytes(payload[3:5], "big"),
                payload[5],
            )
            frame = segment.marker
        elif segment.marker == _APP1 and payload.startswith(_EXIF):
            how = orientation(payload)
        elif segment.marker == _APP2 and payload.startswith(_ICC):
            profile += payload[len(_ICC) + 2 :]
    if not width or not height or not has_tables or not scanned:
        raise Damaged(MAKES_NO_SENSE)
    if scanned < _least(frame, width, height):
        raise Damaged(ENDS_EARLY)
    return Look(*turned(width, height, how), is_plain=how == 1 and components in (1, 3) and is_srgb(profile))


def _least(frame: int, width: int, height: int) -> int:
    """How many bytes the pixels take at the very least: one bit for the first sample of each block of eight by eight,
    and where all of them come at once, one to say that the others are nothing. That finds files that hold hardly more
    than a head; how much more a whole one has, only decoding would tell."""
    blocks = -(-width // 8) * -(-height // 8)
    if frame in _SEQUENTIAL:
        return blocks * 2 // 8
    return blocks // 8 if frame == _PROGRESSIVE else 1


def bare(data: bytes) -> bytes:
    """The same picture, bit for bit, without metadata, and without anything that stands behind it. Raises Damaged."""
    pieces = [b"\xff\xd8"]
    for segment in _segments(data):
        payload = data[segment.payload : segment.end]
        if segment.marker not in _METADATA:
            pieces.append(data[segment.start : segment.end])
        elif segment.marker == _APP0 and payload.startswith(_JFIF) and len(payload) >= 12:
            # Without the little picture that may be in it.
            pieces.append(b"\xff\xe0\0\x10" + payload[:12] + b"\0\0")
        elif segment.marker == _APP14 and payload.startswith(_ADOBE):
            pieces.append(b"\xff\xee\0\x0e" + payload[:12])  # says how colours are coded
    return b"".join(pieces)


def _segments(data: bytes) -> Iterator[_Segment]:
    """From behind the start to the end mark, which is the last."""
    position = 2
    while True:
        if position + 2 > len(data):
            raise Damaged(ENDS_EARLY)
        if data[position] != 0xFF:
            raise Damaged(MAKES_NO_SENSE)
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _EOI or marker in _ALONE:
            yield _Segment(marker, position, position + 2, position + 2)
            if marker == _EOI:
                return
            position += 2
            continue
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == _SOS:
            found = _END_OF_SCAN.search(data, end)
            end = found.start() if found else len(data) + 1
        if end > len(data):
            raise Damaged(ENDS_EARLY)
        yield _Segment(marker, position, position + 4, end)
        position = max(end, position + 2)
