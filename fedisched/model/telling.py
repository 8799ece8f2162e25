"""What a person is told of, by which ways, and what was told already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["failed", "held", "broken", "late", "delayed", "paused", "daemon"]
"""What can need a person: a post that a network refused; one of which nobody knows whether it is out; one with a
mistake that keeps it from going out; one that is overdue and asked about; one that has waited for long; an account that
its server does not let in; the daemon or its publisher, dead or unable to work."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that needs a person. `key` names it as long as it lasts; a changed `mark` is news. `subject` is what
    it is about, `words` what is said of it. One that `passes` was over when it was noticed, as a death that a restart
    mended: nobody is told when it is."""

    kind: Kind
    key: str
    mark: str
    subject: str
    words: str = ""
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A trouble that a person was told of, at this moment (microseconds since 1970 UTC)."""

    kind: Kind
    mark: str
    subject: str
    at: int
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a title of one line, and lines below it. `kinds` are those of what it tells, each once."""

    title: str
    lines: tuple[str, ...]
    kinds: tuple[Kind, ...]
    folder: str

    @property
    def body(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass(frozen=True, slots=True)
class Ways:
    """`[notify]` of the machine's own configuration, as it holds for one content folder: a command to run and
    addresses for Apprise, which may hold secrets; what is told of; and for how long, in seconds, each way may take."""

    command: tuple[str, ...] = ()
    urls: tuple[str, ...] = field(default=(), repr=False)
    on: tuple[Kind, ...] = KINDS
    timeout: float = 30.0

    def __bool__(self) -> bool:
        return bool(self.command or self.urls)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one way: its name, which is never its address, and what went wrong (empty: nothing)."""

    way: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was told, by the trouble's key. After `failures` attempts at which no way worked, the next one is not
    before `next_try` (microseconds since 1970 UTC)."""

    told: Mapping[str, Told] = field(default_factory=dict)
    failures: int = 0
    next_try: int = 0
