"""Faults and rules over HTTP, for tests whose programs are other processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fedisched.sandbox.control import Control
from fedisched.sandbox.faults import Faults
from fedisched.sandbox.log import RequestLog, Seen
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.store import Store
from fedisched.sandbox.wire import Call, Turned
from tests.sandbox.conftest import Place, record

KEY = "3kaaaaaaaaaaa"


def test_a_fault_is_set_struck_and_cleared(place: Place) -> None:
    url = f"{place.sandbox.url}/sandbox"
    added = httpx.post(f"{url}/faults", json={"what": "proxy-error", "path": "*statuses", "times": None})
    assert (added.status_code, added.json()) == (201, {"number": 0})
    assert place.toot("Hello").status_code == 502
    (fault,) = httpx.get(f"{url}/state").json()["faults"]
    assert (fault["what"], fault["matches"], fault["struck"], fault["settled"]) == ("proxy-error", 1, True, True)
    httpx.delete(f"{url}/faults")
    assert place.toot("Hello").status_code == 200


def test_what_waits_is_released(place: Place) -> None:
    url = f"{place.sandbox.url}/sandbox/faults"
    number = httpx.post(url, json={"what": "slow"}).json()["number"]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(place.toot, "Hello")
        assert place.sandbox.faults.all()[0].struck.wait(10)
        assert httpx.post(f"{url}/{number}/release").status_code == 200
        assert answer.result(10).status_code == 200
    assert httpx.post(f"{url}/7/release").status_code == 404


def test_the_state_has_what_was_published_and_what_arrived(place: Place) -> None:
    place.toot("Hello", key="k")
    place.put(KEY, record("Hello"))
    state = httpx.get(f"{place.sandbox.url}/sandbox/state").json()
    assert [status["content"] for status in state["statuses"]] == ["<p>Hello</p>"]
    assert [one["value"]["text"] for one in state["records"]] == ["Hello"]
    assert [seen["key"] for seen in state["requests"] if seen["path"] == "/api/v1/statuses"] == ["k"]


@pytest.mark.parametrize("fault", [{}, {"what": "nonsense"}, {"what": "slow", "when": "now"}])
def test_what_is_no_fault_is_refused(place: Place, fault: dict[str, Any]) -> None:
    answered = httpx.post(f"{place.sandbox.url}/sandbox/faults", json=fault)
    assert (answered.status_code, place.sandbox.faults.all()) == (422, ())


def test_rules_are_changed(place: Place) -> None:
    url = f"{place.sandbox.url}/sandbox/rules"
    assert httpx.put(url, json={"max_characters": 5, "key_seconds": 0}).status_code == 200
    assert place.toot("Hello!").status_code == 422
    assert [place.toot("Hello", key="k").json()["id"] for _ in range(2)] == [s.id for s in place.sandbox.statuses()]


@pytest.mark.parametrize("rules", [{"nonsense": 1}, {"max_characters": "many"}, {"application": 7}])
def test_what_is_no_rule_is_refused(place: Place, rules: dict[str, Any]) -> None:
    assert httpx.put(f"{place.sandbox.url}/sandbox/rules", json=rules).status_code == 422


def test_a_web_page_elsewhere_cannot_use_it(place: Place) -> None:
    url = f"{place.sandbox.url}/sandbox/faults"
    assert httpx.post(url, content='{"what": "slow"}', headers={"Content-Type": "text/plain"}).status_code == 415
    assert httpx.post(url, json={"what": "slow"}, headers={"Host": "evil.example:80"}).status_code == 403


@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7", ""])
def test_another_machine_cannot_use_it(peer: str) -> None:
    store = Store(lambda: 0)
    control = Control(store, Rules(), Faults(store.now), RequestLog())
    state = next(route.handle for route in control.routes() if route.path == "/sandbox/state")
    seen = Seen(0, "GET", "/sandbox/state", 0, 0)
    with pytest.raises(Turned) as turned:
        state(Call("GET", "/sandbox/state", seen, peer=peer, headers={"host": "127.0.0.1:80"}))
    assert turned.value.reply.status == 403
