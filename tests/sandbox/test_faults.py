"""Every fault: what the client sees of it, and what the server has done."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from fedisched.sandbox import Fault, Rules, Sandbox, What
from tests.sandbox.conftest import TOKEN, Place, record

KEY = "3kaaaaaaaaaaa"
STATUSES = "/api/v1/statuses"


def texts(place: Place) -> list[str]:
    return [status.text for status in place.sandbox.statuses()]


def in_background(act: Any, *args: Any, **kwargs: Any) -> Future[httpx.Response]:
    pool = ThreadPoolExecutor(1)
    future: Future[httpx.Response] = pool.submit(act, *args, **kwargs)
    pool.shutdown(wait=False)
    return future


# Nothing is done


def test_a_dropped_request_does_nothing(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.DROP_REQUEST))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        place.toot("Hello")
    assert texts(place) == []
    assert [seen.status for seen in place.sandbox.requests("POST", STATUSES)] == [None]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_proxy_answers_in_html_for_a_server_that_is_away(place: Place, status: int) -> None:
    place.sandbox.faults.add(Fault(What.PROXY_ERROR, status=status))
    answered = place.toot("Hello")
    assert (answered.status_code, answered.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert texts(place) == []


def test_a_server_that_hangs_never_answers(place: Place) -> None:
    hanging = place.sandbox.faults.add(Fault(What.HANG))
    with pytest.raises(httpx.ReadTimeout):
        place.tooter.post(STATUSES, data={"status": "Hello"}, timeout=0.05)
    assert hanging.struck.is_set()
    assert not hanging.settled.is_set()
    place.sandbox.stop()
    assert texts(place) == []


def test_a_rate_limit_says_until_when(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.RATE_LIMIT, seconds=90, times=2))
    before = int(time.time())
    toot, put = place.toot("Hello"), place.put(KEY, record())
    assert (toot.status_code, put.status_code) == (429, 429)
    assert toot.json() == {"error": "Too many requests"}
    assert put.json()["error"] == "RateLimitExceeded"
    assert toot.headers["Retry-After"] == put.headers["Retry-After"] == "90"
    assert toot.headers["X-RateLimit-Remaining"] == put.headers["ratelimit-remaining"] == "0"
    assert before + 90 <= int(put.headers["ratelimit-reset"]) <= time.time() + 90
    assert texts(place) == []
    assert place.sandbox.records() == ()


@pytest.mark.parametrize(("what", "status"), [(What.UNAUTHORIZED, 401), (What.FORBIDDEN, 403)])
def test_a_refusal_of_the_account_is_json_in_each_networks_shape(place: Place, what: What, status: int) -> None:
    place.sandbox.faults.add(Fault(what, times=2))
    toot, put = place.toot("Hello"), place.put(KEY, record())
    assert (toot.status_code, put.status_code) == (status, status)
    assert set(toot.json()) == {"error"}
    assert set(put.json()) == {"error", "message"}


def test_a_firewall_answers_403_in_html(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.FIREWALL))
    answered = place.toot("Hello")
    assert (answered.status_code, answered.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_an_expired_token_is_a_400_on_bluesky(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.EXPIRED_TOKEN, network="bluesky"))
    answered = place.put(KEY, record())
    assert (answered.status_code, answered.json()["error"]) == (400, "ExpiredToken")


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_leads_elsewhere(place: Place, status: int) -> None:
    place.sandbox.faults.add(Fault(What.REDIRECT, status=status))
    answered = place.toot("Hello")
    assert (answered.status_code, answered.headers["Location"]) == (status, "/")
    assert texts(place) == []


def test_an_error_may_come_as_a_success(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.OK_ERROR))
    answered = place.toot("Hello")
    assert (answered.status_code, list(answered.json())) == (200, ["error"])


def test_a_web_page_may_come_as_a_success(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.OK_HTML))
    answered = place.toot("Hello")
    assert (answered.status_code, answered.text[:9]) == (200, "<!doctype")
    assert texts(place) == []


# It is done


def test_a_dropped_answer_was_done(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.DROP_ANSWER))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        place.toot("Hello")
    assert texts(place) == ["Hello"]


def test_a_cut_answer_was_done(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.CUT_ANSWER))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        place.toot("Hello")
    assert texts(place) == ["Hello"]


@pytest.mark.parametrize(("remember", "published"), [(True, 1), (False, 2)])
def test_a_500_after_success_may_forget_the_key(place: Place, remember: bool, published: int) -> None:
    place.sandbox.faults.add(Fault(What.FAIL_AFTER, remember=remember))
    assert place.toot("Hello", key="k").status_code == 500
    assert place.toot("Hello", key="k").status_code == 200
    assert len(texts(place)) == published


def test_an_empty_status_may_be_published_instead(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.EMPTY))
    answered = place.toot("Hello")
    assert (answered.status_code, answered.json()["content"]) == (200, "")
    assert texts(place) == [""]


def test_a_slow_server_does_it_when_it_is_released(place: Place) -> None:
    slow = place.sandbox.faults.add(Fault(What.SLOW))
    answer = in_background(place.toot, "Hello")
    assert slow.struck.wait(10)
    assert texts(place) == []
    slow.release()
    assert answer.result(10).status_code == 200
    assert texts(place) == ["Hello"]


def test_a_slow_answer_comes_after_it_is_done(place: Place) -> None:
    slow = place.sandbox.faults.add(Fault(What.SLOW_ANSWER))
    answer = in_background(place.toot, "Hello")
    assert place.sandbox.wait_until(lambda: texts(place) == ["Hello"])
    assert not answer.done()
    slow.release()
    assert answer.result(10).status_code == 200


def test_a_slow_server_needs_no_release_if_it_has_a_time(place: Place) -> None:
    slow = place.sandbox.faults.add(Fault(What.SLOW, seconds=0.01))
    assert place.toot("Hello").status_code == 200
    assert slow.settled.wait(10)


def test_a_late_request_lands_after_its_connection_was_cut(place: Place) -> None:
    late = place.sandbox.faults.add(Fault(What.LATE))
    with pytest.raises(httpx.RemoteProtocolError):
        place.put(KEY, record())
    assert place.get(KEY).json()["error"] == "RecordNotFound"
    late.release()
    assert late.settled.wait(10)
    assert place.get(KEY).status_code == 200


def test_a_late_request_lands_by_itself_after_a_time(place: Place) -> None:
    late = place.sandbox.faults.add(Fault(What.LATE, seconds=0.01))
    with pytest.raises(httpx.RemoteProtocolError):
        place.toot("Hello")
    assert late.settled.wait(10)
    assert texts(place) == ["Hello"]


def test_a_look_up_may_lag(place: Place) -> None:
    lag = place.sandbox.faults.add(Fault(What.LAG, times=2))
    toot, put = place.toot("Hello"), place.put(KEY, record())
    assert (toot.status_code, put.status_code) == (200, 200)
    own = f"/api/v1/accounts/{place.account_id}/statuses"
    listing = {"repo": place.did, "collection": "app.bsky.feed.post"}
    assert place.tooter.get(own).json() == []
    assert place.get(KEY).json()["error"] == "RecordNotFound"
    assert place.skyer.get("/xrpc/com.atproto.repo.listRecords", params=listing).json() == {"records": []}
    lag.release()
    assert place.sandbox.wait_until(lambda: place.get(KEY).status_code == 200)
    assert [status["id"] for status in place.tooter.get(own).json()] == [toot.json()["id"]]


def test_a_lagging_look_up_does_not_move_the_fence(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.LAG))
    place.put(KEY, record("One"))
    assert place.put(KEY, record("Two"), swapRecord=None).json()["error"] == "InvalidSwap"


def test_a_servers_clock_may_be_wrong(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.WRONG_DATE, seconds=-3600))
    wrong, right = (parsedate_to_datetime(place.toot("Hello").headers["Date"]).timestamp() for _ in range(2))
    assert -3605 < wrong - right < -3595


# Keys while a request is under way


def test_a_key_that_is_being_worked_on_is_locked(place: Place) -> None:
    slow = place.sandbox.faults.add(Fault(What.SLOW))
    first = in_background(place.toot, "Hello", key="k")
    assert slow.struck.wait(10)
    assert place.toot("Hello", key="k").status_code == 503
    slow.release()
    assert first.result(10).status_code == 200
    assert place.toot("Hello", key="k").json() == first.result().json()
    assert texts(place) == ["Hello"]


def test_a_late_landing_holds_its_lock_until_it_has_landed(place: Place) -> None:
    late = place.sandbox.faults.add(Fault(What.LATE))
    with pytest.raises(httpx.RemoteProtocolError):
        place.toot("Hello", key="k")
    assert place.toot("Hello", key="k").status_code == 503
    late.release()
    assert late.settled.wait(10)
    assert place.toot("Hello", key="k").status_code == 200
    assert texts(place) == ["Hello"]


def test_without_locks_a_retry_that_overlaps_doubles(place: Place) -> None:
    place.sandbox.rules.locks_key = False
    slow = place.sandbox.faults.add(Fault(What.SLOW))
    first = in_background(place.toot, "Hello", key="k")
    assert slow.struck.wait(10)
    assert place.toot("Hello", key="k").status_code == 200
    slow.release()
    assert first.result(10).status_code == 200
    assert texts(place) == ["Hello", "Hello"]


# Where, when, how many


def test_a_fault_strikes_where_it_is_told_to(place: Place) -> None:
    put_only = place.sandbox.faults.add(Fault(What.PROXY_ERROR, path="*putRecord", times=None))
    toots_only = place.sandbox.faults.add(Fault(What.FIREWALL, network="mastodon", method="POST", times=None))
    assert place.toot("Hello").status_code == 403
    assert place.put(KEY, record()).status_code == 502
    assert place.get(KEY).status_code == 400
    assert place.tooter.get("/api/v1/accounts/verify_credentials").status_code == 200
    assert (put_only.matches, toots_only.matches) == (1, 1)


def test_a_fault_strikes_the_nth_time_and_so_many_times(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.PROXY_ERROR, nth=2, times=2))
    assert [place.toot(f"{n}").status_code for n in range(4)] == [200, 502, 502, 200]


def test_a_fault_for_ever_ends_when_faults_are_cleared(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.PROXY_ERROR, times=None))
    assert [place.toot("x").status_code for _ in range(3)] == [502, 502, 502]
    place.sandbox.faults.clear()
    assert place.toot("x").status_code == 200


def test_clearing_lets_go_what_waits(place: Place) -> None:
    slow = place.sandbox.faults.add(Fault(What.SLOW))
    answer = in_background(place.toot, "Hello")
    assert slow.struck.wait(10)
    place.sandbox.faults.clear()
    assert answer.result(10).status_code == 200


def test_faults_add_up(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.WRONG_DATE, seconds=-3600))
    place.sandbox.faults.add(Fault(What.FAIL_AFTER))
    answered = place.toot("Hello")
    assert answered.status_code == 500
    assert parsedate_to_datetime(answered.headers["Date"]).timestamp() < time.time() - 3500
    assert texts(place) == ["Hello"]


def test_pages_are_spared(place: Place) -> None:
    place.sandbox.faults.add(Fault(What.DROP_REQUEST, times=None))
    assert place.tooter.get("/").status_code == 200


def test_a_fault_may_be_released_before_it_strikes() -> None:
    with Sandbox() as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        sandbox.faults.add(Fault(What.SLOW)).release()
        assert httpx.get(f"{sandbox.url}/api/v2/instance").status_code == 200


@pytest.mark.parametrize("what", list(What))
def test_no_fault_outlives_the_server(what: What) -> None:
    with Sandbox(rules=Rules()) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        armed = sandbox.faults.add(Fault(what))
        body = b"status=x"
        head = (
            f"POST {STATUSES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n"
        )
        mime = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as client:
            client.sendall(head.encode() + mime.encode() + body)
            assert armed.struck.wait(10)
            began = time.monotonic()
            sandbox.stop()
            assert time.monotonic() - began < 2
            assert armed.settled.is_set()
