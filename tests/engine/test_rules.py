from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.engine.rules import (
    FIRST_LOOK,
    AccountPaused,
    IsHeld,
    IsPublished,
    IsRefused,
    IsUnsure,
    PartsSent,
    Rules,
    TryLater,
    Verdict,
    carry_out_verdict,
)
from fedisched.model.delivery import Delivery, State
from fedisched.model.outcome import Absent, CannotTell, Finding, Found, NotSent, Perhaps, Published, Refused, Unsure
from fedisched.model.settings import Retry
from tests.engine.support import DUE, HOUR, PATH, brought_to, delivery, part

NOW = DUE + HOUR
SETTLE = 120.0
RETRY = Retry(first=60.0, longest=3600.0, give_up_after=86400.0)


class Middle(random.Random):
    """No chance at all: the middle of every spread."""

    def random(self) -> float:
        return 0.5


RULES = Rules(RETRY, Middle())
SENDING = delivery(state=State.SENDING, attempts=1, first_try=NOW, since=NOW, last_try=NOW)
UNSURE = delivery(state=State.UNSURE, attempts=1, first_try=NOW, since=NOW, last_try=NOW, error="cut off")
OLD = DUE - 48 * HOUR


def test_a_yes_is_published_when_it_is_of_the_last_part() -> None:
    assert RULES.after_send(SENDING, Published((part(),), "changed"), 1, NOW) == IsPublished((part(),), "changed")
    assert RULES.after_send(SENDING, Published((part(1),)), 2, NOW) == PartsSent((part(1),))
    begun = delivery(state=State.SENDING, parts=(part(1),))
    assert RULES.after_send(begun, Published((part(2),)), 2, NOW) == IsPublished((part(1), part(2)))
    assert RULES.after_send(begun, Published((part(1),)), 2, NOW) == PartsSent((part(1),)), "each part counts once"


def test_a_no_is_refused_and_a_no_to_the_account_is_not_the_post_s() -> None:
    assert RULES.after_send(SENDING, Refused("too long", "Shorten it."), 1, NOW) == IsRefused("too long", "Shorten it.")
    refused = Refused("revoked", "Log in.", account=True)
    assert RULES.after_send(SENDING, refused, 1, NOW) == AccountPaused(refused)


def test_who_knows_is_looked_up_soon() -> None:
    assert RULES.after_send(SENDING, Unsure("cut off"), 1, NOW) == IsUnsure("cut off", NOW + FIRST_LOOK)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 60), (1, 60), (2, 120), (3, 240), (6, 1920), (7, 3600), (10**6, 3600)]
)
def test_each_attempt_waits_twice_as_long_as_the_last(attempts: int, seconds: int) -> None:
    known = delivery(attempts=attempts, first_try=NOW)
    assert RULES.after_send(known, NotSent("no route"), 1, NOW) == TryLater("no route", NOW + seconds * SECOND)


@given(st.integers(0, 40), st.floats(0, 1, exclude_max=True), st.none() | st.floats())
def test_a_retry_is_spread_by_a_fifth_and_heeds_the_server(
    attempts: int, draw: float, retry_after: float | None
) -> None:
    class Drawn(random.Random):
        def random(self) -> float:
            return draw

    verdict = Rules(RETRY, Drawn()).later(delivery(attempts=attempts, first_try=NOW), "busy", retry_after, NOW)
    assert isinstance(verdict, TryLater)
    wait = (verdict.at - NOW) / SECOND
    own = min(60.0 * 2 ** max(attempts - 1, 0), 3600.0)
    heard = retry_after is not None and not math.isnan(retry_after) and retry_after > 1.1 * own
    if heard:
        assert retry_after is not None
        assert wait == pytest.approx(min(retry_after, 86400.0))
    else:
        assert 0.9 * own - 1e-5 <= wait <= 1.1 * own


def test_patience_ends_a_day_after_the_first_attempt() -> None:
    known = delivery(attempts=9, first_try=NOW - 24 * HOUR + 1)
    assert isinstance(RULES.later(known, "no route", None, NOW), TryLater)
    verdict = RULES.later(known, "no route", None, NOW + 1)
    assert verdict == IsRefused(
        "gave up after 24 hours: no route", f"When the cause is mended, type: fedisched retry {PATH}"
    )


def test_attempts_that_count_anew_bring_new_patience() -> None:
    assert isinstance(RULES.later(delivery(attempts=0, first_try=OLD), "no route", None, NOW), TryLater)


def test_an_account_waits_longer_with_each_failure() -> None:
    waits = [RULES.account_next_try(failures, None, NOW) - NOW for failures in range(4)]
    assert waits == [60 * SECOND, 120 * SECOND, 240 * SECOND, 480 * SECOND]
    assert RULES.account_next_try(0, 600.0, NOW) == NOW + 600 * SECOND


# --- look-ups ----------------------------------------------------------------------------------------------------


def looked(
    finding: Finding, known: Delivery = UNSURE, after: float = SETTLE, parts: int = 1, settle: float = SETTLE
) -> Verdict:
    return RULES.after_look_up(known, finding, parts, NOW + int(after * SECOND), settle)


def test_what_is_there_is_published_however_early_the_look() -> None:
    assert looked(Found((part(),)), after=0) == IsPublished((part(),))


@pytest.mark.parametrize("finding", [Absent(), Perhaps("https://m.example/9", "alike"), Found((part(1),))])
def test_too_early_is_not_a_no(finding: Finding) -> None:
    too_early = looked(finding, after=SETTLE - 0.001, parts=2)
    assert too_early == IsUnsure("cut off", NOW + int(SETTLE * SECOND))
    assert not isinstance(looked(finding, parts=2), IsUnsure)


