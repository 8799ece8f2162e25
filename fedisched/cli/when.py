"""Moments as people say them: local times, days, and how long until then. Moments are microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
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


@lru_cache(maxsize=1024)
def from_now(moment: int, now: int) -> str:
    """`in 3 hours`, `2 days ago`."""
    import pendulum

    there, here = pendulum.from_timestamp(moment // SECOND), pendulum.from_timestamp(now // SECOND)
    span = there.diff_for_humans(here, absolute=True)
    return f"in {span}" if moment >= now else f"{span} ago"
