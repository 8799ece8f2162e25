from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.engine.journal import FILE_NAME, Journal
from fedisched.engine.plan import Act, plan
from fedisched.engine.reconcile import (
    Changed,
    Renamed,
    carry_out,
    foreseen,
    reconcile,
)
from fedisched.engine.writeback import file_should_say
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from tests.engine.support import (
    ACCOUNTS,
    DUE,
    EVERY_STATE,
    HOUR,
    IDS,
    PATH,
    SETTINGS,
    brought_to,
    claim,
    delivery,
    entry,
    key_of,
)

W, S, U, P, R, H, C = (
    State.WAITING,
    State.SENDING,
    State.UNSURE,
    State.PUBLISHED,
    State.REFUSED,
    State.HELD,
    State.CANCELLED,
)
PROBLEM = Problem(PATH, 3, 7, "time-gap", "time has no such moment", "Write 03:00.")
NEW_KEY = key_of("posts/of another name.md")
EDIT: dict[str, Any] = {"digest": "edited"}


def moves(known: Delivery | list[Delivery], *entries: Entry) -> list[str]:
    """What is moved, by the names of the moves."""
    deliveries = known if isinstance(known, list) else [known]
    found = reconcile({each.path: each for each in entries}, deliveries, ACCOUNTS, SETTINGS)
    return [type(move).__name__ for move in found]


TABLE: dict[str, tuple[Entry | None, dict[State, str]]] = {
    "the same file": (entry(), {C: "AskedAgain"}),
    "another text": (entry(**EDIT), {W: "Changed", R: "AskedAgain", C: "AskedAgain", H: "LookAgain"}),
    "another text while publishing": (
        entry(status=Status.PUBLISHING, **EDIT),
        {W: "Changed", R: "AskedAgain", C: "AskedAgain"},
    ),
    "gone": (None, {W: "Withdrawn", R: "Withdrawn"}),
    "a draft": (entry(status=Status.DRAFT, **EDIT), {W: "Withdrawn", R: "Withdrawn", H: "Withdrawn"}),
    "published by hand": (entry(status=Status.PUBLISHED, **EDIT), {W: "Withdrawn", R: "Withdrawn", H: "Withdrawn"}),
    "held by hand": (entry(status=Status.HELD, **EDIT), {W: "Withdrawn"}),
    "failed": (entry(status=Status.FAILED, **EDIT), {W: "Withdrawn"}),
    "another target": (entry(targets=("b",), **EDIT), {W: "Withdrawn", R: "Withdrawn"}),
    "no target": (entry(targets=(), **EDIT), {W: "Withdrawn", R: "Withdrawn"}),
    "in the middle of an edit": (entry(problem=PROBLEM, **EDIT), {}),
    "in the middle of an edit to a draft": (entry(problem=PROBLEM, status=Status.DRAFT, targets=(), **EDIT), {}),
    "resolved: it is there": (
        entry(status=Status.PUBLISHING, claims=(claim(published=True),), **EDIT),
        {W: "Withdrawn", R: "Withdrawn", H: "ToldWhere", State.UNSURE: "ToldWhere"},
    ),
    "resolved: it is not to be sent": (
        entry(status=Status.PUBLISHING, claims=(claim(stands="dropped"),), **EDIT),
        {W: "Withdrawn", R: "Withdrawn", H: "Withdrawn"},
    ),
    "resolved: it is to be sent under a new key": (
        entry(claims=(claim(key=NEW_KEY),), **EDIT),
        {W: "Changed", R: "AskedAgain", C: "AskedAgain", H: "KeyGiven"},
    ),
    "the same while it says publishing": (
        entry(status=Status.PUBLISHING, claims=(claim(key=NEW_KEY),), **EDIT),
        {W: "Changed", R: "AskedAgain", C: "AskedAgain"},
    ),
}


@pytest.mark.parametrize("state", EVERY_STATE)
@pytest.mark.parametrize("name", TABLE)
def test_what_a_file_says_moves_a_delivery_of_which_nothing_was_sent(name: str, state: State) -> None:
    found, expected = TABLE[name]
    assert moves(delivery(state=state), *([found] if found else [])) == ([expected[state]] if state in expected else [])


