from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.clock import SECOND
from fedisched.engine.accounts import AccountState
from fedisched.engine.plan import (
    AT_ONCE,
    NEEDS_A_PERSON,
    ON_TIME,
    Act,
    Stand,
    Step,
    is_on_time_first_send,
    plan,
)
from fedisched.model.command import how_to_settle
from fedisched.model.delivery import Delivery, State
from fedisched.model.outcome import SentPart
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from tests.engine.support import ACCOUNTS, DUE, EVERY_STATE, HOUR, PATH, SETTINGS, claim, delivery, entry, key_of

LATE = DUE + 12 * HOUR + 1
PROBLEM = Problem(PATH, 3, 7, "time-gap", "time has no such moment", "Write 03:00.")
ASKED = frozenset({(PATH, "m")})


def steps(found: Entry, *known: Delivery, now: int = DUE - HOUR, **changes: Any) -> list[Step]:
    return plan([found], known, changes.pop("accounts", ACCOUNTS), SETTINGS, now, **changes)


def step(found: Entry, *known: Delivery, now: int = DUE - HOUR, **changes: Any) -> Step:
    (only,) = steps(found, *known, now=now, **changes)
    return only


def shown(found: Step) -> tuple[Stand, Act | None, int | None]:
    return found.stand, found.act, found.at


def test_a_scheduled_post_is_sent_when_it_is_due_under_its_derived_key() -> None:
    assert step(entry()) == Step(entry(), "m", Stand.WAITING, Act.SEND, DUE, key_of())
    known = delivery()
    assert step(entry(), known) == Step(entry(), "m", Stand.WAITING, Act.SEND, DUE, known.key, known)


def test_each_target_stands_by_itself() -> None:
    found = steps(entry(targets=("all",)), delivery(state=State.PUBLISHED))
    assert [(each.target, each.stand) for each in found] == [("m", Stand.PUBLISHED), ("b", Stand.WAITING)]
    assert steps(entry(targets=())) == []


def test_before_an_account_was_met_there_is_no_key_and_all_the_same_a_moment() -> None:
    found = step(entry(), accounts={})
    assert (shown(found), found.key) == ((Stand.WAITING, Act.SEND, DUE), "")
    unmet = {"m": AccountState("m", "https://m.example", "print")}
    assert step(entry(), accounts=unmet).key == ""


@pytest.mark.parametrize(
    ("status", "stand"),
    [
        (Status.DRAFT, Stand.DRAFT),
        (Status.PUBLISHED, Stand.PUBLISHED),
        (Status.FAILED, Stand.FAILED),
        (Status.HELD, Stand.HELD),
    ],
)
def test_what_the_file_says_is_not_to_be_sent_is_not_sent(status: Status, stand: Stand) -> None:
    for known in ((), (delivery(),), (delivery(problem=True),)):
        assert shown(step(entry(status=status), *known, now=DUE)) == (stand, None, None)


@pytest.mark.parametrize(
    ("state", "stand"),
    [
        (State.PUBLISHED, Stand.PUBLISHED),
        (State.REFUSED, Stand.FAILED),
        (State.HELD, Stand.HELD),
        (State.CANCELLED, Stand.CANCELLED),
    ],
)
def test_what_is_settled_in_the_journal_is_not_sent(state: State, stand: Stand) -> None:
    known = delivery(state=state, error="why", hint="Do this.", since=DUE)
    found = step(entry(), known, now=DUE)
    assert shown(found) == (stand, None, None)
    hint = how_to_settle(PATH, "m", alone=True) if state is State.HELD else "Do this."
    assert (found.error, found.hint, found.key) == ("why", hint, known.key)


