"""How the daemon is, in a file of its state folder: written while its loop turns, read by `fedisched health`."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fedisched.clock import SECOND

_NAME = "health.json"
EVERY = 30 * SECOND
"""How often it is written while nothing changes; twice as long without is a loop that hangs."""
STALE = 150 * SECOND
"""A sign of life that is older than this is none: the longest that the loop does at once, reading a configuration, is
given a minute."""
OVERDUE = 60 * SECOND
"""What was due so long ago has had the loop turn, in one that does not hang."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a daemon is. `beat` is when its loop last turned, `next_due` when something is to be looked at next
    (microseconds since 1970 UTC). `paused` are accounts that their servers do not let in; `troubles` what keeps the
    daemon from working. `stopped`: it ended in order."""

    pid: int
    started: int
    beat: int
    next_due: int | None = None
    publishing: bool = False
    paused: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    stopped: bool = False

    def is_stale(self, now: int) -> bool:
        """Whether it says nothing of now, on a clock that may have been set: it is old, or the loop should have turned
        for what was due meanwhile."""
        missed = self.next_due is not None and self.beat < self.next_due < now - OVERDUE and not self.publishing
        return now - self.beat > STALE or missed


def read_health(state: Path) -> Health | None:
    """How the daemon was when it last wrote; None if it never did, or nobody can tell."""
    try:
        plain = json.loads((state / _NAME).read_bytes())
        known = {field.name: plain[field.name] for field in fields(Health) if field.name in plain}
        found = Health(**{**known, "paused": tuple(known["paused"]), "troubles": tuple(known["troubles"])})
        return found if type(found.beat) is int and type(found.pid) is int else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write_health(state: Path, health: Health) -> None:
    """Never fails: where nothing can be written there is no sign of life. Not synced: it speaks of now."""
    path, partial = state / _NAME, state / f"{_NAME}.new"
    text = json.dumps(asdict(health))
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        partial.replace(path)
    except OSError:
        # A full disk is what it has to tell of, and has room for it where the file is already. Whoever reads half of
        # it reads nothing.
        with suppress(OSError):
            partial.unlink()
        with suppress(OSError), os.fdopen(os.open(path, os.O_WRONLY | os.O_NOFOLLOW), "w", encoding="ascii") as file:
            file.write(text)
            file.truncate()
