"""The surgical write-back: `status` and `results` change, every other byte of the file stays.

The text is cut at the parse events' marks, never composed anew. Cutting text by hand has endless corner cases, so the
outcome is parsed again and compared: unless every other entry is equal, ours reads back as what was meant, and the
fences and the body have not moved, the write-back refuses and the file stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from fedisched.content.entries import (
    Entry,
    FrontMatter,
    NotSpliceable,
    line_end,
    line_start,
    next_line,
    read_entries,
    text_of,
)
from fedisched.content.fences import Fenced, split
from fedisched.content.results_yaml import block_lines, flow_text, plain_results
from fedisched.model.errors import CannotSplice
from fedisched.model.post import Status
from fedisched.model.problem import Problem
from fedisched.model.results import Plain, Result

_OURS = ("status", "results")
_ASKED_FOR = ("time", "status")
_BLOCK_HEADER = re.compile(r"(?:![^\s]*[ \t]+)?[|>][0-9+-]*")
_NOT_A_KEY_BEFORE = re.compile(r" *(?:\?[ \t]+)?")

_Results = dict[str, dict[str, Plain]]


class _Edit(NamedTuple):
    """Replace the characters from `start` to `end` of the front matter."""

    start: int
    end: int
    text: str


def splice(data: bytes, status: Status | None, results: Mapping[str, Result] | None) -> bytes:
    """A post's bytes with another `status` and other `results`; None leaves that key as it is.

    A status keeps its place and its quotes; a new one becomes the line before `results`, or the last one. A new
    `results` block becomes the last key, an existing one is replaced where it stands, and empty `results` remove it
    (in a front matter in braces, they leave `results: {}`). What already says the same is not touched.

    Raises CannotSplice, with what to write by hand, if the front matter has a shape that cannot be changed safely.
    """
    plain = None if results is None else plain_results(results)
    words = {} if status is None else {"status": str(status)}
    try:
        return _spliced(data, _OURS, words, plain)
    except NotSpliceable as error:
        raise CannotSplice(f"results cannot be written into the file: {error}", _by_hand(words, plain)) from error


def splice_schedule(data: bytes, time: str, status: Status | None) -> bytes:
    """A post's bytes with another `time` (RFC 3339 text) and `status`; None leaves the status as it is.

    The one thing beside `status` and `results` that is ever written, and only when a person asks for it by
    `publish --now`. As careful as `splice`, and raises CannotSplice as it does.
    """
    words = {"time": time} if status is None else {"time": time, "status": str(status)}
    try:
        return _spliced(data, _ASKED_FOR, words, None)
    except NotSpliceable as error:
        raise CannotSplice(f"the time cannot be written into the file: {error}", _by_hand(words, None)) from error


def _spliced(data: bytes, ours: tuple[str, ...], words: Mapping[str, str], results: _Results | None) -> bytes:
    fenced = _fenced(data)
    front = fenced.front
    # One after the other, since all may go to the same place.
    for name, word in words.items():
        so_far = read_entries(front)
        front = _edited(so_far, _word_edits(so_far, fenced.newline, name, word))
    so_far = read_entries(front)
    front = _edited(so_far, _results_edits(so_far, fenced.newline, results))
    if front == fenced.front:
        return data
    text = fenced.text[: fenced.front_start] + front + fenced.text[fenced.closing :]
    new = (b"\xef\xbb\xbf" if fenced.bom else b"") + text.encode()
    _verify_fences(fenced, _fenced(new), front)
    _verify_entries(read_entries(fenced.front), read_entries(front), ours, words, results)
    return new


def _fenced(data: bytes) -> Fenced:
    fenced = split(data, "")
    if isinstance(fenced, Problem):
        raise NotSpliceable(fenced.message)
    return fenced


def _edited(whole: FrontMatter, edits: Iterable[_Edit]) -> str:
    """The front matter with its edits, which come in order and do not overlap."""
    pieces, done = [], 0
    for edit in edits:
        pieces += [whole.front[done : edit.start], edit.text]
        done = edit.end
    return "".join((*pieces, whole.front[done:]))


def _word_edits(before: FrontMatter, newline: str, name: str, word: str) -> Iterator[_Edit]:
    """Set a key whose value is a single word."""
    entry = before.find(name)
    if entry and entry.scalar and entry.scalar.value == word:
        return
    if entry is None:
        following = before.find("status") if name == "time" else None
        yield _new_entry(before, newline, f"{name}: {word}", following or before.find("results"))
    elif entry.is_empty:
        yield _first_value(before, newline, entry, word)
    elif entry.scalar is None:
        raise NotSpliceable(f"`{name}` is not a single word")
    else:
        yield from _replaced_word(entry, entry.scalar.style, word)


def _replaced_word(entry: Entry, style: str | None, word: str) -> Iterator[_Edit]:
    if style in {"|", ">"}:
        header = _BLOCK_HEADER.match(entry.front, entry.value_start)
        if header is None:
            raise NotSpliceable(f"the header of the block after `{entry.name}` is not understood")
        yield _Edit(header.start(), header.end(), word)
        content = next_line(entry.front, header.end())
        yield _Edit(content, max(content, next_line(entry.front, entry.end)), "")
    else:
        quote = style if style in {"'", '"'} else ""
        yield _Edit(entry.value_start, entry.end, f"{quote}{word}{quote}")


def _results_edits(before: FrontMatter, newline: str, results: _Results | None) -> Iterator[_Edit]:
    entry = before.find("results")
    if results is None or (entry is None and not results) or (entry and results and text_of(entry.value) == results):
        return
    if before.is_flow:
        yield from _flow_results(before, newline, entry, results)
        return
    indent = before.indent
    block = newline.join(indent + line for line in block_lines(results))
    if entry is None:
        yield _new_entry(before, newline, f"results:{newline}{block}", None)
    elif not results:
        yield _Edit(_own_line(entry), next_line(before.front, entry.end), "")
    elif entry.is_empty:
        colon = "" if entry.colon_end is not None else f"{newline}{indent}:"
        end = line_end(before.front, entry.end)
        yield _Edit(end, end, f"{colon}{newline}{block}")
    else:
        yield _replaced_block(entry, newline, block)


def _flow_results(before: FrontMatter, newline: str, entry: Entry | None, results: _Results) -> Iterator[_Edit]:
    text = flow_text(results)
    if entry is None:
        yield _new_entry(before, newline, f"results: {text}", None)
    elif entry.is_empty:
        yield _first_value(before, newline, entry, text)
    elif text_of(entry.value) != results:
        yield _Edit(entry.value_start, entry.end, text + _apart(before.front, entry.end))


def _replaced_block(entry: Entry, newline: str, block: str) -> _Edit:
    front, start = entry.front, entry.value_start
    first = line_start(front, start)
    if not front[first:start].strip(" "):
        return _Edit(first, entry.end, block + _apart(front, entry.end))
    after_colon = len(front[:start].rstrip(" \t"))
    return _Edit(after_colon, entry.end, newline + block + _apart(front, entry.end))


def _new_entry(before: FrontMatter, newline: str, text: str, following: Entry | None) -> _Edit:
    if before.is_flow:
        return _new_flow_entry(before, text)
    indent = before.indent
    place = len(before.front)
    if following is not None:
        place = _own_line(following)
    return _Edit(place, place, f"{indent}{text}{newline}")


def _new_flow_entry(before: FrontMatter, text: str) -> _Edit:
    if not before.entries:
        place = before.front.index("{", before.start) + 1
        return _Edit(place, place, text)
    place = before.entries[-1].end
    return _Edit(place, place, f", {text}{_apart(before.front, place)}")


def _first_value(before: FrontMatter, newline: str, entry: Entry, text: str) -> _Edit:
    """Give a key that has no value its first one."""
    if entry.colon_end is not None:
        return _Edit(entry.colon_end, entry.colon_end, f" {text}")
    if before.is_flow:
        return _Edit(entry.key_end, entry.key_end, f": {text}")
    end = line_end(entry.front, entry.key_end)
    return _Edit(end, end, f"{newline}{before.indent}: {text}")


def _own_line(entry: Entry) -> int:
    """Where the entry's first line begins, on which nothing else stands before it."""
    first = line_start(entry.front, entry.start)
    if not _NOT_A_KEY_BEFORE.fullmatch(entry.front, first, entry.start):
        raise NotSpliceable(f"`{entry.name}` does not stand on a line of its own")
    return first


