"""Where a file's `results` stand, for a person who is to delete them."""

from __future__ import annotations

from pathlib import Path

from fedisched.content.entries import NotSpliceable, read_entries
from fedisched.content.fences import split
from fedisched.content.folder import read_file
from fedisched.model.problem import Problem


def where_results_stand(folder: Path, path: str) -> tuple[int, str]:
    """The first line of a file's results, and all of their lines in words (`lines 6 to 11`); line 1 and no words where
    they cannot be located."""
    lines = _lines(folder, path, "results")
    if lines is None:
        return 1, ""
    first, last = lines
    return first, f"line {first}" if first == last else f"lines {first} to {last}"


def where_status_stands(folder: Path, path: str) -> int | None:
    """The line of a file's status; None where there is none."""
    lines = _lines(folder, path, "status")
    return lines and lines[0]


def _lines(folder: Path, path: str, key: str) -> tuple[int, int] | None:
    found = read_file(folder, path)
    return None if isinstance(found, Problem) else lines_of(found[0], key)


def lines_of(data: bytes, key: str) -> tuple[int, int] | None:
    """The first and the last line of a front matter key's whole block, counted from 1; None where there is none that
    can be located."""
    fenced = split(data, "")
    if isinstance(fenced, Problem):
        return None
    try:
        entry = read_entries(fenced.front).find(key)
        if entry is None:
            return None
        first, last = (fenced.mark(fenced.front_start + at).line for at in (entry.start, entry.end))
    except NotSpliceable:
        return None
    return first, last
