"""What stands between a publisher and a server: it passes everything on, and knows when a post passes.

A passage that is waited for is held back until whoever waits lets it go on. So a process can be killed at the very
moment at which its request, or the server's answer, is on its way.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from enum import StrEnum
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Self

_POSTS = {
    b"POST /api/v1/statuses ": "mastodon",
    b"POST /xrpc/com.atproto.repo.putRecord ": "bluesky",
    b"POST /xrpc/com.atproto.repo.applyWrites ": "bluesky",
}
_HELD_AT_MOST = 20.0


class Phase(StrEnum):
    """Where a post is: its request is here and not yet at the server, or the server's answer is."""

    ASKED = "asked"
    ANSWERED = "answered"


class Passage:
    """The nth post from now on that comes into a phase; of one network, or of both for an empty name."""

    def __init__(self, phase: Phase, nth: int, network: str) -> None:
        self._concerns = (phase, network)
        self.left = nth
        self.came = Event()
        self._goes_on = Event()

    def go_on(self) -> None:
        """Let it pass. May be called before it came: then it is not held at all."""
        self._goes_on.set()

    def concerns(self, phase: Phase, network: str) -> bool:
        return self._concerns in ((phase, network), (phase, ""))

    def hold(self) -> None:
        self.came.set()
        self._goes_on.wait(_HELD_AT_MOST)


class Relay:
    """Listens on a loopback port of its own; serves once it knows its server, until the block ends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = ("", 0)
        self._lock = Lock()
        self._awaited: list[Passage] = []
        self.posts = 0
        """How many publishing requests have come so far."""

    def serve(self, port: int) -> None:
        """Pass on to the server that listens on this port of this machine."""
        self._server = ("127.0.0.1", port)
        Thread(target=self._accept, daemon=True).start()

    def next(self, phase: Phase, nth: int = 1, network: str = "") -> Passage:
        """The nth post from now on that comes into this phase; it is held until it is told to go on."""
        passage = Passage(phase, nth, network)
        with self._lock:
            self._awaited.append(passage)
        return passage

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        """One connection: requests on this thread, answers on another."""
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            # Both write small pieces one after the other.
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            posting: SimpleQueue[str] = SimpleQueue()
            answers = Thread(target=self._answers, args=(server, client, posting), daemon=True)
            answers.start()
            self._requests(client, server, posting)
            answers.join()

    def _requests(self, client: socket.socket, server: socket.socket, posting: SimpleQueue[str]) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                # Neither library begins a request before the last one is answered, so one begins where a piece does.
                if network := next((network for start, network in _POSTS.items() if data.startswith(start)), ""):
                    with self._lock:
                        self.posts += 1
                    posting.put(network)
                    self._pass(Phase.ASKED, network)
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answers(self, server: socket.socket, client: socket.socket, posting: SimpleQueue[str]) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if not posting.empty():
                    self._pass(Phase.ANSWERED, posting.get())
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _pass(self, phase: Phase, network: str) -> None:
        with self._lock:
            mine = [one for one in self._awaited if one.concerns(phase, network)]
            for passage in mine:
                passage.left -= 1
            held = [passage for passage in mine if passage.left <= 0]
            self._awaited = [one for one in self._awaited if one not in held]
        for passage in held:
            passage.hold()
