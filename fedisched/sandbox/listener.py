"""The side that faces the network: aiohttp's server, the request log, and each request's way past the faults."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic_ns
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_request import FileField
from multidict import MultiMapping

from fedisched.sandbox.faults import Armed, Faults
from fedisched.sandbox.headers import REQUESTS, WINDOW, date, rate_limit
from fedisched.sandbox.log import RequestLog
from fedisched.sandbox.mastodon import Mastodon
from fedisched.sandbox.store import Store
from fedisched.sandbox.wire import CLOSED, Call, File, Handle, Reply, Route, Turned, answer, page, unfold

_LARGEST_BODY = 128 * 1024 * 1024


class Timed(asyncio.Protocol):
    """aiohttp's connection, and when the first byte of its current request came (monotonic, in ns)."""

    def __init__(self, inner: web.RequestHandler) -> None:
        self._inner = inner
        self._first_byte: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._first_byte is None:
            self._first_byte = monotonic_ns()
        self._inner.data_received(data)

    def eof_received(self) -> None:
        self._inner.eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def take_first_byte(self) -> int:
        """When the request that has just been read began to arrive."""
        first, self._first_byte = self._first_byte, None
        return monotonic_ns() if first is None else first


class Listener:
    """Serves both networks on one port. Lives on one event loop, from `open` to `close`."""

    def __init__(self, store: Store, log: RequestLog, faults: Faults, mastodon: Mastodon) -> None:
        self._store = store
        self._log = log
        self._faults = faults
        self._mastodon = mastodon
        self._work: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, routes: Sequence[Route], host: str, port: int) -> int:
        """Listen; gives the port. Raises OSError if it cannot."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        for route in routes:
            for path in {route.path, route.path.rstrip("/") + "/"}:  # Mastodon.py asks for /api/v2/instance/
                app.router.add_route(route.method, path, self._served(route.handle))
        app.router.add_route("*", "/{rest:.*}", self._served(_nothing_there))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0)
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        server = self._runner.server
        assert server is not None  # noqa: S101 (set up just now)
        self._server = await loop.create_server(lambda: Timed(server()), host, port, reuse_address=True)
        self._faults.loop = loop
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening, drop what is under way, close every connection."""
        self._faults.loop = None
        if self._server is not None:
            self._server.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._runner.cleanup()

    def _served(self, handle: Handle) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            call = await self._read(request)
            underway = Underway(self._store)
            task = asyncio.create_task(self._do(call, handle, underway))
            self._work.add(task)
            task.add_done_callback(self._work.discard)
            reply = await underway.answered
            if reply.ending != "none":
                self._log.answered(call.seen, reply.status)
            self._store.touch()
            return await self._send(request, call, reply)

        return serve

    async def _read(self, request: web.Request) -> Call:
        """Read a request to its end."""
        form: dict[str, Any] = {}
        files: dict[str, File] = {}
        body = b""
        if request.content_type == "multipart/form-data":
            form, files = _fields(await request.post())
        else:
            body = await request.read()
            form = _parsed(request.content_type, body)
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.path.rstrip("/") or "/"
        connection = request.transport.get_protocol() if request.transport else None
        first_byte = connection.take_first_byte() if isinstance(connection, Timed) else monotonic_ns()
        seen = self._log.arrive(request.method, path, request.query, headers, first_byte)
        return Call(
            method=request.method,
            path=path,
            seen=seen,
            peer=request.remote or "",
            query=dict(request.query),
            headers=headers,
            body=body,
            form=form,
            files=files,
            parts=dict(request.match_info),
        )

    async def _do(self, call: Call, handle: Handle, underway: Underway) -> None:
        """Do what a request asks, past every fault that strikes it."""

        async def server(call: Call) -> Reply:
            return replay or self._handled(handle, call)

        struck: tuple[Armed, ...] = ()
        try:
            with self._mastodon.keyed(call) as replay:
                proceed, struck = self._faults.wrap(call, server, underway)
                underway.answer(await proceed(call))
        finally:
            underway.answer(CLOSED)
            for armed in struck:
                armed.settled.set()
            self._store.touch()

    def _handled(self, handle: Handle, call: Call) -> Reply:
        with self._store.changed:
            try:
                return handle(call)
            except Turned as turned:
                return turned.reply
            except Exception:
                logging.getLogger(__name__).exception("%s %s", call.method, call.path)
                return answer({"error": "InternalServerError", "message": "The sandbox has a bug"}, 500)
            finally:
                self._store.touch()

    async def _send(self, request: web.Request, call: Call, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(
            status=reply.status or 500, headers={**self._common_headers(call), **reply.headers}
        )
        if reply.mime:
            response.headers["Content-Type"] = reply.mime
        response.content_length = len(reply.body)
        if reply.ending != "none":
            with suppress(ConnectionError):  # the client has hung up, as it may
                await response.prepare(request)
                await response.write(reply.body[: len(reply.body) // 2] if reply.ending == "half" else reply.body)
        if reply.ending != "whole" and request.transport is not None:
            request.transport.close()
        return response

    def _common_headers(self, call: Call) -> dict[str, str]:
        now = self._store.now()
        headers = {"Date": date(now), "Server": "sandbox", "X-Content-Type-Options": "nosniff"}
        if call.network is not None:
            reset = (now // 1_000_000 // WINDOW + 1) * WINDOW
            # It keeps to no limit of requests, so there is always room; of posts see `Quota`.
            headers |= rate_limit(call.network, REQUESTS[call.network] - 1, reset)
        return headers


class Underway:
    """One request between its arrival and its answer."""

    def __init__(self, store: Store) -> None:
        self.answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._store = store

    def answer(self, reply: Reply) -> None:
        """Answer, unless that has been done already."""
        if not self.answered.done():
            self.answered.set_result(reply)

    def list_later(self, names: tuple[str, ...]) -> None:
        self._store.unlisted.update(names)

    def list_now(self, names: tuple[str, ...]) -> None:
        self._store.unlisted.difference_update(names)


def _fields(posted: MultiMapping[str | bytes | bytearray | FileField]) -> tuple[dict[str, Any], dict[str, File]]:
    texts, files = [], {}
    for name, value in posted.items():
        if isinstance(value, FileField):
            files[name] = File(value.filename, value.content_type, value.file.read())
            value.file.close()
        elif isinstance(value, str):
            texts.append((name, value))
    return unfold(texts), files


def _parsed(mime: str, body: bytes) -> dict[str, Any]:
    """A body as a form; empty for what is neither a form nor an object in JSON."""
    try:
        if mime == "application/x-www-form-urlencoded":
            return unfold(parse_qsl(body.decode(), keep_blank_values=True))
        value = json.loads(body) if mime == "application/json" else None
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _nothing_there(call: Call) -> Reply:
    if call.network == "bluesky":
        return answer({"error": "MethodNotImplemented", "message": "Method Not Implemented"}, 501)
    return answer({"error": "Not Found"}, 404) if call.network else page("<h1>There is nothing here</h1>", 404)
