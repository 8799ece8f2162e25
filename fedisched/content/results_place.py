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
    found = read_file(folder, path)
    lines = None if isinstance(found, Problem) else results_lines(found[0])
    if lines is None:
        return 1, ""
    first, last = lines
    return first, f"line {first}" if first == last else f"lines {first} to {last}"


def results_lines(data: bytes) -> tuple[int, int] | None:
    """The first and the last line of the whole block, counted from 1; None where there is none that can be located."""
    fenced = split(data, "")
    if isinstance(fenced, Problem):
        return None
    try:
        entry = read_entries(fenced.front).find("results")
        if entry is None:
            return None
        first, last = (fenced.mark(fenced.front_start + at).line for at in (entry.start, entry.end))
    except NotSpliceable:
        return None
    return first, last
