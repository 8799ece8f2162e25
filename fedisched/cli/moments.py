"""Moments as people say and read them: `tomorrow 09:00`, `in 2 hours`. pendulum does the arithmetic."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from fedisched.clock import SECOND
from fedisched.content.times import microseconds, read_time
from fedisched.model.problem import Problem

if TYPE_CHECKING:
    import pendulum

EXAMPLES = "`in 2 hours`, `tomorrow 09:00`, `next friday 9am` or `2026-12-01 09:00`"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    "s": "seconds", "sec": "seconds", "second": "seconds",
    "m": "minutes", "min": "minutes", "minute": "minutes",
    "h": "hours", "hour": "hours",
    "d": "days", "day": "days",
    "w": "weeks", "week": "weeks",
    "month": "months",
}  # fmt: skip
_AMOUNT = re.compile(r"([0-9]{1,6}|an?) ?([a-z]+?)s?(?:,? (?:and )?|$)", re.ASCII)
_DAY_AND_CLOCK = re.compile(r"(today|tomorrow|(?:next |this |on )?[a-z]{3,9}day|(?:next )?[a-z]{3}),? (?:at )?(.+)")
_CLOCK = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([ap])\.?m\.?)?|([0-9]{1,2}) ?([ap])\.?m\.?", re.ASCII
)


def resolve(text: str, now: int, zone: str) -> datetime | Problem:
    """The moment that a person means, in `zone` (the content folder's timezone, or empty); a problem where it is none,
    or has passed. `now` is in microseconds since 1970 UTC."""
    words = " ".join(text.split())
    if words[:4].isdigit() and words[4:5] == "-":
        moment = read_time(words, zone)
    else:
        moment = _in_words(words.lower(), _here(now, zone), zone)
    if isinstance(moment, datetime) and microseconds(moment) <= now:
        return _problem("time-passed", f"`{text}` has passed", "Name a moment to come.")
    return moment


def time_text(moment: datetime, zone: str) -> str:
    """A moment as it is written into a post's file: local, with an offset only where it needs one."""
    from zoneinfo import ZoneInfo

    local = moment.astimezone(ZoneInfo(zone)) if zone else moment
    local = local.replace(microsecond=0)
    naive = local.replace(tzinfo=None).isoformat(" ", "seconds" if local.second else "minutes")
    if zone and read_time(naive, zone) == local:
        return naive
    return local.isoformat(" ", "seconds" if local.second else "minutes")


def local_words(moment: datetime, zone: str) -> str:
    """`Tue 1 Dec 2026 09:00 Europe/Berlin`: a moment as people read it, in the content folder's timezone."""
    from zoneinfo import ZoneInfo

    local = moment.astimezone(ZoneInfo(zone)) if zone else moment
    clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    # Not %a and %b: they follow the locale, and the other words of the line do not.
    day = _WEEKDAYS[local.weekday()][:3].title()
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][local.month - 1]
    return f"{day} {local.day} {month} {local.year} {clock} {zone or local.tzname() or ''}"


def _here(now: int, zone: str) -> pendulum.DateTime:
    import pendulum

    return pendulum.from_timestamp(now // SECOND, tz=zone or "UTC")


def _in_words(words: str, here: pendulum.DateTime, zone: str) -> datetime | Problem:
    if words.startswith("in "):
        return _later(words.removeprefix("in "), here) or _unknown(words)
    if words == "now":
        return _problem("time-now", "`now` cannot be scheduled", "Use `fedisched publish --now PATH`.")
    found = _DAY_AND_CLOCK.fullmatch(words)
    clock = _clock(found[2]) if found else None
    if found is None or clock is None:
        return _unknown(words)
    days = _days(found[1], here)
    if days is None:
        return _unknown(words)
    # The wall clock of a day that is found by the calendar: through the reader, so that a gap or an overlap is told.
    moments = [read_time(f"{day.to_date_string()} {clock}", zone) for day in days]
    return next((each for each in moments if isinstance(each, Problem) or each > here), moments[-1])


def _later(words: str, here: pendulum.DateTime) -> datetime | None:
    """After so many hours, days, months: hours by the clock that never jumps, days and more by the calendar."""
    amounts: dict[str, int] = {}
    at = 0
    while found := _AMOUNT.match(words, at):
        unit = _UNITS.get(found[2])
        if unit is None or unit in amounts:
            return None
        amounts[unit] = int(found[1]) if found[1].isdigit() else 1
        at = found.end()
    if not amounts or at != len(words):
        return None
    try:
        later = here.add(**amounts)
    except (OverflowError, ValueError):
        return None
    return datetime.fromtimestamp(later.timestamp(), later.tzinfo)


def _days(words: str, here: pendulum.DateTime) -> list[pendulum.DateTime] | None:
    """The days that are meant, the nearest first: `friday` said on a Friday is today, unless its clock has passed."""
    import pendulum

    *how, name = words.split()
    if name in ("today", "tomorrow"):
        return [here.add(days=0 if name == "today" else 1)] if not how else None
    number = next((n for n, day in enumerate(_WEEKDAYS) if name in (day, day[:3])), None)
    if number is None:
        return None
    coming = here.next(pendulum.WeekDay(number))
    return [here, coming] if here.weekday() == number and how != ["next"] else [coming]


def _clock(words: str) -> str | None:
    if words in ("noon", "midday"):
        return "12:00"
    found = _CLOCK.fullmatch(words)
    if found is None:
        return None
    half = found[4] or found[6]
    hour, minute, second = int(found[1] or found[5]), found[2] or "00", found[3]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{minute}" + (f":{second}" if second else "")


def _unknown(words: str) -> Problem:
    return _problem("time-unknown", f"`{words}` is no moment that I know", f"Write it like {EXAMPLES}.")


def _problem(code: str, message: str, hint: str) -> Problem:
    return Problem("", 1, 1, code, message, hint)
