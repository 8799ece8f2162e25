from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.engine.copied import copied
from fedisched.engine.writeback import file_should_say
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.results import PartResult, Result
from tests.engine.support import DUE, EVERY_STATE, HOUR, PATH, SETTINGS, claim, delivery, entry, key_of, part

THERE = Result(key=key_of(), url="https://m.example/1", id="1", at=f"at {DUE}")
BOTH = ("all",)


def as_text(moment: int) -> str:
    return f"at {moment}"


def said(
    found: Entry, *known: Delivery, results: Mapping[str, Result] | None = None
) -> tuple[Status, dict[str, Result]] | None:
    return file_should_say(found, results or {}, known, SETTINGS, as_text)


def published(target: str = "m", **changes: Any) -> Delivery:
    values: dict[str, Any] = {"id": 1 if target == "m" else 2, "parts": (part(),), "published_at": DUE, "attempts": 1}
    return delivery(target=target, state=State.PUBLISHED, since=DUE, first_try=DUE, **values | changes)


def tried(state: State, target: str = "m", **changes: Any) -> Delivery:
    values: dict[str, Any] = {"id": 1 if target == "m" else 2, "attempts": 1, "error": "no route"}
    return delivery(target=target, state=state, since=DUE, first_try=DUE, **values | changes)


def applied(found: Entry, says: tuple[Status, dict[str, Result]]) -> Entry:
    """The entry of the file with what it should say in it."""
    claims = tuple(
        Claim(target, block.key, tuple(filter(None, (block.id,))), block.is_published, block.url)
        for target, block in says[1].items()
    )
    return replace(found, status=says[0], claims=claims, digest="ours")


def test_nothing_is_written_before_the_first_try() -> None:
    assert said(entry()) is None
    assert said(entry(), delivery()) is None
    assert said(entry(targets=BOTH), delivery(), delivery(target="b")) is None
    assert said(entry(), delivery(state=State.CANCELLED, attempts=3, first_try=DUE)) is None


def test_the_first_thing_a_file_says_is_published() -> None:
    assert said(entry(), published()) == (Status.PUBLISHED, {"m": THERE})


def test_a_thread_says_where_every_part_is() -> None:
    says = said(entry(), published(parts=(part(1), part(2))))
    assert says is not None
    assert says[1]["m"].parts == (PartResult("https://m.example/1", "1"), PartResult("https://m.example/2", "2"))
    assert (says[1]["m"].url, says[1]["m"].id) == ("https://m.example/1", "1")


def test_what_is_on_its_way_says_why_and_when_next() -> None:
    waiting = tried(State.WAITING, next_try=DUE + HOUR, hint="Wait.", parts=(part(),), attempts=2)
    block = Result(
        key=key_of(),
        error="no route. Wait.",
        attempts=2,
        next_try=f"at {DUE + HOUR}",
        parts=(PartResult("https://m.example/1", "1"),),
    )
    assert said(entry(), waiting) == (Status.PUBLISHING, {"m": block})


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.WAITING, Status.PUBLISHING),
        (State.SENDING, Status.PUBLISHING),
        (State.UNSURE, Status.PUBLISHING),
        (State.REFUSED, Status.FAILED),
        (State.HELD, Status.HELD),
    ],
)
def test_each_state_has_its_word_and_keeps_the_key(state: State, status: Status) -> None:
    says = said(entry(), tried(state))
    assert says is not None
    assert (says[0], says[1]["m"].key) == (status, key_of())
    assert not says[1]["m"].is_published


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (State.PUBLISHED, State.PUBLISHED, Status.PUBLISHED),
        (State.PUBLISHED, State.REFUSED, Status.FAILED),
        (State.PUBLISHED, State.HELD, Status.HELD),
        (State.REFUSED, State.HELD, Status.HELD),
        (State.PUBLISHED, State.WAITING, Status.PUBLISHING),
        (State.REFUSED, State.UNSURE, Status.PUBLISHING),
        (State.HELD, State.SENDING, Status.PUBLISHING),
    ],
)
def test_of_several_targets_the_first_word_that_applies_counts(first: State, second: State, status: Status) -> None:
    def of(state: State, target: str) -> Delivery:
        return published(target) if state is State.PUBLISHED else tried(state, target)

    for states in ((first, second), (second, first)):
        says = said(entry(targets=BOTH), *(of(state, target) for state, target in zip(states, "mb", strict=True)))
        assert says is not None
        assert says[0] is status


