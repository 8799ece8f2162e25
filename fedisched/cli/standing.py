"""Where everything stands, for those who show it or tell of it: `queue` and `notify`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fedisched.cli.here import Here
from fedisched.engine.journal import Journal, open_journal
from fedisched.engine.plan import NEEDS_A_PERSON, Act, Stand, Step, plan
from fedisched.model.errors import StateUnusable
from fedisched.model.problem import Problem
from fedisched.publisher.posts import Posts
from fedisched.publisher.verdicts import judged

if TYPE_CHECKING:
    from fedisched.engine.accounts import AccountState
    from fedisched.model.delivery import Delivery
    from fedisched.model.post import Entry
    from fedisched.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """Every post for every target, and what is known of each account, by name."""

    steps: list[Step]
    accounts: Mapping[str, AccountState]


def all_standing(here: Here, now: int, everything: bool = False) -> Standing:
    """Look at the folder and the journal; with `everything` also at what is published, cancelled, or a draft."""
    from fedisched.config import make_state_folder
    from fedisched.engine.accounts import Accounts

    journal = open_journal(make_state_folder(here.state), now, here.voice.complain)
    try:
        posts = Posts(here.settings, journal, here.clock)
        posts.refresh()
        accounts = Accounts(journal).all()
        entries = posts.all_entries() if everything else posts.entries()
        deliveries = journal.deliveries() if everything else journal.relevant_deliveries()
        known = _as_the_files_say(entries, deliveries, accounts, here.settings) if deliveries else ()
        steps = plan(entries.values(), known, accounts, here.settings, now, others=posts.others_of(entries.values()))
        steps = judged(_with_what_keeps_all(journal, steps, now), journal, accounts, here.settings)
    finally:
        journal.close()
    from fedisched.publisher.copies import placed

    found = [_with_the_files_reason(here, step) for step in placed(steps, here.folder)]
    return Standing(found, accounts)


def _with_what_keeps_all(journal: Journal, steps: list[Step], now: int) -> list[Step]:
    """What is overdue without a reason may be so since nobody can write down that it is sent."""
    stuck = [step for step in steps if step.act is Act.SEND and step.at is not None and step.at < now]
    if not any(step.stand is Stand.WAITING and not step.error for step in stuck):
        return steps
    try:
        journal.try_writing()
    except StateUnusable as error:
        return [replace(step, error=error.message, hint=error.hint) if step in stuck else step for step in steps]
    return steps


def needs_a_person(step: Step) -> bool:
    """Whether a person has to do something: also where a step only waits, but for what it says has to be mended."""
    return step.stand in NEEDS_A_PERSON or (step.stand is Stand.WAITING and bool(step.hint))


def _with_the_files_reason(here: Here, step: Step) -> Step:
    """Of what failed or is held elsewhere, in another clone or before the journal was lost, the file knows why."""
    if step.stand not in (Stand.FAILED, Stand.HELD) or step.error or step.delivery is not None:
        return step
    from fedisched.content.folder import read_file
    from fedisched.content.glance import results_of

    found = read_file(here.folder, step.entry.path)
    if isinstance(found, Problem):
        return step
    result = results_of(found[0], step.entry.path, here.settings).get(step.target)
    return replace(step, error=result.error) if result else step


def _as_the_files_say(
    entries: Mapping[str, Entry],
    deliveries: Sequence[Delivery],
    accounts: Mapping[str, AccountState],
    settings: Settings,
) -> Sequence[Delivery]:
    """What the publisher will make of edits, renames and deletions that it has not seen yet."""
    from fedisched.engine.reconcile import foreseen, reconcile

    return foreseen(deliveries, reconcile(entries, deliveries, accounts, settings))
