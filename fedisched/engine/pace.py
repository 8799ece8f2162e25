"""How long things take on this machine and with each account's server, and when to begin so that all is done in time.

Measured by the publisher and kept in the journal's file; the daemon starts the publisher by it, the publisher begins to
prepare by it. A slow one counts at once, and is forgotten as quicker ones follow. All durations and moments are in
microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal

MEGABYTE = 1_000_000
SMALLEST = MEGABYTE // 4
"""What is smaller is measured as this much: a server takes its time for a small picture too."""
LEAD = 10 * SECOND
"""How long before its moment a delivery is prepared, at the latest, however quick it is."""
MARGIN = 5 * SECOND
"""What is left between the last preparation and the moment, if everything takes as long as it did at worst."""
CLAIM_LEAD = 10 * SECOND
"""How much earlier all of it is begun where a claim has to be won first: a fetch and a push to a far remote."""
LONGEST_LEAD = 600 * SECOND
"""What would take longer than this is late: uploads are not to lie around on a server for hours."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What to reckon with for one account, until it is known better: from the publisher's start to the account being
    ready (4 s where nothing is compiled yet), for preparing a post, and for each megabyte of its media (2 Mbit/s)."""

    opening: int = 8 * SECOND
    post: int = SECOND
    megabyte: int = 4 * SECOND

    def preparing(self, media: int) -> int:
        """How long a post with so many bytes of media takes to prepare."""
        return self.post + (self.megabyte * max(media, SMALLEST) // MEGABYTE if media else 0)

    def with_opening(self, took: int) -> Pace:
        return replace(self, opening=_slowest(self.opening, took))

    def with_preparing(self, media: int, took: int) -> Pace:
        """A post with so many bytes of media was prepared."""
        if not media:
            return replace(self, post=_slowest(self.post, took))
        for_media = max(took - self.post, 0)
        return replace(self, megabyte=_slowest(self.megabyte, for_media * MEGABYTE // max(media, SMALLEST)))


class Work(NamedTuple):
    """One delivery's due moment, how long preparing it takes, and before when nothing of it may begin: it, or its
    account, failed and is given time."""

    due: int
    takes: int
    not_before: int = 0


def begin_by(work: Sequence[Work], early: int = 0) -> list[int]:
    """For deliveries of one account in order of their moments: when to begin each, one after the other, so that it and
    all that follow are prepared in time; and `early` before that, where something else has to be waited for as well."""
    begins: list[int] = []
    next_begin: int | None = None
    for due, takes, not_before in reversed(work):
        next_begin = max((due if next_begin is None else min(due, next_begin)) - takes, not_before)
        begins.append(max(min(next_begin - MARGIN, due - LEAD) - early, due - LONGEST_LEAD, not_before))
    return begins[::-1]


def start_by(work: Mapping[str, Sequence[Work]], paces: Mapping[str, Pace], early: int = 0) -> int | None:
    """When to start the publisher for the work of some accounts, by name, so that each account is ready when its first
    preparation is to begin, `early` as in `begin_by`; None for no work."""
    begins = [min(begin_by(found, early)) - paces[name].opening for name, found in work.items() if found]
    return min(begins, default=None)


class Paces:
    """Each account's pace, by its name in the configuration. Of two threads each may ask and tell."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, Pace] = {}

    def of(self, name: str) -> Pace:
        if name not in self._known:
            self._known[name] = self._kept(name)
        return self._known[name]

    def opened(self, name: str, took: int) -> None:
        self._known[name] = self.of(name).with_opening(_sane(took))

    def prepared(self, name: str, media: int, took: int) -> None:
        self._known[name] = self.of(name).with_preparing(media, _sane(took))

    def keep(self, name: str) -> None:
        """Write an account's pace down, for the daemon and for later runs."""
        with self._journal.transaction() as connection:
            values = (_row(name), json.dumps(asdict(self.of(name))))
            connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", values)

    def _kept(self, name: str) -> Pace:
        rows = self._journal.rows("SELECT value FROM meta WHERE name = ?", _row(name))
        try:
            return Pace(**{key: _sane(int(value)) for key, value in json.loads(str(rows[0][0])).items()})
        except (IndexError, ValueError, TypeError, AttributeError):
            return Pace()


def _row(name: str) -> str:
    return f"pace {name}"


def _sane(took: int) -> int:
    """A clock that was set meanwhile, or another version's row, makes no duration negative or endless."""
    return min(max(took, 0), LONGEST_LEAD)


def _slowest(kept: int, took: int) -> int:
    """The slowest of late: each quicker one takes an eighth off what is remembered."""
    return max(took, kept - kept // 8)
