"""Times as an author writes them: one moment, or a problem that says what to write instead. Never a guess.

Accepted is `2026-12-01 09:00`, with `:SS` and a fraction if wanted, and `T` or `t` in place of the space, alone (in
the content folder's timezone) or followed by an offset (`Z`, `+01:00`, `+0100`) or an IANA zone name. RFC 3339 is a
part of that.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta, timezone
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

from fedisched.model.problem import Mark, Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
    r"(?: ?([Zz]|[+-][0-9]{2}:?[0-9]{2})| ([A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*))?"
)
_NEARLY = re.compile(
    r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})[Tt ,]+([0-9]{1,2})[:.h]([0-9]{2})(?![0-9])(?!\s*[ap]\.?m)", re.I
)
_DATE = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}|[0-9]{4}-[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{1,2}[:.h][0-9]{2}(?::[0-9]{2})?(?:\s*[ap]\.?m\.?)?|[0-9]{1,2}\s*[ap]\.?m\.?", re.I)
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*(?:\.[0-9]*)?(?:e[0-9]+)?", re.I)
_WEEK_DATE = re.compile(r"[0-9]{4}-?W[0-9]{2}(?:-?[0-9])?(?:[T ].*)?", re.I)
_RELATIVE = re.compile(
    r"(?:now|today|tonight|tomorrow|yesterday|asap|immediately|noon|midnight|next|this|in|mon|tue|wed|thu|fri|sat|sun)"
    r"(?:[a-z]*day)?\b.*",
    re.I,
)
_START = Mark(1, 1)
_EXAMPLE = "2026-12-01 09:00"


class _Wrong(Exception):
    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def read_time(text: str, zone: str, path: str = "", mark: Mark = _START) -> datetime | Problem:
    """The moment an author means, in the zone they wrote; `zone` (the config's IANA name, or empty) is for times
    without one. `path` and `mark` are for the problem."""
    try:
        return _read(text, zone)
    except _Wrong as wrong:
        return Problem(path, mark.line, mark.column, wrong.code, wrong.message, wrong.hint)


def as_rfc3339(moment: datetime) -> str:
    """An aware datetime as RFC 3339, with its own offset; in UTC if that offset has seconds, which RFC 3339 lacks."""
    offset = moment.utcoffset()
    if offset is not None and offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.isoformat()


def microseconds(moment: datetime) -> int:
    """An aware datetime as whole microseconds since 1970-01-01 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def _read(text: str, configured: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise _wrong_form(text)
    day, clock, offset, zone = found.groups()
    naive = _naive(day, clock)
    if offset:
        moment = naive.replace(tzinfo=_fixed(offset))
    elif zone:
        moment = _in_zone(naive, zone, _zone(zone))
    elif configured:
        moment = _in_zone(naive, configured, _configured_zone(configured))
    else:
        hint = 'Set `timezone = "Europe/Berlin"` (your own) in the config, or add an offset: '
        raise _Wrong("time-no-zone", "the time has no timezone", f"{hint}`{text} +01:00`.")
    return _in_range(moment)


def _naive(day: str, clock: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{day}T{clock}")
    except ValueError:
        raise _no_such_moment(day, clock) from None


def _no_such_moment(day: str, clock: str) -> _Wrong:
    try:
        known = date.fromisoformat(day)
    except ValueError:
        hint = f"Write a date that exists, as `YYYY-MM-DD {clock}`."
        return _Wrong("time-no-such-date", f"there is no {day} in the calendar", hint)
    if clock[6:8] == "60" and clock[:5] < "24:00" and clock[3:5] < "60":
        return _Wrong("time-leap-second", "leap seconds cannot be scheduled", f"Write `{day} {clock[:5]}:59`.")
    hint = f"Write a clock between 00:00 and 23:59, such as `{day} 09:00`."
    if clock[:5] == "24:00" and known < date.max:
        hint = f"Write `{known + timedelta(days=1)} 00:00`."
    return _Wrong("time-no-such-clock", f"there is no {clock} on a clock", hint)


def _fixed(offset: str) -> timezone:
    if offset in "Zz":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 23 or minutes > 59:
        raise _Wrong("time-offset", f"there is no offset {offset}", "Write it as `+HH:MM`, such as `+01:00`.")
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if offset[0] == "-" else ahead)


def _zone(name: str) -> ZoneInfo:
    # right/ counts leap seconds and would be half a minute off; posix/ and the like are not IANA's names.
    if not name.startswith(("right/", "posix/")) and name not in ("localtime", "posixrules", "Factory"):
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            pass
    raise _Wrong(*_unknown_zone(name))


def _configured_zone(name: str) -> ZoneInfo:
    try:
        return _zone(name)
    except _Wrong as wrong:
        raise _Wrong(wrong.code, f"the config's timezone: {wrong.message}", wrong.hint) from None


@lru_cache(64)
def _unknown_zone(name: str) -> tuple[str, str, str]:
    known = zoneinfo.available_timezones()
    if not known:
        hint = "Install it (`pip install tzdata`), or write an offset: `2026-12-01 09:00 +01:00`."
        return "time-zone-data", "this machine has no time zone data", hint
    by_lower = {zone.lower(): zone for zone in known} | {zone.rpartition("/")[2].lower(): zone for zone in known}
    close = get_close_matches(name.lower(), by_lower, 1, 0.7) if len(name) > 4 else []
    meant = f"Did you mean `{by_lower[close[0]]}`? " if close else ""
    hint = f"{meant}Write an IANA name such as `Europe/Berlin`, or an offset such as `+01:00`."
    return "time-unknown-zone", f"there is no timezone `{name}`", hint


def _in_zone(naive: datetime, name: str, zone: ZoneInfo) -> datetime:
    """A local time in a zone, if it is exactly one moment: before a change of offset `fold=0` has the old offset and
    `fold=1` the new one (PEP 495), and they differ only in a gap or an overlap."""
    moment = naive.replace(tzinfo=zone)
    before, after = _offset(moment), _offset(moment.replace(fold=1))
    if before < after:
        raise _gap(naive, name, before, after)
    if before > after:
        raise _overlap(naive, name, before, after)
    return moment


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


def _gap(naive: datetime, name: str, before: timedelta, after: timedelta) -> _Wrong:
    later, earlier = _say(naive + (after - before)), _say(naive - (after - before))
    hint = (
        f"Write `{later}`, or add an offset: `{_say(naive)} {_say_offset(before)}` is {later} there, "
        f"`{_say(naive)} {_say_offset(after)}` is {earlier}."
    )
    return _Wrong("time-gap", f"there is no such moment in {name} (clocks go forward)", hint)


def _overlap(naive: datetime, name: str, before: timedelta, after: timedelta) -> _Wrong:
    hint = (
        f"Add an offset: `{_say(naive)} {_say_offset(before)}` for the first, "
        f"`{_say(naive)} {_say_offset(after)}` for the second."
    )
    return _Wrong("time-overlap", f"this moment comes twice in {name} (clocks go back)", hint)


def _say(naive: datetime) -> str:
    return naive.isoformat(" ", "auto" if naive.second or naive.microsecond else "minutes")


def _say_offset(offset: timedelta) -> str:
    """As `+01:00`. The few offsets with seconds (before 1973) are cut to the minute: nobody schedules there."""
    return timezone(offset - offset % timedelta(minutes=1)).tzname(None).removeprefix("UTC") or "+00:00"


def _in_range(moment: datetime) -> datetime:
    if 1970 < moment.year < 9999:
        return moment
    if moment < _EPOCH:
        raise _Wrong("time-range", "the moment is before 1970", f"Write a time such as `{_EXAMPLE}`.")
    if moment > _LAST:
        raise _Wrong("time-range", "the moment is after 9999", f"Write a time such as `{_EXAMPLE}`.")
    return moment


def _wrong_form(text: str) -> _Wrong:
    short = text if len(text) <= 40 else f"{text[:39]}…"
    if _WEEK_DATE.fullmatch(text):
        hint = f"Write the month and day: `{_EXAMPLE}`."
        return _Wrong("time-week-date", f"`{short}` is a week date", hint)
    if _DATE.fullmatch(text) and "-" in text:
        day = text if len(text) == 10 else "2026-12-01"
        return _Wrong("time-bare-date", f"`{short}` has no clock", f"Write the clock, too: `{day} 09:00`.")
    if _NUMBER.fullmatch(text) and not re.fullmatch(r"[0-9]{1,2}\.[0-9]{2}", text):
        return _Wrong("time-number", f"`{short}` is a number, not a time", f"Write a date and a clock: `{_EXAMPLE}`.")
    if _CLOCK.fullmatch(text):
        hint = f"Write the date, too, and the clock as 00:00 to 23:59: `{_EXAMPLE}`."
        return _Wrong("time-bare-clock", f"`{short}` has no date", hint)
    if _RELATIVE.fullmatch(text):
        hint = (
            f"Write the moment itself: `{_EXAMPLE}`. `fedisched new --at` understands words such as `tomorrow 09:00`, "
            "and `fedisched publish --now` publishes at once."
        )
        return _Wrong("time-relative", f"`{short}` means something else every day", hint)
    hint = "Write `YYYY-MM-DD HH:MM`, such as `2026-12-01 09:00`"
    if found := _NEARLY.match(text):
        year, month, day, hour, minute = found.groups()
        hint = f"Write `{year}-{month:0>2}-{day:0>2} {hour:0>2}:{minute}`"
    offset = "with an offset (`+01:00`) or a zone name (`Europe/Berlin`) behind it if wanted"
    return _Wrong("time-form", f"`{short}` is not written as a time", f"{hint}, {offset}.")
