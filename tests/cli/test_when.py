"""Moments as people read them in `queue` and in the daemon's log."""

from __future__ import annotations

import pytest

from fedisched.cli.when import DAY, clock_time, day, from_now
from fedisched.clock import SECOND

NOW = 1_795_456_800 * SECOND  # Monday, 2026-11-23 19:00 in Berlin
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (0, "in 1 second"),
        (45 * SECOND, "in 45 seconds"),
        (59 * 60 * SECOND, "in 59 minutes"),
        (HOUR, "in 1 hour"),
        (3 * HOUR, "in 3 hours"),
        (DAY, "in 1 day"),
        (6 * DAY, "in 6 days"),
        (8 * DAY, "in 1 week"),
        (40 * DAY, "in 1 month"),
        (1100 * DAY, "in 3 years"),
        (-2 * DAY, "2 days ago"),
        (-13 * HOUR, "13 hours ago"),
    ],
)
def test_it_says_how_long_until_then(apart: int, words: str) -> None:
    assert from_now(NOW + apart, NOW) == words


def test_it_names_the_days_around_today() -> None:
    days = [day(NOW + apart * DAY, NOW, "Europe/Berlin") for apart in (-1, 0, 1, 2, 60)]
    assert days == [
        "Yesterday, Sun 22 Nov",
        "Today, Mon 23 Nov",
        "Tomorrow, Tue 24 Nov",
        "Wed 25 Nov",
        "Fri 22 Jan 2027",
    ]


def test_seconds_are_said_where_there_are_any() -> None:
    assert clock_time(NOW, "Europe/Berlin") == "19:00"
    assert clock_time(NOW + 5 * SECOND, "Europe/Berlin") == "19:00:05"
