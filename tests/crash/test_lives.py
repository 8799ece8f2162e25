"""The short form of the crash suite; `python -m tests.crash` is the long one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import pytest

from fedisched.sandbox.faults import What
from tests.crash import scripts
from tests.crash.life import Cut, Lived, Script, live
from tests.crash.server import Strike
from tests.crash.without import RULES, without

SEED = 20_000


def wrong(lives: Iterable[Script]) -> list[Lived]:
    """The lives in which something was that must not be."""
    return [lived for lived in map(live, lives) if lived.wrong]


def test_an_evening_in_which_nothing_goes_wrong() -> None:
    lived = live(Script(1, posts=6))
    assert (lived.wrong, lived.deliveries, lived.published) == ([], 12, 12)


def test_a_power_cut_at_every_port_costs_nothing() -> None:
    # Each port with one of the journal's fates; the long form has them all.
    every = list(scripts.one_cut_each())
    assert wrong(every[first] for first in range(0, len(every), 9)) == []


def test_every_fault_ends_well() -> None:
    every = list(scripts.one_strike_each())
    assert wrong(every[first] for first in range(0, len(every), 25)) == []


def test_what_lands_late_is_waited_for() -> None:
    assert wrong(scripts.late_landings()) == []


def test_what_lands_later_than_that_meets_its_own_upload() -> None:
    assert wrong(scripts.beyond()) == []


def test_two_of_anything_in_one_life() -> None:
    assert wrong(islice(scripts.pairs(SEED), 60)) == []


def test_where_the_truth_cannot_be_known_it_is_held_and_never_on_bluesky() -> None:
    """A server that loses the text and then the connection leaves something that may be anything."""
    strikes = (Strike("mastodon", What.EMPTY, 1), Strike("bluesky", What.DROP_ANSWER, 1))
    lived = live(Script(3, "ignored", strikes=strikes, evening=(0,)))
    assert lived.wrong == [] and lived.held_on_bluesky == 0


def test_a_thread_that_lost_a_text_is_not_begun_again_by_those_who_know_nothing_of_it() -> None:
    """The journal, put back, does not know that anything was sent; the first part and what follows it tell."""
    strikes = (Strike("mastodon", What.EMPTY, 3, publishing=True),)
    lived = live(Script(10996, "ignored", (Cut(86, 0.0, "restored"),), strikes, posts=2))
    assert (lived.wrong, lived.held) == ([], 1)


def test_what_a_run_sent_that_a_journal_put_back_knows_nothing_of_is_not_taken_for_another() -> None:
    """It may be the one that is asked about; the other, which is overdue as well, is asked about along with it."""
    strikes = (Strike("mastodon", What.OK_HTML, 1, publishing=True, seconds=0.05),)
    lived = live(Script(7162, "unlocked", (Cut(122, 20.0, "rewound"),), strikes))
    assert (lived.wrong, lived.held) == ([], 0)


@pytest.mark.parametrize("rule", RULES)
def test_the_suite_fails_without(rule: str) -> None:
    with without(rule):
        assert next((lived for lived in map(live, RULES[rule].lives()) if lived.wrong), None), "it was not missed"
