"""Text that remembers where it came from: every character knows its offset in the body, through every edit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

NOWHERE = -1
"""The origin of what does not stand in the body: a content warning put at the head of the text."""

SpanKind = Literal["link", "mention", "tag", "plain"]


class Span(NamedTuple):
    """A stretch of text with a meaning; `start` inclusive, `end` exclusive, in code points. `plain` is what the
    author escaped: text, whatever it looks like."""

    start: int
    end: int
    kind: SpanKind
    value: str = ""


class Edit(NamedTuple):
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Traced:
    """A text, the offset in the body of each of its characters, and its spans in order."""

    text: str
    origins: tuple[int, ...]
    spans: tuple[Span, ...] = ()

    def edited(self, edits: Sequence[Edit]) -> Traced:
        """The text after some edits, given in order and not overlapping. What is put in has the origin of what it
        replaces; spans move along, and those with nothing left are gone."""
        texts: list[str] = []
        origins: list[int] = []
        position = 0
        for start, end, new in edits:
            texts += self.text[position:start], new
            origins += self.origins[position:start]
            origins += [self.origins[start] if start < len(self.origins) else NOWHERE] * len(new)
            position = end
        texts.append(self.text[position:])
        origins += self.origins[position:]
        return Traced("".join(texts), tuple(origins), tuple(_moved(self.spans, edits)))

    def with_head(self, head: str) -> Traced:
        """The text with something put before it that does not stand in the body."""
        shift = len(head)
        spans = tuple(span._replace(start=span.start + shift, end=span.end + shift) for span in self.spans)
        return Traced(head + self.text, (NOWHERE,) * shift + self.origins, spans)

    def with_tail(self, tail: str) -> Traced:
        """The text with something put under it that does not stand in the body; alone if there is no text."""
        added = tail if self.text else tail.lstrip()
        return Traced(self.text + added, self.origins + (NOWHERE,) * len(added), self.spans)

    def with_spans(self, spans: Iterable[Span]) -> Traced:
        return Traced(self.text, self.origins, tuple(sorted(spans)))


def _moved(spans: Iterable[Span], edits: Sequence[Edit]) -> Iterable[Span]:
    ends = [edit.end for edit in edits]
    shifts = [0, *accumulate(len(edit.new) - (edit.end - edit.start) for edit in edits)]

    def moved(position: int) -> int:
        index = bisect_left(ends, position)
        if index < len(edits) and ends[index] == position:
            index += 1
        elif index < len(edits) and edits[index].start < position:
            return edits[index].start + shifts[index] + len(edits[index].new)
        return position + shifts[index]

    for span in spans:
        start, end = moved(span.start), moved(span.end)
        if start < end:
            yield span._replace(start=start, end=end)


class Tracing:
    """A traced text while it is put together."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._origins: list[int] = []
        self._spans: list[Span] = []

    def __len__(self) -> int:
        return len(self._origins)

    def typed(self, text: str, origin: int) -> None:
        """Add text that stands at `origin` in the body, character by character."""
        self._texts.append(text)
        self._origins += range(origin, origin + len(text))

    def written(self, text: str, origin: int) -> None:
        """Add text that stands for something else at `origin`."""
        self._texts.append(text)
        self._origins += [origin] * len(text)

    def mean(self, start: int, kind: SpanKind, value: str = "") -> None:
        """Give what was added since the text had `start` characters a meaning."""
        if start < len(self):
            self._spans.append(Span(start, len(self), kind, value))

    def done(self) -> Traced:
        return Traced("".join(self._texts), tuple(self._origins), tuple(self._spans))
