"""What a run would find and do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence

from fedisched.engine.plan import Act, Step, plan
from fedisched.engine.reconcile import foreseen, reconcile
from fedisched.publisher.desk import Desk
from fedisched.publisher.report import Report


def standing(desk: Desk, named: Sequence[str], at_once: bool) -> list[Step]:
    """Where everything stands now; where `named` is not empty, these paths alone. With `at_once` as if a person
    wanted them out now, whatever their time."""
    entries = desk.posts.entries()
    if named:
        entries = {**entries, **{path: entry for path in named if (entry := desk.posts.entry(path))}}
    accounts = desk.accounts.all()
    deliveries = desk.journal.relevant_deliveries()
    known = foreseen(deliveries, reconcile(entries, deliveries, accounts, desk.settings))
    asked = frozenset(
        (path, target)
        for path in (named if at_once else ())
        if path in entries
        for target in desk.settings.accounts_named(entries[path].targets)
    )
    others = desk.posts.others_of(entries.values())
    steps = plan(entries.values(), known, accounts, desk.settings, desk.clock.now(), asked, others)
    return [step for step in steps if not named or step.entry.path in named]


def would_publish(desk: Desk, steps: Sequence[Step], until: int) -> list[Report]:
    """One report for each delivery that a run until then (microseconds since 1970 UTC) would send."""
    now = desk.clock.now()
    return [
        Report(step.entry.path, step.target, "would-publish", step.key, at=desk.posts.as_text(max(step.at, now)))
        for step in steps
        if step.act is Act.SEND and step.at is not None and step.at <= until
    ]
