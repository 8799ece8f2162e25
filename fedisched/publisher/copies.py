"""Posts that cannot go out because of what stands in their results or their status, with the lines that a person
changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fedisched.engine.copied import COPY_HINT, NO_RESULTS_HINT, copy_hint
from fedisched.engine.plan import Stand, Step
from fedisched.model.post import Status
from fedisched.model.problem import Problem


def placed(steps: Iterable[Step], folder: Path) -> list[Step]:
    """The steps, those that are broken by their results or their status with a problem that names its place. Only their
    files are read."""
    return [_placed(step, folder) if _is_unplaced(step) else step for step in steps]


def copied_results(folder: Path, path: str, status: Status, message: str) -> Problem:
    """The problem of a file whose results cannot be its own, with all the lines that a new post has to change."""
    from fedisched.content.results_place import where_results_stand, where_status_stands

    line, words = where_results_stand(folder, path)
    at = None if status in (Status.SCHEDULED, Status.DRAFT) else where_status_stands(folder, path)
    return Problem(path, line, 1, "copied-results", message, copy_hint(words, f"line {at}" if at else ""))


def no_results(folder: Path, path: str, message: str) -> Problem:
    """The problem of a file that says it is done with, though it has no results and its time is to come."""
    from fedisched.content.results_place import where_status_stands

    return Problem(path, where_status_stands(folder, path) or 1, 1, "no-results", message, NO_RESULTS_HINT)


def _is_unplaced(step: Step) -> bool:
    return step.stand is Stand.BROKEN and step.delivery is None and step.entry.problem is None


def _placed(step: Step, folder: Path) -> Step:
    path = step.entry.path
    if step.hint == NO_RESULTS_HINT:
        problem = no_results(folder, path, step.error)
    else:
        problem = copied_results(folder, path, step.entry.status, step.error)
        if step.hint != COPY_HINT:
            problem = replace(problem, hint=step.hint)
    return replace(step, entry=replace(step.entry, problem=problem), error=step.error, hint=problem.hint)
