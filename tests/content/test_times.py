from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedisched.content.times import as_rfc3339, microseconds, read_time
from fedisched.model.problem import Mark, Problem

BERLIN = "Europe/Berlin"
ZONES = sorted(zone for zone in available_timezones() if not zone.startswith(("right/", "posix/")) and "/" in zone)


def moment(text: str, zone: str = BERLIN) -> datetime:
    result = read_time(text, zone)
    assert isinstance(result, datetime), result
    return result


def wrong(text: str, zone: str = BERLIN) -> Problem:
    result = read_time(text, zone, "posts/a.md", Mark(3, 7))
    assert isinstance(result, Problem), result
    assert (result.path, result.line, result.column) == ("posts/a.md", 3, 7)
    return result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-12-01 09:00", "2026-12-01T09:00:00+01:00"),
        ("2026-07-01 09:00:30", "2026-07-01T09:00:30+02:00"),
        ("2026-12-01T09:00:00Z", "2026-12-01T09:00:00+00:00"),
        ("2026-12-01t09:00:00z", "2026-12-01T09:00:00+00:00"),
        ("2026-12-01 09:00:00.25-03:30", "2026-12-01T09:00:00.250000-03:30"),
        ("2026-12-01T09:00:00.123456789+01:00", "2026-12-01T09:00:00.123456+01:00"),
        ("2026-12-01 09:00 +0100", "2026-12-01T09:00:00+01:00"),
        ("2026-12-01 09:00 Z", "2026-12-01T09:00:00+00:00"),
        ("2026-12-01 09:00 America/New_York", "2026-12-01T09:00:00-05:00"),
        ("2026-12-01 09:00 America/Argentina/Buenos_Aires", "2026-12-01T09:00:00-03:00"),
        ("2026-12-01 09:00 UTC", "2026-12-01T09:00:00+00:00"),
        ("2024-02-29 00:00", "2024-02-29T00:00:00+01:00"),
        ("1970-01-01 00:00 Z", "1970-01-01T00:00:00+00:00"),
        ("9999-12-31 23:59:59 Z", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_what_is_accepted(text: str, said: str) -> None:
    assert as_rfc3339(moment(text)) == said


@pytest.mark.parametrize(
    ("text", "code", "write"),
    [
        ("2026-12-01", "time-bare-date", "`2026-12-01 09:00`"),
        ("2026-12", "time-bare-date", "09:00"),
        ("09:00", "time-bare-clock", "`2026-12-01 09:00`"),
        ("9am", "time-bare-clock", "`2026-12-01 09:00`"),
        ("9.30 pm", "time-bare-clock", "`2026-12-01 09:00`"),
        ("2026-02-30 09:00", "time-no-such-date", "date that exists"),
        ("2025-02-29 09:00", "time-no-such-date", "date that exists"),
        ("2026-13-01 09:00", "time-no-such-date", "date that exists"),
        ("2026-12-01 25:00", "time-no-such-clock", "`2026-12-01 09:00`"),
        ("2026-12-01 09:60", "time-no-such-clock", "between 00:00 and 23:59"),
        ("2026-12-31 24:00", "time-no-such-clock", "`2027-01-01 00:00`"),
        ("9999-12-31 24:00", "time-no-such-clock", "between 00:00 and 23:59"),
        ("2016-12-31T23:59:60Z", "time-leap-second", "`2016-12-31 23:59:59`"),
        ("2026-12-01 09:00 Europe/Berlni", "time-unknown-zone", "`Europe/Berlin`"),
        ("2026-12-01 09:00 berlin", "time-unknown-zone", "Did you mean `Europe/Berlin`"),
        ("2026-12-01 09:00 CEST", "time-unknown-zone", "`+01:00`"),
        ("2026-12-01 09:00 Europe", "time-unknown-zone", "`Europe/Berlin`"),
        ("2026-12-01 09:00 right/Europe/Berlin", "time-unknown-zone", "`Europe/Berlin`"),
        ("2026-12-01 09:00 +25:00", "time-offset", "+HH:MM"),
        ("2026-12-01 09:00 +01", "time-form", "+01:00"),
        ("tomorrow", "time-relative", "--at"),
        ("next friday 9am", "time-relative", "--at"),
        ("in 2 hours", "time-relative", "--at"),
        ("now", "time-relative", "--now"),
        ("1764579600", "time-number", "`2026-12-01 09:00`"),
        ("2026", "time-number", "`2026-12-01 09:00`"),
        ("20261201", "time-number", "`2026-12-01 09:00`"),
        ("2026-W49-2", "time-week-date", "month and day"),
        ("2026-12-1 9:00", "time-form", "`2026-12-01 09:00`"),
        ("2027/01/05 7:30", "time-form", "`2027-01-05 07:30`"),
        ("01.12.2026 09:00", "time-form", "YYYY-MM-DD"),
        ("P1D", "time-form", "YYYY-MM-DD"),
        ("2026-335 09:00", "time-form", "YYYY-MM-DD"),
        ("٢٠٢٦-12-01 09:00", "time-form", "YYYY-MM-DD"),
        ("2026-12-01 09:00 ../../etc/passwd", "time-form", "zone name"),
        ("1969-12-31 23:59", "time-range", "2026"),
        ("9999-12-31 23:59:59 -00:01", "time-range", "2026"),
        ("0001-01-01 00:00 +14:00", "time-range", "2026"),
    ],
)
def test_what_is_refused_and_what_to_write_instead(text: str, code: str, write: str) -> None:
    problem = wrong(text)
    assert problem.code == code
    assert write in problem.hint
    assert problem.hint.endswith(".")
    assert not problem.message.endswith(".")


def test_a_gap_in_time_is_a_problem_that_shows_both_readings_and_the_zone() -> None:
    problem = wrong("2026-03-29 02:30")
    assert problem.code == "time-gap"
    assert "Europe/Berlin" in problem.message
    for words in ("Write `2026-03-29 03:30`", "02:30 +01:00", "02:30 +02:00", "01:30"):
        assert words in problem.hint
    assert "Write `2026-03-29 03:00`" in wrong("2026-03-29 02:00").hint
    assert wrong("2011-12-30 10:00 Pacific/Apia").code == "time-gap"
    moment("2026-03-29 01:59")
    moment("2026-03-29 03:00")


def test_an_overlap_in_time_is_a_problem_that_shows_both_moments() -> None:
    problem = wrong("2026-10-25 02:30")
    assert problem.code == "time-overlap"
    assert "`2026-10-25 02:30 +02:00` for the first" in problem.hint
    assert "`2026-10-25 02:30 +01:00` for the second" in problem.hint
    assert moment("2026-10-25 02:30 +01:00") - moment("2026-10-25 02:30 +02:00") == timedelta(hours=1)
    assert wrong("2026-04-05 01:45 Australia/Lord_Howe").code == "time-overlap"


def test_a_local_time_needs_a_timezone_in_the_config() -> None:
    problem = wrong("2026-12-01 09:00", "")
    assert problem.code == "time-no-zone"
    assert "timezone =" in problem.hint
    assert moment("2026-12-01 09:00 +01:00", "") == moment("2026-12-01 09:00")
    assert "the config's timezone" in wrong("2026-12-01 09:00", "Europe/Nowhere").message


def test_a_machine_without_time_zone_data_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert wrong("2026-12-01 09:00 Atlantis/Capital").code == "time-zone-data"


def test_an_offset_with_seconds_is_said_in_utc() -> None:
    assert as_rfc3339(moment("1971-01-01 00:00 Africa/Monrovia")) == "1971-01-01T00:44:30+00:00"


def test_microseconds_are_exact_at_both_ends() -> None:
    assert microseconds(moment("1970-01-01 00:00:00.000001 Z")) == 1
    assert microseconds(moment("9999-12-31 23:59:59.999999 Z")) == 253402300799999999


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1970, 1, 3), datetime(2037, 12, 30)).map(lambda local: local.replace(microsecond=0)),  # noqa: DTZ001
)
@example("Europe/Berlin", datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001
@example("Africa/Casablanca", datetime(2026, 3, 22, 2, 30))  # noqa: DTZ001
@example("America/St_Johns", datetime(2006, 10, 29, 0, 0, 30))  # noqa: DTZ001
def test_a_local_time_is_accepted_exactly_where_it_is_one_moment(zone: str, local: datetime) -> None:
    assert_one_moment(zone, local)


@given(st.sampled_from(ZONES), st.integers(200_000, 1_900_000_000), st.integers(-7200, 7200))
def test_the_same_near_changes_of_offset(zone: str, seconds: int, off: int) -> None:
    there = ZoneInfo(zone)
    change = next_change(there, datetime.fromtimestamp(seconds, UTC))
    shown = change.astimezone(there).replace(tzinfo=None)
    assert_one_moment(zone, (change + timedelta(seconds=off)).astimezone(there).replace(tzinfo=None, fold=0))
    assert_one_moment(zone, shown + timedelta(seconds=off))


def assert_one_moment(zone: str, local: datetime) -> None:
    """Against the definition: which UTC moments show this local time in that zone?"""
    there = ZoneInfo(zone)
    around = (local.replace(tzinfo=UTC) - timedelta(days=1), local.replace(tzinfo=UTC) + timedelta(days=1))
    offsets = {side.astimezone(there).utcoffset() for side in around}
    candidates = {local.replace(tzinfo=UTC) - offset for offset in offsets if offset is not None}
    shown = {utc for utc in candidates if utc.astimezone(there).replace(tzinfo=None, fold=0) == local}
    result = read_time(f"{local.isoformat(' ')} {zone}", "")
    if len(shown) == 1:
        assert isinstance(result, datetime), result
        assert {result.astimezone(UTC)} == shown
        again = read_time(as_rfc3339(result), "")
        assert again == result
    else:
        assert isinstance(result, Problem)
        assert result.code == ("time-overlap" if shown else "time-gap")


def next_change(zone: ZoneInfo, start: datetime) -> datetime:
    """The first second with another offset; the start itself if there is none within years."""
    quarters = (start + timedelta(days=90 * number) for number in range(40))
    low = start
    for high in quarters:
        if high.astimezone(zone).utcoffset() != low.astimezone(zone).utcoffset():
            break
        low = high
    else:
        return start
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
        low, high = (middle, high) if same else (low, middle)
    return high.replace(microsecond=0)
