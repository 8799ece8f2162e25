"""MP4, QuickTime and M4A: what is in a file, and the file without what tells of place, time and maker.

Nothing is encoded again, and nothing moves: what goes is overwritten with zeros where it stands and becomes free space,
so that every offset in the file stays true (ISO/IEC 14496-12). What only decoding could find stays: words that a camera
put into the pictures or into the video stream itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from fedisched.compose.media.boxes import Box, boxes, boxes_of_file
from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look

_WORDS = frozenset((b"udta", b"meta", b"uuid", b"free", b"skip", b"wide"))
"""Boxes about the film (places, titles, makers, XMP), and free space, in which an editor may have left them."""
_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"))
_DATED = frozenset((b"mvhd", b"tkhd", b"mdhd"))
_LARGEST_INDEX = 64 * 1024 * 1024
_DEEPEST = 8


def look(file: BinaryIO, size: int) -> Look:
    """Look through a file's boxes; of a sound alone width and height are 0. Raises Damaged."""
    index, has_media = b"", False
    for box in boxes_of_file(file, size):
        has_media = has_media or box.name == b"mdat"
        if box.name == b"moov":
            if box.end - box.payload > _LARGEST_INDEX:
                raise Damaged(MAKES_NO_SENSE)
            file.seek(box.payload)
            index = file.read(box.end - box.payload)
    tracks = [(_handler(index, box), box) for box in boxes(index, 0, len(index)) if box.name == b"trak"]
    if not any(kind in (b"vide", b"soun") for kind, _ in tracks):
        raise Damaged(MAKES_NO_SENSE)
    if not has_media or any(_last_chunk(index, box) >= size for _, box in tracks):
        raise Damaged(ENDS_EARLY)
    shown = [_size(index, box) for kind, box in tracks if kind == b"vide"]
    return Look(*(shown[0] if shown else (0, 0)))


def bare(data: bytes) -> bytes:
    """The same film without its metadata. Raises Damaged."""
    film = bytearray(data)
    found = list(boxes_of_file(BytesIO(data), len(data)))
    media = [(box.payload, box.end) for box in found if box.name == b"mdat"]
    for box in found:
        if box.name in _WORDS:
            _erase(film, box)
        elif box.name in _CONTAINERS:
            _clean(film, box, media, 1)
    behind = Box(b"", found[-1].end, found[-1].end + 8, len(film)) if found else None
    if behind and behind.start < behind.end:
        _free(film, behind)
    return bytes(film)


def _clean(film: bytearray, container: Box, media: list[tuple[int, int]], depth: int) -> None:
    for box in boxes(film, container.payload, container.end):
        if box.name in _WORDS:
            _erase(film, box)
        elif box.name == b"trak" and _handler(film, box) == b"meta":
            # A track of places, taken while the film was: its samples go too.
            _erase_samples(film, box, media)
            _erase(film, box)
        elif box.name in _DATED:
            _undate(film, box)
        elif box.name in _CONTAINERS and depth < _DEEPEST:
            _clean(film, box, media, depth + 1)


def _erase(film: bytearray, box: Box) -> None:
    film[box.start + 4 : box.start + 8] = b"free"
    film[box.payload : box.end] = bytes(box.end - box.payload)


def _free(film: bytearray, rest: Box) -> None:
    """What stands behind the last box becomes free space, for anything may be in it."""
    length = rest.end - rest.start
    film[rest.start :] = bytes(length)
    if length >= 8:
        film[rest.start : rest.payload] = length.to_bytes(4, "big") + b"free"


def _undate(film: bytearray, box: Box) -> None:
    """When it was made and changed: nobody knows."""
    length = 16 if film[box.payload] == 1 else 8
    if box.end - box.payload >= 4 + length:
        film[box.payload + 4 : box.payload + 4 + length] = bytes(length)


def _erase_samples(film: bytearray, track: Box, media: list[tuple[int, int]]) -> None:
    """Overwrite what a track's tables point at, where that is media."""
    tables = {box.name: box for box in _found(film, track, (b"mdia", b"minf", b"stbl"))}
    sizes = _sizes(film, tables.get(b"stsz"))
    sample = 0
    for offset, count in zip(_chunk_offsets(film, tables), _chunk_counts(film, tables.get(b"stsc")), strict=False):
        length = sum(sizes[sample : sample + count])
        sample += count
        if any(start <= offset and offset + length <= end for start, end in media):
            film[offset : offset + length] = bytes(length)


def _found(film: bytes | bytearray, track: Box, path: tuple[bytes, ...]) -> list[Box]:
    """The boxes inside a box inside a box …"""
    inside = list(boxes(film, track.payload, track.end))
    for name in path:
        inside = [box for outer in inside if outer.name == name for box in boxes(film, outer.payload, outer.end)]
    return inside


def _numbers(film: bytes | bytearray, start: int, end: int, width: int) -> list[int]:
    return [int.from_bytes(film[at : at + width], "big") for at in range(start, end - width + 1, width)]


def _sizes(film: bytes | bytearray, table: Box | None) -> list[int]:
    if table is None:
        return []
    each, count = _numbers(film, table.payload + 4, table.payload + 12, 4)
    if each:
        return [each] * min(count, 1_000_000)
    return _numbers(film, table.payload + 12, table.end, 4)[:count]


def _chunk_offsets(film: bytes | bytearray, tables: dict[bytes, Box]) -> list[int]:
    for name, width in ((b"stco", 4), (b"co64", 8)):
        if table := tables.get(name):
            return _numbers(film, table.payload + 8, table.end, width)
    return []


def _last_chunk(index: bytes, track: Box) -> int:
    """Where in the file the track's last stretch of samples begins; 0 if there is none, as in a film in fragments."""
    tables = {box.name: box for box in _found(index, track, (b"mdia", b"minf", b"stbl"))}
    return max(_chunk_offsets(index, tables), default=0)


def _chunk_counts(film: bytes | bytearray, table: Box | None) -> Iterator[int]:
    """How many samples each chunk has, as long as anybody asks."""
    if table is None:
        return
    rows = _numbers(film, table.payload + 8, table.end, 4)
    firsts, counts = rows[0::3], rows[1::3]
    for place, count in enumerate(counts):
        is_last = place + 1 >= len(firsts)
        chunks = 1_000_000 if is_last else max(firsts[place + 1] - firsts[place], 0)
        for _ in range(min(chunks, 1_000_000)):
            yield count


def _handler(film: bytes | bytearray, track: Box) -> bytes:
    """What a track is: `vide`, `soun`, `meta` …"""
    for box in _found(film, track, (b"mdia",)):
        if box.name == b"hdlr":
            return bytes(film[box.payload + 8 : box.payload + 12])
    return b""


def _size(index: bytes, track: Box) -> tuple[int, int]:
    """Width and height in pixels as they are shown, by the track's header."""
    for box in boxes(index, track.payload, track.end):
        if box.name == b"tkhd":
            matrix = box.payload + (52 if index[box.payload] == 1 else 40)
            a, b = _numbers(index, matrix, matrix + 8, 4)
            width, height = (number >> 16 for number in _numbers(index, matrix + 36, matrix + 44, 4))
            return (height, width) if a == 0 and b != 0 else (width, height)
    return 0, 0
