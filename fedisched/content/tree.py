"""Front matter as a plain tree: every scalar the text that the person wrote, with its place in the file.

Built from YAML's parse events, so nothing is resolved (`lang: no` stays `no`, `09:00` is not 540) and nothing is
expanded: anchors, aliases, merge keys and tags are refused where they stand, which makes a bomb of nine lines as
harmless as any other nine lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from fedisched.content.fences import Fenced
from fedisched.content.invalid_yaml import explain
from fedisched.model.problem import Mark, Problem, Severity

DEPTH_CAP = 20
"""How deep lists and mappings may stand in each other."""

_PROBLEM_CAP = 20
_LOADER: type[yaml.BaseLoader | yaml.CBaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
NULLS = frozenset(("~", "null", "Null", "NULL"))
# What YAML calls not printable (https://yaml.org/spec/1.1/#c-printable); surrogates cannot come out of UTF-8.
_NOT_PRINTABLE = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_QUOTE_IT = "If it is meant as text, put the value in quotes."


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `offset` is where it starts (at its quote, if it has one), in characters of the file's text."""

    text: str
    offset: int
    plain: bool

    @property
    def missing(self) -> bool:
        """Whether it says nothing: empty, `''`, `~` or `null`."""
        return not self.text or (self.plain and self.text in NULLS)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, block or flow style."""

    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping. `keys` says where each key starts; of a key that is there twice, the first one stands."""

    values: dict[str, Node]
    keys: dict[str, int]
    offset: int


Node = Scalar | Listing | Entries


@dataclass(frozen=True, slots=True)
class Tree:
    """A file's front matter. `problems` are those that leave a tree: what was refused in it reads as missing."""

    path: str
    fenced: Fenced
    root: Entries
    problems: tuple[Problem, ...] = ()

    def get(self, key: str) -> Node | None:
        """A key's value; None where it is left out or says nothing."""
        node = self.root.values.get(key)
        return None if isinstance(node, Scalar) and node.missing else node

    def mark(self, offset: int) -> Mark:
        return self.fenced.mark(offset)

    def problem(self, offset: int, code: str, message: str, hint: str, severity: Severity = "error") -> Problem:
        """A problem at an offset into the file's text."""
        mark = self.fenced.mark(offset)
        return Problem(self.path, mark.line, mark.column, code, message, hint, severity)


def plain(node: Node) -> str | list[object] | dict[str, object]:
    """A node as texts, lists and dicts; what is missing is an empty text."""
    if isinstance(node, Scalar):
        return "" if node.missing else node.text
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


def parse(fenced: Fenced, path: str) -> Tree | Problem:
    """The front matter's tree; the problem if it is no YAML, or not a mapping."""
    if found := _NOT_PRINTABLE.search(fenced.front):
        mark = fenced.mark(fenced.front_start + found.start())
        message = f"the front matter has a control character (U+{ord(found[0]):04X})"
        return Problem(path, mark.line, mark.column, "control-character", message, "Delete it.")
    try:
        return _Builder(fenced, path).tree()
    except _Refused as refused:
        return refused.problem
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return explain(error, fenced, path)


class _Refused(Exception):
    """Parsing cannot go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class _Builder:
    def __init__(self, fenced: Fenced, path: str) -> None:
        self.fenced = fenced
        self.path = path
        self.problems: list[Problem] = []
        self.events: Iterator[yaml.Event] = yaml.parse(fenced.front, Loader=_LOADER)

    def tree(self) -> Tree:
        root: Node = Entries({}, {}, self.fenced.front_start)
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent | yaml.DocumentEndEvent):
                if event.explicit:
                    message = "the front matter holds several YAML documents"
                    hint = "Keep one block of keys between the two `---` lines."
                    raise self.refused(event, "several-documents", message, hint)
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent):
                root = self.node(event, 1)
        if not isinstance(root, Entries):
            raise _Refused(self._not_a_mapping(root))
        return Tree(self.path, self.fenced, root, tuple(self.problems))

    def node(self, event: yaml.Event, depth: int) -> Node:
        if depth > DEPTH_CAP:
            message = f"the front matter is more than {DEPTH_CAP} levels deep"
            raise self.refused(event, "too-deep", message, "Keep it flat: no key needs more than four levels.")
        self.look_for_tricks(event)
        offset = self.offset(event)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, offset, plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return Listing(tuple(self.items(depth)), offset)
        if isinstance(event, yaml.MappingStartEvent):
            return self.entries(offset, depth)
        return Scalar("", offset, plain=True)

    def look_for_tricks(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.add(event, "alias", f"`{self.written(event)}` is a YAML alias", f"Write the value itself. {_QUOTE_IT}")
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.anchor is not None:
                self.add(event, "anchor", f"`{self.written(event)}` is a YAML anchor", f"Delete it. {_QUOTE_IT}")
            if event.tag is not None:
                self.add(event, "tag", f"`{self.written(event)}` is a YAML tag", f"Delete it. {_QUOTE_IT}")

    def items(self, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, depth + 1)

    def entries(self, offset: int, depth: int) -> Entries:
        found = Entries({}, {}, offset)
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            name = self.new_key(event, key, found)
            if name:
                found.values[name] = value
                found.keys[name] = key.offset
        return found

    def new_key(self, event: yaml.Event, key: Node, before: Entries) -> str:
        """The key's name; empty, and a problem noted, if it cannot be one."""
        if not isinstance(key, Scalar) or not key.text:
            self.add(event, "key-not-text", "a key is not a word", "Write `key: value`, the key a plain word.")
        elif key.plain and key.text == "<<":
            self.add(event, "merge-key", "`<<` is a YAML merge key", "Write the keys themselves.")
        elif key.text in before.keys:
            line = self.fenced.mark(before.keys[key.text]).line
            message = f"`{short(key.text)}` is there twice; the first is on line {line}"
            self.add(event, "duplicate-key", message, "Delete one of the two.")
        else:
            return key.text
        return ""

    def offset(self, event: yaml.Event) -> int:
        # Only the index is counted as we count: YAML also ends lines at U+0085, U+2028 and U+2029.
        return self.fenced.front_start + (event.start_mark.index if event.start_mark else 0)

    def written(self, event: yaml.Event) -> str:
        """The word that stands where an event starts."""
        offset = self.offset(event)
        return short((self.fenced.text[offset : offset + 60].split() or [""])[0])

    def add(self, event: yaml.Event, code: str, message: str, hint: str) -> None:
        # A bomb is made of thousands of aliases; a person needs to hear of the first few.
        if len(self.problems) < _PROBLEM_CAP:
            self.problems.append(self.refused(event, code, message, hint).problem)

    def refused(self, event: yaml.Event, code: str, message: str, hint: str) -> _Refused:
        mark = self.fenced.mark(self.offset(event))
        return _Refused(Problem(self.path, mark.line, mark.column, code, message, hint))

    def _not_a_mapping(self, root: Node) -> Problem:
        mark = self.fenced.mark(root.offset)
        what = "a list" if isinstance(root, Listing) else "plain text"
        hint = "Write one `key: value` a line, with a space after the colon: `time: 2026-12-01 09:00`."
        return Problem(
            self.path, mark.line, mark.column, "not-a-mapping", f"the front matter is {what}, not keys", hint
        )


def short(text: str) -> str:
    """A text from a file, on one line and as much of it as a message bears."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
