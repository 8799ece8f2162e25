"""Where in the file each character of a value was written: through quotes, escapes, folded lines and indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedisched.content.tree import Scalar

_BREAK = re.compile(r"\r?\n")
_HEADER = re.compile(r"[|>][^\n]*\n")
_FOLD = re.compile(r"[ \t]*(?:\r?\n[ \t]*)+")
_BLANKS = re.compile(r"[ \t]*")
_JOINED = re.compile(r"\\[ \t]*\r?\n[ \t]*")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([^\n]))")
# https://yaml.org/spec/1.1/#id872840
_SIMPLE = dict(zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True))


class _Lost(Exception):
    """The text is not what the value says: nothing can be said of its places."""


def offsets(source: str, node: Scalar) -> list[int] | None:
    """For each character of a value where it was written, as offsets into the file's text; None where that cannot be
    told."""
    sign = source[node.offset : node.offset + 1]
    try:
        if not node.plain and sign in "|>":
            return list(_in_block(source, node))
        written = _in_line(source, node.offset if node.plain else node.offset + 1, "" if node.plain else sign)
        return list(_held_against(node.text, written))
    except (_Lost, ValueError):
        return None


def _held_against(text: str, written: Iterator[tuple[int, str]]) -> Iterator[int]:
    for expected in text:
        place, character = next(written, (0, ""))
        if character != expected:
            raise _Lost
        yield place


def _in_block(source: str, node: Scalar) -> Iterator[int]:
    header = _HEADER.match(source, node.offset)
    if header is None:
        raise _Lost
    at = header.end()
    indent = _indent(source, at, node.text)
    at = _past_indent(source, at, indent)
    for expected in node.text:
        while not source.startswith(expected, at):
            end_of_line = _BREAK.match(source, at)
            if end_of_line is None:
                raise _Lost
            if expected in " \n":
                break
            at = _past_indent(source, end_of_line.end(), indent)
        yield at
        # A blank that is not there is a line break that was folded.
        end_of_line = _BREAK.match(source, at)
        at = _past_indent(source, end_of_line.end(), indent) if end_of_line else at + 1


def _indent(source: str, at: int, text: str) -> int:
    """How far the lines of a block are indented: its first words stand so far in the file, less what the value has."""
    words = text.lstrip("\n")
    own = len(words) - len(words.lstrip(" "))
    while (line := _BLANKS.match(source, at)) and (end := _BREAK.match(source, line.end())):
        at = end.end()
    return max(0, (line.end() - at if line else 0) - own)


def _past_indent(source: str, at: int, indent: int) -> int:
    end = at
    while end < at + indent and source.startswith(" ", end):
        end += 1
    return end


def _in_line(source: str, at: int, quote: str) -> Iterator[tuple[int, str]]:
    """The characters of a value in quotes or without, each with its place."""
    while at < len(source):
        if fold := _FOLD.match(source, at):
            yield from _folded(fold)
            at = fold.end()
        elif quote == "'" and source.startswith("''", at):
            yield at, "'"
            at += 2
        elif quote == '"' and (joined := _JOINED.match(source, at)):
            at = joined.end()
        elif quote == '"' and (escape := _ESCAPE.match(source, at)):
            yield at, _meant(escape)
            at = escape.end()
        else:
            yield at, source[at]
            at += 1


def _folded(fold: re.Match[str]) -> Iterator[tuple[int, str]]:
    """One line break is a blank, and of several one is none."""
    breaks = [fold.start() + found.start() for found in _BREAK.finditer(fold[0])]
    if len(breaks) == 1:
        yield fold.start(), " "
    for place in breaks[1:]:
        yield place, "\n"


def _meant(escape: re.Match[str]) -> str:
    number = escape[1] or escape[2] or escape[3]
    if number:
        return chr(int(number, 16))
    return _SIMPLE.get(escape[4], "")
