"""Posts that cannot go out because of what stands in their results, with the lines that a person deletes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fedisched.engine.copied import COPY_HINT, copy_hint
from fedisched.engine.plan import Stand, Step
from fedisched.model.problem import Problem


def placed(steps: Iterable[Step], folder: Path) -> list[Step]:
    """The steps, those that are broken by their results with a problem that names its place. Only their files are
    read."""
    return [_placed(step, folder) if _is_unplaced(step) else step for step in steps]


def _is_unplaced(step: Step) -> bool:
    return step.stand is Stand.BROKEN and step.delivery is None and step.entry.problem is None


def _placed(step: Step, folder: Path) -> Step:
    from fedisched.content.results_place import where_results_stand

    line, words = where_results_stand(folder, step.entry.path)
    hint = copy_hint(words) if step.hint == COPY_HINT else step.hint
    problem = Problem(step.entry.path, line, 1, "copied-results", step.error, hint)
    return replace(step, entry=replace(step.entry, problem=problem), error=step.error, hint=hint)
