"""What a run would publish, without publishing it."""

from __future__ import annotations

from collections.abc import Sequence

from fedisched.engine.plan import Act, plan
from fedisched.engine.reconcile import foreseen, reconcile
from fedisched.publisher.desk import Desk
from fedisched.publisher.report import Report


def would_publish(desk: Desk, named: Sequence[str], at_once: bool, until: int) -> list[Report]:
    """One report for each delivery that a run until then (microseconds since 1970 UTC) would send. `named`, if not
    empty, limits it to these paths; `at_once` sends those whatever their time."""
    entries = desk.posts.entries()
    if at_once:
        entries = {**entries, **{path: entry for path in named if (entry := desk.posts.entry(path))}}
    accounts, now = desk.accounts.all(), desk.clock.now()
    deliveries = desk.journal.relevant_deliveries()
    known = foreseen(deliveries, reconcile(entries, deliveries, accounts, desk.settings))
    asked = frozenset(
        (path, target)
        for path in (named if at_once else ())
        if path in entries
        for target in desk.settings.accounts_named(entries[path].targets)
    )
    steps = plan(entries.values(), known, accounts, desk.settings, now, asked)
    return [
        Report(step.entry.path, step.target, "would-publish", step.key, at=desk.posts.as_text(max(step.at, now)))
        for step in steps
        if step.act is Act.SEND and step.at is not None and step.at <= until and (not named or step.entry.path in named)
    ]