def test_what_is_unsure_is_looked_up() -> None:
    unsure = delivery(state=State.UNSURE, since=DUE, next_try=DUE + HOUR)
    assert shown(step(entry(), unsure)) == (Stand.UNSURE, Act.LOOK_UP, DUE + HOUR)
    assert shown(step(entry(), replace(unsure, next_try=None), now=LATE)) == (Stand.UNSURE, Act.LOOK_UP, AT_ONCE)
    assert shown(step(entry(), delivery(state=State.SENDING), now=DUE)) == (Stand.SENDING, Act.LOOK_UP, AT_ONCE)


def test_nothing_is_looked_up_before_the_account_may_be_used_again() -> None:
    accounts = {"m": replace(ACCOUNTS["m"], error="no route", next_try=DUE + 2 * HOUR)}
    for known in (delivery(state=State.SENDING), delivery(state=State.UNSURE, next_try=DUE + HOUR)):
        assert step(entry(), known, accounts=accounts).at == DUE + 2 * HOUR


def test_a_first_send_that_is_too_late_is_asked_about() -> None:
    assert step(entry(), now=LATE - 1).act is Act.SEND
    assert shown(step(entry(), now=LATE)) == (Stand.LATE, None, None)
    assert shown(step(entry(), delivery(), now=LATE)) == (Stand.LATE, None, None)


@pytest.mark.parametrize("tried", [{"first_try": DUE}, {"since": DUE}])
def test_lateness_is_judged_before_the_first_try_only(tried: dict[str, Any]) -> None:
    assert step(entry(), delivery(**tried), now=LATE).act is Act.SEND


def test_a_key_in_the_file_is_kept_and_tells_that_it_was_tried() -> None:
    found = step(entry(status=Status.PUBLISHING, claims=(claim(key="frozen"),)), now=LATE)
    assert (shown(found), found.key) == ((Stand.WAITING, Act.SEND, DUE), "frozen")


def test_a_retry_waits_for_its_moment() -> None:
    known = delivery(first_try=DUE, next_try=DUE + HOUR, error="no route", hint="Wait.")
    found = step(entry(), known, now=DUE)
    assert (shown(found), found.error, found.hint) == ((Stand.WAITING, Act.SEND, DUE + HOUR), "no route", "Wait.")


def test_what_the_file_says_is_published_is_not_sent_again() -> None:
    there = entry(status=Status.PUBLISHING, targets=("all",), claims=(claim(published=True),))
    for known in ((), (delivery(),), (delivery(state=State.CANCELLED),)):
        assert [each.stand for each in steps(there, *known)] == [Stand.PUBLISHED, Stand.WAITING]


def test_a_published_post_whose_time_was_changed_is_held_by_its_file() -> None:
    known = delivery(state=State.PUBLISHED, parts=(SentPart(1, "k", "https://m.example/1"),))
    held = claim(published=False, url="https://m.example/1")
    assert step(entry(status=Status.HELD, claims=(held,)), known).stand is Stand.HELD


def test_a_published_target_of_a_post_that_is_held_for_another_is_published() -> None:
    known = delivery(state=State.PUBLISHED, parts=(SentPart(1, "k", "https://m.example/1"),))
    for claims in ((), (claim(published=True, url="https://m.example/1"),)):
        assert step(entry(status=Status.HELD, claims=claims), known).stand is Stand.PUBLISHED


def test_a_paused_account_makes_its_deliveries_wait() -> None:
    accounts = {"m": replace(ACCOUNTS["m"], paused="token revoked", error="old", next_try=DUE + HOUR)}
    found = step(entry(), delivery(error="its own", hint="Its own."), accounts=accounts)
    assert shown(found) == (Stand.PAUSED, Act.SEND, DUE + HOUR)
    assert (found.error, found.hint) == ("token revoked", "")
    accounts = {"m": replace(ACCOUNTS["m"], error="no route", next_try=DUE - HOUR)}
    found = step(entry(), delivery(), accounts=accounts)
    assert (shown(found), found.error) == ((Stand.WAITING, Act.SEND, DUE), ""), "nothing keeps it from its own time"
    accounts = {"m": replace(ACCOUNTS["m"], error="no route", next_try=DUE + HOUR)}
    found = step(entry(), delivery(), accounts=accounts)
    assert (shown(found), found.error) == ((Stand.WAITING, Act.SEND, DUE + HOUR), "no route")