def _apart(front: str, index: int) -> str:
    """A comment may follow a closing quote or brace at once, but not every other value."""
    return " " if front.startswith("#", index) else ""


def _verify_fences(before: Fenced, after: Fenced, front: str) -> None:
    """The fences are where they were, and so is everything outside of them."""
    same: tuple[Callable[[Fenced], object], ...] = (
        lambda fenced: fenced.bom,
        lambda fenced: fenced.text[: fenced.front_start],
        lambda fenced: fenced.text[fenced.closing :],
        lambda fenced: fenced.body,
    )
    if after.front != front or any(fact(before) != fact(after) for fact in same):
        raise NotSpliceable("the front matter would end elsewhere")


def _verify_entries(
    before: FrontMatter, after: FrontMatter, ours: tuple[str, ...], words: Mapping[str, str], results: _Results | None
) -> None:
    """Ours read back as what was meant, and every other entry is as it was."""
    meant: dict[str, object] = dict(words)
    for name in ours:
        entry = before.find(name)
        if name == "results" and results is not None:
            if results or (before.is_flow and entry):
                meant[name] = results
        elif name not in words and entry:
            meant[name] = text_of(entry.value)
    found = {entry.name: text_of(entry.value) for entry in after.entries if entry.name in ours}
    kept = [[entry.signature for entry in whole.entries if entry.name not in ours] for whole in (before, after)]
    if found != meant or kept[0] != kept[1] or (before.entries and before.is_flow != after.is_flow):
        raise NotSpliceable("another key would change with it")
    for name in ours:
        after.find(name)


def _by_hand(words: Mapping[str, str], results: _Results | None) -> str:
    lines = [f"`{name}: {word}`" for name, word in words.items()]
    if results:
        lines.append(f"`results: {flow_text(results)}`")
    if not lines:
        return "Delete the key `results` by hand."
    return f"Write by hand into the front matter, each on a line of its own: {' and '.join(lines)}."
