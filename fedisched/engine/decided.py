"""What a person decides about a held post, as it stands in its file afterwards. Pure: it needs the file and nothing
else, so that it can be decided in any clone, without a journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fedisched.engine.address import Place
from fedisched.model.post import Status
from fedisched.model.results import DROPPED, FAILED, HELD, PartResult, Result
from fedisched.model.tid import derive_key

_FIRST_THAT_APPLIES = (Status.PUBLISHING, Status.HELD, Status.FAILED, Status.PUBLISHED)


def held_targets(status: Status, targets: Sequence[str], results: Mapping[str, Result]) -> tuple[str, ...]:
    """The targets of a post that wait for a person. Where a file says `held` and no more, all that are not settled."""
    return tuple(target for target in targets if _is_held(status, results.get(target, Result())))


def dropped_targets(targets: Sequence[str], results: Mapping[str, Result]) -> tuple[str, ...]:
    """The targets that a person gave up."""
    return tuple(target for target in targets if results.get(target, Result()).stands == DROPPED)


def is_published_before(result: Result) -> bool:
    """Whether it is on the network, and held only because its post's time was changed afterwards."""
    return bool(result.url) and not result.is_published


def found(result: Result, place: Place) -> Result:
    """It is there, at this place: of a thread, its first part, or the one after those that are known."""
    if not result.parts:
        return Result(key=result.key, url=place.url, id=place.id, uri=place.uri)
    parts = result.parts
    if place.url not in {part.url for part in parts}:
        parts = (*parts, PartResult(place.url, place.id, place.uri))
    first = parts[0]
    return Result(key=result.key, url=first.url, id=first.id, uri=first.uri, cid=first.cid, parts=parts)


def dropped(result: Result, moment: str) -> Result:
    """It is not to be sent (any more); `moment` as RFC 3339 text. What is published stays published."""
    if is_published_before(result):
        return replace(result, state="", error="", attempts=0, next_try="")
    return Result(key=result.key, parts=result.parts, dropped=moment)


def again(result: Result, path: str, target: str, now: int) -> Result:
    """It is not there, and is to be sent under a new key. The key depends on the one before and on the second alone,
    so that saying it twice at once gives one key and not two."""
    return Result(key=derive_key(f"after {result.key} on {target}", path, now), parts=result.parts)


def status_of(before: Status, targets: Sequence[str], results: Mapping[str, Result]) -> Status:
    """The word for a post of which nothing is to be tried again: the first that applies of publishing (a target is
    still to be sent), held, failed, published; a draft once every target was dropped. `before` is what it was."""
    stands = {_stand(before, results.get(target, Result())) for target in targets}
    return next((status for status in _FIRST_THAT_APPLIES if status in stands), Status.DRAFT)


def _is_held(status: Status, result: Result) -> bool:
    if result.stands:
        return result.stands == HELD
    return status is Status.HELD and not result.is_published


def _stand(before: Status, result: Result) -> Status | None:
    if result.is_published:
        return Status.PUBLISHED
    if _is_held(before, result):
        return Status.HELD
    return {FAILED: Status.FAILED, DROPPED: None}.get(result.stands, Status.PUBLISHING)
