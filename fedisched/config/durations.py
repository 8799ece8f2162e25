"""Durations as people write them: `90s`, `1m`, `12h`, `1h30m`, `2d`."""

from __future__ import annotations

import re

LONGEST = 366 * 86400.0
"""A year, in seconds: what is longer is a slip of the hand."""

_SHAPE = re.compile(r"(?:(\d{1,9})d)?\s*(?:(\d{1,9})h)?\s*(?:(\d{1,9})m)?\s*(?:(\d{1,9})s)?", re.ASCII)


def seconds(text: str) -> float | None:
    """The seconds of a duration, from 1 s to a year; None if the text is no such duration."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    days, hours, minutes, rest = (int(number or 0) for number in found.groups())
    total = float(((days * 24 + hours) * 60 + minutes) * 60 + rest)
    return total if 1 <= total <= LONGEST else None
