"""What a post's file says of its publishing: its `status` and `results`, the two keys that fedisched writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from fedisched.model.post import Status
from fedisched.model.results import DROPPED, Result

WRITTEN = (Status.PUBLISHING, Status.PUBLISHED, Status.FAILED, Status.HELD)
"""The words that fedisched writes into `status`; the others are people's."""

_STRONGEST = (Status.PUBLISHED, Status.HELD, Status.FAILED, Status.PUBLISHING, Status.SCHEDULED, Status.DRAFT)


@dataclass(frozen=True, slots=True)
class Said:
    """A file's `status`, None where the key is left out, and its `results` by target."""

    status: Status | None = None
    results: Mapping[str, Result] = field(default_factory=dict)


class Wording(Protocol):
    """How a file's bytes say it; the content room knows."""

    def read(self, data: bytes) -> Said | None:
        """What the bytes say; None if they are no post that could be read."""
        ...

    def write(self, data: bytes, said: Said) -> bytes | None:
        """The same bytes saying this; None if that would touch what is not ours."""
        ...


def is_news(before: Said, now: Said) -> bool:
    """Whether a file says something of its publishing that it did not say before, worth remembering for good.

    What people write (`draft`, `scheduled`, results deleted by hand) is theirs, and each try of many is no news.
    """
    if any(_lasting(result) != _lasting(before.results.get(target)) for target, result in now.results.items()):
        return True
    return bool(now.results) and now.status in WRITTEN and now.status is not before.status


def changed_targets(before: Said, now: Said) -> tuple[str, ...]:
    """The targets whose results are not as they were; all of them if only the status is another."""
    changed = [target for target, result in now.results.items() if result != before.results.get(target)]
    return tuple(changed or now.results)


def merged(base: Said, ours: Said, theirs: Said) -> Said:
    """What two versions of a file say together, that both come from `base`.

    What only one side changed is taken from there. Of what both changed, published wins: it is true whatever else was
    meant meanwhile.
    """
    status = min(_of_two(base.status, ours.status, theirs.status), key=_strength)
    return Said(status, dict(_merged_results(base, ours, theirs)))


_Value = TypeVar("_Value")


def _of_two(base: _Value, ours: _Value, theirs: _Value) -> tuple[_Value, ...]:
    """The one that holds, or both where each side has another."""
    if ours == theirs or theirs == base:
        return (ours,)
    return (theirs,) if ours == base else (ours, theirs)


def _merged_results(base: Said, ours: Said, theirs: Said) -> Iterator[tuple[str, Result]]:
    for target in dict.fromkeys((*ours.results, *theirs.results)):
        candidates = _of_two(base.results.get(target), ours.results.get(target), theirs.results.get(target))
        if there := [result for result in candidates if result is not None]:
            yield target, max(there, key=_weight)


def _strength(status: Status | None) -> int:
    return len(_STRONGEST) if status is None else _STRONGEST.index(status)


def _weight(result: Result) -> tuple[bool, bool, bool, int]:
    """Of two, the one that knows more: published, given up by a person, stopped, or tried more often."""
    return result.is_published, result.stands == DROPPED, bool(result.state), result.attempts


def _lasting(result: Result | None) -> Result | None:
    """A result without what changes with each try."""
    if result is None or result.is_published or result.stands:
        return result
    return replace(result, error="", attempts=0, next_try="")
