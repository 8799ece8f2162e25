"""What the daemon has to say while it works; whoever started it decides how to show it."""

from __future__ import annotations

from dataclasses import dataclass

from fedisched.model.post import Entry
from fedisched.model.problem import Problem
from fedisched.publisher.report import Report


@dataclass(frozen=True, slots=True)
class Started:
    """The folder was read: this many files, this many deliveries to come, the first at `next_at` (microseconds
    since 1970 UTC)."""

    posts: int
    scheduled: int
    next_at: int | None


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


Event = Started | Armed | Late | Broken | TakenBack | Reported | Said
