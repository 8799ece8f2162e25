"""What went over the wire, seen below the libraries.

Both libraries hide what matters here: whether a request can have reached the server, whether an answer was the one
that was asked for. So the transports beneath them (`wire_httpx`, `wire_requests`) report to a `Wire`, and every
outcome is judged by what the wire heard, not by the exception that a library made of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

from fedisched.model.network import Allowance
from fedisched.model.secret import discreet, keep_secret

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes: a page of 40 statuses or one record is well under a tenth of it."""

KEEP_CONNECTION_SECONDS = 60.0
"""A connection that `warm` opened is still there when `publish` comes."""

SLOWEST_UPLOAD = 20_000
"""Bytes a second: who uploads more slowly has no connection. A large file needs its time beside the answer's."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""A server on this machine: the sandbox, or another that somebody tries things out with."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_WORDS = 300
_LONGEST_WAIT = 86400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are in lower case; `at` is when it came, in microseconds since 1970 UTC."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # either may hold a secret
    body: bytes = field(repr=False)
    at: int

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON; None where it is none. Its texts can be written anywhere: half of a surrogate pair, which
        JSON can spell and UTF-8 cannot, is told as U+FFFD."""
        try:
            said = json.loads(self.body)
            return _with_whole_characters(said) if _SURROGATE.search(self.body) else said
        except (ValueError, RecursionError):
            return None

    def object(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty where it is something else."""
        found = self.json()
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """How long the server asks to wait, in seconds; None where it does not say.

        `Retry-After` has seconds or a date; Mastodon's `X-RateLimit-Reset` is a date, Bluesky's `RateLimit-Reset`
        seconds since 1970. Moments are compared with the server's own clock.
        """
        waits = (_wait(self.headers.get(name), self._server_now) for name in _WAIT_HEADERS)
        return next((wait for wait in waits if wait is not None), None)

    @property
    def allowance(self) -> Allowance | None:
        """How many more such requests the server takes, None where it does not say."""
        for prefix in ("ratelimit-", "x-ratelimit-"):
            limit, remaining = (_count(self.headers.get(prefix + name)) for name in ("limit", "remaining"))
            wait = _wait(self.headers.get(prefix + "reset"), self._server_now)
            if limit is not None and remaining is not None and wait is not None:
                return Allowance(remaining, limit, self.at + int(wait * 1_000_000))
        return None

    @property
    def _server_now(self) -> float:
        moment = _moment(self.headers.get("date"))
        return self.at / 1_000_000 if moment is None else moment

    @property
    def clock_offset(self) -> float | None:
        """The server's clock less ours, in seconds; the server tells whole seconds only."""
        moment = _moment(self.headers.get("date"))
        return None if moment is None else moment + 0.5 - self.at / 1_000_000


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer, or not a whole one. `sent` is false only where it is certain that no request reached the server."""

    sent: bool
    reason: str


Heard = Answer | NoAnswer

_WAIT_HEADERS = ("retry-after", "ratelimit-reset", "x-ratelimit-reset")


@dataclass(slots=True)
class Wire:
    """What the last exchange with a server came to. Time-outs are in seconds: for a connection, for each piece of an
    answer, for an answer as a whole."""

    now: Callable[[], int]
    connect_within: float = 5.0
    piece_within: float = 30.0
    answer_within: float = 60.0
    last: Heard | None = field(default=None, repr=False)
    clock: tuple[int, float] | None = None
    """When a server last told its time, and how far that is from ours, in seconds."""

    def allowed(self, size: int) -> float:
        """How many seconds a request with a body of so many bytes may take, with its answer."""
        return self.answer_within + size / SLOWEST_UPLOAD

    def hear(self, call: Callable[[], object]) -> Heard:
        """Make a library's call and tell what the server said. What the library makes of the answer does not count,
        and no exception of a library leaves."""
        self.last = None
        try:
            call()
        except Exception as error:
            if self.last is None:  # it never came to a request
                return NoAnswer(sent=False, reason=f"the request could not be made ({type(error).__name__})")
        return self.last or NoAnswer(sent=False, reason="the request was not made")

    def asks(self, authorization: str | None) -> None:
        """A request is about to leave with these credentials: nothing that comes of it may show them."""
        keep_secret((authorization or "").rpartition(" ")[2])

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        lower = {name.lower(): value for name, value in headers.items()}
        self.last = answer = Answer(status, lower, body, self.now())
        if (offset := answer.clock_offset) is not None:
            self.clock = (answer.at, offset)

    def failed(self, *, sent: bool, reason: str) -> None:
        self.last = NoAnswer(sent, reason)


def _with_whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_with_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", key): _with_whole_characters(item) for key, item in value.items()}
    return value


def shortened(words: object) -> str:
    """A server's words as a message can carry them: one line, not endless, nothing secret that it echoed, no full stop
    at the end."""
    text = " ".join(str(words).split()) if isinstance(words, str) else ""
    text = discreet("".join(c for c in text if c.isprintable()))
    return (text[:_LONGEST_WORDS] + "…" if len(text) > _LONGEST_WORDS else text).rstrip(".")


def _count(value: str | None) -> int | None:
    # Long enough for any number of requests, and short enough to be one.
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None


def _wait(value: str | None, now: float) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
        if isfinite(seconds) and seconds > 1e9:  # a moment, not a duration
            seconds -= now
    except ValueError:
        moment = _moment(value)
        if moment is None:
            return None
        seconds = moment - now
    return min(max(seconds, 0.0), _LONGEST_WAIT) if isfinite(seconds) else None


def _moment(value: str | None) -> float | None:
    """Seconds since 1970 of an HTTP date or an ISO one."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(value or "")
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
