"""The plan: where every post stands for every target, and what is to be done about it when.

One pure function decides for all who ask: the publisher does what the steps say, the daemon wakes when the first
of them is due, `queue` shows where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.accounts import AccountState
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.settings import Settings
from fedisched.model.tid import derive_key

ON_TIME = 60 * SECOND
"""A first send that is less overdue than this, and was armed before it was due, needs no look-up before it."""


AT_ONCE = 0
"""The moment of what a person wants out now: overdue, whatever horizon a run has."""


class Stand(StrEnum):
    """Where a delivery stands, in the words of `queue`."""

    WAITING = "waiting"
    SENDING = "sending"
    UNSURE = "unsure"
    PAUSED = "paused"
    LATE = "late"
    HELD = "held"
    FAILED = "failed"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    DRAFT = "draft"
    BROKEN = "broken"


NEEDS_A_PERSON = frozenset({Stand.PAUSED, Stand.LATE, Stand.HELD, Stand.FAILED, Stand.BROKEN})


class Act(StrEnum):
    """What the publisher does at a step's moment."""

    SEND = "send"
    LOOK_UP = "look up"


@dataclass(frozen=True, slots=True)
class Step:
    """One post and one target. `act` at `at` (microseconds since 1970 UTC); both None where there is nothing to do
    until a person or the file says otherwise. `key` is empty as long as the account id is unknown. A broken post
    has one step with an empty target."""

    entry: Entry
    target: str
    stand: Stand
    act: Act | None = None
    at: int | None = None
    key: str = ""
    delivery: Delivery | None = None
    error: str = ""
    hint: str = ""


def is_on_time_first_send(delivery: Delivery, now: int) -> bool:
    """Whether sending at `now` needs no look-up before it: armed by this journal before it was due, barely overdue,
    never tried. Before every other send the network is asked whether the delivery is there already."""
    never_tried = delivery.since is None and delivery.first_try is None
    return never_tried and delivery.armed_at <= delivery.due and now < delivery.due + ON_TIME


def plan(
    entries: Iterable[Entry],
    deliveries: Iterable[Delivery],
    accounts: Mapping[str, AccountState],
    settings: Settings,
    now: int,
    asked: frozenset[tuple[str, str]] = frozenset(),
) -> list[Step]:
    """Where everything stands at `now`. `accounts` by name; `asked` are the paths and targets that a person wants out
    now, whatever their time."""
    known = {(delivery.account, delivery.path): delivery for delivery in deliveries}
    # Before an account was ever verified its deliveries are not armed; afterwards they go by its id.
    return [step for entry in entries for step in _steps_of(entry, known, accounts, settings, now, asked)]


def _steps_of(
    entry: Entry,
    known: Mapping[tuple[str, str], Delivery],
    accounts: Mapping[str, AccountState],
    settings: Settings,
    now: int,
    asked: frozenset[tuple[str, str]],
) -> Iterable[Step]:
    if entry.problem is not None:
        yield Step(entry, "", Stand.BROKEN, error=entry.problem.message, hint=entry.problem.hint)
        return
    claims = {claim.target: claim for claim in entry.claims}
    for target in settings.accounts_named(entry.targets):
        account = accounts.get(target)
        delivery = known.get((account.account_id, entry.path)) if account else None
        is_asked = (entry.path, target) in asked
        if delivery is None:
            yield _unarmed(entry, target, account, claims.get(target), settings, now, is_asked)
        else:
            yield _armed(entry, target, account, delivery, settings, now, is_asked)


def _unarmed(
    entry: Entry,
    target: str,
    account: AccountState | None,
    claim: Claim | None,
    settings: Settings,
    now: int,
    asked: bool,
) -> Step:
    """The journal knows nothing of it: the file alone speaks."""
    if claim is not None and claim.published:
        return Step(entry, target, Stand.PUBLISHED, key=claim.key)
    match entry.status:
        case Status.DRAFT if not asked:
            return Step(entry, target, Stand.DRAFT)
        case Status.PUBLISHED:
            return Step(entry, target, Stand.PUBLISHED)
        case Status.FAILED:
            return Step(entry, target, Stand.FAILED)
        case Status.HELD:
            return Step(entry, target, Stand.HELD)
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING:
            pass
        case _:
            assert_never(entry.status)
    due = now if entry.due is None else entry.due
    key = claim.key if claim and claim.key else _derived(account, entry.path, due)
    tried = claim is not None and bool(claim.key)
    return _to_be_sent(entry, target, account, None, key, due, tried, settings, now, asked)


def _armed(
    entry: Entry,
    target: str,
    account: AccountState | None,
    delivery: Delivery,
    settings: Settings,
    now: int,
    asked: bool,
) -> Step:
    def stands(stand: Stand, act: Act | None = None, at: int | None = None) -> Step:
        return Step(entry, target, stand, act, at, delivery.key, delivery, delivery.error, delivery.hint)

    match delivery.state:
        case State.PUBLISHED:
            return stands(Stand.HELD if entry.status is Status.HELD else Stand.PUBLISHED)
        case State.REFUSED:
            return stands(Stand.FAILED)
        case State.HELD:
            return stands(Stand.HELD)
        case State.CANCELLED:
            return stands(Stand.DRAFT if entry.status is Status.DRAFT else Stand.CANCELLED)
        case State.SENDING:
            # Whoever is sending it moves it on; found by anybody else it was left behind, and is looked up.
            return stands(Stand.SENDING, Act.LOOK_UP, now)
        case State.UNSURE:
            return stands(Stand.UNSURE, Act.LOOK_UP, delivery.next_try or now)
        case State.WAITING:
            due = max(delivery.due, delivery.next_try or 0)
            tried = delivery.first_try is not None or delivery.since is not None
            if delivery.problem and not asked:
                return stands(Stand.BROKEN, Act.SEND, due)
            return _to_be_sent(entry, target, account, delivery, delivery.key, due, tried, settings, now, asked)
        case _:
            assert_never(delivery.state)


def _to_be_sent(
    entry: Entry,
    target: str,
    account: AccountState | None,
    delivery: Delivery | None,
    key: str,
    due: int,
    tried: bool,
    settings: Settings,
    now: int,
    asked: bool,
) -> Step:
    error, hint = (delivery.error, delivery.hint) if delivery else ("", "")
    if asked:
        return Step(entry, target, Stand.WAITING, Act.SEND, AT_ONCE, key, delivery, error, hint)
    if not tried and now - due > settings.late_after * SECOND:
        return Step(entry, target, Stand.LATE, key=key, delivery=delivery)
    if account is not None and account.next_try is not None:
        stand = Stand.PAUSED if account.paused else Stand.WAITING
        at = max(due, account.next_try)
        return Step(entry, target, stand, Act.SEND, at, key, delivery, account.paused or account.error)
    return Step(entry, target, Stand.WAITING, Act.SEND, due, key, delivery, error, hint)


def _derived(account: AccountState | None, path: str, due: int) -> str:
    return derive_key(account.account_id, path, due) if account and account.account_id else ""
