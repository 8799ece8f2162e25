"""Brackets and parentheses: where `[...]` closes, and what stands in the `(...)` behind it.

Everything here is linear in the text, or bounded: nobody should wait for a line of ten thousand brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST = 2048
"""How far parentheses may reach, in characters; longer ones are text."""

_STRUCTURE = re.compile(r"[\[\]]|\n[ \t]*(?=\n)|^---[ \t]*$", re.MULTILINE)
_PARENTHESES = re.compile(r"\\[()]|[()\n]")
_BRACKETED = re.compile(r"\([ \t]*<(?P<target>[^<>\n]*)>[ \t]*\)")
_TITLED = re.compile(r"""\((?P<target>[^\n]*?)[ \t]+(?P<title>"[^"\n]*"|'[^'\n]*')[ \t]*\)""")


_TITLE_ENDS = re.compile(r"""["'][ \t]*\)""")
"""Looked for first: to find that there is no title takes longer."""


class Destination(NamedTuple):
    """What stands in the parentheses; `end` is the offset behind them."""

    target: str
    title: str
    end: int


def slashes_before(text: str, start: int, floor: int = 0) -> int:
    """How many backslashes stand directly before a place, none before `floor` counted."""
    first = start
    while first > floor and text[first - 1] == "\\":
        first -= 1
    return start - first


def matching_brackets(text: str) -> Iterator[tuple[int, int]]:
    """Where each `[` closes, in one pass. A blank line or a `---` ends all that are open."""
    opened: list[int] = []
    for match in _STRUCTURE.finditer(text):
        start, sign = match.start(), match[0]
        if sign not in "[]":
            opened.clear()
        elif slashes_before(text, start) % 2:
            # An escaped bracket is text inside another; outside it must be known what it would have been.
            if sign == "[" and not opened:
                opened.append(start)
        elif sign == "[":
            opened.append(start)
        elif opened:
            yield opened.pop(), start


def matching_parentheses(text: str) -> Iterator[tuple[int, int]]:
    """Where each `(` closes on its line, in one pass; escaped ones are not counted."""
    opened: list[int] = []
    for match in _PARENTHESES.finditer(text):
        match match[0]:
            case "\n":
                opened.clear()
            case "(":
                opened.append(match.start())
            case ")" if opened:
                yield opened.pop(), match.start()


def destination(text: str, opening: int, closing: int | None) -> Destination | None:
    """What stands in the parentheses that open at `opening` and close at `closing`, as far as parentheses tell: those
    in `<...>` and in a title do not count. None if they do not close on their line."""
    line_end = text.find("\n", opening)
    limit = min(len(text) if line_end < 0 else line_end, opening + _LONGEST)
    if bracketed := _BRACKETED.match(text, opening, limit):
        return Destination(bracketed["target"].strip(), "", bracketed.end())
    titled = _TITLED.match(text, opening, limit) if _TITLE_ENDS.search(text, opening, limit) else None
    if titled and (closing is None or closing >= titled.start("title")):
        return Destination(_target(titled["target"]), titled["title"], titled.end())
    if closing is None or closing > limit:
        return None
    return Destination(_target(text[opening + 1 : closing]), "", closing + 1)


def _target(typed: str) -> str:
    target = typed.strip()
    if target.startswith("<") and target.endswith(">"):
        return target[1:-1].strip()
    return re.sub(r"\\([()])", r"\1", target)
