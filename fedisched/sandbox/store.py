"""What the sandbox holds, in memory: accounts, statuses, media, records and blobs of both networks.

What is handed out is immutable; a change puts a new value in the old one's place.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Condition
from typing import Any, Literal

from fedisched.sandbox.rules import Now

RepoState = Literal["active", "deactivated", "takendown"]


@dataclass(frozen=True, slots=True)
class Person:
    """An account on the Mastodon side."""

    id: str
    username: str
    display_name: str
    created_at: int
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Application:
    """What asks for access to accounts on the Mastodon side."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    website: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an application's token is good for."""

    client_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Media:
    """An upload on the Mastodon side. `looks` is how often it will still say that it is being processed."""

    id: str
    account_id: str
    mime: str
    data: bytes
    description: str = ""
    focus: tuple[float, float] | None = None
    looks: int = 0
    status_id: str | None = None

    @property
    def kind(self) -> str:
        """`image`, `video` or `audio`."""
        return self.mime.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Status:
    """A published status. `created_at` is in microseconds since 1970 UTC, `key` the Idempotency-Key it came with."""

    id: str
    account_id: str
    text: str
    created_at: int
    spoiler_text: str = ""
    visibility: str = "public"
    language: str = "en"
    sensitive: bool = False
    in_reply_to_id: str | None = None
    media: tuple[Media, ...] = ()
    poll: Mapping[str, Any] | None = None
    application: str = ""
    key: str = ""
    boost_of: str | None = None
    quoted_id: str | None = None
    quote_policy: str = ""


@dataclass(frozen=True, slots=True)
class Repo:
    """An account on the Bluesky side. Without a password nobody can log in; tokens of an older
    `generation` are revoked."""

    did: str
    handle: str
    password: str | None
    display_name: str
    state: RepoState = "active"
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """An upload on the Bluesky side."""

    did: str
    cid: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A published record; `body` is its JSON, `at` when it was written (microseconds since 1970 UTC)."""

    did: str
    collection: str
    rkey: str
    cid: str
    body: str
    at: int

    @property
    def uri(self) -> str:
        return f"at://{self.did}/{self.collection}/{self.rkey}"

    @property
    def value(self) -> dict[str, Any]:
        """The record, each time anew."""
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass(slots=True)
class Store:
    """Everything. `origin` is where the sandbox is reached, without a slash at the end. `changed` guards it and is
    notified after each change; `version` counts changes and requests, `tokens` lead to accounts and may do everything
    unless `grants` has them, `unlisted` has the ids and uris that look-ups do
    not show yet.
    """

    now: Now
    origin: str = ""
    changed: Condition = field(default_factory=Condition)
    version: int = 0
    people: dict[str, Person] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    repos: dict[str, Repo] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    blobs: dict[tuple[str, str], Blob] = field(default_factory=dict)
    records: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    last_id: int = 0

    def new_id(self) -> str:
        """An id as Mastodon makes them: the milliseconds and 16 bits, always greater than the one before."""
        self.last_id = max(self.last_id + 1, self.now() // 1000 << 16)
        return str(self.last_id)

    def touch(self) -> None:
        """Note a change and wake those who wait for one."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def newer_than(self, version: int, seconds: float) -> int:
        """Wait for a change after `version`; gives the version then, which is the same if none came in time."""
        with self.changed:
            self.changed.wait_for(lambda: self.version != version, seconds)
            return self.version

    def add_person(self, username: str, token: str, display_name: str, password: str = "") -> Person:
        """An account whose id depends on its name only, so that a second sandbox gives it the same one."""
        digest = hashlib.sha256(username.encode()).digest()
        person = Person(str(10**17 + int.from_bytes(digest[:6], "big")), username, display_name, self.now(), password)
        self.people[person.id] = person
        self.tokens[token] = person.id
        return person

    def add_repo(self, handle: str, password: str, display_name: str) -> Repo:
        """An account whose DID depends on its handle only."""
        did = did_of(handle)
        self.repos[did] = repo = Repo(did, handle, password, display_name)
        self.handles[handle] = did
        return repo

    def statuses_of(self, account_id: str) -> list[Status]:
        """An account's statuses, newest first."""
        own = (status for status in self.statuses.values() if status.account_id == account_id)
        return sorted(own, key=lambda status: int(status.id), reverse=True)

    def records_of(self, did: str, collection: str) -> list[Record]:
        """A collection's records by falling record key, which for TIDs is newest first."""
        own = (record for record in self.records.values() if (record.did, record.collection) == (did, collection))
        return sorted(own, key=lambda record: record.rkey, reverse=True)


def did_of(handle: str) -> str:
    """The DID that the sandbox gives to a handle."""
    digest = hashlib.sha256(handle.encode()).digest()
    return "did:plc:" + base64.b32encode(digest[:15]).decode().lower()
