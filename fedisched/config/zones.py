"""Whether this machine knows the time zones: the system's own data, or the package tzdata, may be missing."""

from __future__ import annotations

import sys

NO_ZONE_DATA = "this machine has no time zone data"


def has_zone(name: str) -> bool:
    """Whether there is such a time zone here."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def how_to_get_zones() -> str:
    """The commands that bring the data."""
    return f"Install it: `{sys.executable} -m pip install tzdata`, or your system's package (`apt install tzdata`)."
