from __future__ import annotations

from dataclasses import replace

from fedisched.daemon.events import Armed, Event, Met, Reported, Said
from fedisched.daemon.once import Once
from fedisched.model.post import Entry, Status
from fedisched.publisher.report import AccountNews, Report

WAITING = Report("posts/a.md", "m", "waiting", error="the folder cannot be written", next_try="2026-12-01T09:00:00Z")


def told(*events: Event | bool) -> list[Event]:
    """What is told of these events; True where a publisher ended that worked, False for one that crashed."""
    news: list[Event] = []
    once = Once(news.append)
    for event in events:
        if isinstance(event, bool):
            once.publisher_ended(event)
        else:
            once(event)
    return news


def test_what_waits_is_told_again_only_when_more_changed_than_its_next_try() -> None:
    first = Reported(WAITING)
    again = Reported(replace(WAITING, next_try="2026-12-01T09:00:30Z"))
    other_target = Reported(replace(WAITING, target="b"))
    another_try = Reported(replace(WAITING, attempts=1))
    assert told(first, other_target, True, again, another_try) == [first, other_target, another_try]


def test_what_came_of_it_is_always_told() -> None:
    failed = Reported(replace(WAITING, outcome="failed"))
    assert told(Reported(WAITING), failed, failed, Reported(WAITING)) == [
        Reported(WAITING),
        failed,
        failed,
        Reported(WAITING),
    ]


def test_whoever_saves_a_file_is_told_again_what_it_lacks() -> None:
    saved = Armed(Entry("posts/a.md", "d", Status.SCHEDULED, 1, "", None), ("m",), 1)
    assert told(Reported(WAITING), saved, Reported(WAITING)) == [Reported(WAITING), saved, Reported(WAITING)]


def test_an_account_is_told_once_when_it_cannot_be_used_and_once_when_it_can() -> None:
    gone = Met(AccountNews("m", "not reached", "2026-12-01T09:00:00Z"))
    later = Met(AccountNews("m", "not reached", "2026-12-01T09:01:00Z"))
    refused = Met(AccountNews("m", "revoked", paused=True))
    usable = Met(AccountNews("m"))
    assert told(usable, gone, True, later, refused, usable, True, usable) == [gone, refused, usable]


def test_what_each_publisher_says_again_is_told_once_but_every_crash_in_full() -> None:
    full, own = Said("The disk is full.", wrong=True, of_publisher=True), Said("The disk is full.", wrong=True)
    assert told(full, full, True, full, True, full) == [full]
    assert told(full, True, True, full) == [full, full]
    assert told(full, False, full, False, full) == [full, full, full]
    assert told(own, own) == [own, own]
