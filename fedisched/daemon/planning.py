"""What the daemon has to wait for, and what of that is news: the plan of what changed, or of everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fedisched.clock import Clock
from fedisched.daemon.events import Event
from fedisched.daemon.lead import Lead
from fedisched.daemon.lookout import Lookout
from fedisched.engine.accounts import Accounts
from fedisched.engine.index import Changes
from fedisched.engine.journal import Journal
from fedisched.engine.plan import Step, plan
from fedisched.engine.reconcile import DECIDED, carry_out, foreseen, reconcile
from fedisched.model.delivery import Delivery
from fedisched.model.post import Entry
from fedisched.model.settings import Settings
from fedisched.publisher.copies import placed
from fedisched.publisher.posts import Posts


@dataclass(slots=True)
class Planning:
    """Plans for one configuration, and has the lookout remember them; `paused` are the accounts that last were."""

    settings: Settings
    journal: Journal
    accounts: Accounts
    posts: Posts
    lookout: Lookout
    lead: Lead
    clock: Clock
    paused: list[str] = field(default_factory=list)

    def these(self, changes: Changes) -> Iterator[Event | None]:
        now = self.clock.now()
        for path in changes.gone:
            yield self.lookout.lose(path, None)
        # Of a post that others answer or quote, they have to be looked at too.
        touched = {*changes.changed, *changes.gone}
        for path in [*changes.changed, *(path for path in self.posts.needing(touched) if path not in touched)]:
            entry = self.posts.entry(path)
            if entry is None:
                continue
            steps = self._plan({entry.path: entry}, self.journal.deliveries(path=entry.path), now)
            yield self.lookout.see(entry, steps, now)

    def what_moved(self) -> list[Event | None]:
        """Plan what is not as it was, while a publisher writes again and again; when it ends, everything is planned."""
        digests = self.posts.digests()
        lost = list(self.lookout.missing_from(digests))
        events = [self.lookout.lose(path, self.posts.entry(path)) for path in lost]
        moved = {delivery.path for delivery in self.journal.relevant_deliveries(self.clock.now())}
        changed = sorted(self.lookout.unlike(digests) | moved)
        return [*events, *self.these(Changes(tuple(changed), ()))]

    def everything(self) -> tuple[list[Step], list[Event]]:
        """Plan from nothing: at the start, and whenever another process has changed the journal."""
        self.journal.others_wrote()
        now = self.clock.now()
        entries = self.posts.entries()
        steps = self._plan(entries, self.journal.relevant_deliveries(), now)
        by_path: dict[str, list[Step]] = {}
        for step in steps:
            by_path.setdefault(step.entry.path, []).append(step)
        gone = self.lookout.missing_from(entries.keys() | by_path.keys())
        events = [self.lookout.lose(path, self.posts.entry(path)) for path in gone]
        events += [self.lookout.see(found[0].entry, found, now) for found in by_path.values()]
        return steps, [event for event in events if event is not None]

    def _plan(self, entries: Mapping[str, Entry], deliveries: Iterable[Delivery], now: int) -> list[Step]:
        self.lead.forget()
        accounts = self.accounts.all()
        self.paused = [name for name in self.settings.accounts if name in accounts and accounts[name].paused]
        known = list(deliveries)
        moves = reconcile(entries, known, accounts, self.settings)
        # What a person decided about is written down at once: an old editor buffer may be saved over it any time.
        carry_out([move for move in moves if move.delivery.state in DECIDED], self.journal, now)
        known = foreseen(known, moves)
        others = self.posts.others_of(entries.values())
        steps = plan(entries.values(), known, accounts, self.settings, now, others=others)
        return placed(steps, self.settings.folder)
