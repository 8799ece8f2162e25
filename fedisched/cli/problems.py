"""Problems as people see them: one line each, and on a terminal the line of the file with a caret under the place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from fedisched.cli.words import Piece, Words, bad, clean_line, clip, columns, doubtful, faint, strong

if TYPE_CHECKING:
    from fedisched.cli.here import Here
    from fedisched.model.errors import FedischedError
    from fedisched.model.problem import Problem

_FAR = 1000
"""Characters: more than any excerpt has."""
_WIDEST, _NARROWEST = 110, 20
"""Columns: an excerpt is no wider than people read, and no narrower than says anything."""


def problem_line(problem: Problem) -> tuple[Words, ...]:
    """`posts/a.md:3:7: error: message. hint`, the form that editors and grep know."""
    place = f"{problem.path}:{problem.line}:{problem.column}:"
    return strong(place), " ", _severity(problem), f" {problem.message}. {problem.hint}"


def problem_lines(problem: Problem, source: str, width: int) -> Iterable[tuple[Words, ...]]:
    """The same for a terminal that is so many columns wide: place and message, the line of the file with a caret, and
    the hint."""
    place = f"{problem.path}:{problem.line}:{problem.column}:"
    yield strong(place), " ", _severity(problem), f" {problem.message}"
    if source.strip():
        number = f"{problem.line:>5}"
        before, shown = _window(source, problem.column, max(width - len(number) - 3, _NARROWEST))
        yield faint(f"{number} │ "), shown
        yield faint(f"{' ' * len(number)} │ "), " " * columns(before), _coloured(problem, "^")
    yield "      ", problem.hint


def show_problems(problems: Sequence[Problem], folder: Path, say: Callable[..., None], on_terminal: bool) -> None:
    """Say problems through `say`; with the lines of their files where a person reads along."""
    sources: dict[str, list[str]] = {}
    width = min(get_terminal_size().columns, _WIDEST)
    for problem in problems:
        if not on_terminal:
            say(*problem_line(problem))
            continue
        if problem.path not in sources:
            sources[problem.path] = _lines_of(folder, problem.path)
        lines = sources[problem.path]
        for line in problem_lines(problem, lines[problem.line - 1] if problem.line <= len(lines) else "", width):
            say(*line)


def explain(here: Here, error: FedischedError) -> None:
    """Say what is broken, on standard error: a configuration's problems first, then the message and its hint."""
    problems = getattr(error, "problems", ())
    if problems:
        on_terminal = sys.stderr is not None and sys.stderr.isatty()
        show_problems(problems, here.folder, here.voice.complain, on_terminal)
    here.voice.complain(bad("error: "), str(error))


def _severity(problem: Problem) -> Piece:
    return _coloured(problem, f"{problem.severity}:")


def _coloured(problem: Problem, text: str) -> Piece:
    return bad(text) if problem.is_error else doubtful(text)


def _lines_of(folder: Path, path: str) -> list[str]:
    """The lines of a file that was just found wanting, as far as it can be read as text. It may be wanting because it
    is a FIFO, or leads out of the folder: what is no plain file in there is not shown."""
    from fedisched.content.folder import read_file
    from fedisched.model.problem import Problem

    read = read_file(folder, path)
    if isinstance(read, Problem) or b"\0" in read[0]:
        return []
    return read[0].decode("utf-8-sig", "replace").split("\n")


def _window(source: str, column: int, width: int) -> tuple[str, str]:
    """What is shown of a line in so many columns, and the part of it before the column; a line that is too long is cut
    around the place, at either end where there is more."""
    at = column - 1
    before, rest = clean_line(source[max(0, at - _FAR) : at]), clean_line(source[at : at + _FAR]).rstrip()
    if columns(before + rest) <= width:
        return before, before + rest
    # The place itself, and something of what follows it, always has room.
    lead = _end_of(before, max(width - columns(rest) - 1, width // 2))
    return lead, lead + clip(rest, width - columns(lead))


def _end_of(text: str, width: int) -> str:
    """The end of a text, cut to a width in columns."""
    if columns(text) <= width:
        return text
    start = len(text)
    while start and columns(text[start - 1 :]) < width:
        start -= 1
    # What is drawn onto the character before it does not stand alone.
    while start < len(text) and not columns(text[start]):
        start += 1
    return "…" + text[start:]
