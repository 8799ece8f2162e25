from __future__ import annotations

import pytest

from fedisched.clock import SECOND
from fedisched.engine import decided
from fedisched.engine.address import Place
from fedisched.model.post import Status
from fedisched.model.results import PartResult, Result
from fedisched.model.tid import is_tid, moment_of
from tests.engine.support import DUE, PATH, key_of

HELD = Result(key=key_of(), error="who knows", attempts=2, next_try="never", state="held")
FAILED = Result(key=key_of(), error="too long", attempts=1, state="failed")
THERE = Result(key=key_of(), url="https://m.example/1", id="1", at="noon")
WAITING = Result(key=key_of(), error="no route", attempts=1, next_try="soon")
GONE = Result(key=key_of(), dropped="yesterday")
TIME_CHANGED = Result(
    key=key_of(), url="https://m.example/1", id="1", at="noon", error="already published", state="held"
)
PLACE = Place("https://m.example/9", id="9")


def test_what_is_there_keeps_its_key_and_loses_what_was_wrong() -> None:
    assert decided.found(HELD, PLACE) == Result(key=key_of(), url=PLACE.url, id="9")
    uri = Place("https://bsky.app/9", uri="at://did/9")
    assert decided.found(HELD, uri) == Result(key=key_of(), url=uri.url, uri=uri.uri)


def test_of_a_thread_it_is_the_first_part_or_the_one_after_those_that_are_known() -> None:
    first = PartResult("https://m.example/1", "1")
    begun = Result(key=key_of(), parts=(first,), error="who knows", state="held")
    found = decided.found(begun, PLACE)
    assert (found.url, found.id, found.parts) == (first.url, "1", (first, PartResult(PLACE.url, "9")))
    assert decided.found(begun, Place(first.url, id="1")).parts == (first,)


def test_what_is_dropped_keeps_its_key_and_what_is_there_of_it() -> None:
    assert decided.dropped(HELD, "now") == Result(key=key_of(), dropped="now")
    part = PartResult("https://m.example/1", "1")
    begun = Result(key=key_of(), parts=(part,), error="who knows", state="held")
    assert decided.dropped(begun, "now") == Result(key=key_of(), parts=(part,), dropped="now")
    assert decided.dropped(TIME_CHANGED, "now") == THERE


def test_the_new_key_follows_from_the_old_one_and_the_second() -> None:
    now = DUE + 3600 * SECOND
    block = decided.again(HELD, PATH, "m", now)
    assert block == Result(key=block.key) == decided.again(HELD, PATH, "m", now + SECOND - 1)
    assert is_tid(block.key) and 0 <= moment_of(block.key) - now < 1.05 * SECOND
    others = [
        decided.again(HELD, PATH, "m", DUE).key,
        decided.again(HELD, PATH, "b", now).key,
        decided.again(block, PATH, "m", now).key,
        key_of(due=now),
        key_of(),
    ]
    assert len({block.key, *others}) == 6


@pytest.mark.parametrize(
    ("status", "results", "held"),
    [
        (Status.HELD, {"m": HELD, "b": THERE}, ["m"]),
        (Status.HELD, {"m": HELD, "b": FAILED}, ["m"]),
        (Status.HELD, {"m": HELD, "b": GONE}, ["m"]),
        (Status.HELD, {}, ["m", "b"]),
        (Status.HELD, {"m": Result(key="k", error="from before")}, ["m", "b"]),
        (Status.PUBLISHING, {"m": HELD, "b": WAITING}, ["m"]),
        (Status.SCHEDULED, {"m": HELD}, ["m"]),
        (Status.SCHEDULED, {"m": WAITING}, []),
        (Status.FAILED, {"m": FAILED, "b": THERE}, []),
        (Status.HELD, {"m": TIME_CHANGED, "b": TIME_CHANGED}, ["m", "b"]),
    ],
)
def test_what_is_held_stands_in_the_file(status: Status, results: dict[str, Result], held: list[str]) -> None:
    assert list(decided.held_targets(status, ("m", "b"), results)) == held


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ({"m": THERE, "b": THERE}, Status.PUBLISHED),
        ({"m": THERE, "b": GONE}, Status.PUBLISHED),
        ({"m": GONE, "b": GONE}, Status.DRAFT),
        ({"m": THERE, "b": FAILED}, Status.FAILED),
        ({"m": HELD, "b": FAILED}, Status.HELD),
        ({"m": THERE, "b": WAITING}, Status.PUBLISHING),
        ({"m": HELD, "b": WAITING}, Status.PUBLISHING),
        ({"m": THERE}, Status.PUBLISHING),
    ],
)
def test_the_status_is_the_first_that_applies(results: dict[str, Result], status: Status) -> None:
    assert decided.status_of(Status.PUBLISHING, ("m", "b"), results) is status
    assert decided.status_of(Status.HELD, ("m", "b"), {"m": THERE}) is Status.HELD, "it said no more than that"
