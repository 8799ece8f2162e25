from __future__ import annotations

import pytest

from fedisched.clock import SECOND
from fedisched.publisher.calm import AFTER, BEFORE, LONGEST, REST, Calm, calm_at

NOW = 1_795_000_000 * SECOND


@pytest.mark.parametrize(
    ("moments", "calm"),
    [
        pytest.param([], NOW, id="nothing leaves"),
        pytest.param([NOW + BEFORE + 1], NOW, id="one leaves later"),
        pytest.param([NOW + BEFORE], NOW + BEFORE + AFTER, id="one leaves in a moment"),
        pytest.param([NOW], NOW + AFTER, id="one leaves now"),
        pytest.param([NOW - AFTER + 1], NOW + 1, id="one is just under way"),
        pytest.param([NOW - AFTER], NOW, id="one has left"),
        pytest.param([0, NOW - 3600 * SECOND], NOW, id="overdue"),
        pytest.param([NOW - AFTER, NOW, NOW + BEFORE], NOW + BEFORE + AFTER, id="the last of several"),
    ],
)
def test_it_is_calm_when_no_request_is_about_to_leave(moments: list[int], calm: int) -> None:
    assert calm_at(moments, NOW) == calm


def test_thinking_is_not_put_off_for_ever() -> None:
    calm, now, asked = Calm(), NOW, 0
    while (until := calm.put_off_until([now], now)) is not None:
        assert until > now
        now, asked = until, asked + 1
    assert now == NOW + LONGEST and asked > 1
    assert calm.put_off_until([now], now) is not None, "and the next time it is put off again"


def test_who_thought_long_rests_longer_but_not_for_ever() -> None:
    calm = Calm()
    calm.thought(NOW, NOW + 10_000)
    assert calm.put_off_until([], NOW + 10_000) == NOW + 10_000 + REST * 10_000
    assert calm.put_off_until([], NOW + 10_000 + REST * 10_000) is None
    calm.thought(NOW, NOW + 60 * SECOND)
    assert calm.put_off_until([], NOW + 60 * SECOND) == NOW + 60 * SECOND + LONGEST


def test_a_clock_set_back_does_not_put_it_off_longer() -> None:
    calm = Calm()
    assert calm.put_off_until([NOW], NOW) == NOW + AFTER
    back = NOW - 3600 * SECOND
    assert calm.put_off_until([back], back) == back + AFTER
    calm.thought(NOW, NOW)
    assert calm.put_off_until([], back) == back + LONGEST
    assert calm.put_off_until([], back + LONGEST) is None
