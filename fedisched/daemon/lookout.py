"""What the daemon keeps in mind of each post that asks for something: when to look at it next, and what of it was
said already, so that whoever reads a change first, the daemon or a publisher, it is told once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from fedisched.clock import SECOND
from fedisched.daemon.events import Armed, Broken, Event, Held, Late, TakenBack, Waits
from fedisched.engine.plan import Stand, Step
from fedisched.engine.schedule import Schedule
from fedisched.model.delivery import State
from fedisched.model.post import Entry, Status

_DECIDED = (State.PUBLISHED, State.REFUSED, State.HELD)
_NOT_YET = (Status.SCHEDULED, Status.PUBLISHING)

TRIES = 3
"""How many publishers may try at once to write what a file owes. More than one, since it may be saved again just when
the first one ends."""
LATER = 300 * SECOND
"""How long the next one waits when these could not: the disk may be full, which heals."""


class Lookout:
    """The posts that are to go out or need a person, by path. All moments are microseconds since 1970 UTC."""

    def __init__(self) -> None:
        self._schedule = Schedule()
        self._known: dict[str, str] = {}
        """What was last seen of a post: the digest of its file, or the problem it has."""
        self._owed: dict[str, str] = {}
        """Files that do not say what the journal knows: the digest by the path."""
        self._tries: dict[str, int] = {}
        """How many publishers were started since, each of which could have written it."""

    def next(self) -> int | None:
        """When the first of them is to be looked at."""
        return self._schedule.next()

    def until(self, moment: int) -> list[tuple[int, str]]:
        """Those that are to be looked at up to a moment, in order, each with its own."""
        return self._schedule.until(moment)

    def see(self, entry: Entry, steps: Sequence[Step], now: int) -> Event | None:
        """Take in where a post stands; gives what is to be told of it."""
        path = entry.path
        at = min((step.at for step in steps if step.at is not None), default=None)
        was_scheduled = path in self._schedule
        owes = self._owes(entry, steps, at, now)
        self._schedule.set(path, min((moment for moment in (owes, at) if moment is not None), default=None))
        late = any(step.stand is Stand.LATE for step in steps)
        held = next((step for step in steps if _is_held_back(step)), None)
        problem = entry.problem or next((step.entry.problem for step in steps if step.entry.problem), None)
        waits = next((step.error for step in steps if step.waits_for_another), "")
        mark = str(problem) if problem else entry.digest + waits
        before = self._known.pop(path, None)
        if at is not None or late or owes is not None or problem or held or waits:
            self._known[path] = mark
        if before == mark and not (late and was_scheduled):
            return None
        targets = tuple(step.target for step in steps if step.at is not None or step.stand is Stand.LATE)
        if problem:
            return Broken(problem)
        if held:
            return Held(path, f"{held.error}. {held.hint}")
        if _is_our_writing(entry, steps):
            return None
        if late:
            return Late(entry, targets)
        if at is not None:
            return Armed(entry, targets, at)
        if waits:
            return Waits(path, waits)
        return TakenBack(path) if was_scheduled and entry.status is Status.DRAFT else None

    def unlike(self, digests: Mapping[str, str]) -> set[str]:
        """The paths of those files that are not as they were when they were last seen."""
        return {path for path, digest in digests.items() if self._known.get(path) != digest}

    def missing_from(self, paths: Container[str]) -> Iterable[str]:
        """The posts in mind that are not among these."""
        return [path for path in self._known if path not in paths]

    def lose(self, path: str, entry: Entry | None) -> Event | None:
        """A post no longer asks for anything; `entry` is its file's, None if that is gone."""
        was_scheduled = path in self._schedule
        self._schedule.set(path, None)
        self._known.pop(path, None)
        self._owed.pop(path, None)
        taken_back = entry is None or entry.status is Status.DRAFT
        return TakenBack(path) if was_scheduled and taken_back else None

    def publisher_starts(self) -> None:
        """A publisher starts, and will write back what is owed, if that can be done at all."""
        for path in self._owed:
            self._tries[path] += 1

    def _owes(self, entry: Entry, steps: Sequence[Step], at: int | None, now: int) -> int | None:
        """When a publisher should be started for nothing but writing back, None if not at all: the last one died before
        it could, or an editor saved an old version over the results, or the disk was full."""
        if not _owes_results(entry, steps, at):
            self._owed.pop(entry.path, None)
            return None
        if self._owed.get(entry.path) != entry.digest:
            self._owed[entry.path], self._tries[entry.path] = entry.digest, 0
        return now if self._tries[entry.path] < TRIES else now + LATER


def _owes_results(entry: Entry, steps: Sequence[Step], at: int | None) -> bool:
    claimed = {claim.target for claim in entry.claims if claim.published}
    states = {step.target: step.delivery.state for step in steps if step.delivery is not None}
    if any(state is State.PUBLISHED and target not in claimed for target, state in states.items()):
        return entry.problem is None
    return at is None and entry.status in _NOT_YET and any(state in _DECIDED for state in states.values())


def _is_held_back(step: Step) -> bool:
    """Whether a post is published, and held since its time was changed: no publisher reports that."""
    return step.stand is Stand.HELD and step.delivery is not None and step.delivery.state is State.PUBLISHED


def _is_our_writing(entry: Entry, steps: Sequence[Step]) -> bool:
    return any(step.delivery is not None and step.delivery.written == entry.digest for step in steps)
