"""The end of a run: what is left to do, and whether by a person or by a later run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fedisched.engine.plan import NEEDS_A_PERSON, Stand, Step
from fedisched.publisher.report import Word


@dataclass(frozen=True, slots=True)
class Summary:
    """What is left at the end of a run: whether a person is needed, whether something waits for a later run."""

    needs_a_person: bool
    waits: bool
    left: tuple[Step, ...]


def summed_up(steps: Sequence[Step], outcomes: Mapping[tuple[str, str], Word], now: int) -> Summary:
    """Of where everything stands and what came of each path and target in this run. What failed or is held needs a
    person until it is settled, whichever run it failed in."""
    due = [step for step in steps if _is_due(step, now) or (step.entry.path, step.target) in outcomes]
    left = tuple(step for step in due if step.stand in NEEDS_A_PERSON)
    waits = "waiting" in outcomes.values() or any(
        (step.act is not None and step.stand not in NEEDS_A_PERSON) or step.waits_for_another for step in due
    )
    return Summary(bool(left) or bool({"failed", "held"} & set(outcomes.values())), waits, left)


def _is_due(step: Step, now: int) -> bool:
    return (step.entry.due is None or step.entry.due <= now) and step.stand is not Stand.DRAFT
