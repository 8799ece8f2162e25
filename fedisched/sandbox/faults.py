"""What goes wrong on purpose: each fault stands between a request and its answer, as networks and servers do.

Faults wrap each other in the order in which they were added; the innermost is the server itself.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Event, Lock
from typing import Any, Literal, Protocol

from fedisched.sandbox.headers import WINDOW, date, rate_limit
from fedisched.sandbox.rules import Now
from fedisched.sandbox.wire import CLOSED, Call, Reply, answer, page

Proceed = Callable[[Call], Awaitable[Reply]]
"""Does what the request asks and gives the answer."""


class What(StrEnum):
    """What goes wrong. The request is always read to its end first.

    Nothing is done: DROP_REQUEST closes the connection; PROXY_ERROR answers 502 (or `status`) in HTML; HANG never
    answers; RATE_LIMIT answers 429 with a reset in `seconds`; UNAUTHORIZED and FORBIDDEN answer 401 and 403 in JSON,
    FIREWALL 403 in HTML, EXPIRED_TOKEN as the network does; REDIRECT answers 302 (or `status`); OK_ERROR and OK_HTML
    answer 200 with an error in JSON, or a web page; ECHO answers 500 (or `status`) with an error whose words are the
    whole request, its headers and its body, and ECHO_HTML with a web page of them.

    It is done: DROP_ANSWER closes the connection without a byte; CUT_ANSWER in the middle of the answer; FAIL_AFTER
    answers 500 (or `status`), with `remember` false the idempotency key is forgotten; EMPTY loses the text and answers
    200; LATE closes the connection at once and does it after the wait; LAG keeps it out of look-ups until the wait is
    over; SLOW waits before it is done, SLOW_ANSWER after; WRONG_DATE answers with a Date header that is `seconds` off.
    """

    DROP_REQUEST = "drop-request"
    DROP_ANSWER = "drop-answer"
    CUT_ANSWER = "cut-answer"
    FAIL_AFTER = "fail-after"
    PROXY_ERROR = "proxy-error"
    SLOW = "slow"
    SLOW_ANSWER = "slow-answer"
    HANG = "hang"
    LATE = "late"
    LAG = "lag"
    RATE_LIMIT = "rate-limit"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    FIREWALL = "firewall"
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 (a kind of fault)
    REDIRECT = "redirect"
    OK_ERROR = "ok-error"
    OK_HTML = "ok-html"
    ECHO = "echo"
    ECHO_HTML = "echo-html"
    EMPTY = "empty"
    WRONG_DATE = "wrong-date"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, where and when.

    Where: a network, a method, a path as a glob (`*putRecord`); left out, all. When: from the `nth` such request on,
    `times` times, None for ever. `seconds` is how long to wait; None waits until `Armed.release`.
    """

    what: What
    path: str = "*"
    network: Literal["mastodon", "bluesky"] | None = None
    method: str | None = None
    nth: int = 1
    times: int | None = 1
    seconds: float | None = None
    status: int | None = None
    remember: bool = True

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Fault:
        """Raises ValueError or TypeError for what is no fault."""
        return Fault(**{**value, "what": What(value.get("what", ""))})

    def concerns(self, call: Call) -> bool:
        """Whether it may strike this request; pages and files are spared."""
        return (
            call.network is not None
            and self.network in (None, call.network)
            and self.method in (None, call.method)
            and fnmatchcase(call.path, self.path)
        )


