"""Nobody waits for anybody: one account's server that hangs, thousands of posts for later, a long stay."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event, Thread

from fedisched.clock import SECOND
from fedisched.engine.index import Changes
from fedisched.model.post import Entry, Status
from fedisched.publisher.posts import Posts
from fedisched.publisher.publisher import Publisher
from fedisched.sandbox import Fault, What
from tests.stage import Stage

STATUSES = "/api/v1/statuses"
PATIENT = 30.0


class Silent:
    """A server that accepts every connection and never says a word."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.was_asked = Event()
        self._connections: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listening.accept()[0]
            except OSError:
                return
            self._connections.append(connection)
            if connection.recv(1):
                self.was_asked.set()

    def end(self) -> None:
        with suppress(OSError):  # it has ended already
            # Closing alone does not wake the thread that accepts.
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._connections:
            connection.close()


@contextmanager
def silent() -> Iterator[Silent]:
    server = Silent()
    try:
        yield server
    finally:
        server.end()


@contextmanager
def staying(stage: Stage, seconds: int) -> Iterator[Callable[[], bool]]:
    """A publisher that stays for what falls due within so many seconds from any now on, as the daemon's does; gives
    whether it is at work."""
    desk = stage.desk()
    publisher = Publisher(desk, stage.reports.append, stage.notices.append)
    run = Thread(target=publisher.run, args=(lambda now: now + seconds * SECOND,))
    run.start()
    try:
        yield run.is_alive
    finally:
        desk.stop()
        run.join(PATIENT)
        desk.journal.close()
        assert not run.is_alive()


def test_a_server_that_accepts_and_never_answers_delays_no_other_account(stage: Stage) -> None:
    with silent() as server:
        accounts = stage.settings.accounts
        hanging = replace(accounts["mastodon"], server=server.url)
        stage.settings = replace(stage.settings, accounts={**accounts, "mastodon": hanging})
        stage.post("a.md", stage.soon(2), body="First")
        stage.post("b.md", stage.soon(4), body="Second")
        with staying(stage, 20) as is_at_work:
            assert stage.sandbox.wait_until(lambda: stage.texts()[1] == ["First", "Second"], PATIENT)
            assert server.was_asked.is_set() and is_at_work()
            server.end()


def test_what_comes_into_view_while_another_server_hangs_is_published(stage: Stage) -> None:
    hanging = stage.sandbox.faults.add(Fault(What.HANG, STATUSES, times=None))
    stage.post("a.md", stage.soon(1), body="First")
    stage.post("b.md", stage.soon(7), body="Second", targets="bluesky")
    with staying(stage, 3) as is_at_work:
        assert stage.sandbox.wait_until(lambda: stage.texts()[1] == ["First", "Second"], PATIENT)
        assert is_at_work() and not stage.texts()[0]
        stage.sandbox.stop()
        hanging.release()


def test_what_falls_due_later_is_not_planned(stage: Stage) -> None:
    for number in range(30):
        stage.post(f"later{number:02}.md", stage.soon(3600 + number))
    stage.post("a.md", stage.soon(2))
    posts = published(stage, 5)
    assert posts.planned == {"posts/a.md"}
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_writing_back_reads_the_file_again_and_not_the_folder(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-1))
    posts = published(stage, 0)
    assert posts.looks.count("folder") == 1 and "posts/a.md" in posts.looks
    after = posts.entry("posts/a.md")
    assert after is not None and after.status is Status.PUBLISHED and len(after.claims) == 2


class Noted(Posts):
    """The posts of a folder, and what was asked of them."""

    def __init__(self, posts: Posts) -> None:
        vars(self).update(vars(posts))
        self.looks: list[str] = []
        self.planned: set[str] = set()

    def refresh(self) -> Changes:
        self.looks.append("folder")
        return super().refresh()

    def look_at(self, path: str) -> None:
        self.looks.append(path)
        super().look_at(path)

    def entries(self, until: int | None = None) -> Mapping[str, Entry]:
        found = super().entries(until)
        self.planned |= found.keys()
        return found


def published(stage: Stage, seconds: int) -> Noted:
    """A run of the publisher on what falls due within so many seconds."""
    desk = stage.desk()
    desk.posts = posts = Noted(desk.posts)
    until = stage.clock.now() + seconds * SECOND
    Publisher(desk, stage.reports.append, stage.notices.append).run(lambda _: until)
    return posts
