"""`fedisched publish` killed at any moment: whatever it was doing, each post is published once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.clock import SECOND, SystemClock
from fedisched.model.post import Status
from fedisched.model.settings import Retry
from fedisched.sandbox import Sandbox
from tests.daemon.service import configure, environ_of
from tests.stage import Stage

KILLS = 16
SOONEST, LATEST = 0.2, 1.6
"""Seconds from the start of a publisher to its death: from before its imports to after its write-back."""


class LaterClock(SystemClock):
    """The machine's clock, so many seconds on."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead * SECOND


@pytest.fixture
def clock() -> LaterClock:
    return LaterClock()


@pytest.fixture
def stage(tmp_path: Path, clock: LaterClock) -> Iterator[Stage]:
    with Sandbox(now=clock.now) as sandbox:
        stage = Stage(tmp_path, sandbox)
        stage.clock = clock
        # Patience outlasts what the clock is moved on below.
        stage.settings = replace(stage.settings, retry=Retry(first=0.2, longest=1.0, give_up_after=86400.0))
        configure(stage)
        yield stage


def test_a_publisher_killed_at_any_moment_publishes_each_post_once(stage: Stage, clock: LaterClock) -> None:
    chance = random.Random(20261123)
    names = []
    for number in range(KILLS):
        names.append(f"{number}.md")
        body = f"One of {number}\n\n---\n\nTwo of {number}" if number % 3 == 0 else f"All of {number}"
        stage.post(names[-1], stage.soon(-1), body=body)
        _kill_a_publisher(stage, chance.uniform(SOONEST, LATEST))
    # A server may work on a request long after its connection died, so what is unsure is asked about minutes later.
    for _ in range(3):
        clock.ahead += 130
        stage.publish(wait=5)

    expected = Counter(f"{word} of {n}" for n in range(KILLS) for word in (("One", "Two") if n % 3 == 0 else ("All",)))
    assert [Counter(texts) for texts in stage.texts()] == [expected, expected]
    assert {name: stage.entry(name).status for name in names} == dict.fromkeys(names, Status.PUBLISHED)


def _kill_a_publisher(stage: Stage, after: float) -> None:
    publisher = subprocess.Popen(
        [sys.executable, "-m", "fedisched", "publish", "-C", str(stage.folder)],
        env=environ_of(stage),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        publisher.wait(after)
    except subprocess.TimeoutExpired:
        publisher.send_signal(signal.SIGKILL)
        publisher.wait()
