"""A stage for whole evenings of posts: a content folder on disk, a sandbox server, and a publisher between them."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fedisched.clock import SECOND, Clock, SystemClock
from fedisched.content import glance
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.engine.plan import Step
from fedisched.engine.rules import Rules
from fedisched.model.outcome import Refused
from fedisched.model.post import Entry
from fedisched.model.settings import Account, Retry, Settings
from fedisched.publisher.desk import Desk, Opened
from fedisched.publisher.foresight import standing
from fedisched.publisher.opening import open_from_environment
from fedisched.publisher.posts import Posts
from fedisched.publisher.publisher import Publisher
from fedisched.publisher.report import Report
from fedisched.publisher.summary import Summary
from fedisched.sandbox import Sandbox
from fedisched.vault import Vault

TOKEN = "sandbox-token"
PASSWORD = "abcd-efgh-ijkl-mnop"
HANDLE = "me.test"


class Stage:
    """One content folder with an account on each network of a sandbox server."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.state = folder / ".fedisched"
        self.sandbox = sandbox
        self.clock: Clock = SystemClock()
        self.mastodon_id = sandbox.add_mastodon("me", TOKEN)
        self.did = sandbox.add_bluesky(HANDLE, PASSWORD)
        self.environ = {"FEDISCHED_MASTODON_TOKEN": TOKEN, "FEDISCHED_BLUESKY_PASSWORD": PASSWORD}
        self.settle: float | None = 0.0
        self.reports: list[Report] = []
        self.notices: list[str] = []
        self.settings = Settings(
            folder=folder,
            source=folder / "fedisched.toml",
            timezone="Europe/Berlin",
            default_targets=("mastodon", "bluesky"),
            accounts={
                "mastodon": Account("mastodon", "mastodon", sandbox.url),
                "bluesky": Account("bluesky", "bluesky", sandbox.url, handle=HANDLE, web=sandbox.url),
            },
            retry=Retry(first=0.2, longest=1.0, give_up_after=60.0),
        )
        (folder / "posts").mkdir(exist_ok=True)
        self.state.mkdir(mode=0o700, exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        """A post file; the text is dedented."""
        path = self.folder / "posts" / name
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def post(self, name: str, due: int, body: str = "Hello!", **keys: str) -> Path:
        """A scheduled post due at this moment (microseconds since 1970 UTC; a whole second)."""
        front = "".join(f"{key}: {value}\n" for key, value in keys.items())
        return self.write(name, f"---\ntime: {as_text(due)}\n{front}---\n{body}\n")

    def entry(self, name: str) -> Entry:
        path = f"posts/{name}"
        return glance.glance((self.folder / path).read_bytes(), path, self.settings)

    def soon(self, seconds: int = 1) -> int:
        """The whole second that is at least so many seconds ahead."""
        return (self.clock.now() // SECOND + seconds + 1) * SECOND

    @property
    def vault(self) -> Vault:
        return Vault.open(self.state, self.folder, self.environ, self.settings.vault)

    def open_account(self, account: Account) -> Opened | Refused:
        opened = open_from_environment(self.state, self.environ, self.clock, self.vault)(account)
        if isinstance(opened, Opened) and self.settle is not None:
            opened.network.settle = min(opened.network.settle, self.settle)
        return opened

    def desk(self) -> Desk:
        journal = Journal(self.state / "journal.sqlite3")
        return Desk(
            settings=self.settings,
            state=self.state,
            journal=journal,
            accounts=Accounts(journal),
            posts=Posts(self.settings, journal, self.clock),
            rules=Rules(self.settings.retry, random.Random(1)),
            clock=self.clock,
            open=self.open_account,
        )

    def publish(self, wait: float = 0.0, asked: Iterable[str] = (), **more: Any) -> Summary:
        """One run of the publisher, in this process: what is due, and what falls due within `wait` seconds."""
        desk = self.desk()
        until = self.clock.now() + int(wait * SECOND)
        try:
            return Publisher(desk, self.reports.append, self.notices.append).run(lambda now: until, asked, **more)
        finally:
            desk.journal.close()

    def standing(self) -> list[Step]:
        """Where everything stands now."""
        desk = self.desk()
        try:
            desk.posts.refresh()
            return standing(desk, [], at_once=False)
        finally:
            desk.journal.close()

    def texts(self) -> tuple[list[str], list[str]]:
        """What is published: the texts on the Mastodon side, and those on the Bluesky side."""
        statuses = [status.text for status in self.sandbox.statuses(self.mastodon_id)]
        return statuses, [str(record.value["text"]) for record in self.sandbox.records(self.did)]


def as_text(moment: int) -> str:
    """A moment as RFC 3339 text in UTC."""
    return datetime.fromtimestamp(moment // SECOND, UTC).isoformat()
