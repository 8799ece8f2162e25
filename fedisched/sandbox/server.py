"""The sandbox: one small server that plays Mastodon and a Bluesky data server on one loopback port, in memory.

For trying fedisched out without an account, and for tests. `with Sandbox() as sandbox:` serves from a thread of its
own until the block ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Self

from fedisched.sandbox.bluesky import Bluesky
from fedisched.sandbox.control import Control
from fedisched.sandbox.faults import Faults
from fedisched.sandbox.log import RequestLog, Seen
from fedisched.sandbox.mastodon import Mastodon
from fedisched.sandbox.oauth import OAuth
from fedisched.sandbox.pages import TITLE, Pages
from fedisched.sandbox.rules import Now, Rules, own_clock
from fedisched.sandbox.sessions import Sessions
from fedisched.sandbox.store import Media, Record, RepoState, Status, Store, did_of
from fedisched.sandbox.video import Video

if TYPE_CHECKING:
    from fedisched.sandbox.wire import Route

PASSWORD = "correct horse"  # noqa: S105 (opens accounts that live in memory, on this machine)
"""With which a person signs in on the Mastodon side, unless it is said otherwise."""
_STARTS_WITHIN = 10.0


class Sandbox:
    """One server for both networks. `rules` say what kind of server it plays, `faults` what goes wrong.

    `origin` is the address it names as its own, where something stands between it and its clients.

    It may be stopped and started again: it keeps its port, its accounts and what was published. All methods may be
    called from any thread; what they give is immutable.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        rules: Rules | None = None,
        now: Now = own_clock,
        origin: str = "",
    ) -> None:
        self.rules = rules or Rules()
        self.faults = Faults(now)
        self._host = host
        self._port = port
        self._origin = origin
        self._store = Store(now)
        self._log = RequestLog()
        self._mastodon = Mastodon(self._store, self.rules)
        self._oauth = OAuth(self._store, self.rules)
        sessions = Sessions(self._store, self.rules)
        self._bluesky = Bluesky(self._store, self.rules, sessions)
        self._video = Video(self._store, self.rules, sessions)
        self._pages = Pages(self._store, sessions)
        self._control = Control(self._store, self.rules, self.faults, self._log)
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    # Running

    def start(self) -> Self:
        """Serve from a thread of its own; returns when it listens. Raises OSError if the port is taken. Does nothing if
        it is running."""
        if self._thread is not None:
            return self
        listening = Event()
        failures: list[Exception] = []
        self._thread = Thread(target=lambda: asyncio.run(self._serve(listening, failures)), name="sandbox", daemon=True)
        self._thread.start()
        if not listening.wait(_STARTS_WITHIN):
            raise OSError("the sandbox did not start")
        if failures:
            self.stop()
            raise failures[0]
        return self

    def stop(self) -> None:
        """Close every connection and end; what is under way is dropped. Does nothing if it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        with suppress(RuntimeError):  # its loop has ended already: it could not listen
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = None

    def run(self) -> None:
        """Serve until Ctrl+C, or until another thread calls `stop`."""
        thread = self.start()._thread
        try:
            while thread is not None and thread.is_alive():
                thread.join(1.0)
        except KeyboardInterrupt:
            self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    async def _serve(self, listening: Event, failures: list[Exception]) -> None:
        from fedisched.sandbox.listener import Listener

        listener = Listener(self._store, self._log, self.faults, self._mastodon)
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            self._port = await listener.open(self._routes(), self._host, self._port)
        except Exception as failure:
            failures.append(failure)
        finally:
            self._store.origin = self._origin or self.url
            self._store.touch()
            listening.set()
        if not failures:
            await self._stopping.wait()
        await listener.close()

    def _routes(self) -> tuple[Route, ...]:
        sides = (self._mastodon, self._oauth, self._bluesky, self._video, self._control, self._pages)
        return tuple(route for side in sides for route in side.routes())

    @property
    def url(self) -> str:
        """Where it is reached: the server of both networks. Known once it has been started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    # Accounts

    def add_mastodon(self, username: str, token: str, display_name: str = "", password: str = PASSWORD) -> str:
        """A Mastodon account that this token opens, and this password on its login page; gives its id, which depends
        on the name only."""
        with self._store.changed:
            return self._store.add_person(username, token, display_name or username, password).id

    def add_bluesky(self, handle: str, password: str, display_name: str = "") -> str:
        """A Bluesky account; gives its DID, which depends on the handle only."""
        with self._store.changed:
            return self._store.add_repo(handle, password, display_name or handle.partition(".")[0]).did

    def add_handle(self, handle: str) -> str:
        """Somebody else's handle, to be mentioned; gives the DID it is resolved to."""
        with self._store.changed:
            return self._store.handles.setdefault(handle, did_of(handle))

    def revoke(self, secret: str) -> None:
        """A Mastodon token, or a Bluesky account's password and all its sessions, are valid no longer."""
        with self._store.changed:
            self._store.tokens.pop(secret, None)
            for repo in self._store.repos.values():
                if repo.password == secret:
                    gone = replace(repo, password=None, generation=repo.generation + 1)
                    self._store.repos[repo.did] = gone

    def tokens_of(self, account_id: str) -> dict[str, frozenset[str] | None]:
        """The tokens that open a Mastodon account now, and their scopes; None for those that may do everything."""
        with self._store.changed:
            grants = self._store.grants
            return {
                token: grants[token].scopes if token in grants else None
                for token, of in self._store.tokens.items()
                if of == account_id
            }

    def set_state(self, did: str, state: RepoState) -> None:
        """Deactivate a Bluesky account, take it down, or bring it back."""
        with self._store.changed:
            self._store.repos[did] = replace(self._store.repos[did], state=state)

    def add_status(
        self, account_id: str, text: str, *, application: str = "Web", boost_of: str | None = None
    ) -> Status:
        """A status that was written by hand in another application, or a boost; for look-ups that must pass it over."""
        with self._store.changed:
            now = self._store.now()
            status = Status(self._store.new_id(), account_id, text, now, application=application, boost_of=boost_of)
            self._store.statuses[status.id] = status
        self._store.touch()
        return status

    # Looking

    def statuses(self, account_id: str | None = None) -> tuple[Status, ...]:
        """What is published on the Mastodon side, oldest first."""
        with self._store.changed:
            return tuple(status for status in self._store.statuses.values() if account_id in (None, status.account_id))

    def records(self, did: str | None = None, collection: str | None = "app.bsky.feed.post") -> tuple[Record, ...]:
        """What is published on the Bluesky side, in the order of writing; None for every collection."""
        with self._store.changed:
            return tuple(
                record
                for record in self._store.records.values()
                if did in (None, record.did) and collection in (None, record.collection)
            )

    def uploads(self) -> int:
        """How many files were uploaded, on both sides together; the same blob again counts once."""
        with self._store.changed:
            return len(self._store.media) + len(self._store.blobs)

    def media(self) -> tuple[Media, ...]:
        """Every file that was uploaded on the Mastodon side, oldest first."""
        with self._store.changed:
            return tuple(self._store.media.values())

    def requests(self, method: str | None = None, path: str | None = None) -> tuple[Seen, ...]:
        """Every request that arrived, in the order in which they were complete; of one method, or to one path."""
        seen = self._log.all()
        return tuple(one for one in seen if method in (None, one.method) and path in (None, one.path))

    def timeline_html(self, *, title: str = TITLE, embed_media: bool = True) -> str:
        """The timeline as one page that follows nothing; with its media embedded it needs no server."""
        return self._pages.export(title, embed_media=embed_media)

    def wait_until(self, there: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Wait until something holds, looked at after each request and each change; gives whether it does after
        `timeout` seconds at the latest."""
        ends = monotonic() + timeout
        seen = self._store.version
        while not there():  # looked at without the lock, since the look may itself be a request
            seen = self._store.newer_than(seen, ends - monotonic())
            if monotonic() >= ends:
                return there()
        return True
