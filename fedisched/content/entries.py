"""The front matter's entries as parse events, with the places where they stand.

Events rather than nodes: a node forgets its quotes, and an alias composes to the place of its anchor. All offsets
count characters of the front matter, from 0, as the events' marks do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_COLON = re.compile(r"\s*:")

Text = str | list["Text"] | dict[str, "Text"]


class NotSpliceable(ValueError):
    """The front matter is of no shape that can be written into; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value."""

    front: str
    key: Sequence[Event]
    value: Sequence[Event]

    @property
    def name(self) -> str | None:
        """The key's text; None for a key that is no scalar."""
        return self.key[0].value if isinstance(self.key[0], ScalarEvent) else None

    @property
    def scalar(self) -> ScalarEvent | None:
        return self.value[0] if isinstance(self.value[0], ScalarEvent) else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is written as the value."""
        return self.scalar is not None and _span(self.scalar) == (self.value_start, self.value_start)

    @property
    def start(self) -> int:
        return _span(self.key[0])[0]

    @property
    def key_end(self) -> int:
        return _end(self.front, self.key)

    @property
    def colon_end(self) -> int | None:
        """Where the colon ends; None for a key without one (`? status`, `{status}`)."""
        found = _COLON.match(self.front, self.key_end, max(self.value_start, self.key_end))
        return found.end() if found else None

    @property
    def value_start(self) -> int:
        return _span(self.value[0])[0]

    @property
    def end(self) -> int:
        """Behind the last character that is written; in an empty value, behind the colon."""
        if self.is_empty:
            return self.key_end if self.colon_end is None else self.colon_end
        return _end(self.front, self.value)

    @property
    def signature(self) -> tuple[tuple[object, ...], ...]:
        """All that a reader can tell of the entry, and its quoting."""
        return tuple(map(_signature, (*self.key, *self.value)))


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A front matter's root mapping. `is_flow`: in braces. `start`: where its first character stands."""

    front: str
    entries: tuple[Entry, ...]
    is_flow: bool
    start: int

    def find(self, name: str) -> Entry | None:
        found = [entry for entry in self.entries if entry.name == name]
        if len(found) > 1:
            raise NotSpliceable(f"the key `{name}` stands there {len(found)} times")
        return found[0] if found else None

    @property
    def indent(self) -> str:
        """The white space before each key."""
        before = self.front[line_start(self.front, self.start) : self.start]
        if before.strip(" "):
            raise NotSpliceable("the first key does not stand at the start of its line")
        return before


def read_entries(front: str) -> FrontMatter:
    """Parse a front matter. Raises NotSpliceable if it is no YAML, no mapping, or has anchors or aliases."""
    if front.startswith("\ufeff"):
        raise NotSpliceable("a byte order mark follows the opening fence")  # libyaml drops it, and all places shift
    try:
        events = list(yaml.parse(front, Loader=_LOADER))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotSpliceable("the front matter is not valid YAML") from error
    if sum(isinstance(event, DocumentStartEvent) for event in events) > 1:
        raise NotSpliceable("the front matter is more than one YAML document")
    if any(isinstance(event, NodeEvent) and event.anchor is not None for event in events):
        raise NotSpliceable("the front matter has anchors or aliases")
    content = events[2:-2]
    if not content:
        return FrontMatter(front, (), is_flow=False, start=0)
    root = content[0]
    if not isinstance(root, MappingStartEvent):
        raise NotSpliceable("the front matter is not a list of keys with values")
    entries = tuple(_entries(front, content[1:-1]))
    return FrontMatter(front, entries, bool(root.flow_style), _span(root)[0])


def _entries(front: str, events: Sequence[Event]) -> Iterator[Entry]:
    nodes = _nodes(events)
    for key in nodes:
        yield Entry(front, key, next(nodes))


def _nodes(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Cut a run of events into whole nodes."""
    depth = begin = 0
    for index, event in enumerate(events):
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            depth -= 1
        if depth == 0:
            yield events[begin : index + 1]
            begin = index + 1


def text_of(node: Sequence[Event]) -> Text:
    """A node as a reader gets it that takes every scalar for text."""
    head, inside = node[0], node[1:-1]
    match head:
        case ScalarEvent():
            value: str = head.value
            return value
        case SequenceStartEvent():
            return [text_of(item) for item in _nodes(inside)]
        case _:
            nodes = _nodes(inside)
            return {str(text_of(key)): text_of(next(nodes)) for key in nodes}


def _signature(event: Event) -> tuple[object, ...]:
    return (type(event), *(getattr(event, fact, None) for fact in ("value", "style", "tag", "implicit", "flow_style")))


def _span(event: Event) -> tuple[int, int]:
    if event.start_mark is None or event.end_mark is None:
        raise NotSpliceable("the front matter cannot be located")
    return event.start_mark.index, event.end_mark.index


def _end(front: str, node: Sequence[Event]) -> int:
    """Behind the node's last leaf: a block collection's own end runs on past comments that are not its own."""
    for event in reversed(node):
        start, end = _span(event)
        if isinstance(event, ScalarEvent) and event.style in {"|", ">"}:
            return _block_scalar_end(front, start, end)
        # What is empty may be said to stand at the next token, behind comments; the end of a block is.
        if start < end or (isinstance(event, ScalarEvent) and front[:start].endswith((":", "-"))):
            return end
    return _span(node[0])[1]


def _block_scalar_end(front: str, start: int, end: int) -> int:
    """Behind the last line of a literal or folded scalar that is not blank, without its line break."""
    return line_end(front, max(start, len(front[:end].rstrip(" \t\r\n"))))


def line_start(front: str, index: int) -> int:
    return front.rfind("\n", 0, index) + 1


def line_end(front: str, index: int) -> int:
    """Where the line break of this place's line begins."""
    end = front.find("\n", index)
    if end < 0:
        return len(front)
    return end - 1 if end > index and front[end - 1] == "\r" else end


def next_line(front: str, index: int) -> int:
    """Where the line after this place's begins."""
    end = front.find("\n", index)
    return len(front) if end < 0 else end + 1
