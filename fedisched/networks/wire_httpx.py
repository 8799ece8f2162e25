"""The wire beneath atproto. Importing this imports httpx."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from fedisched.networks.deadline import Deadline
from fedisched.networks.wire import KEEP_CONNECTION_SECONDS, LARGEST_ANSWER, LOOPBACK, Wire

_PIECE = 65536
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


class NotAsked(httpx.TransportError):
    """An answer that is not what was asked for: a redirect, or too much of it. It is not read further."""


def settings(wire: Wire, server: str) -> dict[str, Any]:
    """What an `httpx.Client` for one server is made with."""
    return {
        "transport": WatchedTransport(wire, _proxy(server)),
        "timeout": httpx.Timeout(wire.piece_within, connect=wire.connect_within),
        # Answers are small, and a compressed one could unfold without end.
        "headers": {"accept-encoding": "identity"},
    }


class WatchedTransport(httpx.BaseTransport):
    """Sends requests, reads each answer whole but within bounds, follows no redirect, and tells the wire."""

    def __init__(self, wire: Wire, proxy: str | None, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._deadline = Deadline(elapsed)
        limits = httpx.Limits(max_connections=4, keepalive_expiry=KEEP_CONNECTION_SECONDS)
        self._inner = httpx.HTTPTransport(limits=limits, proxy=proxy)
        # httpcore takes a backend, but httpx has no way to hand one down.
        self._inner._pool._network_backend = _InTime(self._inner._pool._network_backend, self._deadline)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # A server may name another one for the account; its tokens do not go there in the clear.
        if request.url.scheme != "https" and request.url.host not in LOOPBACK:
            self._wire.failed(sent=False, reason="the server asked for an unencrypted connection")
            raise httpx.UnsupportedProtocol("only https, but for loopback addresses", request=request)
        self._wire.asks(request.headers.get("authorization"))
        try:
            return self._answer(request)
        except httpx.HTTPError as error:
            if not isinstance(error, NotAsked):
                self._wire.failed(sent=not isinstance(error, _NEVER_SENT), reason=_reason(error))
            raise

    def _answer(self, request: httpx.Request) -> httpx.Response:
        size = request.headers.get("content-length", "0")
        self._deadline.begin(self._wire.allowed(int(size) if size.isdigit() else 0))
        response = self._inner.handle_request(request)
        try:
            body = self._read(response)
        finally:
            response.close()
        self._wire.answered(response.status_code, dict(response.headers.items()), body)
        if 300 <= response.status_code < 400:
            raise NotAsked("a redirect", request=request)
        return httpx.Response(response.status_code, headers=response.headers, content=body, request=request)

    def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            self._wire.failed(sent=True, reason="the answer is compressed, which was not asked for")
            raise NotAsked("compressed")
        body = bytearray()
        for chunk in cast("Iterable[bytes]", response.stream):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                self._wire.failed(sent=True, reason="the answer does not end")
                raise NotAsked("endless")
        return bytes(body)

    def close(self) -> None:
        self._inner.close()


class _InTime(httpcore.NetworkBackend):
    """Connections over which nothing goes after the time for an exchange is over."""

    def __init__(self, inner: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def connect_tcp(self, *args: Any, **named: Any) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(*args, **named), self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _left(self, timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
        try:
            return self._deadline.left(timeout)
        except TimeoutError as error:
            raise over from error


def _reason(error: httpx.HTTPError) -> str:
    match error:
        case httpx.ConnectTimeout():
            return "no connection within the time allowed"
        case httpx.ConnectError():
            return "no connection"
        case httpx.TimeoutException():
            return "no answer within the time allowed"
        case _:
            return "the connection broke"


def _proxy(server: str) -> str | None:
    """The proxy that the environment names for a server. A transport of one's own is on its own with that."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    return None if host in LOOPBACK or proxy_bypass(host) else getproxies().get(parts.scheme)
