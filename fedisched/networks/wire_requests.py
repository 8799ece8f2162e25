"""The wire beneath Mastodon.py. Importing this imports requests."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import requests
import urllib3
import urllib3.connection
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from fedisched.networks.deadline import Deadline, InTime
from fedisched.networks.wire import LARGEST_ANSWER, Wire

_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.LocationParseError,
    requests.exceptions.InvalidURL,
    requests.exceptions.ConnectTimeout,
    ssl.SSLCertVerificationError,
)
# What only a handshake can end with, before any request.
_OF_HANDSHAKE = frozenset(
    {
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_UNRECOGNIZED_NAME",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)
_CHUNK = 65536
_LARGE = 256 * 1024
"""Bytes from which a body takes its time."""


class NotAsked(requests.RequestException):
    """An answer that is not what was asked for: a redirect, or too much of it. It is not read further."""


class Session(requests.Session):
    """A session whose every exchange the wire sees, and which can hold a request back until its moment."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        # Else a password that ~/.netrc has for this server would be sent in place of the token.
        self.auth = _as_it_is
        self._adapter = WatchedAdapter(wire)
        for scheme in ("https://", "http://"):
            self.mount(scheme, self._adapter)

    def held(self, call: Callable[[], object]) -> Callable[[], object] | None:
        """The POST that a library's call would send, made now and sent by calling what this gives: making it and
        reading its answer take a library longer than sending it. None if the call came to none."""
        self._adapter.holding = True
        try:
            call()
        except Exception as error:
            held = next((cause for cause in _causes(error) if isinstance(cause, Held)), None)
        else:
            held = None
        finally:
            self._adapter.holding = False
        if held is None or held.sent[0].method != "POST":
            return None
        return partial(self._adapter.send, *held.sent)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Held(requests.RequestException):
    """A request that was made and is not sent yet."""

    def __init__(self, *sent: Any) -> None:
        """`sent` is what an adapter's `send` was given, the request first."""
        super().__init__()
        self.sent = sent


class WatchedAdapter(HTTPAdapter):
    """Sends requests, reads each answer whole but within bounds, follows no redirect, and tells the wire. The library
    above gets an answer without its body: see `Wire.hear`."""

    def __init__(self, wire: Wire, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._deadline = Deadline(elapsed)
        self._pools = _pools_in_time(lambda: self._deadline.left(wire.piece_within))
        self.holding = False
        super().__init__(pool_connections=1, pool_maxsize=2)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **named: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """As the base class's, but with our own time-outs, whatever the caller says."""
        if self.holding:
            raise Held(request, stream, timeout, verify, cert, proxies)
        authorization = request.headers.get("Authorization")
        self._wire.asks(authorization if isinstance(authorization, str) else None)
        size = _size_of(request)
        self._deadline.begin(self._wire.allowed(size))
        limits = (self._wire.connect_within, self._wire.piece_within)
        if size > _LARGE:
            # What is one text is sent within the time for a connection, however large; a file goes piece by piece.
            request.body = _SentInTime(request.body, self._deadline)  # type: ignore[arg-type]
            limits = (self._wire.piece_within, self._wire.piece_within)
        try:
            response = super().send(request, stream=True, timeout=limits, verify=verify, cert=cert, proxies=proxies)
            body = self._read(response)
        except NotAsked:
            raise
        except Exception as error:
            self._wire.failed(sent=not _never_sent(error), reason=_reason(error))
            raise
        self._wire.answered(response.status_code, dict(response.headers), body)
        if 300 <= response.status_code < 400:
            raise NotAsked("a redirect")
        # Mastodon.py makes objects of all that is in an answer, which takes it 20 s for a list of 1 MB; nobody asks
        # what it made.
        response.raw = io.BytesIO(b"{}")
        return response

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        try:
            for chunk in response.raw.stream(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    self._wire.failed(sent=True, reason="the answer does not end")
                    response.close()
                    raise NotAsked("endless")
        finally:
            response.raw.release_conn()
        return bytes(body)


class _SentInTime(io.BytesIO):
    """A body that is read no further when the time is over."""

    def __init__(self, body: bytes, deadline: Deadline) -> None:
        super().__init__(body)
        self._deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        self._deadline.left()
        return super().read(size)


def _pools_in_time(left: Callable[[], float]) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """urllib3's pools of connections, for answers of which no piece is read after the time that is `left`."""

    class Reply(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
            super().__init__(cast("socket.socket", InTime(sock, left)), *args, **named)

    class Plain(urllib3.connection.HTTPConnection):
        response_class = Reply

    class Encrypted(urllib3.connection.HTTPSConnection):
        response_class = Reply

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _size_of(request: requests.PreparedRequest) -> int:
    return len(request.body) if isinstance(request.body, bytes) else 0


def _never_sent(error: BaseException) -> bool:
    return any(isinstance(cause, _NEVER_SENT) or _is_of_handshake(cause) for cause in _causes(error))


def _is_of_handshake(cause: BaseException) -> bool:
    return isinstance(cause, ssl.SSLError) and cause.reason in _OF_HANDSHAKE


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it was made of: urllib3 keeps the cause in `reason`, requests in its arguments."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        linked = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [found for found in linked if isinstance(found, BaseException)]


def _reason(error: BaseException) -> str:
    causes = list(_causes(error))
    reasons = (
        (ssl.SSLCertVerificationError, "its certificate cannot be verified"),
        (urllib3.exceptions.NewConnectionError, "no connection"),
        (urllib3.exceptions.ConnectTimeoutError, "no connection within the time allowed"),
        (_NEVER_SENT, "no connection"),
        ((urllib3.exceptions.ReadTimeoutError, TimeoutError), "no answer within the time allowed"),
    )
    if any(_is_of_handshake(cause) for cause in causes):
        return "no encrypted connection"
    return next(
        (reason for kind, reason in reasons if any(isinstance(cause, kind) for cause in causes)), "the connection broke"
    )
