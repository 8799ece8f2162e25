"""A server that says anything: for answers that no library expects."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


class Endless:
    """Pieces without end, from the beginning for each request."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self._head, self._piece = head, piece

    def __iter__(self) -> Iterator[bytes]:
        return itertools.chain((self._head,), itertools.repeat(self._piece))


class Drip:
    """An answer whose pieces come often enough, and whose end does not come until it is `done`."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.done = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while not self.done.wait(0.02):
            yield b"x"


@contextmanager
def answering(reply: bytes | Iterable[bytes], *, to_anything: bool = False) -> Iterator[str]:
    """A server that answers every request with the same bytes, then closes; gives its URL. `to_anything` does not wait
    for the end of a request, which need not be one."""
    pieces = [reply] if isinstance(reply, bytes) else reply
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopping = threading.Event()
        thread = threading.Thread(target=_serve, args=(listening, pieces, stopping, to_anything), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stopping.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _serve(listening: socket.socket, pieces: Iterable[bytes], stopping: threading.Event, to_anything: bool) -> None:
    while not stopping.is_set():
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(10)
            if to_anything:
                connection.recv(65536)
            else:
                _read_request(connection)
            for piece in pieces:
                if stopping.is_set():
                    return
                connection.sendall(piece)


def _read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
    )
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return
        body += piece


def whole(status: str, body: bytes, *headers: str, mime: str = "application/json") -> bytes:
    """An answer in full."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {mime}", f"Content-Length: {len(body)}", "Connection: close")
    return "\r\n".join((*lines, *headers, "", "")).encode("latin-1") + body
