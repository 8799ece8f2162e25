"""Both networks' servers without sockets: the libraries' transports end here, at the sandbox's own handlers.

Time passes as the scheduler says. Each request passes three ports: before it leaves, on its way (a power cut there
lets it land later, or never), and before its answer is read.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import httpx
import requests
from requests.adapters import BaseAdapter

from fedisched.clock import SECOND
from fedisched.networks import wire_httpx, wire_requests
from fedisched.networks.wire import Wire
from fedisched.sandbox.bluesky import Bluesky
from fedisched.sandbox.faults import What, instead
from fedisched.sandbox.headers import date, rate_limit
from fedisched.sandbox.log import Seen
from fedisched.sandbox.mastodon import Mastodon
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.sessions import Sessions
from fedisched.sandbox.store import Store
from fedisched.sandbox.wire import CLOSED, Call, File, Reply, Turned, answer, unfold
from tests.crash.scheduler import PowerCut, Scheduler

PUBLISHING = ("/api/v1/statuses", "/xrpc/com.atproto.repo.putRecord", "/xrpc/com.atproto.repo.applyWrites")
TIME_OUT = 30.0
"""How long the adapters wait for a piece of an answer, in seconds."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What goes wrong with the `nth` request (from 1) that publishes (or, with `publishing` false, that does not) on a
    network. `seconds` is how long a late landing or a lag takes."""

    network: str
    what: What
    nth: int = 1
    publishing: bool = True
    seconds: float = 1.0
    remember: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """A publishing request that reached a server, at a moment."""

    path: str
    at: int


@dataclass
class Server:
    """One server for both networks."""

    scheduler: Scheduler
    rules: Rules
    strikes: list[Strike] = field(default_factory=list)
    down_until: int = 0
    """Until this moment every connection is refused."""
    arrivals: list[Arrival] = field(default_factory=list)
    struck: set[What] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.store = Store(self.scheduler.now, origin="http://127.0.0.1:9")
        self.mastodon = Mastodon(self.store, self.rules)
        sessions = Sessions(self.store, self.rules)
        self.bluesky = Bluesky(self.store, self.rules, sessions)
        self._counts: dict[tuple[str, bool], int] = {}
        self._routes: list[tuple[str, re.Pattern[str], Callable[[Call], Reply]]] = [
            (route.method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)), route.handle)
            for side in (self.mastodon, self.bluesky)
            for route in side.routes()
        ]

    # --- one exchange ----------------------------------------------------------------------------------------

    def exchange(self, wire: Wire, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """What the client hears; None where it hears nothing, which the wire is told."""
        scheduler = self.scheduler
        scheduler.port(f"{method} {urlsplit(url).path}")
        call = _read(method, url, headers, body)
        if scheduler.now() < self.down_until:
            wire.failed(sent=False, reason="no connection")
            return None
        strike = self._strike(call)
        scheduler.sleep(self._latency(call))
        self._on_its_way(call)
        reply = self._struck(strike, call) if strike else self._done(call)
        if reply.ending == "none" and strike is not None and strike.what is What.HANG:
            scheduler.sleep(TIME_OUT)
        scheduler.sleep(self._latency(call) / 4)
        scheduler.port(f"answer to {method} {call.path}")
        if reply.ending != "whole":
            wire.failed(sent=True, reason="the connection broke")
            return None
        wrong = strike.seconds if strike is not None and strike.what is What.WRONG_DATE else 0.0
        reply = replace(reply, headers={**self._headers(call, wrong), **reply.headers})
        wire.answered(reply.status, {**reply.headers, "Content-Type": reply.mime}, reply.body)
        return reply

    def _latency(self, call: Call) -> float:
        slow = 0.4 if call.files or call.path.endswith("uploadBlob") else 0.03
        return slow * (0.5 + self.scheduler.chance.random())

    def _headers(self, call: Call, off_by: float) -> dict[str, str]:
        now = self.scheduler.now()
        return {"Date": date(now, off_by), **rate_limit(call.network or "mastodon", 299, now // SECOND + 300)}

    def _strike(self, call: Call) -> Strike | None:
        publishing = call.method == "POST" and call.path in PUBLISHING
        place = (str(call.network), publishing)
        number = self._counts[place] = self._counts.get(place, 0) + 1
        for strike in self.strikes:
            if (strike.network, strike.publishing, strike.nth) == (*place, number):
                self.struck.add(strike.what)
                return strike
        return None

    def _on_its_way(self, call: Call) -> None:
        """The request has left. If the power goes now, it lands in a while, or got lost."""
        try:
            self.scheduler.port(f"on its way: {call.path}")
        except PowerCut:
            chance = self.scheduler.chance
            if chance.random() < 0.7:
                self._lands_later(call, chance.choice([0.0, 0.1, 3.0, 50.0, 100.0]))
            raise

    def _struck(self, strike: Strike, call: Call) -> Reply:
        refused = instead(strike.what, call, self.scheduler.now, seconds=strike.seconds)
        if refused is not None:
            return refused
        match strike.what:
            case What.LATE | What.SLOW:
                self._lands_later(call, strike.seconds)
                return CLOSED
            case What.HANG:
                return CLOSED
            case What.FAIL_AFTER:
                self._done(replace(call, remember=strike.remember))
                return answer({"error": "InternalServerError", "message": "Internal Server Error"}, 500)
            case What.EMPTY:
                return self._done(replace(call, keep_text=False))
            case What.LAG:
                reply = self._done(call)
                self.store.unlisted.update(reply.created)
                self._list_later(reply.created, strike.seconds)
                return reply
            case What.DROP_ANSWER | What.CUT_ANSWER:
                return replace(self._done(call), ending="none")
            case What.WRONG_DATE:
                return self._done(call)
            case _:
                raise AssertionError(strike.what)

    def _list_later(self, names: tuple[str, ...], seconds: float) -> None:
        moment = self.scheduler.now() + int(seconds * SECOND)
        self.scheduler.at(moment, lambda: self.store.unlisted.difference_update(names))

    def _lands_later(self, call: Call, seconds: float) -> None:
        """Its key counts as worked on from now, as on a server that is slow with it."""
        underway = ExitStack()
        replay = underway.enter_context(self.mastodon.keyed(call))

        def land() -> None:
            with underway:
                if replay is None:
                    self._handled(call)

        self.scheduler.at(self.scheduler.now() + int(seconds * SECOND), land)

    def _done(self, call: Call) -> Reply:
        with self.mastodon.keyed(call) as replay:
            return replay or self._handled(call)

    def _handled(self, call: Call) -> Reply:
        if call.method == "POST" and call.path in PUBLISHING:
            self.arrivals.append(Arrival(call.path, self.scheduler.now()))
        for method, pattern, handle in self._routes:
            if method == call.method and (found := pattern.fullmatch(call.path)):
                try:
                    return handle(replace(call, parts=found.groupdict()))
                except Turned as turned:
                    return turned.reply
        return answer({"error": "Not Found"}, 404)

    # --- what the libraries are given ------------------------------------------------------------------------

    @contextmanager
    def instead_of_the_network(self) -> Iterator[None]:
        """Every session that the adapters open meanwhile ends here."""
        transport = mock.patch.object(wire_httpx, "settings", lambda wire, _: {"transport": _Transport(self, wire)})
        adapter = mock.patch.object(wire_requests, "WatchedAdapter", lambda wire: _Adapter(self, wire))
        with transport, adapter:
            yield


class _Transport(httpx.BaseTransport):
    def __init__(self, server: Server, wire: Wire) -> None:
        self._server, self._wire = server, wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        reply = self._server.exchange(
            self._wire, request.method, str(request.url), dict(request.headers.items()), request.read()
        )
        if reply is None or 300 <= reply.status < 400:
            raise httpx.ReadError("the connection broke", request=request)
        headers = {**reply.headers, "content-type": reply.mime}
        return httpx.Response(reply.status, headers=headers, content=reply.body, request=request)


class _Adapter(BaseAdapter):
    def __init__(self, server: Server, wire: Wire) -> None:
        super().__init__()
        self._server, self._wire = server, wire
        self.holding = False

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self.holding:
            raise wire_requests.Held(request)
        body = request.body or b""
        assert isinstance(body, str | bytes)
        headers = {str(name): str(value) for name, value in request.headers.items()}
        data = body.encode() if isinstance(body, str) else body
        reply = self._server.exchange(self._wire, str(request.method), str(request.url), headers, data)
        if reply is None or 300 <= reply.status < 400:
            raise requests.ConnectionError("the connection broke")
        response = requests.Response()
        response.status_code, response.url, response.request = reply.status, str(request.url), request
        response.headers.update({**reply.headers, "Content-Type": reply.mime})
        response.raw, response.encoding = io.BytesIO(reply.body), "utf-8"
        return response

    def close(self) -> None:
        return None


def _read(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Call:
    parts = urlsplit(url)
    lower = {name.lower(): value for name, value in headers.items()}
    mime = lower.get("content-type", "")
    path = parts.path.rstrip("/") or "/"
    form: dict[str, Any] = {}
    files: dict[str, File] = {}
    if mime.startswith("multipart/form-data"):
        form, files = _multipart(body, mime.partition("boundary=")[2])
    elif mime.startswith("application/x-www-form-urlencoded"):
        form = unfold(parse_qsl(body.decode(), keep_blank_values=True))
    elif mime.startswith("application/json") and body:
        form = json.loads(body)
    seen = Seen(0, method, path, 0, 0, key=lower.get("idempotency-key", ""))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Call(method, path, seen, "127.0.0.1", query, lower, body, form, files)


def _multipart(body: bytes, boundary: str) -> tuple[dict[str, Any], dict[str, File]]:
    texts, files = [], {}
    for piece in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, content = piece[2:-2].partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        label = name[1].decode() if name else ""
        if file := re.search(rb'filename="([^"]*)"', head):
            files[label] = File(file[1].decode(), "", content)
        else:
            texts.append((label, content.decode()))
    return unfold(texts), files
