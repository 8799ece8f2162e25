"""Fetches a page that a post links to, and nothing else: from public addresses only, by http and https on their usual
ports, within bounds of bytes, time and hops.

The name is looked up once for each connection, each address it leads to is judged, and the one that is connected to is
judged again; a redirect is another such request. No credential, cookie, referrer or proxy has any part in it: behind a
proxy the address could not be judged.
"""

from __future__ import annotations

import http.client
import queue
import re
import socket
import ssl
import string
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from fedisched import __version__
from fedisched.networks.addresses import is_public
from fedisched.networks.deadline import InTime

MOST_HOPS = 5
_PORTS = {"http": 80, "https": 443}
_MOST_ADDRESSES = 4
_CONNECT_WITHIN = 2.0
_CHUNK = 16 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_URL = 8000
_WORD = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w:.+-]+)", re.IGNORECASE)


class NotFetched(Exception):
    """Nothing usable came; the text says why, as part of a sentence."""


class Fetched(NamedTuple):
    """What was at `url`, the address after all redirects. `mime` is in lower case and empty where the server said
    nothing, as is `charset`. `whole` is false where it was cut at the most that was wanted."""

    url: str
    mime: str
    charset: str
    body: bytes
    whole: bool


class Address(NamedTuple):
    """What a name leads to: a socket's family and its address."""

    family: int
    at: tuple[Any, ...]


Resolve = Callable[[str, int], Sequence[Address]]
"""From a host's name and a port to addresses. Raises OSError or ValueError if there are none."""


class Fetch(Protocol):
    """Fetches from one host after the other until something is there. Raises NotFetched."""

    def __call__(
        self, url: str, most: int, until: float, accept: str, enough: Callable[[bytes], bool] | None = None
    ) -> Fetched: ...


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a name, as this machine knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(Address(family, at) for family, _, _, _, at in found))


@dataclass(frozen=True, slots=True)
class SafeFetch:
    """Fetches as the module says. `allowed` judges a numeric address, `now` counts seconds. The defaults are what is
    used wherever posts are published."""

    resolve: Resolve = resolve
    allowed: Callable[[str], bool] = is_public
    now: Callable[[], float] = time.monotonic

    def __call__(
        self, url: str, most: int, until: float, accept: str, enough: Callable[[bytes], bool] | None = None
    ) -> Fetched:
        """What is at an address, at most the first `most` bytes of it; all is over at `until`. `enough` may say of
        what came so far that no more is needed. Raises NotFetched, and nothing else."""
        for _ in range(MOST_HOPS + 1):
            try:
                found = self._once(url, most, until, accept, enough)
            except (OSError, ValueError, http.client.HTTPException, zlib.error) as error:
                raise NotFetched(_reason(error, url)) from error
            if isinstance(found, Fetched):
                return found
            url = found
        raise NotFetched(f"it is redirected more than {MOST_HOPS} times")

    def _once(
        self, url: str, most: int, until: float, accept: str, enough: Callable[[bytes], bool] | None
    ) -> Fetched | str:
        """One request: what came, or where it is redirected to."""
        parts, host, port = _checked(url)
        connection = self._connected(host, port, until)
        try:
            if parts.scheme == "https":
                connection.settimeout(self._left(until))
                connection = _tls().wrap_socket(connection, server_hostname=host)
            connection.settimeout(self._left(until))
            connection.sendall(_request(parts, host, port, accept))
            response = http.client.HTTPResponse(cast(socket.socket, InTime(connection, lambda: self._left(until))))
            try:
                response.begin()
                return self._answer(response, url, most, enough)
            finally:
                response.close()
        finally:
            connection.close()

    def _answer(
        self, response: http.client.HTTPResponse, url: str, most: int, enough: Callable[[bytes], bool] | None
    ) -> Fetched | str:
        location = response.getheader("location")
        if response.status in _REDIRECTS and location:
            # A header is latin-1 to the library, and most often UTF-8 in truth.
            return urljoin(url, location.encode("latin-1", "replace").decode("utf-8", "replace"))
        if response.status != 200:
            raise NotFetched(f"its server answered {response.status}")
        body, whole = _read(response, most, enough)
        kind = response.getheader("content-type", "")
        mime, charset = _WORD.match(kind.strip()), _CHARSET.search(kind)
        return Fetched(url, mime[0].lower() if mime else "", charset[1].lower() if charset else "", body, whole)

    def _connected(self, host: str, port: int, until: float) -> socket.socket:
        """A connection to the first public address that takes one."""
        public = [found for found in self._resolved(host, port, until) if self.allowed(str(found.at[0]))]
        if not public:
            raise NotFetched(f"{host} is not a public address")
        failed: Exception | None = None
        for found in public[:_MOST_ADDRESSES]:
            connection = socket.socket(found.family, socket.SOCK_STREAM)
            try:
                connection.settimeout(min(_CONNECT_WITHIN, self._left(until)))
                connection.connect(found.at)
                if not self.allowed(str(connection.getpeername()[0])):
                    raise NotFetched(f"{host} is not a public address")
            except (OSError, NotFetched) as error:
                connection.close()
                failed = error
            else:
                return connection
        raise failed or NotFetched("no connection")

    def _resolved(self, host: str, port: int, until: float) -> Sequence[Address]:
        """The look-up has no time-out of its own; a thread that is left behind ends with it."""
        answer: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put(self.resolve(host, port))
            except (OSError, ValueError) as error:
                answer.put(error)

        threading.Thread(target=ask, name="fedisched-name", daemon=True).start()
        try:
            found = answer.get(timeout=self._left(until))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(found, Exception):
            raise NotFetched(f"there is no {host}") from found
        return found

    def _left(self, until: float) -> float:
        left = until - self.now()
        if left <= 0:
            raise TimeoutError
        return left