def test_a_post_that_cannot_be_read_is_one_broken_step() -> None:
    found = step(entry(problem=PROBLEM, targets=("all",)), delivery(state=State.UNSURE))
    assert (found.target, shown(found)) == ("", (Stand.BROKEN, None, None))
    assert (found.error, found.hint) == (PROBLEM.message, PROBLEM.hint)


def test_a_post_that_cannot_be_sent_as_it_is_says_so_and_is_tried_now_and_then() -> None:
    known = delivery(problem=True, error="too long", hint="Shorten it.", next_try=DUE + HOUR)
    found = step(entry(), known, now=LATE)
    assert (shown(found), found.error, found.hint) == (
        (Stand.BROKEN, Act.SEND, DUE + HOUR), "too long", "Shorten it.",
    )  # fmt: skip


@pytest.mark.parametrize("known", [(), (delivery(),), (delivery(problem=True),), (delivery(next_try=DUE + HOUR),)])
@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.PUBLISHING, Status.DRAFT])
def test_what_a_person_asks_for_goes_out_at_once(known: tuple[Delivery, ...], status: Status) -> None:
    found = step(entry(status=status), *known, now=LATE, asked=ASKED)
    assert shown(found) == (Stand.WAITING, Act.SEND, AT_ONCE)
    paused = {"m": replace(ACCOUNTS["m"], paused="token revoked", next_try=DUE + HOUR)}
    found = step(entry(status=status), *known, now=LATE, asked=ASKED, accounts=paused)
    assert shown(found) == (Stand.PAUSED, Act.SEND, DUE + HOUR)


def test_what_a_person_asks_for_is_one_target_of_one_post() -> None:
    found = steps(entry(targets=("all",)), now=LATE, asked=ASKED)
    assert [each.stand for each in found] == [Stand.WAITING, Stand.LATE]
    assert step(entry("posts/b.md"), now=LATE, asked=ASKED).stand is Stand.LATE


# --- copies ------------------------------------------------------------------------------------------------------


def test_a_published_file_copied_as_the_start_of_a_new_post_is_said_to_be_one() -> None:
    copy = entry("posts/b.md", due=DUE + 24 * HOUR, targets=("all",), claims=(claim(published=True),))
    found = step(copy, now=DUE)
    assert (found.target, found.stand, found.act) == ("", Stand.BROKEN, None)
    assert "results" in found.hint


def test_a_copy_of_a_post_that_is_under_way_is_never_sent_under_its_key() -> None:
    original, copy = entry(status=Status.PUBLISHING, claims=(claim(),)), entry("posts/b.md", claims=(claim(),))
    found = plan([original, copy], [delivery(state=State.UNSURE, since=DUE)], ACCOUNTS, SETTINGS, DUE)
    assert [each.stand for each in found] == [Stand.UNSURE, Stand.BROKEN]
    assert PATH in found[1].error


def test_a_rename_that_is_not_yet_written_down_is_no_copy() -> None:
    moved = entry("posts/b.md", status=Status.PUBLISHING, claims=(claim(),))
    assert step(moved, delivery(state=State.UNSURE, since=DUE)).stand is Stand.WAITING


def test_a_target_that_is_tried_again_at_another_time_makes_no_copy_of_its_post() -> None:
    again = entry(due=DUE + HOUR, targets=("all",), claims=(claim(published=True), claim("b")))
    assert [each.stand for each in steps(again)] == [Stand.PUBLISHED, Stand.WAITING]
    one_paused = replace(again, claims=(claim(published=True),))
    found = steps(one_paused, delivery(state=State.PUBLISHED), delivery(target="b", id=2))
    assert [each.stand for each in found] == [Stand.PUBLISHED, Stand.WAITING]


