"""The plan: where every post stands for every target, and what is to be done about it when.

One pure function decides for all who ask: the publisher does what the steps say, the daemon wakes when the first
of them is due, `queue` shows where they stand.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.accounts import AccountState
from fedisched.engine.copied import COPY_HINT, TIME_CHANGED, copied, is_under_way
from fedisched.engine.needs import Other, waits_for
from fedisched.model.command import how_to_leave, how_to_settle, typed
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.results import DROPPED, FAILED, HELD
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
    waits_for_another: bool = False
    """It would have its turn at its time, were it not for a post that it answers or quotes: `error` says which."""


def is_on_time_first_send(delivery: Delivery, now: int, began: int) -> bool:
    """Whether sending at `now` needs no look-up before it: armed by this journal before it was due, barely overdue,
    never tried. Before every other send the network is asked whether the delivery is there already.

    `began` is since when this run has had the account to itself. It has to be before the due moment: else an earlier
    run may have sent it, and the journal been put back to what it was before that.
    A key that is not the derived one came from the file: somebody tried it, though this journal does not know.
    """
    never_tried = delivery.since is None and delivery.first_try is None
    on_time = max(delivery.armed_at, began) <= delivery.due and now < delivery.due + ON_TIME
    return never_tried and on_time and delivery.key == derive_key(delivery.account, delivery.path, delivery.due)


@dataclass(frozen=True, slots=True)
class _Case:
    """One post and one target, with all that decides where it stands."""

    entry: Entry
    target: str
    account: AccountState | None
    delivery: Delivery | None
    settings: Settings
    now: int
    asked: bool
    others: Mapping[str, Other] = field(default_factory=dict)

    @property
    def claim(self) -> Claim | None:
        return next((claim for claim in self.entry.claims if claim.target == self.target), None)

    @property
    def key(self) -> str:
        """The journal's key, else the one that stands in the file, else the derived one."""
        if self.delivery is not None:
            return self.delivery.key
        if self.claim is not None and self.claim.key:
            return self.claim.key
        if self.account is None or not self.account.account_id:
            return ""
        return derive_key(self.account.account_id, self.entry.path, self.due)

    @property
    def due(self) -> int:
        if self.delivery is not None:
            return max(self.delivery.due, self.delivery.next_try or 0)
        return self.now if self.entry.due is None else self.entry.due

    @property
    def was_tried(self) -> bool:
        """Lateness is judged once, before the first attempt: here or, by the key in its file, elsewhere."""
        if self.claim is not None and self.claim.key:
            return True
        delivery = self.delivery
        return delivery is not None and (delivery.first_try is not None or delivery.since is not None)

    def is_said(self, stands: str) -> bool:
        """Whether the file says of this target that it is held, failed, or dropped."""
        return self.claim is not None and self.claim.stands == stands

    @property
    def is_stopped(self) -> bool:
        """Whether the file says that only a person moves it on. What failed is asked for again by `scheduled`."""
        if self.is_said(FAILED):
            return self.entry.status is not Status.SCHEDULED
        return self.is_said(HELD) or (self.claim is not None and bool(self.claim.url))

    def not_before(self, moment: int) -> int:
        """The moment, or when the account may be used again if that is later."""
        return max(moment, (self.account.next_try or moment) if self.account else moment)

    def stands(self, stand: Stand, act: Act | None = None, at: int | None = None, error: str = "") -> Step:
        """The step; `error` where it is the account's and not the delivery's own."""
        hint = ""
        if self.delivery is not None and not error:
            error, hint = self.delivery.error, self.delivery.hint
        return Step(self.entry, self.target, stand, act, at, self.key, self.delivery, error, hint)


def plan(
    entries: Iterable[Entry],
    deliveries: Iterable[Delivery],
    accounts: Mapping[str, AccountState],
    settings: Settings,
    now: int,
    asked: frozenset[tuple[str, str]] = frozenset(),
    others: Mapping[str, Other] | None = None,
) -> list[Step]:
    """Where everything stands at `now`. `accounts` by name; `asked` are the paths and targets that a person wants out
    now, whatever their time; `others` are the posts that some of these answer or quote, by path."""
    entries, known = list(entries), list(deliveries)
    paths = {entry.path for entry in entries}
    by_path = {(delivery.account, delivery.path): delivery for delivery in known}
    # Where the file is gone, its key elsewhere is a rename that is still to be written down.
    owners = {delivery.key: delivery.path for delivery in known if delivery.path in paths}
    under_way = {delivery.path for delivery in known if is_under_way([delivery])}
    steps: list[Step] = []
    for entry in entries:
        if broken := _broken(entry, owners, under_way):
            steps.append(broken)
            continue
        cases: list[_Case] = []
        for target in settings.accounts_named(entry.targets):
            account = accounts.get(target)
            # Before an account was ever verified its deliveries are not armed; afterwards they go by its id.
            delivery = by_path.get((account.account_id, entry.path)) if account else None
            is_asked = (entry.path, target) in asked
            cases.append(_Case(entry, target, account, delivery, settings, now, is_asked, others or {}))
        steps += [settled] if (settled := _asks_for_what_is_settled(cases)) else map(_stands, cases)
    claimed = {claim.key for entry in entries for claim in entry.claims}
    return steps + [
        _stands(_Case(_gone(delivery), delivery.target, accounts.get(delivery.target), delivery, settings, now, False))
        for delivery in known
        if delivery.path not in paths and delivery.state in (State.SENDING, State.UNSURE)
        # Where its key stands in a file, it was renamed, which is still to be written down.
        if delivery.key not in claimed and delivery.target in settings.accounts
    ]