def _checked(url: str) -> tuple[SplitResult, str, int]:
    """An address taken apart: its host as it is asked for, and its port."""
    if len(url) > _LONGEST_URL:
        raise NotFetched("its address is too long")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise NotFetched("it is neither http nor https")
    if parts.username is not None or parts.password is not None:
        raise NotFetched("its address has a user name in it")
    host, port = parts.hostname or "", _PORTS[parts.scheme] if parts.port is None else parts.port
    if port not in _PORTS.values():
        raise NotFetched(f"its port is {port}, and only {' and '.join(map(str, _PORTS.values()))} are asked")
    if not host.isascii():
        import idna

        host = idna.encode(host, uts46=True).decode("ascii")
    if not host or any(character in string.whitespace or not character.isprintable() for character in host):
        raise NotFetched("its address has no host")
    return parts, host, port


def _request(parts: SplitResult, host: str, port: int, accept: str) -> bytes:
    target = quote(parts.path or "/", safe=string.punctuation)
    if not target.startswith("/"):
        target = f"/{target}"
    if parts.query:
        target += f"?{quote(parts.query, safe=string.punctuation)}"
    named = f"[{host}]" if ":" in host else host
    if port != _PORTS[parts.scheme]:
        named += f":{port}"
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {named}",
        f"User-Agent: fedisched/{__version__} (link card)",
        f"Accept: {accept}",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _tls() -> ssl.SSLContext:
    """What the machine trusts, and what the libraries that speak to the networks trust: some machines have no list."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _read(response: http.client.HTTPResponse, most: int, enough: Callable[[bytes], bool] | None) -> tuple[bytes, bool]:
    """The body up to the most that is wanted, unpacked no further than that; whether it is all of it."""
    unpack = _unpacker(response.getheader("content-encoding", "identity").strip().lower())
    body = bytearray()
    while len(body) <= most:
        chunk = response.read1(_CHUNK)
        if not chunk:
            return bytes(body), True
        body += unpack(chunk, most + 1 - len(body))
        if enough is not None and enough(bytes(body)):
            return bytes(body[:most]), False
    return bytes(body[:most]), False


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """Some servers pack what they were asked not to."""
    if encoding in ("", "identity"):
        return lambda chunk, most: chunk[:most]
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise NotFetched("its server packed it in a way that was not asked for")
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
    # What did not fit is left in the object: there is no more to come of it, since the most is reached by then.
    return lambda chunk, most: unpacking.decompress(chunk, most)


def _reason(error: Exception, url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    match error:
        case TimeoutError():
            return "it took too long"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {host} is not to be trusted"
        case OSError():
            return f"no connection to {host}"
        case http.client.HTTPException() | zlib.error():
            return f"{host} answered with something that is no answer"
        case _:
            return "its address is no address"