def test_a_published_post_with_its_own_time_is_no_copy() -> None:
    known = delivery(state=State.PUBLISHED)
    assert step(entry(claims=(claim(published=True),)), known).stand is Stand.PUBLISHED
    other = entry(claims=(claim(published=True, key="not a key"),), due=DUE + HOUR)
    assert step(other, known).stand is Stand.PUBLISHED


def test_what_is_scheduled_though_nothing_is_left_to_send_is_not_passed_over() -> None:
    published = entry(claims=(claim(published=True),))
    assert shown(step(published)) == (Stand.BROKEN, None, None) and "published" in step(published).error
    assert step(replace(published, status=Status.PUBLISHED)).stand is Stand.PUBLISHED
    dropped = entry(claims=(claim(stands="dropped"),))
    for known in ((), (delivery(state=State.CANCELLED),)):
        assert step(dropped, *known).hint.endswith(f"fedisched resolve {PATH} --retry")
    both = entry(targets=("all",), claims=(claim(published=True), claim("b", stands="dropped")))
    assert [each.stand for each in steps(both)] == [Stand.BROKEN]
    assert [each.stand for each in steps(replace(both, claims=both.claims[:1]))] == [Stand.PUBLISHED, Stand.WAITING]


@pytest.mark.parametrize(
    ("status", "stands", "url", "expected"),
    [
        (Status.SCHEDULED, "held", "", (Stand.UNSURE, Act.LOOK_UP, AT_ONCE)),
        (Status.PUBLISHING, "held", "", (Stand.HELD, None, None)),
        (Status.HELD, "held", "", (Stand.HELD, None, None)),
        (Status.HELD, "failed", "", (Stand.FAILED, None, None)),
        (Status.PUBLISHING, "failed", "", (Stand.FAILED, None, None)),
        (Status.SCHEDULED, "failed", "", (Stand.WAITING, Act.SEND, DUE)),
        (Status.SCHEDULED, "held", "https://m.example/1", (Stand.HELD, None, None)),
        (Status.PUBLISHING, "", "https://m.example/1", (Stand.HELD, None, None)),
        (Status.PUBLISHING, "dropped", "", (Stand.CANCELLED, None, None)),
        (Status.DRAFT, "held", "", (Stand.DRAFT, None, None)),
    ],
)
def test_without_a_journal_the_file_tells_what_is_stopped(
    status: Status, stands: str, url: str, expected: tuple[Stand, Act | None, int | None]
) -> None:
    assert shown(step(entry(status=status, claims=(claim(stands=stands, url=url),)), now=LATE)) == expected


def test_the_journal_knows_better_than_a_file_that_is_a_round_behind() -> None:
    found = entry(status=Status.PUBLISHING, claims=(claim(stands="held"),))
    assert step(found, delivery(since=DUE, first_try=DUE), now=DUE).act is Act.SEND


def test_a_key_in_the_file_tells_that_it_was_tried_after_it_was_armed_too() -> None:
    found = entry(claims=(claim(key="3kaaaaaaaaaa2"),))
    assert step(found, delivery(key="3kaaaaaaaaaa2"), now=LATE).act is Act.SEND


# --- on time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "now", "on_time"),
    [
        (delivery(), DUE, True),
        (delivery(), DUE - SECOND, True),
        (delivery(), DUE + ON_TIME - 1, True),
        (delivery(), DUE + ON_TIME, False),
        (delivery(armed_at=DUE), DUE, True),
        (delivery(armed_at=DUE + 1), DUE + 2, False),
        (delivery(since=DUE), DUE, False),
        (delivery(first_try=DUE), DUE, False),
        (delivery(key=key_of(due=DUE - HOUR)), DUE, False),
    ],
)
def test_every_send_but_an_on_time_first_one_is_looked_up_before(known: Delivery, now: int, on_time: bool) -> None:
    assert is_on_time_first_send(known, now, began=known.armed_at) == on_time