@pytest.mark.parametrize("state", [State.REFUSED, State.HELD, State.PUBLISHED])
@pytest.mark.parametrize("untried", [(), (delivery(target="b", id=2),)])
def test_a_target_that_is_still_to_be_tried_keeps_the_file_asking(state: State, untried: tuple[Delivery, ...]) -> None:
    first = published() if state is State.PUBLISHED else tried(state)
    says = said(entry(targets=BOTH), first, *untried)
    assert says is not None
    assert says[0] is Status.PUBLISHING
    assert list(says[1]) == ["m"]


@pytest.mark.parametrize("due", [DUE, None])
@pytest.mark.parametrize("other", [delivery(target="b", id=2, state=State.CANCELLED), delivery(target="b", id=2)])
def test_a_draft_stays_one_when_another_target_went_out_before_it_was_one(other: Delivery, due: int | None) -> None:
    draft = entry(targets=BOTH, status=Status.DRAFT, due=due)
    says = said(draft, published(), other)
    assert says == (Status.DRAFT, {"m": THERE})
    assert said(applied(draft, says), published(), other, results=says[1]) is None
    assert said(applied(draft, says), published(), results=says[1]) is None, "a lost journal asks for nothing either"


@pytest.mark.parametrize("state", [State.UNSURE, State.WAITING, State.HELD, State.REFUSED])
def test_a_draft_of_which_nobody_knows_yet_asks_for_nothing(state: State) -> None:
    says = said(entry(status=Status.DRAFT), tried(state))
    assert says is not None and says[0] is Status.DRAFT
    there = said(entry(status=Status.DRAFT), published())
    assert there == (Status.PUBLISHED, {"m": THERE}), "nothing is kept from being sent any more"


def test_a_block_that_says_published_is_never_rewritten() -> None:
    theirs = Result(key="theirs", url="https://elsewhere.example/9", at="noon")
    for known in (published(), tried(State.UNSURE), tried(State.HELD), tried(State.REFUSED)):
        assert said(entry(), known, results={"m": theirs}) == (Status.PUBLISHED, {"m": theirs})
        assert said(entry(status=Status.PUBLISHED), known, results={"m": theirs}) is None


def test_the_blocks_of_others_stay_as_they_are() -> None:
    other = {"old": Result(url="https://old.example/1"), "m": Result(key=key_of(), error="no route", attempts=1)}
    says = said(entry(status=Status.PUBLISHING), published(), results=other)
    assert says == (Status.PUBLISHED, {"old": other["old"], "m": THERE})
    assert list(says[1]) == ["old", "m"], "in the order that the file has"


def test_a_stale_buffer_gets_its_results_back() -> None:
    stale = entry(digest="old text, saved again")
    assert said(stale, published()) == (Status.PUBLISHED, {"m": THERE})


def test_a_stale_buffer_with_another_time_is_held_until_a_person_says_which() -> None:
    moved = entry(due=DUE + HOUR)
    says = said(moved, published())
    assert says is not None
    status, results = says
    assert status is Status.HELD
    assert results["m"].url == THERE.url
    assert "new file" in results["m"].error
    held = applied(moved, says)
    assert said(held, published(), results=results) is None
    decided = replace(held, status=Status.PUBLISHED)
    assert said(decided, published(), results=results) == (Status.PUBLISHED, {"m": THERE})


def test_a_time_that_was_moved_for_the_target_still_to_come_holds_nothing() -> None:
    moved = entry(due=DUE + HOUR, targets=BOTH)
    says = said(moved, published(), delivery(target="b", id=2))
    assert says == (Status.PUBLISHING, {"m": THERE})
    says = said(moved, published(), published("b", due=DUE + HOUR))
    assert says is not None
    assert says[0] is Status.PUBLISHED
    both_before = said(moved, published(), published("b"))
    assert both_before is not None
    assert both_before[0] is Status.HELD


def test_a_copy_is_left_to_its_person() -> None:
    copy = entry("posts/b.md", due=DUE + 24 * HOUR, claims=(claim(published=True, url=THERE.url),))
    assert said(copy, results={"m": THERE}) is None
    assert said(replace(copy, path="posts/a.md"), published(), results={"m": THERE}) is None


