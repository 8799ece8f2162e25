"""A post that answers or quotes another one waits until that one is published."""

from __future__ import annotations

from typing import Any

import pytest

from fedisched.engine.journal import Journal
from fedisched.engine.needs import Other, others_of
from fedisched.engine.plan import Act, Stand, Step, plan
from fedisched.model.delivery import State
from fedisched.model.post import Entry, Need, Status
from fedisched.model.problem import Problem

from .support import ACCOUNTS, DUE, EVERY_STATE, HOUR, PATH, SETTINGS, brought_to, claim, delivery, entry

OTHER = "posts/b.md"


def answer(**changes: Any) -> Entry:
    return entry(needs=(Need("m", OTHER),), **changes)


def step(other: Other | None, **changes: Any) -> Step:
    others = {} if other is None else {OTHER: other}
    (found,) = plan([answer(**changes)], [], ACCOUNTS, SETTINGS, DUE - HOUR, others=others)
    return found


def test_it_has_its_turn_once_the_other_is_published() -> None:
    for other in (
        Other(entry(OTHER), (delivery(OTHER, state=State.PUBLISHED),)),
        Other(entry(OTHER, status=Status.PUBLISHED, claims=(claim(published=True, url="https://m.example/1"),))),
        Other(None, (delivery(OTHER, state=State.PUBLISHED),)),
    ):
        found = step(other)
        assert (found.stand, found.act, found.at, found.waits_for_another) == (Stand.WAITING, Act.SEND, DUE, False)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (None, "is not there"),
        (Other(None), "is not there"),
        (Other(entry(OTHER)), "is not published yet"),
        (Other(entry(OTHER, status=Status.DRAFT)), "is a draft"),
        (Other(entry(OTHER, status=Status.FAILED)), "has failed"),
        (Other(entry(OTHER, status=Status.HELD)), "is held"),
        (Other(entry(OTHER, targets=("b",))), "does not go to m"),
        (Other(entry(OTHER, claims=(claim(stands="dropped"),))), "was dropped for m"),
        (Other(entry(OTHER, problem=Problem(OTHER, 1, 1, "x", "y", "z"))), "has a mistake in it"),
        (Other(entry(OTHER, claims=(claim("b", published=True, url="https://b.example/1"),))), "is not published yet"),
        (Other(entry(OTHER), (delivery(OTHER, state=State.REFUSED),)), "has failed"),
        (Other(entry(OTHER), (delivery(OTHER, state=State.HELD),)), "is held"),
        (Other(entry(OTHER), (delivery(OTHER, state=State.UNSURE),)), "may or may not be published"),
        (Other(entry(OTHER), (delivery(OTHER, state=State.SENDING),)), "is not published yet"),
        (Other(entry(OTHER), (delivery(OTHER, "b", State.PUBLISHED),)), "is not published yet"),
    ],
)
def test_until_then_it_waits_and_says_why(other: Other | None, why: str) -> None:
    found = step(other)
    assert (found.stand, found.act, found.at) == (Stand.WAITING, None, None)
    assert found.waits_for_another
    assert found.error == f"waits for {OTHER}, which {why}"


@pytest.mark.parametrize("state", EVERY_STATE)
def test_nothing_is_sent_while_the_other_is_in_any_state_but_published(journal: Journal, state: State) -> None:
    brought_to(journal, state, path=OTHER)
    others = others_of([answer()], lambda path: entry(path), lambda path: journal.deliveries(path=path))
    (found,) = plan([answer()], [], ACCOUNTS, SETTINGS, DUE, others=others)
    assert (found.act is Act.SEND) == (state is State.PUBLISHED)


def test_a_person_who_wants_it_now_has_to_wait_too() -> None:
    asked = frozenset({(PATH, "m")})
    (found,) = plan([answer()], [], ACCOUNTS, SETTINGS, DUE, asked, {OTHER: Other(entry(OTHER))})
    assert found.waits_for_another


def test_what_was_sent_already_does_not_wait() -> None:
    known = delivery(state=State.UNSURE, since=DUE)
    (found,) = plan([answer()], [known], ACCOUNTS, SETTINGS, DUE, others={OTHER: Other(entry(OTHER))})
    assert (found.stand, found.act) == (Stand.UNSURE, Act.LOOK_UP)


def test_two_that_wait_for_each_other_wait_for_ever() -> None:
    both = [answer(), entry(OTHER, needs=(Need("m", PATH),))]
    others = others_of(both, lambda path: next(each for each in both if each.path == path), lambda path: [])
    steps = plan(both, [], ACCOUNTS, SETTINGS, DUE, others=others)
    assert [found.error for found in steps] == [f"waits for {path}, which waits for this one" for path in (OTHER, PATH)]


def test_only_the_target_that_answers_waits() -> None:
    steps = plan([answer(targets=("all",))], [], ACCOUNTS, SETTINGS, DUE, others={OTHER: Other(entry(OTHER))})
    assert {found.target: found.act for found in steps} == {"m": None, "b": Act.SEND}
