"""Two publishers of one repository, with claims: over real bare remotes, on a server that ignores keys."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from fedisched.model.post import Status
from fedisched.sandbox import Sandbox
from tests.publisher.places import Place
from tests.stage import as_text


@pytest.fixture
def place(tmp_path: Path, sandbox: Sandbox) -> Place:
    sandbox.rules.key_seconds = 0
    return Place(tmp_path, sandbox)


def due(place: Place, moment: int, body: str = "Hello!", name: str = "a.md") -> None:
    place.ann.post(name, body, f"time: {as_text(moment)}")
    place.push(name)


def test_of_two_that_race_one_sends_and_the_other_sees_the_result(place: Place) -> None:
    one, two = place.peer("one"), place.peer("two")
    due(place, one.soon(6))
    for peer in (one, two):
        peer.carry()
    threads = [Thread(target=peer.publish, args=(9,)) for peer in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.texts() == (["Hello!"], ["Hello!"]), (one.said(), two.said())
    outcomes = sorted(line.partition(" until")[0] for line in one.said() + two.said())
    assert outcomes == [
        "bluesky: published",
        "bluesky: waiting another publisher has claimed it",
        "mastodon: published",
        "mastodon: waiting another publisher has claimed it",
    ]
    for peer in (one, two, one, two):
        peer.carry()
    for peer in (one, two):
        assert peer.entry("a.md").status is Status.PUBLISHED
        peer.publish()
    assert one.texts() == (["Hello!"], ["Hello!"])
