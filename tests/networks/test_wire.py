"""What the wire hears beneath each library: whether anything was sent, and what came back."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import httpx
import pytest
import requests
from mastodon import Mastodon

from fedisched.networks.wire import Answer, NoAnswer, Wire
from fedisched.networks.wire_httpx import settings
from fedisched.networks.wire_requests import Session
from fedisched.sandbox import Fault, Sandbox, What
from tests.networks.hostile import Drip, answering, whole
from tests.networks.places import now

Get = Callable[[Wire, str], object]


def by_requests(wire: Wire, url: str) -> object:
    with Session(wire) as opened:
        return opened.get(url, timeout=1000)


def by_httpx(wire: Wire, url: str) -> object:
    with httpx.Client(follow_redirects=True, **settings(wire, url)) as client:
        return client.get(url)


both = pytest.mark.parametrize("get", [by_requests, by_httpx])


def hasty() -> Wire:
    return Wire(now, connect_within=0.2, piece_within=0.2)


@both
def test_an_answer_is_heard_whole(get: Get) -> None:
    wire = Wire(now)
    with answering(whole("418 Teapot", b'{"a": 1}', "X-More: yes")) as url:
        heard = wire.hear(lambda: get(wire, url))
    assert isinstance(heard, Answer)
    assert (heard.status, heard.object(), heard.headers["x-more"]) == (418, {"a": 1}, "yes")


@both
def test_an_answer_that_does_not_come_in_time_may_have_been_acted_on(get: Get) -> None:
    wire = hasty()
    with Sandbox() as sandbox:
        sandbox.faults.add(Fault(What.HANG))
        heard = wire.hear(lambda: get(wire, f"{sandbox.url}/api/v2/instance"))
    assert heard == NoAnswer(sent=True, reason="no answer within the time allowed")


@both
def test_a_connection_that_is_refused_carried_nothing(get: Get) -> None:
    wire = Wire(now)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert wire.hear(lambda: get(wire, f"http://127.0.0.1:{port}")) == NoAnswer(sent=False, reason="no connection")


@both
def test_a_connection_that_does_not_open_in_time_carried_nothing(get: Get) -> None:
    wire = hasty()
    with _full() as url:
        heard = wire.hear(lambda: get(wire, url))
    assert isinstance(heard, NoAnswer)
    assert not heard.sent


@contextmanager
def _full() -> Iterator[str]:
    """A server that accepts nobody, with a queue that is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


@both
def test_a_name_that_nobody_has_carried_nothing(get: Get) -> None:
    wire = Wire(now)
    heard = wire.hear(lambda: get(wire, "https://no-such-host.invalid"))
    assert isinstance(heard, NoAnswer)
    assert not heard.sent


@both
def test_a_server_that_speaks_no_tls_got_nothing(get: Get) -> None:
    wire = Wire(now)
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", to_anything=True) as url:
        heard = wire.hear(lambda: get(wire, url.replace("http:", "https:")))
    assert isinstance(heard, NoAnswer)
    assert not heard.sent


@both
def test_a_connection_that_breaks_may_have_carried_the_request(get: Get) -> None:
    wire = Wire(now)
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as url:
        heard = wire.hear(lambda: get(wire, url))
    assert heard == NoAnswer(sent=True, reason="the connection broke")


@both
def test_a_redirect_is_an_answer_and_is_not_followed(get: Get) -> None:
    wire = Wire(now)
    with Sandbox() as sandbox:
        sandbox.faults.add(Fault(What.REDIRECT))
        heard = wire.hear(lambda: get(wire, f"{sandbox.url}/api/v2/instance"))
        assert len(sandbox.requests()) == 1
    assert isinstance(heard, Answer)
    assert heard.status == 302


@both
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-More: ",
        b"HTTP/1.1 20",
    ],
    ids=["body", "body without a length", "header", "status"],
)
def test_an_answer_that_drips_ends_with_the_time_for_the_whole(get: Get, head: bytes) -> None:
    wire = Wire(now, piece_within=5.0, answer_within=0.3)
    drip = Drip(head)
    with answering(drip) as url:
        begun = monotonic()
        heard = wire.hear(lambda: get(wire, url))
        assert monotonic() - begun < 4
        drip.done.set()
    assert heard == NoAnswer(sent=True, reason="no answer within the time allowed")


