"""Where a browser comes back to after a person has answered on a server's page: a listener on this machine, for one
answer (RFC 8252, 7.3).

Any page in any browser here can send requests to it, so only the right path with the right state counts, and only under
the address that was given out: a name that leads to 127.0.0.1 is not it. What else comes is turned away, and waited on.
"""

from __future__ import annotations

import hmac
import html
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from fedisched.model.login import Answered

PATH = "/callback"
_LONGEST = 8192
_PAGE_WITHIN = 90.0
"""Seconds for which a browser waits for its last page: by then the code was exchanged and the account verified."""
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:; "
    "style-src 'unsafe-inline'"
)


class Callback:
    """Listens on a free port of 127.0.0.1 from its making until `close`. Raises OSError where it cannot."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._state = ""
        self._answered: Answered | None = None
        self._came, self._ready, self._shown = Event(), Event(), Event()
        self._page = _page("fedisched", "You can close this page.", good=False)
        self._server = _Server(("127.0.0.1", 0), _Visit)
        self._server.callback = self
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The redirect address to give to the server."""
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def expect(self, state: str) -> None:
        """From now on, what comes with this state is the answer."""
        with self._lock:
            self._state = state

    def wait(self, seconds: float) -> Answered | None:
        """The answer; None if none came in time."""
        self._came.wait(seconds)
        return self._answered

    def show(self, title: str, words: str, *, good: bool) -> None:
        """The last page, for the browser that waits for it."""
        self._page = _page(title, words, good=good)
        self._ready.set()
        if self._answered is not None:
            self._shown.wait(5.0)

    def close(self) -> None:
        self._ready.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # One visit

    def takes(self, host: str, target: str) -> bool:
        """Whether a request is the answer, the first one. Then its page is waited for."""
        asked = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(asked.query).items() if len(values) == 1}
        if host != f"127.0.0.1:{self._server.server_port}" or asked.path != PATH:
            return False
        with self._lock:
            state = query.get("state", "")
            is_ours = bool(self._state) and hmac.compare_digest(state.encode("utf-8", "replace"), self._state.encode())
            if self._answered is not None or not is_ours or not query.keys() & {"code", "error"}:
                return False
            self._answered = query
        self._came.set()
        return True

    def last_page(self) -> bytes:
        self._ready.wait(_PAGE_WITHIN)
        return self._page

    def was_shown(self) -> None:
        self._shown.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    callback: Callback

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up, or something else that knocks and leaves, is nobody's concern."""


class _Visit(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "fedisched", ""
    timeout = 10.0

    def do_GET(self) -> None:
        callback = self.server.callback
        if len(self.path) > _LONGEST or not callback.takes(self.headers.get("Host", ""), self.path):
            self._answer(404, _page("There is nothing here", "Only the page that you came from leads on.", good=False))
            return
        try:
            self._answer(200, callback.last_page())
        finally:
            callback.was_shown()

    def _answer(self, status: int, page: bytes) -> None:
        self.close_connection = True
        self.send_response(status)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(page)),
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """A request's first line has the code in it: it goes into no log."""


def _page(title: str, words: str, *, good: bool) -> bytes:
    mark = "✓" if good else "!"
    return (
        _TEMPLATE.replace("{{kind}}", "good" if good else "bad")
        .replace("{{mark}}", mark)
        .replace("{{title}}", html.escape(title))
        .replace("{{words}}", html.escape(words))
        .encode()
    )


_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}} · fedisched</title>
<link rel="icon" href="data:,">
<style>
:root { --ground: #f6f5f2; --card: #fff; --line: #d8d4cc; --ink: #23211e; --good: #1d7a46; --bad: #a3222f; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #15171c; --card: #1d2027; --line: #3a3f4a; --ink: #e6e4df; --good: #6fd49b; --bad: #ff9aa2; }
}
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 1.05rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  max-width: 27rem; margin: 1rem; padding: 1.8rem 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; overflow-wrap: anywhere; text-align: center;
}
h1 { margin: .3rem 0 .6rem; font-size: 1.3rem; line-height: 1.3; }
p { margin: 0; }
.mark { font-size: 2.4rem; line-height: 1; }
.good .mark { color: var(--good); }
.bad .mark { color: var(--bad); }
</style>
</head>
<body>
<main class="{{kind}}"><p class="mark" aria-hidden="true">{{mark}}</p><h1>{{title}}</h1><p>{{words}}</p></main>
</body>
</html>
"""
