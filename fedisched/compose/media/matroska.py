"""WebM and Matroska: what is in a file, and the file without its tags (RFC 8794, RFC 9559).

Nothing moves: what goes becomes an element that every player passes over, of the same length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from fedisched.compose.media.damaged import ENDS_EARLY, MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look

_EBML, _SEGMENT, _INFO, _TRACKS = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B
_CLUSTER, _CUES, _CHAPTERS, _SEEK = 0x1F43B675, 0x1C53BB6B, 0x1043A770, 0x114D9B74
_TAGS, _ATTACHMENTS = 0x1254C367, 0x1941A469
_DATE, _TITLE, _FILE_NAME = 0x4461, 0x7BA9, 0x7384
_ENTRY, _NAME, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0x536E, 0xE0, 0xB0, 0xBA
_VOID = 0xEC
_IN_A_SEGMENT = frozenset((_INFO, _TRACKS, _CLUSTER, _CUES, _CHAPTERS, _SEEK, _TAGS, _ATTACHMENTS, _VOID, 0xBF))
_HEAD = 1024 * 1024
_LONGEST_HEAD = 12
"""An element's name and length."""


class _Element(NamedTuple):
    """`start` to `end` is the whole of it, `payload` where what follows its header begins; `is_open` if its length was
    not known when it was written: then it runs to the end of what it stands in."""

    name: int
    start: int
    payload: int
    end: int
    is_open: bool


def look(file: BinaryIO, size: int) -> Look:
    """Width and height of the first picture track; 0 where there is none. Raises Damaged."""
    file.seek(0)
    head = file.read(min(size, _HEAD))
    top = list(_elements(head, 0, size))
    if [element.name for element in top[:2]] != [_EBML, _SEGMENT]:
        raise Damaged(MAKES_NO_SENSE)
    if top[1].end > size:
        raise Damaged(ENDS_EARLY)
    _look_for_media(file, top[1], size)
    for track in _inside(head, top[1], _TRACKS, _ENTRY):
        for video in _elements(head, track.payload, track.end):
            if video.name == _VIDEO:
                sides = {e.name: head[e.payload : e.end] for e in _elements(head, video.payload, video.end)}
                width, height = (int.from_bytes(sides.get(name, b""), "big") for name in (_WIDTH, _HEIGHT))
                return Look(width, height)
    return Look()


def _look_for_media(file: BinaryIO, segment: _Element, size: int) -> None:
    """Look whether there is anything to see or hear, and whether the last of it is there. Raises Damaged."""
    start, has_media = segment.payload, False
    while start < min(segment.end, size):
        file.seek(start)
        found = next(_elements(file.read(_LONGEST_HEAD), 0, size - start), None)
        if found is None or found.name not in _IN_A_SEGMENT:
            break
        has_media = has_media or found.name == _CLUSTER
        if start + found.end > size:
            raise Damaged(ENDS_EARLY)
        start += found.end
    if not has_media:
        raise Damaged(ENDS_EARLY)


def bare(data: bytes) -> bytes:
    """The same film without its metadata. Raises Damaged."""
    film = bytearray(data)
    top = list(_elements(film, 0, len(film)))
    if [element.name for element in top[:2]] != [_EBML, _SEGMENT]:
        raise Damaged(MAKES_NO_SENSE)
    for element in _elements(film, top[1].payload, min(top[1].end, len(film))):
        if element.name in (_TAGS, _ATTACHMENTS):
            _erase(film, element)
        elif element.name == _INFO:
            _erase_inside(film, element, (_DATE, _TITLE, _FILE_NAME))
        elif element.name == _TRACKS:
            for track in _elements(film, element.payload, element.end):
                _erase_inside(film, track, (_NAME,))
    # What stands behind the film may be anything.
    film[top[1].end :] = bytes(max(len(film) - top[1].end, 0))
    return bytes(film)


def _erase_inside(film: bytearray, element: _Element, names: tuple[int, ...]) -> None:
    for inner in _elements(film, element.payload, element.end):
        if inner.name in names:
            _erase(film, inner)


def _erase(film: bytearray, element: _Element) -> None:
    if element.end > len(film):
        raise Damaged(ENDS_EARLY)
    length = element.end - element.start
    size = (length - 2 | 0x80).to_bytes(1, "big") if length < 128 else (length - 9 | 1 << 56).to_bytes(8, "big")
    film[element.start : element.end] = (bytes([_VOID]) + size).ljust(length, b"\0")


def _inside(data: bytes, segment: _Element, outer: int, inner: int) -> Iterator[_Element]:
    for element in _elements(data, segment.payload, min(segment.end, len(data))):
        if element.name == outer:
            for found in _elements(data, element.payload, min(element.end, len(data))):
                if found.name == inner:
                    yield found


def _elements(data: bytes | bytearray, start: int, end: int) -> Iterator[_Element]:
    """The elements in a stretch of data, as far as their headers are there."""
    while start < min(end, len(data)):
        name, at = _number(data, start, keep_mark=True)
        length, payload = _number(data, at, keep_mark=False)
        if name is None or length is None:
            return
        is_open = length == (1 << 7 * (payload - at)) - 1
        element = _Element(name, start, payload, end if is_open else payload + length, is_open)
        yield element
        start = element.end


def _number(data: bytes | bytearray, at: int, *, keep_mark: bool) -> tuple[int | None, int]:
    """A number whose first byte says how long it is, and where the next thing begins; None for none."""
    length = 9 - data[at].bit_length() if at < len(data) else 9
    if length > 8 or at + length > len(data):
        return None, at
    number = int.from_bytes(data[at : at + length], "big")
    return number if keep_mark else number & (1 << 7 * length) - 1, at + length