@dataclass(eq=False, slots=True)
class Armed:
    """A fault in place. `struck` is set when it strikes for the first time; `settled` when what a struck request asked
    for has been done, answered, or dropped for good. Its waits end for good with the first `release`."""

    fault: Fault
    struck: Event = field(default_factory=Event)
    settled: Event = field(default_factory=Event)
    matches: int = 0
    _soon: Callable[[Callable[[], None]], None] = lambda act: act()
    _gate: asyncio.Event = field(default_factory=asyncio.Event)

    def strikes(self, call: Call) -> bool:
        """Count a request, and say whether the fault strikes it."""
        if not self.fault.concerns(call):
            return False
        self.matches += 1
        past = self.matches - self.fault.nth
        if past < 0 or (self.fault.times is not None and past >= self.fault.times):
            return False
        self.struck.set()
        return True

    def release(self) -> None:
        """Let what waits go on. May be called from any thread, before or after the fault struck."""
        self._soon(self._gate.set)

    async def wait(self) -> None:
        """Wait as long as the fault says, or until it is released."""
        try:
            await asyncio.wait_for(self._gate.wait(), self.fault.seconds)
        except TimeoutError:
            return


class Exchange(Protocol):
    """The side of a request that answers: what a fault needs beyond doing and replying."""

    def answer(self, reply: Reply) -> None:
        """Answer now; the work goes on."""
        ...

    def list_later(self, names: tuple[str, ...]) -> None:
        """Keep what was published out of look-ups."""
        ...

    def list_now(self, names: tuple[str, ...]) -> None:
        """Show it in look-ups."""
        ...


class Faults:
    """The faults in place. `loop` is where requests are served, as long as they are."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._armed: list[Armed] = []
        self._lock = Lock()
        self.loop: asyncio.AbstractEventLoop | None = None

    def add(self, fault: Fault) -> Armed:
        """Put a fault in place."""
        armed = Armed(fault, _soon=self._soon)
        with self._lock:
            self._armed.append(armed)
        return armed

    def _soon(self, act: Callable[[], None]) -> None:
        """Do something on the loop that serves; at once while nothing is served."""
        loop = self.loop
        if loop is None:
            act()
            return
        with suppress(RuntimeError):  # the server has just stopped: nothing waits any more
            loop.call_soon_threadsafe(act)

    def clear(self) -> None:
        """Take all faults away. What already waits goes on at once."""
        with self._lock:
            gone, self._armed = self._armed, []
        for armed in gone:
            armed.release()

    def all(self) -> tuple[Armed, ...]:
        """The faults in place, in the order they were added."""
        with self._lock:
            return tuple(self._armed)

    def wrap(self, call: Call, proceed: Proceed, exchange: Exchange) -> tuple[Proceed, tuple[Armed, ...]]:
        """The way from this request to its answer, with every fault that strikes it, and which these are."""
        struck = tuple(armed for armed in self.all() if armed.strikes(call))
        for armed in reversed(struck):
            proceed = self._between(armed, proceed, exchange)
        return proceed, struck

    def _between(self, armed: Armed, proceed: Proceed, exchange: Exchange) -> Proceed:
        async def struck(call: Call) -> Reply:
            fault = armed.fault
            reply = instead(fault.what, call, self._now, seconds=fault.seconds, status=fault.status)
            return reply or await _around(armed, call, proceed, exchange, self._now)

        return struck


def instead(
    what: What, call: Call, now: Now, *, seconds: float | None = None, status: int | None = None
) -> Reply | None:
    """The answer of a fault that keeps the request from being done; None for the others."""
    match what:
        case What.DROP_REQUEST:
            return CLOSED
        case What.PROXY_ERROR:
            return page(_proxy_page(status or 502), status or 502)
        case What.RATE_LIMIT:
            return _rate_limited(call.network, seconds, now)
        case What.FIREWALL:
            return page(_proxy_page(403, "Forbidden", "Checking your browser before you go on"), 403)
        case What.REDIRECT:
            return page("<p>Moved</p>", status or 302, {"Location": "/"})
        case What.OK_HTML:
            return page("<!doctype html><title>Welcome</title><p>Please log in to the hotel's network</p>")
        case What.ECHO | What.ECHO_HTML:
            return _echoed(what, call, status or 500)
        case _:
            return _refused(what, call)


def _echoed(what: What, call: Call, status: int) -> Reply:
    """What a server says that shows its programmers' view of a request."""
    lines = [
        f"{call.method} {call.path} {dict(call.query)}",
        *(f"{name}: {call.headers[name]}" for name in call.headers),
    ]
    words = " ".join(
        ["bad request:", call.headers.get("authorization", ""), *lines, call.body.decode("utf-8", "replace")]
    )
    if what is What.ECHO_HTML:
        return page(f"<title>Error</title><pre>{words}</pre>", status, {"Location": f"/?{words[:200].encode().hex()}"})
    # Sent twice over, in names and in words: whatever is shown of an error may be either.
    return answer({"error": words, "error_description": words, "message": words}, status)


