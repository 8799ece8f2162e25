"""The rules of a delivery: what an outcome or a finding means, and when to come back.

Pure: a rule gives a verdict, `carry_out_verdict` writes it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery
from fedisched.model.outcome import (
    Absent,
    CannotTell,
    Finding,
    Found,
    NotSent,
    Outcome,
    Perhaps,
    Published,
    Refused,
    SentPart,
    Unsure,
)
from fedisched.model.settings import Retry

FIRST_LOOK = SECOND
"""A request that was cut off may still land: the first look waits this long, later ones longer and longer."""


@dataclass(frozen=True, slots=True)
class IsPublished:
    parts: tuple[SentPart, ...]
    warning: str = ""


@dataclass(frozen=True, slots=True)
class PartsSent:
    """Some parts of a thread are there, others are still to be sent: now, or at a later moment for a reason."""

    parts: tuple[SentPart, ...]


@dataclass(frozen=True, slots=True)
class TryLater:
    error: str
    at: int


@dataclass(frozen=True, slots=True)
class IsRefused:
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class IsUnsure:
    error: str
    look_at: int


@dataclass(frozen=True, slots=True)
class IsHeld:
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class AccountPaused:
    """The account is refused, not the post: nothing of the delivery changes but when it is tried next."""

    reason: str


Verdict = IsPublished | PartsSent | TryLater | IsRefused | IsUnsure | IsHeld | AccountPaused


@dataclass(frozen=True, slots=True)
class Rules:
    """How patient we are, and the chance that spreads retries. `settle` in seconds, as the network says it."""

    retry: Retry
    chance: random.Random

    def after_send(self, delivery: Delivery, outcome: Outcome, parts_asked: int, now: int) -> Verdict:
        """What the answer to one request means for a delivery of `parts_asked` parts."""
        match outcome:
            case Published(parts, warning):
                there = {part.number: part for part in (*delivery.parts, *parts)}
                if len(there) < parts_asked:
                    return PartsSent(parts)
                return IsPublished(tuple(there[number] for number in sorted(there)), warning)
            case NotSent(reason, retry_after):
                return self.later(delivery, reason, retry_after, now)
            case Refused(reason, _, account=True):
                return AccountPaused(reason)
            case Refused(reason, hint):
                return IsRefused(reason, hint)
            case Unsure(reason):
                return IsUnsure(reason, now + FIRST_LOOK)
            case _:
                assert_never(outcome)

    def after_look_up(self, delivery: Delivery, finding: Finding, parts_asked: int, now: int, settle: float) -> Verdict:
        """What a look-up of an unsure delivery means. A look that comes too early proves only presence."""
        ended = delivery.last_try or now
        settled_at = ended + int(settle * SECOND)
        match finding:
            case Found(parts) if len(parts) + len(delivery.parts) >= parts_asked:
                return IsPublished(parts)
            case Found() | Absent() | Perhaps() if now < settled_at:
                return IsUnsure(delivery.error, settled_at)
            case Found(parts):
                return PartsSent(parts)
            case Absent():
                return TryLater(delivery.error or "not there when it was looked up", now)
            case Perhaps(url, reason):
                return IsHeld(f"it may already be published: {url} ({reason})", _resolve_hint(delivery))
            case CannotTell(reason, retry_after):
                if self._patience_is_over(delivery, now):
                    return IsHeld(f"nobody could say whether it was published: {reason}", _resolve_hint(delivery))
                return IsUnsure(reason, self._next_try(delivery.attempts, retry_after, now))
            case _:
                assert_never(finding)

    def later(self, delivery: Delivery, reason: str, retry_after: float | None, now: int) -> Verdict:
        """Certainly not sent: again later, until patience ends."""
        if self._patience_is_over(delivery, now):
            hours = self.retry.give_up_after / 3600
            return IsRefused(
                f"gave up after {hours:g} hours: {reason}",
                f"When the cause is mended, type: fedisched retry {delivery.path}",
            )
        return TryLater(reason, self._next_try(delivery.attempts, retry_after, now))

    def account_next_try(self, failures: int, retry_after: float | None, now: int) -> int:
        """When an account that could not be used is tried again."""
        return self._next_try(failures + 1, retry_after, now)

    def _patience_is_over(self, delivery: Delivery, now: int) -> bool:
        return delivery.first_try is not None and now - delivery.first_try >= self.retry.give_up_after * SECOND

    def _next_try(self, attempts: int, retry_after: float | None, now: int) -> int:
        """Twice as long after each attempt, spread by a fifth so that machines do not march in step; never before
        the server's own word."""
        doubled = self.retry.first * 2 ** min(max(attempts - 1, 0), 30)
        wait = min(doubled, self.retry.longest) * (0.9 + 0.2 * self.chance.random())
        return now + int(max(wait, retry_after or 0.0) * SECOND)


def carry_out_verdict(journal: Journal, delivery: Delivery, verdict: Verdict, now: int) -> bool:
    """Write a verdict down; False if somebody else has moved the delivery meanwhile."""
    match verdict:
        case IsPublished(parts, warning):
            return journal.record_published(delivery, parts, now, warning)
        case PartsSent(parts):
            journal.record_parts(delivery, parts)
            return True
        case TryLater(error, at):
            return journal.record_waiting(delivery, error, at)
        case IsRefused(error, hint):
            return journal.record_refused(delivery, error, hint)
        case IsUnsure(error, look_at) if delivery.state.value == "unsure":
            return journal.look_again(delivery, error, look_at)
        case IsUnsure(error, look_at):
            return journal.record_unsure(delivery, error, now, look_at)
        case IsHeld(error, hint):
            return journal.record_held(delivery, error, hint)
        case AccountPaused(reason):
            return journal.record_waiting(delivery, reason, now)
        case _:
            assert_never(verdict)


def _resolve_hint(delivery: Delivery) -> str:
    return (
        f"Look at {delivery.target}. If it is there, type: fedisched resolve {delivery.path} --sent URL. "
        f"If not: fedisched resolve {delivery.path} --retry"
    )
