"""The rules of a delivery: what an outcome or a finding means, and when to come back.

Pure: a rule gives a verdict, `carry_out_verdict` writes it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import assert_never

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.model.command import how_to_settle, typed
from fedisched.model.delivery import Delivery, State
from fedisched.model.network import Allowance
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

    refused: Refused


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
                there = _together(delivery.parts, parts)
                return PartsSent(parts) if len(there) < parts_asked else IsPublished(there, warning)
            case NotSent(reason, retry_after):
                return self.later(delivery, reason, retry_after, now)
            case Refused(account=True):
                return AccountPaused(outcome)
            case Refused(reason, hint):
                return IsRefused(reason, hint)
            case Unsure(reason):
                return IsUnsure(reason, now + FIRST_LOOK)
            case _:
                assert_never(outcome)

    def after_look_up(
        self, delivery: Delivery, finding: Finding, parts_asked: int, now: int, settle: float, is_exact: bool = False
    ) -> Verdict:
        """What a look-up means, of an unsure delivery or of a waiting one before it is sent. A look at an unsure one
        that comes too early proves only presence. Where look-ups are exact, one will tell in the end: it is never
        held for want of an answer."""
        settled_at = _settled_at(delivery, now, settle)
        match finding:
            case Found(parts) if len(there := _together(delivery.parts, parts)) >= parts_asked:
                return IsPublished(there)
            case Found() | Absent() | Perhaps() if now < settled_at:
                return IsUnsure(_first_reason(delivery), settled_at)
            case Found(parts):
                return PartsSent(parts)
            case Absent():
                return self._after_absence(delivery, now)
            case Perhaps(url, reason):
                return IsHeld(
                    f"it may already be published: {url} ({reason})", how_to_settle(delivery.path, delivery.target)
                )
            case CannotTell(reason, retry_after):
                return self._after_no_answer(delivery, reason, retry_after, now, is_exact)
            case _:
                assert_never(finding)

    def later(self, delivery: Delivery, reason: str, retry_after: float | None, now: int) -> Verdict:
        """Certainly not sent: again later, until patience ends."""
        return self.given_up(delivery, reason, now) or TryLater(
            reason, self._next_try(delivery.attempts, retry_after, now)
        )

    def given_up(self, delivery: Delivery, reason: str, now: int) -> Verdict | None:
        """What becomes of a delivery that certainly was not sent when patience is over; None while it lasts."""
        if not self._patience_is_over(delivery, now):
            return None
        hours = self.retry.give_up_after / 3600
        return IsRefused(
            f"gave up after {hours:g} hours: {reason}",
            f"When the cause is mended, type: {typed('retry', delivery.path)}",
        )

    def paced_until(self, allowance: Allowance | None, is_overdue: bool, now: int) -> int | None:
        """When the next post may leave, None for now. What is overdue leaves a tenth of what the server allows to what
        is on time, and to the person's other applications."""
        if allowance is None or now >= allowance.resets_at:
            return None
        reserve = allowance.limit // 10 if is_overdue else 0
        return allowance.resets_at if allowance.remaining <= reserve else None

    def _after_absence(self, delivery: Delivery, now: int) -> Verdict:
        """Certainly not there: to be sent now. But once a server has taken more than one request and published none,
        it is asked as rarely as one that refuses them."""
        error = _first_reason(delivery) or "not there when it was looked up"
        if delivery.state is State.UNSURE and delivery.attempts > 1:
            return self.later(delivery, error, None, now)
        return TryLater(error, now)

    def _after_no_answer(
        self, delivery: Delivery, reason: str, retry_after: float | None, now: int, is_exact: bool
    ) -> Verdict:
        why = f"{before}{_LOOKED_UP}{reason}" if (before := _first_reason(delivery)) else reason
        if self._patience_is_over(delivery, now) and not is_exact:
            return IsHeld(
                f"nobody could say whether it was published: {why}", how_to_settle(delivery.path, delivery.target)
            )
        if delivery.state is not State.UNSURE:
            return TryLater(reason, self._next_try(delivery.attempts, retry_after, now))
        return IsUnsure(why, self._next_look(delivery, retry_after, now))

    def account_next_try(self, failures: int, retry_after: float | None, now: int) -> int:
        """When an account that could not be used is tried again."""
        return self._next_try(failures + 1, retry_after, now)

    def _patience_is_over(self, delivery: Delivery, now: int) -> bool:
        """Attempts that count anew bring new patience."""
        if delivery.attempts == 0 or delivery.first_try is None:
            return False
        return now - delivery.first_try >= self.retry.give_up_after * SECOND

    def _next_look(self, delivery: Delivery, retry_after: float | None, now: int) -> int:
        """As long again as it has been unsure: a late landing is seen soon, a dead server is not pestered."""
        ended = now if delivery.last_try is None else delivery.last_try
        return self._in_about(max(now - ended, FIRST_LOOK) / SECOND, retry_after, now)

    def _next_try(self, attempts: int, retry_after: float | None, now: int) -> int:
        """Twice as long after each attempt."""
        return self._in_about(self.retry.first * 2 ** min(max(attempts - 1, 0), 30), retry_after, now)

    def _in_about(self, seconds: float, retry_after: float | None, now: int) -> int:
        """Spread by a fifth so that machines do not march in step; never before the server's own word, unless that
        is later than patience lasts: then the next attempt is the last, and no number of a server's is too large."""
        wait = min(seconds, self.retry.longest) * (0.9 + 0.2 * self.chance.random())
        asked = min(retry_after or 0.0, self.retry.give_up_after)
        return now + int(max(wait, asked) * SECOND)


def carry_out_verdict(journal: Journal, delivery: Delivery, verdict: Verdict, now: int) -> bool:
    """Write a verdict down. `delivery` is as the journal has it now; False if somebody else has moved it meanwhile."""
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
        case IsUnsure(error, look_at) if delivery.state is State.UNSURE:
            return journal.look_again(delivery, error, look_at)
        case IsUnsure(error, look_at):
            return journal.record_unsure(delivery, error, now, look_at)
        case IsHeld(error, hint):
            return journal.record_held(delivery, error, hint)
        case AccountPaused(refused):
            return journal.record_waiting(delivery, refused.reason, now)
        case _:
            assert_never(verdict)


_LOOKED_UP = "; when it was looked up: "


def _first_reason(delivery: Delivery) -> str:
    """Why a delivery is in doubt, whatever its look-ups came to."""
    return delivery.error.partition(_LOOKED_UP)[0]


def _together(known: tuple[SentPart, ...], new: tuple[SentPart, ...]) -> tuple[SentPart, ...]:
    """The parts that are known to be there, each once, in order."""
    there = {part.number: part for part in (*known, *new)}
    return tuple(there[number] for number in sorted(there))


def _settled_at(delivery: Delivery, now: int, settle: float) -> int:
    """From when on "not there" is a no. Of a waiting delivery it is certain that nothing is on its way."""
    if delivery.state is not State.UNSURE or delivery.last_try is None:
        return now
    return delivery.last_try + int(settle * SECOND)