def _refused(what: What, call: Call) -> Reply | None:
    """The answer of a fault that refuses in the network's own shape; None for the others."""
    match what:
        case What.UNAUTHORIZED:
            return _error(call.network, 401, "The access token was revoked", "AuthenticationRequired")
        case What.FORBIDDEN:
            return _error(call.network, 403, "This action is not allowed", "Forbidden")
        case What.EXPIRED_TOKEN:
            return _error(call.network, 400 if call.network == "bluesky" else 401, "Token has expired", "ExpiredToken")
        case What.OK_ERROR:
            return _error(call.network, 200, "Something went wrong", "InternalServerError")
        case _:
            return None


async def _around(armed: Armed, call: Call, proceed: Proceed, exchange: Exchange, now: Now) -> Reply:
    """A fault that strikes before or after the request is done."""
    fault = armed.fault
    match fault.what:
        case What.SLOW:
            await armed.wait()
            return await proceed(call)
        case What.LATE:
            exchange.answer(CLOSED)
            await armed.wait()
            return await proceed(call)
        case What.HANG:
            await asyncio.Event().wait()
            return CLOSED
        case What.EMPTY:
            return await proceed(replace(call, keep_text=False))
        case What.FAIL_AFTER:
            await proceed(replace(call, remember=call.remember and fault.remember))
            return _error(call.network, fault.status or 500, "Internal Server Error", "InternalServerError")
        case What.LAG:
            return await _lagging(armed, await proceed(call), exchange)
        case What.SLOW_ANSWER:
            reply = await proceed(call)
            await armed.wait()
            return reply
        case _:
            return _spoilt(fault, await proceed(call), now)


def _spoilt(fault: Fault, reply: Reply, now: Now) -> Reply:
    """An answer that does not leave as it was given."""
    match fault.what:
        case What.DROP_ANSWER:
            return replace(reply, ending="none")
        case What.CUT_ANSWER:
            return replace(reply, ending="half")
        case What.WRONG_DATE:
            return replace(reply, headers={**reply.headers, "Date": date(now(), off_by=fault.seconds or 0)})
        case _:
            raise AssertionError(f"{fault.what} does not spoil an answer")


async def _lagging(armed: Armed, reply: Reply, exchange: Exchange) -> Reply:
    exchange.list_later(reply.created)
    exchange.answer(reply)
    await armed.wait()
    exchange.list_now(reply.created)
    return reply


def _error(network: Literal["mastodon", "bluesky"] | None, status: int, message: str, name: str) -> Reply:
    """An error in the shape of the network that was called."""
    body = {"error": message} if network == "mastodon" else {"error": name, "message": message}
    return answer(body, status)


def _rate_limited(network: Literal["mastodon", "bluesky"] | None, seconds: float | None, now: Now) -> Reply:
    wait = math.ceil(WINDOW if seconds is None else seconds)
    reply = _error(network, 429, "Too many requests", "RateLimitExceeded")
    reset = now() // 1_000_000 + wait
    return replace(reply, headers={"Retry-After": str(wait), **rate_limit(network or "mastodon", 0, reset)})


def _proxy_page(status: int, title: str = "", text: str = "The server is not available right now") -> str:
    title = title or HTTPStatus(status).phrase
    return f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1>{text}</body></html>"