def test_of_two_accounts_that_had_one_name_the_younger_delivery_counts() -> None:
    old = tried(State.UNSURE, account="https://m.example 0", id=1)
    for known in ((old, published(id=2)), (published(id=2), old)):
        assert said(entry(), *known) == (Status.PUBLISHED, {"m": THERE})


def test_a_file_that_was_written_back_says_enough_to_be_known_by() -> None:
    says = said(entry(), tried(State.UNSURE))
    assert says is not None
    found = applied(entry("posts/moved.md"), says)
    assert copied(found, {key_of(): "posts/a.md"}, under_way=False)
    assert not copied(found, {key_of(): "posts/moved.md"}, under_way=False)


blocks = st.sampled_from(
    [
        THERE,
        Result(key=key_of(), error="no route", attempts=2),
        Result(key="theirs", url="https://elsewhere.example/9"),
        Result(key=key_of(), url=THERE.url, error="already published"),
    ]
)


@st.composite
def files(draw: st.DrawFn) -> tuple[Entry, dict[str, Result]]:
    results = draw(st.dictionaries(st.sampled_from(["m", "b", "old"]), blocks, max_size=3))
    found = draw(
        st.builds(
            entry,
            due=st.sampled_from([DUE, DUE + HOUR]),
            targets=st.sampled_from([None, BOTH, ()]),
        )
    )
    status = draw(st.sampled_from(Status))
    return applied(found, (status, results)), results


@st.composite
def known_deliveries(draw: st.DrawFn) -> list[Delivery]:
    found: list[Delivery] = []
    for number, target in enumerate(draw(st.sets(st.sampled_from(["m", "b"]))), start=1):
        state = draw(st.sampled_from(EVERY_STATE))
        attempts = draw(st.integers(0, 2))
        made = published(target) if state is State.PUBLISHED else tried(state, target, attempts=attempts)
        found.append(replace(made, id=number))
    return found


@given(files(), known_deliveries())
@settings(max_examples=100, deadline=None)
def test_what_is_written_once_is_right_for_good_and_takes_nothing_away(
    file: tuple[Entry, dict[str, Result]], known: Sequence[Delivery]
) -> None:
    found, results = file
    says = said(found, *known, results=results)
    if says is None:
        return
    status, after = says
    assert said(applied(found, says), *known, results=after) is None
    assert set(results) <= set(after)
    assert list(after)[: len(results)] == list(results)
    for target, block in results.items():
        if block.is_published:
            assert after[target] == block
    assert status is not Status.SCHEDULED
    assert status is not Status.DRAFT or found.status is Status.DRAFT


# --- what a person decided ---------------------------------------------------------------------------------------

GIVEN_UP = Result(key=key_of(target="b"), dropped="yesterday")


def test_what_was_dropped_counts_as_no_target_and_is_left_alone() -> None:
    found, results = entry(status=Status.PUBLISHED, targets=BOTH), {"m": THERE, "b": GIVEN_UP}
    for known in (
        (),
        (published(),),
        (published(), tried(State.CANCELLED, "b")),
        (published(), tried(State.HELD, "b")),
    ):
        assert said(found, *known, results=results) is None
    assert said(entry(status=Status.DRAFT), tried(State.UNSURE), results={"m": replace(GIVEN_UP, key=key_of())}) is None


def test_what_was_dropped_and_is_there_all_the_same_says_so() -> None:
    found = entry(status=Status.DRAFT)
    assert said(found, published(), results={"m": replace(GIVEN_UP, key=key_of())}) == (Status.PUBLISHED, {"m": THERE})


@pytest.mark.parametrize(("state", "word"), [(State.HELD, "held"), (State.REFUSED, "failed"), (State.UNSURE, "")])
def test_any_clone_can_tell_what_is_held_from_what_failed(state: State, word: str) -> None:
    says = said(entry(), tried(state))
    assert says is not None and says[1]["m"].state == word


@pytest.mark.parametrize("targets", [None, BOTH])
def test_a_file_that_is_held_says_what_to_type(targets: tuple[str, ...] | None) -> None:
    says = said(entry(targets=targets), tried(State.HELD), published("b"))
    which = "" if targets is None else " --target m"
    assert says is not None
    assert (
        f"no route. Look at m. If it is there, type `fedisched resolve {PATH} --sent URL{which}`" in says[1]["m"].error
    )
