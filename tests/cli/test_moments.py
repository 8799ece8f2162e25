"""Moments as people say them."""

from __future__ import annotations

from datetime import datetime

import pytest

from fedisched.cli.moments import local_words, resolve, time_text
from fedisched.cli.when import from_now
from fedisched.content.times import microseconds, read_time
from fedisched.model.problem import Problem
from tests.cli.support import StandingClock

BERLIN = "Europe/Berlin"
FRIDAY_NOON = "2026-11-20T12:00:30+01:00"


def said(text: str, now: str = FRIDAY_NOON, zone: str = BERLIN) -> str:
    """The moment that a text means, as RFC 3339, or the code of its problem."""
    found = resolve(text, StandingClock(now).now(), zone)
    return found.code if isinstance(found, Problem) else found.isoformat()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("in 2 hours", "2026-11-20T14:00:30+01:00"),
        ("in 90 min", "2026-11-20T13:30:30+01:00"),
        ("in 30 s", "2026-11-20T12:01:00+01:00"),
        ("in an hour", "2026-11-20T13:00:30+01:00"),
        ("in 1h 30m", "2026-11-20T13:30:30+01:00"),
        ("in 1 day and 2 hours", "2026-11-21T14:00:30+01:00"),
        ("in 2 weeks", "2026-12-04T12:00:30+01:00"),
        ("in 3 months", "2027-02-20T12:00:30+01:00"),
        ("today 18:00", "2026-11-20T18:00:00+01:00"),
        ("Tomorrow  at 09:00", "2026-11-21T09:00:00+01:00"),
        ("tomorrow noon", "2026-11-21T12:00:00+01:00"),
        ("friday 17:30", "2026-11-20T17:30:00+01:00"),
        ("friday 11:00", "2026-11-27T11:00:00+01:00"),
        ("next friday 9am", "2026-11-27T09:00:00+01:00"),
        ("next mon 9:15 p.m.", "2026-11-23T21:15:00+01:00"),
        ("sunday 12am", "2026-11-22T00:00:00+01:00"),
        ("sun 12pm", "2026-11-22T12:00:00+01:00"),
        ("on wednesday at 7:05:09", "2026-11-25T07:05:09+01:00"),
        ("2026-12-01 09:00", "2026-12-01T09:00:00+01:00"),
        ("2026-12-01T09:00:00-05:00", "2026-12-01T09:00:00-05:00"),
        ("2026-12-01 09:00 America/New_York", "2026-12-01T09:00:00-05:00"),
    ],
)
def test_what_people_say_is_understood(text: str, moment: str) -> None:
    assert said(text) == moment


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("today 09:00", "time-passed"),
        ("2020-01-01 09:00", "time-passed"),
        ("now", "time-now"),
        ("", "time-unknown"),
        ("soon", "time-unknown"),
        ("tomorrow", "time-unknown"),
        ("18:00", "time-unknown"),
        ("tomorrow 13pm", "time-unknown"),
        ("tomorrow 25:00", "time-no-such-clock"),
        ("next tomorrow 09:00", "time-unknown"),
        ("someday 09:00", "time-unknown"),
        ("in 2 fortnights", "time-unknown"),
        ("in 999999 months", "time-unknown"),
        ("in hours", "time-unknown"),
        ("in 1h 2h", "time-unknown"),
        ("2026-02-30 09:00", "time-no-such-date"),
        ("2026-12-01", "time-bare-date"),
    ],
)
def test_what_is_no_moment_to_come_is_a_problem(text: str, code: str) -> None:
    assert said(text) == code


def test_hours_run_through_a_change_of_clocks_and_days_keep_their_hour() -> None:
    before = "2026-10-24T12:00:00+02:00"
    assert said("in 24 hours", before) == "2026-10-25T11:00:00+01:00"
    assert said("in 1 day", before) == "2026-10-25T12:00:00+01:00"


def test_a_gap_and_an_overlap_are_told_and_not_guessed() -> None:
    assert said("tomorrow 02:30", "2026-03-28T12:00:00+01:00") == "time-gap"
    assert said("tomorrow 02:30", "2026-10-24T12:00:00+02:00") == "time-overlap"


def test_without_a_timezone_a_wall_clock_is_no_moment_but_a_span_is() -> None:
    assert said("tomorrow 09:00", zone="") == "time-no-zone"
    assert said("in 1 hour", zone="") == "2026-11-20T12:00:30+00:00"


@pytest.mark.parametrize(
    ("moment", "zone", "written"),
    [
        ("2026-12-01T09:00:00+01:00", BERLIN, "2026-12-01 09:00"),
        ("2026-12-01T09:00:00-05:00", BERLIN, "2026-12-01 15:00"),
        ("2026-12-01T09:00:07.5+01:00", BERLIN, "2026-12-01 09:00:07"),
        ("2026-10-25T02:30:00+01:00", BERLIN, "2026-10-25 02:30+01:00"),
        ("2026-12-01T09:00:00+01:00", "", "2026-12-01 09:00+01:00"),
    ],
)
def test_a_moment_is_written_locally_with_an_offset_only_where_it_needs_one(
    moment: str, zone: str, written: str
) -> None:
    exact = datetime.fromisoformat(moment)
    assert time_text(exact, zone) == written
    assert read_time(written, zone) == exact.replace(microsecond=0)


def test_a_moment_is_told_in_local_words_and_from_now() -> None:
    moment = datetime.fromisoformat("2026-12-01T09:00:00-05:00")
    assert local_words(moment, BERLIN) == "Tue 1 Dec 2026 15:00 Europe/Berlin"
    assert from_now(microseconds(moment), StandingClock("2026-12-01T12:00:00+01:00").now()) == "in 3 hours"
    assert from_now(microseconds(moment), StandingClock("2026-12-03T16:00:00+01:00").now()) == "2 days ago"
