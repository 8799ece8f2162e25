from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.engine.pace import LEAD, LONGEST_LEAD, MARGIN, MEGABYTE, Pace, Paces, Work, begin_by, start_by

NOW = 1_795_000_000 * SECOND
durations = st.integers(min_value=0, max_value=3600 * SECOND)
moments = st.integers(min_value=0, max_value=3600).map(lambda s: NOW + s * SECOND)
work = st.lists(st.builds(Work, moments, durations, st.just(0))).map(sorted)


def test_a_slow_one_counts_at_once_and_is_forgotten_slowly() -> None:
    pace = Pace(opening=2 * SECOND).with_opening(9 * SECOND)
    assert pace.opening == 9 * SECOND
    pace = pace.with_opening(2 * SECOND)
    assert pace.opening == 9 * SECOND * 7 // 8
    for _ in range(30):
        pace = pace.with_opening(2 * SECOND)
    assert pace.opening == 2 * SECOND


def test_a_post_with_four_large_pictures_is_reckoned_with_from_the_first_run() -> None:
    assert Pace().preparing(8 * MEGABYTE) == 33 * SECOND
    assert Pace().preparing(0) == SECOND


def test_media_are_measured_apart_from_the_rest() -> None:
    pace = Pace(post=SECOND, megabyte=0).with_preparing(2 * MEGABYTE, 7 * SECOND)
    assert (pace.post, pace.megabyte) == (SECOND, 3 * SECOND)
    assert pace.preparing(2 * MEGABYTE) == 7 * SECOND
    assert pace.with_preparing(0, 2 * SECOND) == Pace(pace.opening, 2 * SECOND, 3 * SECOND)


def test_a_small_picture_does_not_make_a_large_one_endless() -> None:
    pace = Pace(post=0, megabyte=0).with_preparing(10, SECOND)
    assert pace.preparing(10) == SECOND
    assert pace.preparing(MEGABYTE) == 4 * SECOND


def test_one_alone_is_begun_ten_seconds_before() -> None:
    assert begin_by([Work(NOW, SECOND)]) == [NOW - LEAD]


def test_many_at_one_moment_are_begun_one_after_the_other() -> None:
    assert begin_by([Work(NOW, 4 * SECOND)] * 4) == [NOW - MARGIN - n * 4 * SECOND for n in (4, 3, 2)] + [NOW - LEAD]


def test_what_comes_later_and_takes_long_is_begun_before_it_would_be_too_late() -> None:
    begins = begin_by([Work(NOW, SECOND), Work(NOW + 30 * SECOND, 60 * SECOND)])
    assert begins == [NOW - 31 * SECOND - MARGIN, NOW - 30 * SECOND - MARGIN]


def test_nothing_is_begun_hours_before() -> None:
    assert begin_by([Work(NOW, 7200 * SECOND)]) == [NOW - LONGEST_LEAD]


def test_what_is_given_time_begins_no_sooner_and_what_is_not_waits_for_nobody() -> None:
    begins = begin_by([Work(NOW, 2 * SECOND), Work(NOW, 300 * SECOND, NOW), Work(NOW + SECOND, SECOND)])
    assert begins == [NOW - LEAD, NOW, NOW - 9 * SECOND]
    paces = {"slow": Pace(opening=60 * SECOND)}
    assert start_by({"slow": [Work(NOW, 300 * SECOND, NOW)]}, paces) == NOW - 60 * SECOND


@given(work)
def test_whoever_begins_then_has_each_done_before_its_moment(work: list[Work]) -> None:
    free = 0
    for (due, takes, _), begin in zip(work, begin_by(work), strict=True):
        assert due - LONGEST_LEAD <= begin <= due - LEAD
        free = max(free, begin) + takes
        if all(begin > due - LONGEST_LEAD for (due, _, _), begin in zip(work, begin_by(work), strict=True)):
            assert free <= due - MARGIN


def test_the_publisher_starts_early_enough_for_the_slowest_account() -> None:
    paces = {"quick": Pace(opening=SECOND), "slow": Pace(opening=20 * SECOND)}
    later = NOW + 15 * SECOND
    assert start_by({"quick": [Work(NOW, 0)], "slow": [Work(later, 0)]}, paces) == later - LEAD - 20 * SECOND
    assert start_by({"quick": [Work(NOW, 0)], "slow": []}, paces) == NOW - LEAD - SECOND
    assert start_by({}, paces) is None


def test_what_was_measured_is_kept_for_later_runs(journal: Journal) -> None:
    paces = Paces(journal)
    paces.opened("m", 30 * SECOND)
    paces.prepared("m", 0, 2 * SECOND)
    paces.prepared("m", MEGABYTE, 12 * SECOND)
    assert Paces(journal).of("m") == Pace(), "not before it is said to be kept"
    paces.keep("m")
    assert Paces(journal).of("m") == paces.of("m") == Pace(30 * SECOND, 2 * SECOND, 10 * SECOND)
    assert Paces(journal).of("another") == Pace()


@pytest.mark.parametrize("row", ["", "[]", "7", '{"opening": "x"}', '{"unheard_of": 1}', "{"])
def test_a_row_that_cannot_be_read_is_as_none(journal: Journal, row: str) -> None:
    with journal.transaction() as connection:
        connection.execute("INSERT INTO meta (name, value) VALUES ('pace m', ?)", (row,))
    assert Paces(journal).of("m") == Pace()


def test_a_clock_that_was_set_meanwhile_makes_no_lead_endless(journal: Journal) -> None:
    paces = Paces(journal)
    paces.opened("m", -3600 * SECOND)
    assert paces.of("m").opening == Pace().opening * 7 // 8
    paces.opened("m", 10**18)
    assert paces.of("m").opening == LONGEST_LEAD
