"""What the daemon has to say while it works; whoever started it decides how to show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fedisched.model.post import Entry
from fedisched.model.problem import Problem
from fedisched.publisher.report import Report


@dataclass(frozen=True, slots=True)
class Started:
    """The folder was read: this many files, this many deliveries to come, the first at `next_at` (microseconds
    since 1970 UTC), and this many posts that are held or have failed."""

    posts: int
    scheduled: int
    next_at: int | None
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class Armed:
    """A post was saved and will go out at `at`."""

    entry: Entry
    targets: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Late:
    """A post is overdue by so much that a person is asked whether it should still go out."""

    entry: Entry
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManyLate:
    """So many posts are late that they are one question: their paths, and when the first and the last of them were
    due (microseconds since 1970 UTC)."""

    paths: tuple[str, ...]
    first_due: int | None
    last_due: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A published post is held, since its time was changed afterwards; `words` say what to type."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Waits:
    """A post was saved that answers or quotes another one, and waits for that; `words` say for which and why."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A post was saved that cannot go out as it is."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A post that was to go out is gone, or a draft now."""

    path: str


@dataclass(frozen=True, slots=True)
class Reported:
    """The publisher reports a delivery."""

    report: Report


@dataclass(frozen=True, slots=True)
class Said:
    """Words for people: from the watcher, the publisher, or the daemon itself. `wrong` if something has to be
    mended."""

    words: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Travelled:
    """Results were committed or pushed, or what others pushed came in; `words` say what."""

    what: Literal["committed", "pushed", "pulled"]
    words: str = ""


Event = Started | Armed | Late | ManyLate | Held | Waits | Broken | TakenBack | Reported | Travelled | Said

FEW = 3
"""Up to so many late posts are told one by one."""


def in_few_words(events: Iterable[Event]) -> list[Event]:
    """The events, many late posts among them as one: somebody dropped in an old folder, and is asked once."""
    told = list(events)
    late = [event.entry for event in told if isinstance(event, Late)]
    if len(late) <= FEW:
        return told
    dues = [entry.due for entry in late if entry.due is not None]
    question = ManyLate(tuple(entry.path for entry in late), min(dues, default=None), max(dues, default=None))
    return [question, *(event for event in told if not isinstance(event, Late))]
