"""What the daemon keeps in mind of each post that asks for something: when to look at it next, and what of it was
said already, so that whoever reads a change first, the daemon or a publisher, it is told once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from fedisched.clock import SECOND
from fedisched.daemon.events import Armed, Broken, Event, Held, Late, TakenBack, Waits
from fedisched.engine.plan import Act, Stand, Step
from fedisched.engine.schedule import Schedule
from fedisched.model.delivery import State
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem

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
        self._not_before: dict[str, int] = {}
        """Before when nothing of a post may begin, by path, where it is being given time."""
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

    def not_before(self, path: str) -> int:
        """Before when nothing of a post may begin: what failed is given time. 0 if it did not."""
        return self._not_before.get(path, 0)

    def see(self, entry: Entry, steps: Sequence[Step], now: int) -> Event | None:
        """Take in where a post stands; gives what is to be told of it."""
        path = entry.path
        at, not_before = min(((step.at, step.not_before) for step in steps if step.at is not None), default=(None, 0))
        was_scheduled = path in self._schedule
        owes = self._owes(entry, steps, at, now)
        self._schedule.set(path, min((moment for moment in (owes, at) if moment is not None), default=None))
        self._not_before.pop(path, None)
        if not_before and owes is None:
            self._not_before[path] = not_before
        late = any(step.stand is Stand.LATE for step in steps)
        held = next((step for step in steps if _is_held_back(step)), None)
        problem = entry.problem or next((step.entry.problem for step in steps if step.entry.problem), None)
        waits = next((step.error for step in steps if step.waits_for_another), "")
        mark = _mark(problem, entry.digest) if problem else entry.digest + waits
        before = self._known.pop(path, None)
        if at is not None or late or owes is not None or problem or held or waits:
            self._known[path] = mark
        if before == mark and not (late and was_scheduled):
            return None
        if problem:
            return Broken(problem)
        if held:
            return Held(path, f"{held.error}. {held.hint}")
        if _is_our_writing(entry, steps):
            return None
        if late:
            return Late(entry, tuple(step.target for step in steps if step.at is not None or step.stand is Stand.LATE))
        if (armed := _armed(entry, steps, now)) is not None:
            return armed
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
        before = self._known.pop(path, "")
        self._not_before.pop(path, None)
        self._owed.pop(path, None)
        taken_back = entry is None or entry.status is Status.DRAFT
        return TakenBack(path, "" if entry else before) if was_scheduled and taken_back else None

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


def _armed(entry: Entry, steps: Sequence[Step], now: int) -> Armed | None:
    """What is still to be sent of a post that was saved, at its own time while that is to come, whatever keeps its
    account from being used until then. What is on its way, and only looked up any more, is not armed anew."""
    sends = {step.target: step.at for step in steps if step.act is Act.SEND and step.at is not None}
    if not sends:
        return None
    to_come = entry.due is not None and entry.due > now
    return Armed(entry, tuple(sends), entry.due if entry.due and to_come else min(sends.values()))


def _mark(problem: Problem, digest: str) -> str:
    """What makes a problem the same as before: of one file as it is, the same place is wrong for the same reason,
    however much is known of that just now."""
    return f"{digest} {problem.code} {problem.line}:{problem.column}" if digest else str(problem)


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
