"""Exit codes: a contract with scripts and CI."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a verb returns. Where several apply, `NEEDS_YOU` wins over `TRY_LATER`."""

    DONE = 0
    NEEDS_YOU = 1
    USAGE = 2
    BUG = 3
    TRY_LATER = 75
    INTERRUPTED = 130