def _gone(delivery: Delivery) -> Entry:
    """A file that is no longer there, of a delivery that may be on the network: what is known of it is all there is."""
    return Entry(delivery.path, "", Status.PUBLISHING, delivery.due, "", (delivery.target,))


def _broken(entry: Entry, owners: Mapping[str, str], under_way: Container[str]) -> Step | None:
    if entry.problem is not None:
        return Step(entry, "", Stand.BROKEN, error=entry.problem.message, hint=entry.problem.hint)
    if reason := copied(entry, owners, entry.path in under_way):
        return Step(entry, "", Stand.BROKEN, error=reason, hint=COPY_HINT)
    return None


def _asks_for_what_is_settled(cases: Sequence[_Case]) -> Step | None:
    """A post that says `scheduled`, though its results leave nothing to send and nobody here knows otherwise: it must
    not be passed over in silence."""
    if not cases or cases[0].entry.status is not Status.SCHEDULED:
        return None
    entry = cases[0].entry
    if all(case.is_said(DROPPED) for case in cases):
        hint = f"To send it after all, type: {typed('resolve', entry.path, '--retry')}"
        return Step(
            entry, "", Stand.BROKEN, error="it is scheduled, but its results say that it was dropped", hint=hint
        )
    if all(case.delivery is None and case.claim and (case.claim.published or case.is_said(DROPPED)) for case in cases):
        error = "it is scheduled, but its results say that it is published"
        return Step(entry, "", Stand.BROKEN, error=error, hint=COPY_HINT)
    return None


def _stands(case: _Case) -> Step:
    if case.delivery is None:
        return _by_the_file(case)
    match case.delivery.state:
        case State.WAITING:
            return _by_the_file(case)
        case State.PUBLISHED:
            return _held(case) if _is_held_back(case, case.delivery) else case.stands(Stand.PUBLISHED)
        case State.REFUSED:
            return case.stands(Stand.FAILED)
        case State.HELD:
            return _held(case)
        case State.CANCELLED:
            return _cancelled(case)
        case State.SENDING:
            # Whoever is sending it moves it on; found by anybody else it was left behind, and is looked up.
            return case.stands(Stand.SENDING, Act.LOOK_UP, case.not_before(AT_ONCE))
        case State.UNSURE:
            return case.stands(Stand.UNSURE, Act.LOOK_UP, case.not_before(case.delivery.next_try or AT_ONCE))
        case _:
            assert_never(case.delivery.state)


def _held(case: _Case) -> Step:
    """Held, with what to type. Why it was held elsewhere stands in its file, which says what to type, too."""
    step, path = case.stands(Stand.HELD), case.entry.path
    if case.claim is not None and case.claim.url:
        return replace(step, error=TIME_CHANGED, hint=how_to_leave(path))
    alone = len(case.settings.accounts_named(case.entry.targets)) == 1
    return replace(step, hint=how_to_settle(path, case.target, alone=alone))


def _is_held_back(case: _Case, delivery: Delivery) -> bool:
    """Whether this very target is held for its post's changed time. The file's status speaks of all of them."""
    claim = case.claim
    return case.entry.status is Status.HELD and claim is not None and not claim.published and claim.url == delivery.url


def _cancelled(case: _Case) -> Step:
    if case.claim is not None and case.claim.published:
        return case.stands(Stand.PUBLISHED)
    return case.stands(Stand.DRAFT if case.entry.status is Status.DRAFT else Stand.CANCELLED)


def _by_the_file(case: _Case) -> Step:
    """Nothing stands in the way but what the file says; the journal may be a round behind it."""
    if case.claim is not None and case.claim.published:
        return case.stands(Stand.PUBLISHED)
    if case.is_said(DROPPED):
        return case.stands(Stand.CANCELLED)
    match case.entry.status:
        case Status.DRAFT if not case.asked:
            return case.stands(Stand.DRAFT)
        case Status.PUBLISHED:
            return case.stands(Stand.PUBLISHED)
        case Status.FAILED:
            return case.stands(Stand.FAILED)
        case Status.HELD:
            return case.stands(Stand.FAILED) if case.is_said(FAILED) else _held(case)
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING if case.delivery is None and case.is_stopped:
            return _stopped_elsewhere(case)
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING:
            return _to_be_sent(case)
        case _:
            assert_never(case.entry.status)


def _stopped_elsewhere(case: _Case) -> Step:
    """It was held or failed in another clone, or before the journal was lost, and another target is still to be sent;
    or a person set `status: scheduled`. Then what failed is tried again, and what is held is looked up: unless its
    results say where it is, and it is held only because its time was changed."""
    if case.is_said(FAILED):
        return case.stands(Stand.FAILED)
    if case.entry.status is not Status.SCHEDULED or (case.claim is not None and case.claim.url):
        return _held(case)
    return case.stands(Stand.UNSURE, Act.LOOK_UP, case.not_before(AT_ONCE))


def _to_be_sent(case: _Case) -> Step:
    if not case.asked and case.delivery is not None and case.delivery.problem:
        return case.stands(Stand.BROKEN, Act.SEND, case.due)
    if not case.asked and not case.was_tried and case.now - case.due > case.settings.late_after * SECOND:
        return case.stands(Stand.LATE)
    account = case.account
    if case.entry.needs and (why := waits_for(case.entry, case.target, account, case.others, case.settings)):
        return replace(case.stands(Stand.WAITING, error=why), waits_for_another=True)
    at = case.not_before(AT_ONCE if case.asked else case.due)
    if account is None or account.next_try is None:
        return case.stands(Stand.WAITING, Act.SEND, at)
    stand = Stand.PAUSED if account.paused else Stand.WAITING
    return case.stands(stand, Act.SEND, at, account.paused or account.error)
