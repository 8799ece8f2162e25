"""The desk: what the workers of one run share, and how they wake each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from fedisched.clock import Clock
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.engine.pace import Paces
from fedisched.engine.plan import Act
from fedisched.engine.rules import Rules
from fedisched.model.claims import Claims
from fedisched.model.delivery import Delivery
from fedisched.model.network import Network
from fedisched.model.outcome import Refused
from fedisched.model.post import Entry
from fedisched.model.settings import Account, Settings
from fedisched.publisher.claimant import Claimant
from fedisched.publisher.posts import Posts
from fedisched.publisher.report import AccountNews


@dataclass(frozen=True, slots=True)
class Opened:
    """An account that can be spoken to. `fingerprint` tells one credential from another without revealing it;
    `verified` is called once the server said yes to the credential. `how_to_renew` says how a new one gets here, after
    the network's own words on how to make one; empty where logging in does both."""

    network: Network
    fingerprint: str
    verified: Callable[[], None]
    how_to_renew: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One armed delivery and what is to be done about it at `at` (microseconds since 1970 UTC)."""

    delivery: Delivery
    entry: Entry
    act: Act
    at: int
    begin: int = 0
    """When its preparation is to begin, so that it and what follows are ready in time."""
    not_before: int = 0
    """Nothing of it begins before this moment."""
    takes: int = 0
    """About how long its preparation takes, in microseconds."""


Open = Callable[[Account], Opened | Refused]
"""Opens an account without any input or output towards its server; `Refused` if there is no usable credential."""


@dataclass(slots=True)
class Desk:
    """One run's shared things. Everything mutable is guarded by `condition`."""

    settings: Settings
    state: Path
    journal: Journal
    accounts: Accounts
    posts: Posts
    rules: Rules
    clock: Clock
    open: Open
    settle_down: Callable[[], None] = lambda: None
    """Called when an account has become ready, and nothing leaves just then."""
    claims: Claims | None = None
    """Asked before anything is sent; None where there is nobody to ask."""
    tell_uploads: Callable[[str], None] | None = None
    """Told of uploads that take long; nobody is, if nobody waits for them."""
    started: int | None = None
    """When the process was started, if whoever did so said it (microseconds since 1970 UTC)."""
    condition: Condition = field(default_factory=Condition)
    agenda: Mapping[str, tuple[Job, ...]] = field(default_factory=dict)
    settled: list[int] = field(default_factory=list)
    news: list[AccountNews] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    stopping: bool = False
    stale: bool = True
    folder_changed: bool = True
    changed_files: set[str] = field(default_factory=set)
    files_are_new: bool = True
    paces: Paces = field(init=False)
    claimant: Claimant = field(init=False)

    def __post_init__(self) -> None:
        self.paces = Paces(self.journal)
        self.claimant = Claimant(self)

    def look_again(self) -> None:
        """Something in the folder may have changed."""
        with self.condition:
            self.folder_changed = self.stale = True
            self.condition.notify_all()

    def look_at(self, path: str) -> None:
        """This file is another by now."""
        with self.condition:
            self.changed_files.add(path)
            self.stale = True
            self.condition.notify_all()

    def folder_was_read(self) -> None:
        """Something in the folder changed, and whoever says so has read it into the index already."""
        with self.condition:
            self.files_are_new = self.stale = True
            self.condition.notify_all()

    def plan_again(self) -> None:
        """Something is no longer as the plan has it."""
        with self.condition:
            self.stale = True
            self.condition.notify_all()

    def settle(self, delivery_id: int) -> None:
        """Something came of this delivery: it is to be reported, written back, and the plan to be made again."""
        with self.condition:
            self.settled.append(delivery_id)
            self.stale = True
            self.condition.notify_all()

    def tell_of(self, news: AccountNews) -> None:
        """An account cannot be used, or can be: that is to be told, and the plan to be made again."""
        with self.condition:
            self.news.append(news)
            self.stale = True
            self.condition.notify_all()

    def break_off(self, error: Exception) -> None:
        """A worker met something broken that stops the whole run before anything more is sent."""
        with self.condition:
            self.broken.append(error)
            self.stopping = True
            self.condition.notify_all()

    def stop(self) -> None:
        """Begin nothing new; what is being sent is finished."""
        with self.condition:
            self.stopping = True
            self.condition.notify_all()
