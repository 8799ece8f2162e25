"""The port through which everything is published: one small Protocol, one module a network behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fedisched.model.outcome import Finding, NotSent, Outcome, Refused, SentPart
from fedisched.model.rendered import Attachment, Card, Limits, Rendered

ReadMedia = Callable[[Attachment], bytes]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an account is. `account_id` is the DID, or server + account id: it never changes, whatever the config
    calls the account. `clock_offset` is the server's clock less ours in seconds, None where it gave no Date."""

    account_id: str
    handle: str
    limits: Limits
    clock_offset: float | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many more posts the server takes: `remaining` of `limit` until `resets_at` (microseconds since 1970 UTC)."""

    remaining: int
    limit: int
    resets_at: int


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded attachment, as the network names it: `part` and `position` count from 1. `handle` is the
    adapter's own text (a media id, a blob's JSON) and goes into the journal, so that no attachment is uploaded
    twice."""

    part: int
    position: int
    handle: str


@dataclass(frozen=True, slots=True)
class Task:
    """One delivery, as a network sees it. `since` is the first moment at which it may have been sent (microseconds
    since 1970 UTC), `done` are the parts that are known to be there, `claimed` every id and uri that is known to be
    another delivery's. `others` are the parts of the posts that it answers or quotes, by the paths of their files."""

    key: str
    rendered: Rendered
    since: int
    done: tuple[SentPart, ...] = ()
    uploads: tuple[Upload, ...] = ()
    claimed: frozenset[str] = frozenset()
    others: Mapping[str, tuple[SentPart, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A delivery with everything slow done: `requests` are the adapter's own, ready to leave. What was asked for on
    the way, such as the id of a post that it answers, stands in the task's rendering by now."""

    task: Task
    uploads: tuple[Upload, ...]
    requests: Sequence[Mapping[str, Any]]
    notes: Mapping[str, Any] = field(default_factory=dict)


class Sessions(Protocol):
    """Where one account's session is kept between runs, encrypted at rest."""

    def load(self) -> str | None:
        """The session as it was last saved; None if there is none, or it cannot be read."""
        ...

    def save(self, session: str) -> None:
        """Keep the session. Never fails: a session that cannot be kept costs a login at the next start."""
        ...


class Network(Protocol):
    """One account on one server. No other library's exception leaves it; every call has a time-out.

    An instance is used by one thread at a time. Creating it does no I/O and imports nothing heavy.
    """

    settle: float
    """How long after a connection ended (seconds) a look-up's "not there" may still be too early."""
    is_exact: bool
    """A look-up tells by the key, so that every unclear outcome is cleared in the end."""

    @property
    def settle_unrecorded(self) -> float:
        """The same, where an earlier run of which nothing is recorded may have died while it was sending: 0 where a
        second request under the same key makes no second post."""
        ...

    @property
    def allowance(self) -> Allowance | None:
        """What the answer to the last publishing request said; None where it said nothing."""
        ...

    @property
    def clock(self) -> tuple[int, float] | None:
        """When the server last told its time (microseconds since 1970 UTC, by our clock), and how far its clock is from
        ours (seconds, positive where it is ahead)."""
        ...

    def identify(self) -> Identity | NotSent | Refused:
        """Verify the credential and say who we are. Opens or refreshes the session."""
        ...

    def foresee(self, posts: Iterable[Rendered], read_media: ReadMedia) -> None:
        """Begin with what posts that are prepared soon will have to wait for, as far as anybody may ask for it, and do
        not wait for it. Nothing is uploaded or sent. Never fails; where nothing can be begun, no post is looked at."""
        ...

    def prepare(self, task: Task, read_media: ReadMedia) -> Prepared | NotSent | Refused:
        """Do everything slow: session, handles, uploads (those in `task.uploads` are used again)."""
        ...

    def warm(self) -> None:
        """Make sure that a connection is open, shortly before `publish`. Never fails."""
        ...

    def publish(self, prepared: Prepared, done: Sequence[SentPart]) -> Outcome:
        """Send one request: what comes next after the parts in `done`. Bluesky sends all parts at once, Mastodon
        the first that is missing; so this is called until every part is in `done`. `Published` has the new parts
        only."""
        ...

    def find(self, tasks: Sequence[Task]) -> Sequence[Finding]:
        """Look the deliveries up on the network, as many as possible with one request; one finding a task."""
        ...

    def close(self) -> None:
        """Close connections. Never fails."""
        ...


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A link card as it would be made now: no title, no card. `remark` says what is missing that was wanted."""

    title: str
    description: str
    has_picture: bool
    remark: str = ""


class Enquiry(Protocol):
    """What a server tells anybody, without a credential. No other library's exception leaves it; every call has a
    time-out."""

    def limits(self) -> Limits | NotSent:
        """What the server allows now; NotSent if it was not reached, or does not tell."""
        ...

    def is_there(self, handle: str) -> bool | NotSent:
        """Whether a handle leads to an account."""
        ...

    def card(self, card: Card) -> ShownCard:
        """What the card would show, asked of its page."""
        ...

    def close(self) -> None:
        """Close connections. Never fails."""
        ...