def test_an_account_that_was_never_asked_goes_by_its_name() -> None:
    unmet = {"m": replace(ACCOUNTS["m"], account_id="")}
    for accounts in ({}, unmet, ACCOUNTS):
        assert reconcile({PATH: entry()}, [delivery()], accounts, SETTINGS) == []


def test_another_account_behind_the_same_name_takes_nothing_over() -> None:
    assert moves(delivery(account="https://m.example 2"), entry()) == ["Withdrawn"]


def test_an_account_under_another_name_is_still_asked_for() -> None:
    assert moves(delivery(target="m", account=IDS["b"]), entry(targets=("b",))) == []


def test_our_own_write_back_is_no_edit() -> None:
    assert moves(delivery(written="edited"), entry(status=Status.PUBLISHING, **EDIT)) == []


def test_an_edit_of_the_time_moves_the_key_along() -> None:
    later = entry(due=DUE + HOUR, **EDIT)
    (move,) = reconcile({PATH: later}, [delivery()], ACCOUNTS, SETTINGS)
    assert move == Changed(delivery(), later, key_of(due=DUE + HOUR), DUE + HOUR)


def test_the_key_in_a_file_wins_over_the_derived_one() -> None:
    frozen = key_of(due=DUE - HOUR)
    edited = entry(claims=(claim("b", key="3b"), claim("m", key=frozen)), **EDIT)
    (move,) = reconcile({PATH: edited}, [delivery(key=frozen)], ACCOUNTS, SETTINGS)
    assert isinstance(move, Changed)
    assert move.key == frozen


def test_a_file_whose_time_was_taken_out_keeps_the_moment_it_had() -> None:
    (move,) = reconcile({PATH: entry(due=None, **EDIT)}, [delivery()], ACCOUNTS, SETTINGS)
    assert isinstance(move, Changed)
    assert (move.due, move.key) == (DUE, key_of())


@pytest.mark.parametrize("state", EVERY_STATE)
def test_a_moved_file_is_known_by_the_key_in_it(state: State) -> None:
    moved = entry("posts/b.md", claims=(claim(),))
    assert reconcile({moved.path: moved}, [delivery(state=state)], ACCOUNTS, SETTINGS) == [
        Renamed(delivery(state=state), "posts/b.md")
    ]


def test_a_moved_file_is_known_by_its_bytes_once_something_was_sent() -> None:
    moved = entry("posts/b.md", digest=f"digest of {PATH}")
    assert moves(delivery(state=U, since=DUE), moved) == ["Renamed"]
    assert moves(delivery(state=U, since=DUE, digest="x", written=moved.digest), moved) == ["Renamed"]
    assert moves(delivery(), moved) == ["Withdrawn"], "nothing was sent: it is armed anew under its own name"


def test_a_copy_is_no_rename() -> None:
    copy = entry("posts/b.md", claims=(claim(),))
    assert moves(delivery(state=U, since=DUE), entry(), copy) == []


def test_a_file_that_could_not_be_read_is_nobody_s_new_home() -> None:
    unread = entry("posts/b.md", digest="", problem=PROBLEM)
    assert moves(delivery(state=U, since=DUE), unread) == []


def test_a_place_that_is_taken_is_no_new_home() -> None:
    moved = entry("posts/b.md", claims=(claim(),))
    other = delivery("posts/b.md", id=2)
    assert moves([delivery(state=U, since=DUE), other], moved) == []
    assert moves([delivery(state=U, since=DUE), replace(other, state=C)], moved)[0] == "Renamed"


def test_two_lost_deliveries_do_not_move_into_one_file() -> None:
    moved = entry("posts/c.md", digest="same")
    lost = [delivery(path, id=n, state=U, since=DUE, digest="same") for n, path in enumerate(("posts/a", "posts/b"))]
    assert moves(lost, moved) == ["Renamed"]


def test_a_branch_switch_loses_nothing(journal: Journal) -> None:
    known = brought_to(journal, W)
    for entries, state in (({}, C), ({PATH: entry()}, W)):
        assert carry_out(reconcile(entries, journal.deliveries(), ACCOUNTS, SETTINGS), journal, DUE - HOUR)
        assert [each.state for each in journal.deliveries()] == [state]
    found = journal.delivery(known.id)
    assert (found.key, found.due, found.first_try) == (known.key, known.due, None)


