"""Where each key and value of a TOML text stands.

tomllib tells no places. This walks a text that tomllib has already accepted, so it needs no error handling: it only
has to know where things end.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field

from fedisched.model.problem import Mark

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True, slots=True)
class Places:
    """Where keys and values begin, by their path: `("accounts", "mastodon", "server")`, `("groups", "all", 0)`."""

    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)

    def key(self, path: Path) -> Mark:
        """Where a key stands, or the nearest thing around it that stands anywhere; else the first line."""
        return self._nearest(self.keys, path)

    def value(self, path: Path) -> Mark:
        """Where a value begins; a table's is its header. Falls back like `key`."""
        return self.values.get(path) or self._nearest(self.keys, path)

    @staticmethod
    def _nearest(marks: dict[Path, Mark], path: Path) -> Mark:
        for length in range(len(path), 0, -1):
            if mark := marks.get(path[:length]):
                return mark
        return Mark(1, 1)


def places(text: str) -> Places:
    """The places in a TOML text that tomllib accepts, with `\\n` line breaks and without a BOM."""
    walk = _Walk(text)
    walk.document()
    return walk.places


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self.places = Places()
        self.arrays: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self) -> Path:
        mark = self.mark()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        path = self.in_arrays(self.dotted())
        self.skip(_SPACE)
        self.at += brackets
        if brackets == 2:
            number = self.arrays[path] = self.arrays.get(path, -1) + 1
            path = (*path, number)
        self.note(path, mark)
        return path

    def in_arrays(self, names: tuple[str, ...]) -> Path:
        """A header's path; below an array of tables it means the array's last table."""
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if position < len(names) - 1 and path in self.arrays:
                path = (*path, self.arrays[path])
        return path

    def pair(self, table: Path) -> None:
        mark = self.mark()
        path = (*table, *self.dotted())
        self.note(path, mark)
        self.skip(_SPACE)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.places.values[path] = self.mark()
        self.value(path)

    def note(self, path: Path, mark: Mark) -> None:
        for length in range(1, len(path) + 1):
            self.places.keys.setdefault(path[:length], mark)

    def dotted(self) -> tuple[str, ...]:
        names = []
        while True:
            self.skip(_SPACE)
            names.append(self.name())
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return tuple(names)
            self.at += 1

    def name(self) -> str:
        found = _BARE_KEY.match(self.text, self.at) or _STRINGS.match(self.text, self.at)
        if found is None:
            raise ValueError(f"no key at offset {self.at}")
        self.at = found.end()
        return next(iter(tomllib.loads(f"{found[0]} = 0")))

    def value(self, path: Path) -> None:
        match self.text[self.at]:
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case '"' | "'":
                self.skip(_STRINGS)
            case _:
                self.skip(_SCALAR)

    def array(self, path: Path) -> None:
        number = 0
        while self.more("]"):
            self.places.values[*path, number] = self.mark()
            self.places.keys[*path, number] = self.mark()
            self.value((*path, number))
            number += 1

    def inline_table(self, path: Path) -> None:
        while self.more("}"):
            self.pair(path)

    def more(self, closing: str) -> bool:
        """Step over an opening bracket or a comma; whether something other than the closing bracket follows."""
        self.skip(_BLANK)
        if self.text[self.at] != closing:
            self.at += 1
            self.skip(_BLANK)
        if self.text[self.at] != closing:
            return True
        self.at += 1
        return False

    def skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def mark(self) -> Mark:
        line = bisect_right(self.lines, self.at)
        return Mark(line, self.at - self.lines[line - 1] + 1)