def test_on_bluesky_a_no_is_a_no_at_once() -> None:
    assert looked(Absent(), after=0, settle=0.0) == TryLater("cut off", NOW)


def test_of_a_waiting_delivery_nothing_is_on_its_way() -> None:
    waiting = delivery(attempts=3, first_try=NOW, since=NOW, last_try=NOW, error="no route")
    assert looked(Absent(), waiting, after=1) == TryLater("no route", NOW + SECOND)
    assert isinstance(looked(Absent(), delivery(), after=1), TryLater)


def test_half_a_thread_goes_on_where_it_stopped() -> None:
    assert looked(Found((part(1),)), parts=2) == PartsSent((part(1),))
    begun = delivery(state=State.UNSURE, last_try=NOW, parts=(part(1),))
    assert looked(Found((part(2),)), begun, parts=2) == IsPublished((part(1), part(2)))
    assert looked(Found((part(1),)), begun, parts=2) == PartsSent((part(1),)), "known already: still half a thread"


def test_perhaps_is_held_with_the_commands_to_type() -> None:
    verdict = looked(Perhaps("https://m.example/9", "another text"))
    assert isinstance(verdict, IsHeld)
    assert "https://m.example/9" in verdict.error
    assert f"fedisched resolve {PATH} --sent URL --target m" in verdict.hint


def test_a_server_that_takes_everything_and_publishes_nothing_is_not_pestered() -> None:
    again = delivery(state=State.UNSURE, attempts=2, first_try=NOW, last_try=NOW, error="500")
    assert looked(Absent(), again, after=1, settle=0.0) == TryLater("500", NOW + 121 * SECOND)
    given_up = delivery(state=State.UNSURE, attempts=9, first_try=OLD, last_try=NOW, error="500")
    assert isinstance(looked(Absent(), given_up), IsRefused)


def test_looks_come_as_late_again_as_it_has_been_unsure() -> None:
    waits = []
    now = NOW + FIRST_LOOK
    for _ in range(14):
        verdict = RULES.after_look_up(UNSURE, CannotTell("503"), 1, now, 0.0)
        assert isinstance(verdict, IsUnsure)
        waits.append((verdict.look_at - now) // SECOND)
        now = verdict.look_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
    said = "cut off; when it was looked up: 429"
    assert looked(CannotTell("429", 900.0), after=1) == IsUnsure(said, NOW + 901 * SECOND)


def test_why_it_is_in_doubt_is_said_first_however_often_it_is_looked_up() -> None:
    found = UNSURE
    for reason in ("it answered 502", "no connection"):
        verdict = looked(CannotTell(reason), found, after=1)
        assert isinstance(verdict, IsUnsure) and verdict.error == f"cut off; when it was looked up: {reason}"
        found = replace(found, error=verdict.error)
    held = looked(CannotTell("it answered 502"), replace(found, first_try=OLD, last_try=OLD))
    assert isinstance(held, IsHeld)
    assert held.error == "nobody could say whether it was published: cut off; when it was looked up: it answered 502"
    absent = looked(Absent(), found)
    assert isinstance(absent, TryLater) and absent.error == "cut off"


def test_an_answer_that_never_comes_is_held_and_a_waiting_delivery_only_waits() -> None:
    unsure = delivery(state=State.UNSURE, attempts=1, first_try=OLD, last_try=OLD)
    verdict = looked(CannotTell("timed out"), unsure)
    assert isinstance(verdict, IsHeld)
    assert "timed out" in verdict.error
    assert looked(CannotTell("timed out"), delivery(), after=0) == TryLater("timed out", NOW + 60 * SECOND)


# --- carried out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "verdict", "end"),
    [
        (State.SENDING, IsPublished((part(),)), State.PUBLISHED),
        (State.SENDING, PartsSent((part(),)), State.SENDING),
        (State.SENDING, TryLater("no route", NOW), State.WAITING),
        (State.SENDING, IsRefused("too long", "Shorten it."), State.REFUSED),
        (State.SENDING, IsUnsure("cut off", NOW), State.UNSURE),
        (State.SENDING, AccountPaused(Refused("revoked", "Log in.", account=True)), State.WAITING),
        (State.UNSURE, IsPublished((part(),)), State.PUBLISHED),
        (State.UNSURE, TryLater("not there", NOW), State.WAITING),
        (State.UNSURE, IsUnsure("503", NOW), State.UNSURE),
        (State.UNSURE, IsHeld("perhaps", "Look."), State.HELD),
        (State.UNSURE, IsRefused("gave up", "Retry."), State.REFUSED),
        (State.WAITING, IsHeld("perhaps", "Look."), State.HELD),
        (State.WAITING, TryLater("timed out", NOW), State.WAITING),
    ],
)
def test_a_verdict_is_written_down(journal: Journal, begin: State, verdict: Verdict, end: State) -> None:
    known = brought_to(journal, begin)
    assert carry_out_verdict(journal, known, verdict, NOW)
    found = journal.delivery(known.id)
    assert found.state is end
    if isinstance(verdict, IsPublished | PartsSent):
        assert found.parts == verdict.parts
    if begin is State.UNSURE:
        assert found.last_try == known.last_try, "the connection ended when it ended"


@pytest.mark.parametrize("verdict", [TryLater("x", NOW), IsRefused("x", ""), IsUnsure("x", NOW), IsHeld("x", "")])
def test_a_verdict_on_what_somebody_else_has_moved_changes_nothing(journal: Journal, verdict: Verdict) -> None:
    known = brought_to(journal, State.PUBLISHED)
    assert not carry_out_verdict(journal, known, verdict, NOW)
    assert journal.delivery(known.id) == known
