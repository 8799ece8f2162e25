"""Files against journal: what changed in the folder since a delivery was last looked at, decided without doing it.

Only deliveries of which certainly nothing was sent follow their file; the others keep what they were sent with.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from fedisched.engine.accounts import AccountState
from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery, State
from fedisched.model.outcome import SentPart
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.results import DROPPED
from fedisched.model.settings import Settings
from fedisched.model.tid import derive_key, is_tid


@dataclass(frozen=True, slots=True)
class Renamed:
    """The file of this delivery now stands at another path."""

    delivery: Delivery
    path: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The file is gone, is a draft, no longer names the target, or says that it is published or dropped: there is
    nothing (more) to send."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class ToldWhere:
    """It is on the network, and its file says where: a person found a held post, or it was written there before the
    journal was put back to what it was."""

    delivery: Delivery
    claim: Claim

    @property
    def parts(self) -> tuple[SentPart, ...]:
        """What is to be recorded: nothing where the journal knows of parts already."""
        if self.delivery.parts:
            return ()
        uri = next((name for name in self.claim.ids if name.startswith("at://")), "")
        number = next((name for name in self.claim.ids if not name.startswith("at://")), "")
        return (SentPart(1, self.delivery.key, self.claim.url, number, uri),)


@dataclass(frozen=True, slots=True)
class KeyGiven:
    """A person asks to send it under a new key, which stands in its file: nothing of it is there, they say."""

    delivery: Delivery
    entry: Entry
    key: str
    due: int


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
    entry: Entry


DECIDED = (State.HELD, State.REFUSED, State.CANCELLED)
"""Nobody is at work on these: whoever sees first what a person says of them follows it, without the account's lock.
The account may well be opened for nothing else."""

_ASKING = (Status.SCHEDULED, Status.PUBLISHING)
_DONE_WITH = (Status.DRAFT, Status.PUBLISHED)

Move = Renamed | Withdrawn | ToldWhere | KeyGiven | Changed | AskedAgain | LookAgain


def reconcile(
    entries: Mapping[str, Entry],
    deliveries: Iterable[Delivery],
    accounts: Mapping[str, AccountState],
    settings: Settings,
) -> list[Move]:
    """What the files say has become of the deliveries. `entries` by path, `accounts` by name."""
    known = list(deliveries)
    homes = _new_homes(entries, known)
    keys = {delivery.key for delivery in known}
    moves: list[Move] = []
    moved_into = {(delivery.account, homes[delivery.id]) for delivery in known if delivery.id in homes}
    for delivery in known:
        if delivery.state is State.CANCELLED and (delivery.account, delivery.path) in moved_into:
            # It gives way, though its file asks for it: the file is the other's now.
            continue
        entry = entries.get(delivery.path)
        if entry is None and (path := homes.get(delivery.id)):
            moves.append(Renamed(delivery, path))
        elif entry is None or not _asked_for(entry, delivery, accounts, settings):
            if entry and (claim := _told_where(entry, delivery)):
                moves.append(ToldWhere(delivery, claim))
            elif delivery.state in (State.WAITING, State.REFUSED) or (entry and _is_decided(entry, delivery)):
                moves.append(Withdrawn(delivery))
        elif entry.problem is None and (move := _followed(entry, delivery, keys)):
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
            case ToldWhere(delivery):
                journal.record_published(delivery, move.parts, now)
            case KeyGiven(delivery, entry, key, due):
                journal.adopt(delivery, key=key, due=due, digest=entry.digest)
            case Changed(delivery, entry, key, due):
                journal.change_unsent(delivery, key=key, due=due, digest=entry.digest, now=now)
            case AskedAgain(delivery, entry, key, due):
                if journal.try_again(delivery, now):
                    journal.change_unsent(delivery, key=key, due=due, digest=entry.digest, now=now)
            case LookAgain(delivery, entry):
                journal.asked_to_look(delivery, entry.digest, now)
            case _:
                assert_never(move)
    return moved


def as_followed(
    entry: Entry, deliveries: Iterable[Delivery], accounts: Mapping[str, AccountState], settings: Settings
) -> list[Delivery] | None:
    """A post's deliveries as its file has them now; None while it says something that nobody has followed yet and that
    writing into it would undo. What is only taken back or changed stays so, followed or not."""
    known = list(deliveries)
    moves = reconcile({entry.path: entry}, known, accounts, settings)
    if not all(isinstance(move, Withdrawn | Changed) for move in moves):
        return None
    return foreseen(known, moves)


def foreseen(deliveries: Iterable[Delivery], moves: Iterable[Move]) -> list[Delivery]:
    """The deliveries as they will be when the moves are carried out: for those who only look. Moments of carrying
    out (`armed_at`, `published_at`, a look's `next_try`) are left as they are."""
    after = {delivery.id: delivery for delivery in deliveries}
    by_place = {(delivery.account, delivery.path): delivery.id for delivery in after.values()}
    for move in moves:
        if isinstance(move, Renamed):
            # A cancelled delivery that stood at the new path gives way.
            after.pop(by_place.get((move.delivery.account, move.path), 0), None)
        if move.delivery.id in after:
            after[move.delivery.id] = _after(move)
    return list(after.values())


def _after(move: Move) -> Delivery:
    match move:
        case Renamed(delivery, path):
            return replace(delivery, path=path)
        case Withdrawn(delivery):
            return replace(delivery, state=State.CANCELLED, next_try=None)
        case ToldWhere(delivery):
            parts = delivery.parts or move.parts
            settled = replace(delivery, state=State.PUBLISHED, next_try=None, error="", hint="", problem=False)
            return replace(settled, parts=parts)
        case KeyGiven(delivery, entry, key, due):
            return _never_sent(delivery, entry, key, due)
        case Changed(delivery, entry, key, due):
            return _changed(delivery, entry, key, due)
        case AskedAgain(delivery, entry, key, due):
            first_try = delivery.first_try
            if first_try is None and delivery.state is State.REFUSED:
                first_try = delivery.armed_at
            again = replace(delivery, state=State.WAITING, attempts=0, first_try=first_try)
            return _changed(again, entry, key, due)
        case LookAgain(delivery, entry):
            return replace(delivery, state=State.UNSURE, digest=entry.digest, written="", hint="")
        case _:
            assert_never(move)


def _changed(delivery: Delivery, entry: Entry, key: str, due: int) -> Delivery:
    moved = due != delivery.due
    return replace(
        delivery,
        key=key if delivery.since is None else delivery.key,
        attempts=0 if moved else delivery.attempts,
        first_try=None if moved else delivery.first_try,
        due=due,
        digest=entry.digest,
        written="",
        uploads=(),
        next_try=None,
        error="",
        hint="",
        problem=False,
    )


def _never_sent(delivery: Delivery, entry: Entry, key: str, due: int) -> Delivery:
    first_try = delivery.armed_at if delivery.first_try is None else delivery.first_try
    waiting = replace(delivery, state=State.WAITING, since=None, sent=None, attempts=0, last_try=None)
    return replace(_changed(waiting, entry, key, due), first_try=first_try, due=due)


def _followed(entry: Entry, delivery: Delivery, keys: Container[str]) -> Move | None:
    if given := _given_key(entry, delivery, keys):
        return KeyGiven(delivery, entry, given, delivery.due if entry.due is None else entry.due)
    if _is_known(entry, delivery):
        return None
    due = delivery.due if entry.due is None else entry.due
    key = _claimed_key(entry, delivery) or derive_key(delivery.account, entry.path, due)
    match delivery.state:
        case State.WAITING:
            return Changed(delivery, entry, key, due)
        case State.CANCELLED | State.REFUSED if entry.status in _ASKING:
            return AskedAgain(delivery, entry, key, due)
        case State.HELD if entry.status is Status.SCHEDULED:
            return LookAgain(delivery, entry)
        case State.CANCELLED | State.REFUSED | State.HELD | State.SENDING | State.UNSURE | State.PUBLISHED:
            return None
        case _:
            assert_never(delivery.state)


def _given_key(entry: Entry, delivery: Delivery, keys: Container[str]) -> str:
    """The key in a file that asks for another try under it: not the one under which something may have been sent, and
    no other delivery's. Empty where there is none, and while it is not certain that nothing is on its way."""
    key = _claimed_key(entry, delivery)
    if delivery.state is State.HELD:
        asks = entry.status is Status.SCHEDULED
    else:
        undone = delivery.state in (State.WAITING, State.REFUSED, State.CANCELLED)
        asks = undone and delivery.since is not None and entry.status in _ASKING
    return key if asks and is_tid(key) and key not in keys else ""


def _is_known(entry: Entry, delivery: Delivery) -> bool:
    """Whether the file says nothing that was not followed already. One that we wrote `failed` or `held` into, and that
    is again as it was before, was set back by a person."""
    match delivery.state:
        case State.CANCELLED:
            return False
        case State.REFUSED | State.HELD:
            return entry.digest == (delivery.written or delivery.digest)
        case _:
            return delivery.knows(entry.digest)


def _asked_for(entry: Entry, delivery: Delivery, accounts: Mapping[str, AccountState], settings: Settings) -> bool:
    if entry.problem is not None:
        # A file in the middle of an edit takes nothing back.
        return True
    if entry.status in _DONE_WITH or _published_claim(entry, delivery) or _is_dropped(entry, delivery):
        return False
    if delivery.state is State.WAITING and entry.status not in _ASKING:
        return False
    return any(_is_to(name, delivery, accounts) for name in settings.accounts_named(entry.targets))


def _is_to(name: str, delivery: Delivery, accounts: Mapping[str, AccountState]) -> bool:
    """Whether an account name means the account of a delivery: by its id, or by its name while nobody was asked."""
    account = accounts.get(name)
    if account is None or not account.account_id:
        return name == delivery.target
    return account.account_id == delivery.account


def _is_decided(entry: Entry, delivery: Delivery) -> bool:
    """Whether a person decided about a held delivery in the file: that it is not to be sent."""
    return delivery.state is State.HELD and (entry.status in _DONE_WITH or _is_dropped(entry, delivery))


def _published_claim(entry: Entry, delivery: Delivery) -> Claim | None:
    """What the file says if the delivery is on the network: another publisher's word, or a person's."""
    return next((claim for claim in entry.claims if claim.target == delivery.target and claim.published), None)


def _told_where(entry: Entry, delivery: Delivery) -> Claim | None:
    """What the file says of a delivery that may be on the network, if it says that it is there. Of one that is held
    anybody's word counts; of one that is unsure, what was written of the key that it was sent with."""
    match delivery.state, _published_claim(entry, delivery):
        case State.HELD, claim:
            return claim
        case State.UNSURE, Claim(key=delivery.key) as claim:
            return claim
        case _:
            return None


def _is_dropped(entry: Entry, delivery: Delivery) -> bool:
    """Whether a person gave this target up."""
    return any(claim.target == delivery.target and claim.stands == DROPPED for claim in entry.claims)


def _claimed_key(entry: Entry, delivery: Delivery) -> str:
    """A key that stands in the file wins over the derived one."""
    return next((claim.key for claim in entry.claims if claim.target == delivery.target), "")


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
        if entry.digest:
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
            taken.add((delivery.account, home))
    return homes
