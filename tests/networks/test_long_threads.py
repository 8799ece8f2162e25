"""What `check` takes of a thread's length, Bluesky's servers take in one request; and they refuse what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fedisched.compose.bluesky_request import MOST_WRITES
from fedisched.model.outcome import Found, Refused
from fedisched.model.rendered import Rendered
from tests.compose.posts import codes, post, render
from tests.networks.places import Place, prepared, publish, text_of_its_own


def thread(number: int, text: str = "Go on", **more: Any) -> Rendered:
    words = text_of_its_own(text)
    rendering = render(post("\n---\n".join(f"{words} {n}" for n in range(number)), **more), "bluesky")
    assert codes(rendering) == ([] if number <= MOST_WRITES else ["thread-too-long"])
    return rendering.rendered


@pytest.mark.parametrize(("number", "text"), [(MOST_WRITES, "Go on"), (100, "字" * 270)], ids=["writes", "bytes"])
def test_a_thread_as_long_as_check_allows_is_written(bluesky_place: Place, number: int, text: str) -> None:
    task = bluesky_place.task(thread(number, text))
    sent = publish(bluesky_place.open(), task)
    assert len(sent) == number
    assert bluesky_place.open().find([dataclasses.replace(task, done=sent[:-1])]) == [Found(sent[-1:])]


def test_a_thread_with_one_part_more_is_refused(bluesky_place: Place) -> None:
    network = bluesky_place.open()
    answer = network.publish(prepared(network, bluesky_place.task(thread(MOST_WRITES + 1))), ())
    assert isinstance(answer, Refused) and "Too many writes" in answer.reason
