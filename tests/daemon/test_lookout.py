"""What the daemon says of a post that was saved, moved or taken away: from the plan alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.cli.run import Log
from fedisched.cli.say import Voice
from fedisched.daemon.events import Armed, Event, TakenBack, in_few_words
from fedisched.daemon.lookout import Lookout
from fedisched.engine.plan import Stand, plan
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from tests.cli.support import StandingClock
from tests.engine.support import ACCOUNTS, DUE, HOUR, SETTINGS, delivery, entry

BEFORE = DUE - 24 * HOUR


def seen(
    lookout: Lookout, found: Entry, *known: Delivery, now: int = BEFORE, paused: int | None = None
) -> Event | None:
    accounts = {**ACCOUNTS}
    if paused is not None:
        accounts["m"] = replace(accounts["m"], paused="revoked", next_try=paused)
    return lookout.see(found, plan([found], known, accounts, SETTINGS, now), now)


def test_an_edit_while_it_is_on_its_way_arms_nothing() -> None:
    for state in (State.SENDING, State.UNSURE):
        lookout = Lookout()
        known = delivery(state=state, since=DUE, first_try=DUE)
        assert seen(lookout, entry(digest="edited"), known, now=DUE) is None
        assert lookout.next() is not None, "but it is looked at again"
    both = entry(targets=("all",), digest="edited")
    armed = seen(Lookout(), both, delivery(state=State.SENDING, since=DUE), now=DUE)
    assert isinstance(armed, Armed) and armed.targets == ("b",) and armed.at == DUE


def test_an_edit_of_a_paused_accounts_post_tells_the_posts_own_time() -> None:
    for paused in (BEFORE + HOUR, DUE + HOUR):
        assert seen(Lookout(), entry(), paused=paused) == Armed(entry(), ("m",), DUE)
    assert seen(Lookout(), entry(), paused=DUE + HOUR, now=DUE) == Armed(entry(), ("m",), DUE + HOUR)


def test_a_file_that_has_another_path_is_told_as_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lookout = Lookout()
    old, new = entry(digest="same"), entry("posts/b.md", digest="same")
    assert isinstance(seen(lookout, old), Armed)
    events = [lookout.lose(old.path, None), seen(lookout, new)]
    (moved,) = in_few_words(event for event in events if event is not None)
    assert moved == Armed(new, ("m",), DUE, "posts/a.md")
    Log(Voice(), StandingClock("2026-11-30T09:00:00+01:00"), tmp_path, "Europe/Berlin").tell(moved)
    said = "moved     posts/a.md → posts/b.md  Tomorrow, Tue 1 Dec 09:00 (in 1 day)"
    assert capsys.readouterr().out.rstrip().endswith(said)


def test_a_file_that_was_edited_when_it_was_moved_or_is_gone_is_told_as_off() -> None:
    lookout = Lookout()
    seen(lookout, entry(digest="same"))
    seen(lookout, entry("posts/c.md", digest="gone"))
    events = [lookout.lose("posts/a.md", None), lookout.lose("posts/c.md", None), seen(lookout, entry("posts/b.md"))]
    told = in_few_words(event for event in events if event is not None)
    assert [type(event) for event in told] == [TakenBack, TakenBack, Armed]


def test_a_draft_is_off_though_another_file_has_its_bytes() -> None:
    lookout = Lookout()
    seen(lookout, entry())
    off = seen(lookout, entry(status=Status.DRAFT, digest="draft"))
    assert off == TakenBack("posts/a.md")


def test_a_problem_is_told_once_however_much_is_known_of_it() -> None:
    lookout = Lookout()
    copy = entry("posts/b.md")
    for number, words in enumerate(("its results are from before its time", "its results are those of posts/a.md")):
        problem = Problem("posts/b.md", 4, 1, "copied-results", words, "Delete them.")
        broken = replace(copy, problem=problem)
        steps = plan([broken], (), ACCOUNTS, SETTINGS, BEFORE)
        assert steps[0].stand is Stand.BROKEN
        assert (lookout.see(copy, steps, BEFORE) is None) == bool(number)