def test_a_post_that_a_person_holds_stays_held(journal: Journal) -> None:
    brought_to(journal, W)
    held = entry(status=Status.HELD, **EDIT)
    for _ in range(3):
        carry_out(reconcile({PATH: held}, journal.deliveries(), ACCOUNTS, SETTINGS), journal, DUE)
        (found,) = journal.deliveries()
        assert found.state is C
        assert [step.act for step in plan([held], [found], ACCOUNTS, SETTINGS, DUE)] == [None]


def test_a_refused_post_that_is_scheduled_again_by_hand_goes_out_though_it_is_late(journal: Journal) -> None:
    brought_to(journal, R)
    now = DUE + 48 * HOUR
    again = entry(**EDIT)
    assert carry_out(reconcile({PATH: again}, journal.deliveries(), ACCOUNTS, SETTINGS), journal, now)
    (step,) = plan([again], journal.deliveries(), ACCOUNTS, SETTINGS, now)
    assert step.act is Act.SEND


def test_a_refusal_by_one_target_cancels_nothing_at_another(journal: Journal) -> None:
    brought_to(journal, R)
    brought_to(journal, W, target="b")
    found = entry(targets=("all",))
    says = file_should_say(found, {}, journal.deliveries(), SETTINGS, str)
    assert says is not None
    journal.note_write_back(PATH, found.digest, "ours")
    written = replace(found, status=says[0], digest="ours")
    assert reconcile({PATH: written}, journal.deliveries(), ACCOUNTS, SETTINGS) == []
    standing = plan([written], journal.deliveries(), ACCOUNTS, SETTINGS, DUE)
    assert [step.act for step in standing] == [None, Act.SEND]


def test_carrying_out_nothing_is_no_move(journal: Journal) -> None:
    assert not carry_out([], journal, DUE)


some_entries = st.builds(
    entry,
    path=st.sampled_from([PATH, "posts/b.md"]),
    digest=st.sampled_from([f"digest of {PATH}", "edited"]),
    status=st.sampled_from(Status),
    due=st.sampled_from([DUE, DUE + HOUR, None]),
    targets=st.sampled_from([None, ("b",), ("all",)]),
    claims=st.sampled_from(
        [
            (),
            (claim(),),
            (claim(published=True, url="https://m.example/1", ids=("1",)),),
            (claim(), claim("b", published=True, url="https://b.example/1")),
            (claim(key=NEW_KEY),),
            (claim(stands="dropped"), claim("b", stands="held")),
        ]
    ),
    problem=st.sampled_from([None, None, None, PROBLEM]),
)
some_states = st.dictionaries(
    st.tuples(st.sampled_from([PATH, "posts/b.md"]), st.sampled_from(["m", "b"])), st.sampled_from(State), max_size=4
)


@given(some_states, st.lists(some_entries, max_size=2, unique_by=lambda each: each.path))
@settings(max_examples=80, deadline=None)
def test_what_is_foreseen_is_what_is_carried_out(
    tmp_path_factory: pytest.TempPathFactory, begun: dict[tuple[str, str], State], files: list[Entry]
) -> None:
    journal = Journal(Path(tmp_path_factory.mktemp("journal")) / FILE_NAME)
    for (path, target), state in begun.items():
        brought_to(journal, state, path, target)
    before = journal.deliveries()
    found = reconcile({each.path: each for each in files}, before, ACCOUNTS, SETTINGS)
    carry_out(found, journal, DUE + HOUR)
    after, ahead = (
        sorted((replace(each, armed_at=0, published_at=0, next_try=None) for each in rows), key=lambda each: each.id)
        for rows in (journal.deliveries(), foreseen(before, found))
    )
    assert after == ahead
    journal.close()


@given(some_states, st.lists(some_entries, max_size=2, unique_by=lambda each: each.path))
@settings(max_examples=80, deadline=None)
def test_the_rounds_come_to_rest(
    tmp_path_factory: pytest.TempPathFactory, begun: dict[tuple[str, str], State], files: list[Entry]
) -> None:
    journal = Journal(Path(tmp_path_factory.mktemp("journal")) / FILE_NAME)
    for (path, target), state in begun.items():
        brought_to(journal, state, path, target)
    entries = {each.path: each for each in files}
    for _ in range(4):
        moved = carry_out(reconcile(entries, journal.deliveries(), ACCOUNTS, SETTINGS), journal, DUE + HOUR)
    assert not moved
    journal.close()
