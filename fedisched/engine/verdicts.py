"""What came of reading posts whole, so that it need not be done again until something is another: a cache beside the
index, kept in the journal's file and dropped at will."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from fedisched.engine.journal import Journal
from fedisched.engine.tables import open_files
from fedisched.model.errors import StateUnusable
from fedisched.model.problem import Problem

Sight = tuple[str, int, int]
"""A file that a post attaches: its path in the content folder, its size in bytes and its mtime in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a post can be sent as it is: `problems` has the first error for each target that cannot get it, by name;
    under the empty name, for all of them. `made_with` says what that depends on beside the `files` it attaches."""

    path: str
    made_with: str
    problems: Mapping[str, Problem] = field(default_factory=dict)
    files: tuple[Sight, ...] = ()


class Verdicts:
    """The journal's table of verdicts."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def all(self) -> dict[str, Verdict]:
        """Every verdict that is kept, by path."""
        rows = self._journal.rows("SELECT path, made_with, files, problems FROM verdict")
        return {verdict.path: verdict for verdict in map(_verdict, rows)}

    def keep(self, verdicts: Iterable[Verdict]) -> None:
        """Keep these; forget those of files that are gone or done with. Where nothing can be written, none is kept."""
        rows = [(verdict.path, verdict.made_with, *_as_json(verdict)) for verdict in verdicts]
        try:
            with self._journal.transaction() as connection:
                connection.execute(f"DELETE FROM verdict WHERE path NOT IN ({open_files(None)})")  # noqa: S608
                connection.executemany("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?)", rows)
        except StateUnusable:
            return


def _as_json(verdict: Verdict) -> tuple[str, str]:
    problems = {target: asdict(problem) for target, problem in verdict.problems.items()}
    return json.dumps(verdict.files), json.dumps(problems)


def _verdict(row: tuple[object, ...]) -> Verdict:
    path, made_with, files, problems = map(str, row)
    found = {} if problems == "{}" else json.loads(problems)
    sights = () if files == "[]" else tuple((name, size, mtime) for name, size, mtime in json.loads(files))
    return Verdict(path, made_with, {target: Problem(**problem) for target, problem in found.items()}, sights)
