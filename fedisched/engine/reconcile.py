"""Files against journal: what changed in the folder since a delivery was last looked at, decided without doing it.

Only deliveries of which certainly nothing was sent follow their file; the others keep what they were sent with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from fedisched.engine.accounts import AccountState
from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.settings import Settings
from fedisched.model.tid import derive_key


@dataclass(frozen=True, slots=True)
class Renamed:
    """The file of this delivery now stands at another path."""

    delivery: Delivery
    path: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The file is gone, is a draft, or no longer names the target; nothing was sent."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Changed:
    """The file says something else than when the delivery was armed; nothing was sent."""

    delivery: Delivery
    entry: Entry
    key: str
    due: int


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """A withdrawn delivery's file is back, or a person asks to try a refused one again."""

    delivery: Delivery
    entry: Entry
    key: str
    due: int


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A person set `status: scheduled` on a held post: the network is asked once more, nothing is sent."""

    delivery: Delivery


Move = Renamed | Withdrawn | Changed | AskedAgain | LookAgain


def reconcile(
    entries: Mapping[str, Entry],
    deliveries: Iterable[Delivery],
    accounts: Mapping[str, AccountState],
    settings: Settings,
) -> list[Move]:
    """What the files say has become of the deliveries. `entries` by path, `accounts` by name."""
    known = list(deliveries)
    homes = _new_homes(entries, known)
    moves: list[Move] = []
    for delivery in known:
        entry = entries.get(delivery.path)
        if entry is None and (path := homes.get(delivery.id)):
            moves.append(Renamed(delivery, path))
        elif entry is None or not _asked_for(entry, delivery, accounts, settings):
            if delivery.state in (State.WAITING, State.REFUSED):
                moves.append(Withdrawn(delivery))
        elif entry.problem is None and (move := _followed(entry, delivery)):
            moves.append(move)
    return moves


def carry_out(moves: Iterable[Move], journal: Journal, now: int) -> bool:
    """Write the moves into the journal; says whether there were any."""
    moved = False
    for move in moves:
        moved = True
        match move:
            case Renamed(delivery, path):
                journal.rename(delivery, path)
            case Withdrawn(delivery):
                journal.cancel(delivery)
            case Changed(delivery, entry, key, due):
                journal.change_unsent(delivery, key=key, due=due, digest=entry.digest, now=now)
            case AskedAgain(delivery, entry, key, due):
                if journal.try_again(delivery, now):
                    journal.change_unsent(delivery, key=key, due=due, digest=entry.digest, now=now)
            case LookAgain(delivery):
                journal.record_unsure(delivery, delivery.error, now, now)
            case _:
                assert_never(move)
    return moved


def foreseen(deliveries: Iterable[Delivery], moves: Iterable[Move]) -> list[Delivery]:
    """The deliveries as they will be when the moves are carried out: for those who only look."""
    after = {delivery.id: delivery for delivery in deliveries}
    for move in moves:
        delivery = move.delivery
        match move:
            case Renamed(_, path):
                after[delivery.id] = replace(delivery, path=path)
            case Withdrawn():
                after[delivery.id] = replace(delivery, state=State.CANCELLED)
            case Changed(_, entry, _, due) | AskedAgain(_, entry, _, due):
                after[delivery.id] = replace(
                    delivery, state=State.WAITING, due=due, digest=entry.digest, next_try=None, error="", problem=False
                )
            case LookAgain():
                after[delivery.id] = replace(delivery, state=State.UNSURE)
            case _:
                assert_never(move)
    return list(after.values())


def _followed(entry: Entry, delivery: Delivery) -> Move | None:
    if delivery.knows(entry.digest) and delivery.state is not State.CANCELLED:
        return None
    due = delivery.due if entry.due is None else entry.due
    key = derive_key(delivery.account, entry.path, due)
    match delivery.state:
        case State.WAITING:
            return Changed(delivery, entry, key, due)
        case State.CANCELLED:
            return AskedAgain(delivery, entry, key, due)
        case State.REFUSED if entry.status in (Status.SCHEDULED, Status.PUBLISHING):
            return AskedAgain(delivery, entry, key, due)
        case State.HELD if entry.status is Status.SCHEDULED:
            return LookAgain(delivery)
        case State.REFUSED | State.HELD | State.SENDING | State.UNSURE | State.PUBLISHED:
            return None
        case _:
            assert_never(delivery.state)


def _asked_for(entry: Entry, delivery: Delivery, accounts: Mapping[str, AccountState], settings: Settings) -> bool:
    if entry.problem is not None:
        # A file in the middle of an edit takes nothing back.
        return True
    if entry.status in (Status.DRAFT, Status.PUBLISHED):
        return False
    if delivery.state is State.WAITING and entry.status not in (Status.SCHEDULED, Status.PUBLISHING):
        return False
    names = settings.accounts_named(entry.targets)
    return any(name == delivery.target or _id_of(name, accounts) == delivery.account for name in names)


def _id_of(name: str, accounts: Mapping[str, AccountState]) -> str:
    return accounts[name].account_id if name in accounts else ""


def _new_homes(entries: Mapping[str, Entry], deliveries: list[Delivery]) -> dict[int, str]:
    """Deliveries whose old path is gone, and the file that is theirs now: by the key in its results, or, where
    something may have been sent, by its bytes."""
    lost = [delivery for delivery in deliveries if delivery.path not in entries]
    if not lost:
        return {}
    taken = {(delivery.account, delivery.path) for delivery in deliveries if delivery.state is not State.CANCELLED}
    by_key: dict[str, str] = {}
    by_digest: dict[str, str] = {}
    for path, entry in entries.items():
        by_digest.setdefault(entry.digest, path)
        for claim in entry.claims:
            by_key.setdefault(claim.key, path)
    homes: dict[int, str] = {}
    for delivery in lost:
        home = by_key.get(delivery.key)
        if home is None and delivery.since is not None:
            home = by_digest.get(delivery.digest) or by_digest.get(delivery.written)
        if home is not None and (delivery.account, home) not in taken:
            homes[delivery.id] = home
    return homes
