"""What a post's file should say of its deliveries, decided without touching it.

Write-back is not a state: each round compares what the journal knows with what the file says, so a crash between
the two costs nothing but the next round's attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from fedisched.engine.copied import TIME_CHANGED, copied, is_under_way
from fedisched.model.command import how_to_leave, how_to_settle
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.results import DROPPED, FAILED, HELD, PartResult, Result
from fedisched.model.settings import Settings

_FIRST_THAT_APPLIES = (Status.PUBLISHING, Status.HELD, Status.FAILED, Status.PUBLISHED)

_STOPPED = {State.HELD: HELD, State.REFUSED: FAILED}

AsText = Callable[[int], str]
"""A moment in microseconds since 1970 UTC as RFC 3339 text in the content folder's time zone."""


def file_should_say(
    entry: Entry, results: Mapping[str, Result], deliveries: Sequence[Delivery], settings: Settings, as_text: AsText
) -> tuple[Status, dict[str, Result]] | None:
    """The status and the whole `results` block that the file of these deliveries should have; None if it has them.

    `results` is what the file says now. Blocks of targets that are no longer asked for stay as they are. Nothing is
    written of a delivery that was never tried: on the happy path the first thing a file says is `published`. A block
    that says so is never rewritten, whoever wrote it.
    """
    if copied(entry, {}, is_under_way(deliveries)):
        return None
    # An account that was replaced by another of the same name may have left a delivery behind: the younger counts.
    in_order = sorted(deliveries, key=lambda delivery: delivery.id)
    by_target = {delivery.target: delivery for delivery in in_order if delivery.state is not State.CANCELLED}
    targets = settings.accounts_named(entry.targets)
    file = _File(entry, [by_target.get(target) for target in targets])
    said = dict(results)
    for target in targets:
        if (delivery := by_target.get(target)) and (block := _block(file, delivery, results.get(target), as_text)):
            said[target] = block
    status = _status(file, [said.get(target, Result()) for target in targets])
    if status is None or (status is entry.status and said == dict(results)):
        return None
    return status, said


@dataclass(frozen=True, slots=True)
class _File:
    """A file and what became of each of its targets, None where nothing was begun."""

    entry: Entry
    deliveries: Sequence[Delivery | None]

    def is_held_back(self, delivery: Delivery, said: Result) -> bool:
        """Whether a published post's file asks for another time as if nothing had happened: an old editor buffer, or
        a wish to publish again. Only a person can tell which. While a target is still to be tried, and where one went
        out at the new time, the time was moved for that one."""
        if not all(known is not None and known.state is State.PUBLISHED for known in self.deliveries):
            return False
        if self.entry.status is Status.HELD:
            return bool(said.error) and said.url == delivery.url
        moved = all(known is not None and known.due != self.entry.due for known in self.deliveries)
        return self.entry.status is Status.SCHEDULED and not self.entry.claims and moved


def _status(file: _File, said: Sequence[Result]) -> Status | None:
    """The first that applies of publishing, held, failed, published; None as long as nothing was tried. While one
    target is still to be tried the post is publishing, whatever became of the others: a file that says `failed` or
    `held` asks for nothing more to be sent. A target that was dropped counts as none. A draft stays one as long as
    there is something that it keeps from being sent: any other word would ask for that again."""
    targets = zip(file.deliveries, said, strict=True)
    stands = {_stand(file, delivery, block) for delivery, block in targets if not _stays_dropped(delivery, block)}
    if stands <= {None}:
        return None
    if file.entry.status is Status.DRAFT and stands != {Status.PUBLISHED}:
        return Status.DRAFT
    if None in stands:
        return Status.PUBLISHING
    return next(status for status in _FIRST_THAT_APPLIES if status in stands)


def _stand(file: _File, delivery: Delivery | None, said: Result) -> Status | None:
    if delivery is None or (said.is_published and delivery.state is not State.PUBLISHED):
        return Status.PUBLISHED if said.is_published else None
    match delivery.state:
        case State.PUBLISHED:
            return Status.HELD if file.is_held_back(delivery, said) else Status.PUBLISHED
        case State.REFUSED:
            return Status.FAILED
        case State.HELD:
            return Status.HELD
        case State.SENDING | State.UNSURE:
            return Status.PUBLISHING
        case State.WAITING:
            return Status.PUBLISHING if delivery.attempts else None
        case State.CANCELLED:
            return None
        case _:
            assert_never(delivery.state)


def _block(file: _File, delivery: Delivery, said: Result | None, as_text: AsText) -> Result | None:
    """One target's result, None where there is nothing to say of it."""
    if said is not None and (said.is_published or _stays_dropped(delivery, said)):
        return said
    if delivery.state is State.WAITING and not delivery.attempts:
        return None
    if delivery.state is not State.PUBLISHED:
        return replace(
            Result(parts=_parts(delivery)),
            key=delivery.key,
            state=_STOPPED.get(delivery.state, ""),
            error=_reason(file, delivery),
            attempts=delivery.attempts,
            next_try=as_text(delivery.next_try) if delivery.next_try else "",
        )
    if said is not None and said.url == delivery.url and said.key == delivery.key:
        # It was published, and held because its time was changed afterwards: until a person sets the status.
        return said if file.is_held_back(delivery, said) else replace(said, state="", error="", attempts=0, next_try="")
    first = delivery.parts[0]
    block = Result(
        key=delivery.key,
        url=first.url,
        id=first.id,
        uri=first.uri,
        cid=first.cid,
        at=as_text(delivery.published_at) if delivery.published_at else "",
        parts=_parts(delivery) if len(delivery.parts) > 1 else (),
    )
    if file.is_held_back(delivery, block):
        return replace(
            block,
            state=HELD,
            error=f"{TIME_CHANGED}. {how_to_leave(file.entry.path)}",
        )
    return block


def _reason(file: _File, delivery: Delivery) -> str:
    hint = delivery.hint
    if delivery.state is State.HELD:
        hint = how_to_settle(file.entry.path, delivery.target, alone=len(file.deliveries) == 1)
    return f"{delivery.error}. {hint}" if hint else delivery.error


def _stays_dropped(delivery: Delivery | None, said: Result) -> bool:
    """Whether a person gave a target up: for good, unless it turns out to be on the network all the same."""
    return said.stands == DROPPED and (delivery is None or delivery.state is not State.PUBLISHED)


def _parts(delivery: Delivery) -> tuple[PartResult, ...]:
    return tuple(PartResult(part.url, part.id, part.uri, part.cid) for part in delivery.parts)
