"""Moments as people say them: local times, days, and how long until then. Moments are microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fedisched.clock import SECOND

DAY = 24 * 3600 * SECOND


def local(moment: int, timezone: str) -> datetime:
    """The moment in a time zone; in the machine's own for an empty name."""
    found = datetime.fromtimestamp(moment / SECOND, ZoneInfo(timezone) if timezone else None)
    return found if timezone else found.astimezone()


def day(moment: int, now: int, timezone: str) -> str:
    """`Today`, `Tomorrow`, `Tue 24 Nov`, with the year where it is another."""
    there, here = local(moment, timezone), local(now, timezone)
    days = (there.date() - here.date()).days
    name = there.strftime("%a %-d %b" if there.year == here.year else "%a %-d %b %Y")
    return {-1: f"Yesterday, {name}", 0: f"Today, {name}", 1: f"Tomorrow, {name}"}.get(days, name)


def clock_time(moment: int, timezone: str) -> str:
    """`09:00`, with seconds where there are any."""
    there = local(moment, timezone)
    return there.strftime("%H:%M:%S" if there.second else "%H:%M")


_UNITS = (("year", 365 * DAY), ("month", 30 * DAY), ("week", 7 * DAY), ("day", DAY), ("hour", DAY // 24),
          ("minute", 60 * SECOND), ("second", SECOND))  # fmt: skip


def from_now(moment: int, now: int) -> str:
    """`in 3 hours`, `2 days ago`: the largest unit that there is more than one of, or one.

    Not pendulum's words: `queue` and the idle daemon say this, and are to start in less time and live in less memory
    than pendulum takes.
    """
    apart = abs(moment - now)
    unit, length = next(((unit, length) for unit, length in _UNITS if apart >= length), _UNITS[-1])
    number = max(1, round(apart / length))
    span = f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"in {span}" if moment >= now else f"{span} ago"
