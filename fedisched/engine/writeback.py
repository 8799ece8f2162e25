"""What a post's file should say of its deliveries, decided without touching it.

Write-back is not a state: each round compares what the journal knows with what the file says, so a crash between
the two costs nothing but the next round's attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.results import PartResult, Result
from fedisched.model.settings import Settings

AsText = Callable[[int], str]
"""A moment in microseconds since 1970 UTC as RFC 3339 text in the content folder's time zone."""


def file_should_say(
    entry: Entry, results: Mapping[str, Result], deliveries: Sequence[Delivery], settings: Settings, as_text: AsText
) -> tuple[Status, dict[str, Result]] | None:
    """The status and the whole `results` block that the file of these deliveries should have; None if it has them.

    `results` is what the file says now. Blocks of targets that are no longer asked for stay as they are. Nothing is
    written of a delivery that was never tried: on the happy path the first thing a file says is `published`.
    """
    by_target = {delivery.target: delivery for delivery in deliveries if delivery.state is not State.CANCELLED}
    targets = settings.accounts_named(entry.targets)
    said = dict(results)
    for target in targets:
        if (delivery := by_target.get(target)) and (block := _block(entry, delivery, results.get(target), as_text)):
            said[target] = block
    status = _status(entry, targets, by_target, said)
    if status is None or (status is entry.status and said == dict(results)):
        return None
    return status, said


def _status(
    entry: Entry, targets: Sequence[str], deliveries: Mapping[str, Delivery], said: Mapping[str, Result]
) -> Status | None:
    """The first that applies of publishing, held, failed, published; None as long as nothing was tried."""
    stands = [_stand(entry, deliveries.get(target), said.get(target, Result())) for target in targets]
    if all(stand is None for stand in stands):
        return None
    for status in (Status.PUBLISHING, Status.HELD, Status.FAILED):
        if status in stands:
            return status
    return Status.PUBLISHING if None in stands else Status.PUBLISHED


def _stand(entry: Entry, delivery: Delivery | None, said: Result) -> Status | None:
    if delivery is None:
        return Status.PUBLISHED if said.is_published else None
    match delivery.state:
        case State.PUBLISHED:
            return Status.HELD if _is_stale_and_moved(entry, delivery, said) else Status.PUBLISHED
        case State.REFUSED:
            return Status.FAILED
        case State.HELD:
            return Status.HELD
        case State.SENDING | State.UNSURE:
            return Status.PUBLISHING
        case State.WAITING:
            return Status.PUBLISHING if delivery.first_try is not None else None
        case State.CANCELLED:
            return None


def _is_stale_and_moved(entry: Entry, delivery: Delivery, said: Result) -> bool:
    """A published post whose file asks for another time as if nothing had happened: an old editor buffer, or a wish
    to publish again. Only a person can tell which."""
    asks_again = entry.status is Status.SCHEDULED and not entry.claims and entry.due != delivery.due
    return asks_again or (entry.status is Status.HELD and bool(said.error) and said.url == delivery.url)


def _block(entry: Entry, delivery: Delivery, said: Result | None, as_text: AsText) -> Result | None:
    """One target's result, None where there is nothing to say of it."""
    if delivery.state is State.WAITING and delivery.first_try is None:
        return None
    if delivery.state is not State.PUBLISHED:
        return replace(
            Result(parts=_parts(delivery)),
            key=delivery.key,
            error=f"{delivery.error}. {delivery.hint}" if delivery.hint else delivery.error,
            attempts=delivery.attempts,
            next_try=as_text(delivery.next_try) if delivery.next_try else "",
        )
    if said is not None and said.url == delivery.url and said.key == delivery.key:
        # What stands there already is right, whoever formatted it.
        return said if said.is_published or entry.status is Status.HELD else replace(said, error="", next_try="")
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
    if _is_stale_and_moved(entry, delivery, block):
        return replace(
            block,
            error="already published; its time was changed afterwards. Set status: published to leave it at that, "
            "or copy the text into a new file to publish it again",
        )
    return block


def _parts(delivery: Delivery) -> tuple[PartResult, ...]:
    return tuple(PartResult(part.url, part.id, part.uri, part.cid) for part in delivery.parts)
