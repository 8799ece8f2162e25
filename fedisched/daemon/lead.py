"""How long before something is due the publisher is started: as long as it takes on this machine to start, and to
prepare what falls due then. Measured by the publishers before."""

from __future__ import annotations

from fedisched.daemon.lookout import Lookout
from fedisched.engine.journal import Journal
from fedisched.engine.pace import CLAIM_LEAD, LONGEST_LEAD, Paces, Work, start_by
from fedisched.model.settings import Settings
from fedisched.publisher.posts import Posts

MOST = 500
"""Posts that are reckoned with; where so many fall due within minutes, the first of them are begun early anyway."""


class Lead:
    """When the publisher is to be started for what falls due next; reckoned once, until something changes."""

    def __init__(self, settings: Settings, journal: Journal, posts: Posts, lookout: Lookout) -> None:
        self._settings, self._journal, self._posts, self._lookout = settings, journal, posts, lookout
        self._start: tuple[int, int] | None = None
        """For the next due moment, when to start."""

    def forget(self) -> None:
        """Something changed: a post, or what is known of how long things take."""
        self._start = None

    def start_at(self, now: int) -> int | None:
        """When to start the publisher (microseconds since 1970 UTC); while it certainly is not yet time for that, when
        to ask again. None if nothing is to be done."""
        next_due = self._lookout.next()
        if next_due is None or now < next_due - LONGEST_LEAD:
            return None if next_due is None else next_due - LONGEST_LEAD
        if self._start is None or self._start[0] != next_due:
            self._start = next_due, self._reckon(next_due)
        return self._start[1]

    def _reckon(self, next_due: int) -> int:
        paces = Paces(self._journal)
        work: dict[str, list[Work]] = {}
        for moment, path in self._lookout.until(next_due + LONGEST_LEAD)[:MOST]:
            entry = self._posts.entry(path)
            if entry is None:
                continue
            for name in self._settings.accounts_named(entry.targets):
                takes = paces.of(name).preparing(self._posts.media_bytes(entry))
                work.setdefault(name, []).append(Work(moment, takes, self._lookout.not_before(path)))
        early = CLAIM_LEAD if self._settings.git.claim else 0
        start = start_by(work, {name: paces.of(name) for name in work}, early)
        return next_due if start is None else max(min(start, next_due), next_due - LONGEST_LEAD)
