"""What a person probably meant where YAML does not parse.

The parser's own words ("did not find expected key") help nobody who does not know YAML's grammar. Its marks do: the
line they point to says what to write instead.
"""

from __future__ import annotations

import re

import yaml

from fedisched.content.fences import Fenced
from fedisched.model.problem import Problem

_TAB_INDENT = re.compile(r"[ ]*(\t)")
_KEY_AND_VALUE = re.compile(r"(\s*(?:- )?[^\s:#][^:]*):[ \t]+(\S.*?)[ \t]*\r?$")
_HAS_KEY = re.compile(r"\s*(?:- )?[^\s:#][^:]*:(?:\s|$)")
_SIGNS = {
    "@": "`@` cannot start a value",
    "`": "a backtick cannot start a value",
    "%": "`%` cannot start a value",
    "*": "`*` cannot start a value",
    "&": "`&` cannot start a value",
    "!": "`!` cannot start a value",
}

_What = tuple[int, str, str, str]
"""Offset into the text, code, message, hint."""


def explain(error: Exception, fenced: Fenced, path: str) -> Problem:
    """The problem behind an exception of the YAML parser."""
    offset, code, message, hint = _diagnose(error, fenced)
    mark = fenced.mark(min(offset, fenced.closing))
    return Problem(path, mark.line, mark.column, code, message, hint)


def _diagnose(error: Exception, fenced: Fenced) -> _What:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return fenced.front_start, "invalid-yaml", "the front matter is not valid YAML", _GENERAL
    at = fenced.front_start + error.problem_mark.index
    began = at if error.context_mark is None else fenced.front_start + error.context_mark.index
    words = f"{error.context or ''}: {error.problem or ''}"
    for look in (_tab, _quote, _sign, _list, _no_colon, _colon_in_value, _item_beside_key, _block_text):
        if what := look(fenced.text, at, began, words):
            return what
    return at, "invalid-yaml", "the front matter is not valid YAML here", _GENERAL


_GENERAL = "Write one `key: value` a line, and put a value that has special characters in quotes."


def _line(text: str, offset: int) -> tuple[int, str]:
    """The line around an offset, and where it starts."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return start, text[start : len(text) if end < 0 else end]


def _tab(text: str, at: int, _began: int, _words: str) -> _What | None:
    start, line = _line(text, at)
    if found := _TAB_INDENT.match(line):
        return start + found.start(1), "tab", "a tab indents this line", "Indent with spaces: YAML knows no tabs there."
    return None


def _quote(text: str, at: int, began: int, words: str) -> _What | None:
    if "quoted scalar" in words or "double-quoted" in words:
        if "escape" in words:
            hint = "Write `\\\\` for a backslash, or use single quotes: 'C:\\new'."
            return at, "invalid-yaml", "a backslash means something else in double quotes", hint
        sign = text[began : began + 1]
        return began, "open-quote", f"the quote {sign} is never closed", f"Write {sign} at the end of the value."
    before = text[:at].rstrip(" \t")[-1:]
    if before in ("'", '"') and _line(text, at)[0] != at:
        hint = "Put the whole value in quotes; inside single quotes write `''` for an apostrophe."
        return at, "invalid-yaml", "there is text after the closing quote", hint
    return None


def _sign(text: str, at: int, began: int, _words: str) -> _What | None:
    for offset in (began, at):
        sign = text[offset : offset + 1]
        if sign in _SIGNS:
            start, line = _line(text, offset)
            key, value = line[: offset - start].strip(), line[offset - start :].strip()
            if not key.endswith(":"):  # in a list
                key, value = "", re.split(r"[,\]}]", value, maxsplit=1)[0].strip()
            value = f"{sign}…" if len(value) > 40 or not value.isprintable() or set('"\\') & set(value) else value
            hint = f'Put it in quotes: `{f"{key} " if key else ""}"{value}"`.'
            return offset, "unquoted-value", _SIGNS[sign], hint
    return None


def _list(text: str, at: int, began: int, words: str) -> _What | None:
    if "flow sequence" in words or "flow mapping" in words:
        closes = "]" if "sequence" in words else "}"
        message = f"the `{text[began : began + 1]}` that opens here is never closed, or lacks a comma"
        return began, "open-bracket", message, f"Write `{closes}` at its end, and a comma between the items."
    if text[at : at + 1] in tuple("]},"):
        return (
            at,
            "unquoted-value",
            f"`{text[at]}` cannot start a value",
            "Put the value in quotes, or delete the sign.",
        )
    return None


def _no_colon(text: str, _at: int, began: int, words: str) -> _What | None:
    if "expected ':'" not in words:
        return None
    start, line = _line(text, began)
    indent = len(line) - len(line.lstrip())
    return start + indent, "no-colon", "this line is no `key: value`", _AFTER_COLON


_AFTER_COLON = "Write a colon and a space after the key; text belongs below the closing `---`."


def _colon_in_value(text: str, at: int, _began: int, words: str) -> _What | None:
    if "mapping values are not allowed" not in words:
        return None
    start, line = _line(text, at)
    found = _KEY_AND_VALUE.match(line)
    if found and at - start > found.end(1):
        quoted = found[2] if len(found[2]) <= 60 else f"{found[2][:59]}…"
        mark = "'" if '"' in quoted or "\\" in quoted else '"'
        value = quoted.replace("'", "''") if mark == "'" else quoted
        hint = f"Put the value in quotes: `{found[1].strip()}: {mark}{value}{mark}`."
        return at, "unquoted-colon", "a colon stands inside an unquoted value", hint
    above_start, above = _line(text, start - 1)
    if not _HAS_KEY.match(above):
        return above_start + len(above) - len(above.lstrip()), "no-colon", "this line is no `key: value`", _AFTER_COLON
    indent = len(line) - len(line.lstrip())
    hint = "Start the key at the same column as the keys above it."
    return start + indent, "indentation", "this key is indented more than the one above it", hint


def _item_beside_key(_text: str, at: int, _began: int, words: str) -> _What | None:
    if "entries are not allowed" not in words and "keys are not allowed" not in words:
        return None
    hint = "Write a list as `[one, two]`, or each `- item` on a line of its own; put text in quotes."
    return at, "unquoted-value", "a list cannot start beside its key", hint


def _block_text(_text: str, at: int, began: int, words: str) -> _What | None:
    if "block scalar" in words:
        return (
            began,
            "unquoted-value",
            "text stands beside `|` or `>`",
            "Start it on the next line, or put it in quotes.",
        )
    if "block mapping" in words or "block collection" in words:
        return at, "indentation", "this line does not fit the keys above it", "Start every key at the same column."
    return None
