"""Which of an account's statuses are which deliveries: the proof that a look-up needs. Pure but for reading sources.

Proof comes in this order: media ids, the parent, the status's source text, its HTML last. A status counts once; what
another delivery claims does not count; so of n identical posts as many are matched as are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fedisched.model.network import Task
from fedisched.model.outcome import Absent, Finding, Found, Perhaps, SentPart
from fedisched.model.rendered import Pending
from fedisched.networks.mastodon_references import other_part
from fedisched.networks.mastodon_status import Shown, same_words

EARLIER = 300 * 1_000_000
"""How long before the first possible send a look-up begins, in microseconds."""

ABOUT = 1_000_000
"""How exactly a server tells its time: in whole seconds."""

SourceOf = Callable[[Shown], str | None]
"""The text of a status as it was typed; None where the server does not tell."""


def key_of(task: Task, number: int) -> str:
    """The Idempotency-Key of a part."""
    return f"{task.key}-{number}"


def part_of(task: Task, number: int, status: Shown) -> SentPart:
    return SentPart(number, key_of(task, number), url=status.url, id=status.id)


@dataclass(slots=True)
class Matching:
    """A listing of our own statuses, complete since the earliest task began.

    `offset` is the server's clock less ours in microseconds, `applications` the names that our posts carry.
    """

    statuses: Sequence[Shown]
    source_of: SourceOf
    offset: int
    applications: frozenset[str]
    taken: set[str] = field(default_factory=set)

    def findings(self, tasks: Sequence[Task]) -> list[Finding]:
        """One finding for each task, in their order."""
        for task in tasks:
            self.taken |= task.claimed | {part.id for part in task.done}
        found: dict[int, list[SentPart]] = {}
        # The latest first: they have the fewest statuses to choose from. And before all others those that came after a
        # post's time, for nothing is sent early: of posts with the same words, each gets its own.
        order = sorted(range(len(tasks)), key=lambda index: tasks[index].since, reverse=True)
        for proof, earlier in ((self._by_media, EARLIER), (self._by_words, ABOUT), (self._by_words, EARLIER)):
            for index in order:
                if index not in found and (parts := self._chain(tasks[index], proof, earlier)):
                    found[index] = parts
        return [self._finding(task, found.get(index, [])) for index, task in enumerate(tasks)]

    def _chain(self, task: Task, proof: Callable[[Task, int, Shown], bool], earlier: int) -> list[SentPart]:
        """The parts that are there beyond those that are known, up to the first that is missing."""
        parts: list[SentPart] = []
        parent = task.done[-1].id if task.done else ""
        for number in range(len(task.done) + 1, len(task.rendered.parts) + 1):
            status = next(
                (status for status in self._open(task, number, parent, earlier) if proof(task, number, status)),
                None,
            )
            if status is None:
                break
            self.taken.add(status.id)
            parts.append(part_of(task, number, status))
            parent, proof = status.id, self._by_either
        return parts

    def _open(self, task: Task, number: int, parent: str, earlier: int) -> list[Shown]:
        """The statuses that may be a part: nobody's yet, late enough, at the right place; oldest first."""
        earliest = task.since + self.offset - earlier
        return sorted(
            (
                status
                for status in self.statuses
                if status.id not in self.taken
                and not status.is_boost
                and (status.created_at is None or status.created_at >= earliest)
                and (number == 1 or status.parent == parent)
            ),
            key=lambda status: status.created_at or 0,
        )

    def _by_media(self, task: Task, number: int, status: Shown) -> bool:
        uploaded = {upload.handle for upload in task.uploads if upload.part == number}
        return bool(uploaded) and uploaded == set(status.media)

    def _by_words(self, task: Task, number: int, status: Shown) -> bool:
        part = task.rendered.parts[number - 1]
        if len(part.media) != len(status.media) or not same_words(_warning(part.body), status.warning):
            return False
        if number == 1 and not _may_answer(task, status):
            return False
        source = self.source_of(status)
        return same_words(_text(part.body), status.text if source is None else source)

    def _by_either(self, task: Task, number: int, status: Shown) -> bool:
        return self._by_media(task, number, status) or self._by_words(task, number, status)

    def _finding(self, task: Task, parts: list[SentPart]) -> Finding:
        number = len(task.done) + len(parts) + 1
        if number <= len(task.rendered.parts):
            parent = parts[-1].id if parts else task.done[-1].id if task.done else ""
            for status in self._open(task, number, parent, EARLIER):
                if status.application in self.applications and (number > 1 or _answers_alike(task, status)):
                    reason = "a post of ours is there that no file knows, with another text"
                    return Perhaps(status.url, reason, tuple(parts))
        return Found(tuple(parts)) if parts else Absent()


def _may_answer(task: Task, status: Shown) -> bool:
    """Whether a status may answer what the task's first part does: nothing, a status whose id is known, or one that
    nobody has asked for. An answer to a status that was deleted since answers nothing any more."""
    asked = task.rendered.parts[0].body.get("in_reply_to_id")
    if not asked or not status.parent:
        return not status.parent
    if isinstance(asked, Pending):
        part = other_part(asked, task)
        return part is None or not part.id or status.parent == part.id
    return status.parent == asked


def _answers_alike(task: Task, status: Shown) -> bool:
    """Whether a status with another text answers what the task's first part does, or like it nothing."""
    asked = task.rendered.parts[0].body.get("in_reply_to_id")
    return bool(asked) == bool(status.parent) and _may_answer(task, status)


def _text(body: Mapping[str, Any]) -> str:
    text = body.get("status")
    return text if isinstance(text, str) else ""


def _warning(body: Mapping[str, Any]) -> str:
    text = body.get("spoiler_text")
    return text if isinstance(text, str) else ""
