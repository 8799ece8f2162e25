"""Which troubles are news."""

from __future__ import annotations

from dataclasses import replace

from fedisched.clock import SECOND
from fedisched.engine.telling import LONGEST_PAUSE, REST, news, next_pause
from fedisched.model.telling import Memory, Trouble

NOW = 1_800_000_000 * SECOND
FAILED = Trouble("failed", "post posts/a.md mastodon", "422", "posts/a.md → mastodon")
PAUSED = Trouble("paused", "account mastodon", "it says 401", "mastodon", "it says 401")
DIED = Trouble("daemon", "daemon died", "09:00", "the daemon", "it died", passes=True)


def everything(_: str) -> bool:
    return True


def told(*troubles: Trouble) -> Memory:
    return Memory(news(troubles, Memory(), everything, NOW).told)


def test_each_thing_is_told_once_and_again_when_it_changes() -> None:
    first = news([FAILED, PAUSED], Memory(), everything, NOW)
    assert first.new == (FAILED, PAUSED)
    memory = Memory(first.told)
    assert not news([FAILED, PAUSED], memory, everything, NOW + 1)
    other = replace(FAILED, mark="403")
    assert news([other, PAUSED], memory, everything, NOW + 1).new == (other,)


def test_what_is_mended_and_comes_back_is_news_again() -> None:
    mended = news([], told(FAILED), everything, NOW)
    # Who mended it knows.
    assert not mended and not mended.told
    assert news([FAILED], Memory(mended.told), everything, NOW).new == (FAILED,)


def test_that_an_account_is_well_again_is_told_once() -> None:
    well = news([], told(PAUSED, FAILED), everything, NOW)
    assert [each.subject for each in well.well_again] == ["mastodon"]
    assert not news([], Memory(well.told), everything, NOW)


def test_who_cannot_know_that_it_is_over_leaves_it_as_it_is() -> None:
    memory = told(PAUSED, FAILED)
    found = news([], memory, lambda key: key.startswith("post "), NOW)
    assert not found and set(found.told) == {PAUSED.key}


def test_a_daemon_that_dies_again_and_again_is_one_piece_of_news_an_hour() -> None:
    memory = told(DIED)
    assert not news([replace(DIED, mark="09:01")], memory, everything, NOW + REST - 1)
    assert news([replace(DIED, mark="10:01")], memory, everything, NOW + REST).new
    # Nobody is told that it is well again, and then it is forgotten.
    assert news([], memory, everything, NOW + 1).told
    over = news([], memory, everything, NOW + REST)
    assert not over and not over.told


def test_what_was_told_before_the_clock_was_set_back_does_not_hold_back_news() -> None:
    assert news([replace(DIED, mark="x")], told(DIED), everything, NOW - 10 * REST).new


def test_the_pauses_grow_to_an_hour() -> None:
    pauses = [next_pause(failures) for failures in range(1, 40)]
    assert pauses == sorted(pauses) and pauses[0] == 60 * SECOND and pauses[-1] == LONGEST_PAUSE
