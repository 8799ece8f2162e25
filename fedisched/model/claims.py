"""The port through which several publishers of one repository agree on who sends what: claims, each with its end.

A claim is of a delivery, one post to one target, whatever its time or key: those may be edited while it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery that is to be sent: `account` is the account id, `path` the post's, relative to the content folder,
    `digest` its file's. `until` is when the claim is to end (microseconds since 1970 UTC)."""

    account: str
    path: str
    target: str
    key: str
    digest: str
    until: int


@dataclass(frozen=True, slots=True)
class Granted:
    """It is ours alone until `until` (microseconds since 1970 UTC, by our clock): nothing of it is sent after that.

    `key` is the one to send it under. `taken_over` is the last moment at which an earlier holder, who never said what
    came of it, may have sent it; 0 if there was none.
    """

    until: int
    key: str
    taken_over: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """Another publisher has it, and it may be had from `free_at` on, if nothing is heard of that one until then."""

    until: int
    free_at: int


@dataclass(frozen=True, slots=True)
class NotGranted:
    """Nobody could say whose it is: the remote was not reached, or what it has cannot be followed here. Nothing may be
    sent; `reason` for people, with what to do."""

    reason: str


Claimed = Granted | Taken | NotGranted


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer each, in order; `moved` says that files may be other ones than before."""

    answers: tuple[Claimed, ...]
    moved: bool = False


class Claims(Protocol):
    """Where the claims are kept. Takes as long as the remote does: used ahead of the due moment, never at it."""

    def ask(self, wanted: Sequence[Wanted], now: int) -> Answered:
        """Claim these, and look at what others pushed. Once it is granted, this clone has
        what the remote said of the post after the claim was won. Never fails."""
        ...

    def give_back(self, wanted: Sequence[Wanted]) -> None:
        """Let others have what was granted and certainly not sent. Never fails: else it is over at its end."""
        ...