def test_of_an_answer_the_library_gets_nothing_to_make_objects_of() -> None:
    wire = Wire(now)
    said = b'{"configuration": {"media_attachments": {"supported_mime_types": [%s""]}}}' % (b'"text/html", ' * 100_000)
    with answering(whole("200 OK", said)) as url, Session(wire) as session:
        made: list[object] = []
        client = Mastodon(api_base_url=url, access_token="t", session=session, mastodon_version="4.6.0")
        heard = wire.hear(lambda: made.append(client.instance_v2()))
    assert isinstance(heard, Answer) and heard.body == said
    assert "text/html" not in str(made)


def test_tokens_do_not_go_in_the_clear_to_another_machine() -> None:
    wire = Wire(now)
    heard = wire.hear(lambda: by_httpx(wire, "http://example.com/xrpc/com.atproto.server.getSession"))
    assert heard == NoAnswer(sent=False, reason="the server asked for an unencrypted connection")


def test_what_never_came_to_a_request_was_not_sent() -> None:
    def broken() -> None:
        raise ValueError("with a secret")

    heard = Wire(now).hear(broken)
    assert isinstance(heard, NoAnswer)
    assert not heard.sent
    assert "secret" not in heard.reason


def test_a_held_request_leaves_when_it_is_called_for_and_as_the_library_made_it() -> None:
    wire = Wire(now)
    with Sandbox() as sandbox, Session(wire) as opened:
        url = f"{sandbox.url}/api/v1/statuses"
        send = opened.held(lambda: opened.post(url, data={"status": "Hello"}, headers={"Idempotency-Key": "a key"}))
        assert send is not None and not sandbox.requests()
        heard = wire.hear(send)
        assert isinstance(heard, Answer) and heard.status == 401
        (seen,) = sandbox.requests()
        assert (seen.method, seen.path, seen.key) == ("POST", "/api/v1/statuses", "a key")
        assert opened.get(sandbox.url).ok, "what comes afterwards is not held"


def test_what_is_no_post_is_not_held_for_later() -> None:
    with Sandbox() as sandbox, Session(Wire(now)) as opened:
        assert opened.held(lambda: opened.get(sandbox.url)) is None
        assert opened.held(lambda: None) is None
        assert not sandbox.requests()


def post_by_requests(wire: Wire, url: str, data: bytes) -> object:
    with Session(wire) as opened:
        return opened.post(url, data=data)


def post_by_httpx(wire: Wire, url: str, data: bytes) -> object:
    with httpx.Client(**settings(wire, url)) as client:
        return client.post(url, content=data)


@contextmanager
def reading_slowly(size: int, paused: float) -> Iterator[str]:
    """A server that pauses before it reads so many bytes of a body, longer than a connection may take."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1024)
                Event().wait(paused)
                left = size - len(head.partition(b"\r\n\r\n")[2])
                while left > 0 and (read := connection.recv(65536)):
                    left -= len(read)
                connection.sendall(whole("200 OK", b"{}"))

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            thread.join()


@pytest.mark.parametrize("post", [post_by_requests, post_by_httpx])
def test_a_large_body_may_take_longer_than_a_connection(post: Callable[[Wire, str, bytes], object]) -> None:
    wire = Wire(now, connect_within=0.1, piece_within=20.0)
    data = bytes(16_000_000)
    with reading_slowly(len(data), paused=0.3) as url:
        heard = wire.hear(lambda: post(wire, url, data))
    assert isinstance(heard, Answer)
    assert heard.status == 200


def test_a_password_for_the_server_in_netrc_is_not_sent_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password of-somebody-else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Session(Wire(now)) as opened:
        request = opened.prepare_request(requests.Request("GET", "http://127.0.0.1:1/", {"Authorization": "Bearer x"}))
    assert request.headers["Authorization"] == "Bearer x"
