"""Where a file's front matter begins and ends, and whether the file is text that can be read at all.

The closing fence is the first line after the opening one that is `---` or `...` alone, which is also where YAML ends
a document: no scalar, quoted or block, can hold such a line at the first column. So cutting the text at the fences
never cuts a value in two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fedisched.model.problem import Mark, Problem

FILE_CAP = 1_000_000
"""The largest file that is read, in bytes."""

FRONT_CAP = 64 * 1024
"""The largest front matter, in bytes of UTF-8."""

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")

_LONE_CR = re.compile(r"\r(?!\n)")
_OPENING = re.compile(r"(?:[ \t]*\r?\n)*(---)[ \t]*(?:\r?\n|\Z)")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_FIRST_WORDS = re.compile(r"\s*([^\r\n]*)")
_NEARLY_A_FENCE = re.compile(r"^[ \t]*(?:[-‐‑‒–—―]{1,}|\.{3})[ \t]*\r?$", re.MULTILINE)
# As git writes them: seven of a kind, then a space and a name, or nothing.
_CONFLICT = re.compile(r"^(?:(?:<{7}|>{7}|\|{7})(?: [^\n]*)?|={7}\r?)$", re.MULTILINE)

_START_WITH_FRONT_MATTER = (
    "Start the file with a line `---`, then the keys (`time: 2026-12-01 09:00`), then a line `---`."
)


@dataclass(frozen=True, slots=True)
class Fenced:
    """A file cut at its fences. Offsets count characters of `text`, from 0; lines count from 1.

    `text` is the whole file decoded, without the BOM, its line breaks as they are; `front` is what stands between the
    fences, with its last line break; `body` is everything after the closing fence's line. `opening` and `closing` are
    the offsets of the fences' first characters, `newline` is the line break that ends the opening fence's line.
    """

    bom: bool
    text: str
    opening: int
    newline: str
    front: str
    front_start: int
    front_line: int
    closing: int
    body: str
    body_start: int
    body_line: int

    def mark(self, offset: int) -> Mark:
        """The place in the file of an offset into `text`."""
        return mark_at(self.text, offset)


def mark_at(text: str, offset: int) -> Mark:
    """The line and column of an offset into a text. Only `\\n` ends a line, as editors count."""
    return Mark(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def split(data: bytes, path: str) -> Fenced | Problem:
    """Decode a file and cut it at its fences; the problem if it is no text, or has no front matter."""
    text = _decode(data, path)
    if isinstance(text, Problem):
        return text
    return _unfit_text(text, path) or _cut(text, path, bom=data.startswith(_UTF8_BOM))


def _decode(data: bytes, path: str) -> str | Problem:
    if len(data) > FILE_CAP:
        return too_large(path)
    if data.startswith(_UTF16_BOMS) or _has_utf16_pattern(data):
        return Problem(path, 1, 1, "utf-16", "the file is UTF-16", "Save it as UTF-8.")
    if (nul := data.find(b"\0")) >= 0:
        mark = _mark_in_bytes(data, nul)
        hint = "A post is a text file: move this one elsewhere, or remove the NUL bytes."
        return Problem(path, mark.line, mark.column, "binary", "the file is binary: it has a NUL byte", hint)
    try:
        return data.removeprefix(_UTF8_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        bom = len(data) - len(data.removeprefix(_UTF8_BOM))
        mark = _mark_in_bytes(data, error.start + bom)
        message = f"the file is not UTF-8: byte 0x{data[error.start + bom]:02X} is not valid here"
        return Problem(path, mark.line, mark.column, "not-utf-8", message, "Save it as UTF-8.")


def too_large(path: str) -> Problem:
    """The problem of a file above the cap; whoever reads files stops there and need not read it whole."""
    hint = "A post is a short text: move other files out of the posts folder."
    return Problem(path, 1, 1, "file-too-large", "the file is larger than 1 MB", hint)


def _has_utf16_pattern(data: bytes) -> bool:
    """Latin text as UTF-16 has every other byte 0; eight characters are enough to tell."""
    head = data[:16]
    return len(head) == 16 and (not any(head[0::2]) or not any(head[1::2])) and any(head)


def _mark_in_bytes(data: bytes, offset: int) -> Mark:
    before = data[:offset].removeprefix(_UTF8_BOM).decode("utf-8", "replace")
    return mark_at(before, len(before))


def _unfit_text(text: str, path: str) -> Problem | None:
    if not text.strip():
        return Problem(path, 1, 1, "empty-file", "the file is empty", _START_WITH_FRONT_MATTER)
    if found := _LONE_CR.search(text):
        mark = mark_at(text, found.start())
        hint = "Save the file with LF (Unix) or CRLF (Windows) line endings."
        return Problem(path, mark.line, mark.column, "line-endings", "a line ends with a lone CR", hint)
    if found := _CONFLICT.search(text):
        mark = mark_at(text, found.start())
        message = f"this line is a git conflict marker (`{found[0][:7]}`)"
        hint = "Finish the merge: keep the right lines and delete the markers."
        if found[0].startswith("="):
            hint += " If the line is meant as text, write six or eight `=`."
        return Problem(path, mark.line, mark.column, "conflict-marker", message, hint)
    return None


def _cut(text: str, path: str, bom: bool) -> Fenced | Problem:
    opening = _OPENING.match(text)
    if opening is None:
        return _no_front_matter(text, path)
    start = opening.end()
    closing = _CLOSING.search(text, start)
    if closing is None:
        return _never_closed(text, path, opening.start(1), start)
    front = text[start : closing.start()]
    front_line = text.count("\n", 0, start) + 1
    if len(front.encode("utf-8")) > FRONT_CAP:
        message = "the front matter is larger than 64 KB"
        hint = "Keep the keys short, and put the text below the closing `---`."
        return Problem(path, front_line, 1, "front-matter-too-large", message, hint)
    body_start = min(closing.end() + 1, len(text))
    return Fenced(
        bom=bom,
        text=text,
        opening=opening.start(1),
        newline="\r\n" if text.endswith("\r\n", 0, start) else "\n",
        front=front,
        front_start=start,
        front_line=front_line,
        closing=closing.start(),
        body=text[body_start:],
        body_start=body_start,
        body_line=front_line + front.count("\n") + 1,
    )


def _no_front_matter(text: str, path: str) -> Problem:
    found = _FIRST_WORDS.match(text)
    first, offset = (found[1], found.start(1)) if found else ("", 0)
    mark = mark_at(text, offset)
    if first.startswith("+++"):
        message, code = "the front matter is TOML (`+++`)", "toml-front-matter"
        hint = "Write it as YAML: a line `---`, keys such as `time: 2026-12-01 09:00`, then a line `---`."
    elif first.startswith("{"):
        message, code = "the front matter is JSON (`{`)", "json-front-matter"
        hint = "Write it as YAML: a line `---`, keys such as `time: 2026-12-01 09:00`, then a line `---`."
    elif _NEARLY_A_FENCE.match(first) or first.startswith("---"):
        message, code = f"the front matter does not start with a line `---` but with `{first[:20]}`", "no-front-matter"
        hint = "Write exactly three hyphens at the start of the line, and nothing else on it."
    else:
        message, code = "the file has no front matter", "no-front-matter"
        hint = _START_WITH_FRONT_MATTER
    return Problem(path, mark.line, mark.column, code, message, hint)


def _never_closed(text: str, path: str, opening: int, start: int) -> Problem:
    mark = mark_at(text, opening)
    hint = "Write a line `---` after the last key."
    if nearly := _NEARLY_A_FENCE.search(text, start):
        line = mark_at(text, nearly.start()).line
        hint = f"Write exactly `---` at the start of line {line}, or after the last key."
    return Problem(path, mark.line, mark.column, "front-matter-not-closed", "the front matter is never closed", hint)
