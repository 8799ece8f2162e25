"""A receiving proxy: notes when the first byte of each publishing request came. `python -m tests.bench.receiving URL`

A process of its own, so that neither the server behind it nor the benchmark keeps it from looking at the clock. It
prints its port, then a line for each publishing request: the moment (microseconds since 1970 UTC), the network, and
the number of the post in it. A post's text says `bench-NUMBER`. Where the server gives its own address, for a session
say, the proxy's goes out instead: the next request is to come here too.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from threading import Thread
from urllib.parse import urlsplit

PUBLISHING = {
    b"POST /api/v1/statuses ": "mastodon",
    b"POST /xrpc/com.atproto.repo.putRecord ": "bluesky",
    b"POST /xrpc/com.atproto.repo.applyWrites ": "bluesky",
}
_NUMBER = re.compile(rb"bench-(\d+)")
_LONGEST = 64 * 1024


class Exchange:
    """One connection of a client, passed on to the server. A request begins with the first byte after an answer."""

    def __init__(self, client: socket.socket, upstream: tuple[str, int], port: int) -> None:
        self._client = client
        self._server = socket.create_connection(upstream)
        # Ports that the system chooses have five digits, so no length changes.
        self._of_server, self._of_proxy = f":{upstream[1]:05}".encode(), f":{port:05}".encode()
        for side in (client, self._server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arrived = 0
        self._request = b""
        self._is_new = True
        Thread(target=self._pass_requests, daemon=True).start()
        Thread(target=self._pass_answers, daemon=True).start()

    def _pass_requests(self) -> None:
        while data := _received(self._client):
            now = time.time_ns() // 1000
            if self._is_new:
                self._is_new, self._arrived, self._request = False, now, b""
            self._server.sendall(data)
            self._note(data)
        self._end(self._server)

    def _note(self, data: bytes) -> None:
        """Say so if this is a publishing request, once the number of its post has come."""
        self._request = (self._request + data)[:_LONGEST]
        network = PUBLISHING.get(self._request[: self._request.find(b"HTTP/1.1")])
        number = _NUMBER.search(self._request)
        if network and number and self._arrived:
            # One write a line: several connections tell at once.
            os.write(sys.stdout.fileno(), f"{self._arrived} {network} {int(number[1])}\n".encode())
            self._arrived = 0

    def _pass_answers(self) -> None:
        while data := _received(self._server):
            self._is_new = True
            self._client.sendall(data.replace(self._of_server, self._of_proxy))
        self._end(self._client)

    def _end(self, other: socket.socket) -> None:
        try:
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return


def _received(side: socket.socket) -> bytes:
    try:
        return side.recv(1 << 18)
    except OSError:
        return b""


def main(url: str) -> None:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        print(port, flush=True)
        while True:
            Exchange(listening.accept()[0], (parts.hostname, parts.port), port)


if __name__ == "__main__":
    main(sys.argv[1])
