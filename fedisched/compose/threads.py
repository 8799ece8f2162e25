"""`thread: auto`: a part that is too long for a target becomes as many as it needs.

Each part takes as many whole paragraphs as fit; if not even one does, as many sentences (a line ends one, too), then
words. A word that is longer than a part is broken between characters. Links, mentions, tags and `[text](url)` stay
whole, so one that is too long by itself is a problem. What joins the parts again is white space.

Parts are filled from the first on, so an edit changes none that stands before it, unless the number of parts is shown
and gets another digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from fedisched.compose.body import Part, Words
from fedisched.compose.draft import Composed
from fedisched.compose.seams import Seam, seams, seams_inside_words
from fedisched.compose.traced import Traced

_FIRST_LOOK = 4
"""How much of a part is looked at first, in limits."""
_LONGEST_WORD = 4096
"""No address is longer than this (twitter-text has it so); a longer word may be cut to look at it."""
_SPACE = re.compile(r"\s")


class Piece(NamedTuple):
    """A part after splitting, and what is put under its text."""

    part: Part
    tail: str = ""


Compose = Callable[[Piece], Composed]


def whole(parts: Sequence[Part]) -> list[Piece]:
    """Every part as it was written."""
    return [Piece(part) for part in parts]


def split(parts: Sequence[Part], limit: int, numbering: str, compose: Compose) -> list[Piece]:
    """The parts, each within the limits where that is possible. `limit` is roughly how many characters fit."""
    plain = _split(parts, limit, lambda number: "", compose)
    if not numbering or len(plain) == 1:
        return whole(plain)
    total = len(plain)
    # A larger total never takes less room, so this ends: at the first total that is enough.
    while len(found := _numbered(parts, limit, numbering, total, compose)) > total:
        total = len(found)
    return [Piece(part, _tail(numbering, number, len(found))) for number, part in enumerate(found, 1)]


def _numbered(parts: Sequence[Part], limit: int, numbering: str, total: int, compose: Compose) -> list[Part]:
    return _split(parts, limit, lambda number: _tail(numbering, number, total), compose)


def _tail(numbering: str, number: int, total: int) -> str:
    return "\n\n" + numbering.replace("{n}", str(number)).replace("{total}", str(total))


def _split(parts: Sequence[Part], limit: int, tail_of: Callable[[int], str], compose: Compose) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        rest: Part | None = part
        while rest is not None:
            cutter = _Cutter(rest, limit, tail_of(len(found) + 1), compose)
            first, rest = cutter.first_and_rest()
            found.append(first)
    return found


class _Cutter:
    """Takes the first part that fits off a longer one."""

    def __init__(self, part: Part, limit: int, tail: str, compose: Compose) -> None:
        self._part = part
        self._limit = limit
        self._tail = tail
        self._compose = compose

    def first_and_rest(self) -> tuple[Part, Part | None]:
        """The part that fits, or as little as can be taken off; and what is left."""
        for seen in self._windows():
            composed = self._compose(Piece(seen, self._tail))
            crossing = min((overrun.origin for overrun in composed.overruns), default=None)
            if crossing is not None and crossing < 0:
                break
            seam = self._seam(seen, composed.text, crossing) if crossing is not None else None
            if seam is not None:
                return self._part.cut(*_places(composed.text, seam))
        return self._part, None

    def _windows(self) -> Iterator[Part]:
        """More and more of the beginning, so that a long text is not composed as a whole for each of its parts."""
        for factor in count():
            seen = _beginning(self._part, (self._limit * _FIRST_LOOK) << factor)
            yield seen
            if seen is self._part:
                return

    def _seam(self, seen: Part, text: Traced, crossing: int) -> Seam | None:
        """Where to part a text that crosses a limit; None if nothing can be taken off what is seen of it."""
        at_spaces = [seam for seam in seams(text) if _parts_something(text, seam)]
        for seam in _best_first(at_spaces, text, crossing):
            if self._fits(seen, text, seam):
                return seam
        inside = [seam for seam in seams_inside_words(text) if _parts_something(text, seam)]
        for seam in _best_first(inside, text, crossing):
            if self._fits(seen, text, seam):
                return seam
        # Something is too long by itself: it stands alone, and is told.
        return next((seam for seam in at_spaces if text.origins[seam.end] > crossing), None)

    def _fits(self, seen: Part, text: Traced, seam: Seam) -> bool:
        first, rest = seen.cut(*_places(text, seam))
        composed = self._compose(Piece(first, self._tail))
        if composed.overruns:
            return False
        if seam.end < seam.begin:
            return True
        # What was no link must not become one because a word was broken before it, nor the other way round.
        both = [*_meanings(composed.text), *_meanings(self._compose(Piece(rest)).text)]
        return both == list(_meanings(text))


def _beginning(part: Part, length: int) -> Part:
    """The beginning of a part, at least so many characters of its words, up to white space: what is seen of a link that
    was cut would be none. The part itself if that is all of it."""
    seen = 0
    for piece in part.pieces:
        if isinstance(piece, Words):
            space = _SPACE.search(piece.text, max(0, length - seen))
            if space is not None:
                place = piece.offset + space.start()
                return part.cut(place, place)[0]
            if seen + len(piece.text) > length + _LONGEST_WORD:
                place = piece.offset + max(1, length + _LONGEST_WORD - seen)
                return part.cut(place, place)[0]
            seen += len(piece.text)
    return part


def _places(text: Traced, seam: Seam) -> tuple[int, int]:
    """Where a seam is in the body."""
    return text.origins[seam.end], text.origins[seam.begin]


def _best_first(found: Iterable[Seam], text: Traced, crossing: int) -> list[Seam]:
    """The seams before the place where the text crosses a limit: the best kind first, the last of a kind first."""
    before = (seam for seam in found if text.origins[seam.end] <= crossing)
    return sorted(before, key=lambda seam: (seam.level, -seam.begin))


def _parts_something(text: Traced, seam: Seam) -> bool:
    """Whether there are words of the body on both sides."""
    return _has_words(text, 0, seam.end) and _has_words(text, seam.begin, len(text.text))


def _has_words(text: Traced, start: int, end: int) -> bool:
    return any(text.origins[index] >= 0 and not text.text[index].isspace() for index in range(start, end))


def _meanings(text: Traced) -> Iterator[tuple[int, str, str]]:
    for span in text.spans:
        if text.origins[span.start] >= 0:
            yield text.origins[span.start], span.kind, span.value