# --- properties --------------------------------------------------------------------------------------------------

moments = st.sampled_from([DUE - HOUR, DUE, DUE + HOUR, LATE, LATE + HOUR])
some_entries = st.builds(
    entry,
    status=st.sampled_from(Status),
    due=moments | st.none(),
    targets=st.sampled_from([None, ("b",), ("all",), ()]),
    claims=st.lists(
        st.builds(
            claim,
            target=st.sampled_from(["m", "b"]),
            key=st.sampled_from([key_of(), key_of(target="b"), ""]),
            published=st.booleans(),
        ),
        max_size=2,
        unique_by=lambda each: each.target,
    ).map(tuple),
    problem=st.sampled_from([None, None, None, PROBLEM]),
)
some_deliveries = st.lists(
    st.builds(
        delivery,
        target=st.sampled_from(["m", "b"]),
        state=st.sampled_from(EVERY_STATE),
        problem=st.booleans(),
        next_try=moments | st.none(),
        first_try=moments | st.none(),
        since=moments | st.none(),
    ),
    max_size=2,
    unique_by=lambda each: each.account,
)
some_accounts = st.fixed_dictionaries(
    {},
    optional={
        name: st.builds(
            AccountState,
            name=st.just(name),
            server=st.just(ACCOUNTS[name].server),
            credential=st.just(""),
            account_id=st.sampled_from([ACCOUNTS[name].account_id, ""]),
            paused=st.sampled_from(["", "token revoked"]),
            next_try=moments | st.none(),
        )
        for name in ACCOUNTS
    },
)


@given(some_entries, some_deliveries, some_accounts, moments, st.booleans())
@settings(max_examples=100, deadline=None)
def test_nothing_is_done_to_what_is_settled_or_needs_a_person(
    found: Entry, known: list[Delivery], accounts: dict[str, AccountState], now: int, is_asked: bool
) -> None:
    asked = frozenset({(PATH, "m"), (PATH, "b")}) if is_asked else frozenset()
    for each in plan([found], known, accounts, SETTINGS, now, asked):
        assert (each.act is None) == (each.at is None)
        if each.stand in (Stand.PUBLISHED, Stand.HELD, Stand.FAILED, Stand.DRAFT, Stand.CANCELLED, Stand.LATE):
            assert each.act is None
        if each.act is Act.SEND:
            assert each.delivery is None or each.delivery.state is State.WAITING
            assert found.problem is None
            assert found.status in (Status.SCHEDULED, Status.PUBLISHING) or is_asked
            assert is_asked or each.at is not None
            assert not any(one.published for one in found.claims if one.target == each.target)
        if each.act is Act.LOOK_UP:
            assert each.stand not in NEEDS_A_PERSON
        if each.delivery is not None:
            assert each.key == each.delivery.key


@given(some_entries, some_deliveries, moments)
@settings(max_examples=60, deadline=None)
def test_nothing_is_sent_before_it_is_due(found: Entry, known: list[Delivery], now: int) -> None:
    for each in plan([found], known, ACCOUNTS, SETTINGS, now):
        if each.act is Act.SEND and found.due is not None and each.at is not None:
            assert each.at >= (each.delivery.due if each.delivery else found.due)


def test_nothing_of_what_failed_begins_before_its_or_its_accounts_next_try() -> None:
    later, latest = DUE + HOUR, DUE + 2 * HOUR
    tried = delivery(first_try=DUE, attempts=1, next_try=later)
    gone = {"m": replace(ACCOUNTS["m"], error="not reached", next_try=latest)}
    assert step(entry()).not_before == 0
    assert (step(entry(), tried).at, step(entry(), tried).not_before) == (later, later)
    found = step(entry(), tried, accounts=gone)
    assert (found.at, found.not_before) == (latest, latest)
    assert step(entry(), tried, asked=ASKED).not_before == AT_ONCE
