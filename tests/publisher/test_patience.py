"""What waits, for how long and for whom: quotas, servers that are gone, clocks that are wrong, disks that are full."""

from __future__ import annotations

import errno
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from threading import Condition

import pytest

from fedisched.clock import SECOND, SystemClock
from fedisched.content import replace as replacing
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Status
from fedisched.model.settings import Retry
from fedisched.sandbox import Fault, What
from tests.stage import Stage

STATUSES = "/api/v1/statuses"
PUT_RECORD = "/xrpc/com.atproto.repo.putRecord"
HOUR = 3600 * SECOND


def deliveries(stage: Stage) -> dict[str, Delivery]:
    """The journal's deliveries by their target and path."""
    journal = Journal(stage.state / "journal.sqlite3")
    try:
        return {f"{delivery.target} {delivery.path}": delivery for delivery in journal.deliveries()}
    finally:
        journal.close()


def test_one_request_looks_up_all_that_is_overdue(stage: Stage) -> None:
    stage.publish()
    for number in range(6):
        stage.post(f"{number}.md", stage.soon(-600), body=f"Post {number}", targets="mastodon")
    stage.publish()
    assert [status.text for status in stage.sandbox.statuses()] == [f"Post {number}" for number in range(6)]
    assert len(stage.sandbox.requests("GET", f"/api/v1/accounts/{stage.mastodon_id}/statuses")) == 1


def test_what_is_overdue_leaves_a_tenth_of_the_servers_quota(stage: Stage) -> None:
    stage.sandbox.rules.posts_limit = 10
    for number in range(12):
        stage.post(f"{number:02}.md", stage.soon(-600 + number), body=f"Post {number}", targets="mastodon")
    summary = stage.publish()
    assert summary.waits and not summary.needs_a_person
    assert [status.text for status in stage.sandbox.statuses()] == [f"Post {number}" for number in range(9)]
    left = [each for each in deliveries(stage).values() if each.state is State.WAITING]
    assert len(left) == 3 and all(not each.attempts and "few more posts" in each.error for each in left)
    assert not [each for each in stage.sandbox.requests("POST", STATUSES) if each.status == 429]


def test_what_is_on_time_has_what_the_overdue_left(stage: Stage) -> None:
    stage.sandbox.rules.posts_limit = 10
    for number in range(10):
        stage.post(f"{number:02}.md", stage.soon(-600 + number), body=f"Post {number}", targets="mastodon")
    stage.post("now.md", stage.soon(5), body="On time", targets="mastodon")
    stage.publish(wait=7.0)
    assert stage.sandbox.statuses()[-1].text == "On time" and len(stage.sandbox.statuses()) == 10


def test_a_server_that_asks_to_slow_down_burns_one_attempt_not_one_a_post(stage: Stage) -> None:
    stage.settings = replace(stage.settings, retry=Retry())
    stage.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, times=None, seconds=900))
    for number in range(4):
        stage.post(f"{number}.md", stage.soon(-10))
    stage.publish()
    assert len(stage.sandbox.requests("POST", STATUSES)) == 1
    known = deliveries(stage)
    assert [known[f"mastodon posts/{number}.md"].attempts for number in range(4)] == [1, 0, 0, 0]
    assert len(stage.sandbox.records()) == 4
    journal = Journal(stage.state / "journal.sqlite3")
    account = Accounts(journal).all()["mastodon"]
    journal.close()
    assert "slow down" in account.error and account.next_try is not None
    assert account.next_try > stage.clock.now() + 800 * SECOND


def test_what_was_tried_is_given_up_though_its_server_never_comes_back(stage: Stage) -> None:
    stage.settings = replace(stage.settings, retry=Retry(first=60.0, longest=3600.0, give_up_after=86400.0))
    stage.sandbox.faults.add(Fault(What.FIREWALL, STATUSES, times=1))
    stage.post("a.md", stage.soon(-10), targets="mastodon")
    stage.post("b.md", stage.soon(-10), targets="mastodon")
    stage.publish()
    assert len(stage.sandbox.statuses()) == 1
    stage.clock = Shifted(25 * 3600)
    stage.sandbox.stop()
    stage.publish()
    (failed,) = [each for each in deliveries(stage).values() if each.state is State.REFUSED]
    assert "gave up after 24 hours" in failed.error and "fedisched retry" in failed.hint
    assert stage.entry(Path(failed.path).name).status is Status.FAILED


@pytest.mark.parametrize(("target", "state"), [("mastodon", State.HELD), ("bluesky", State.UNSURE)])
def test_where_a_look_up_will_tell_in_the_end_nothing_is_held(stage: Stage, target: str, state: State) -> None:
    stage.settings = replace(stage.settings, retry=Retry(first=60.0, longest=3600.0, give_up_after=86400.0))
    publishing, looking = (STATUSES, "*/statuses") if target == "mastodon" else (PUT_RECORD, "*getRecord")
    stage.publish()
    stage.sandbox.faults.add(Fault(What.DROP_ANSWER, publishing))
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, looking, method="GET", nth=2, times=None))
    stage.post("a.md", stage.soon(-10), targets=target)
    stage.publish()
    stage.sandbox.stop()
    stage.clock = Shifted(25 * 3600)
    stage.publish()
    assert deliveries(stage)[f"{target} posts/a.md"].state is state


def test_a_post_in_doubt_is_not_taken_for_another_that_is_asked_about_sooner(stage: Stage) -> None:
    stage.settle = 5.0
    stage.publish()
    lost = stage.sandbox.faults.add(Fault(What.DROP_REQUEST, STATUSES))
    there = stage.sandbox.faults.add(Fault(What.DROP_ANSWER, STATUSES, nth=2))
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, "*/statuses", method="GET", nth=2, times=None))
    stage.post("lost.md", stage.soon(-10), body="Lost", targets="mastodon")
    stage.post("there.md", stage.soon(-10), body="There", targets="mastodon")
    stage.publish()
    assert lost.struck.is_set() and there.struck.is_set()
    assert {each.state for each in deliveries(stage).values()} == {State.UNSURE}
    stage.sandbox.faults.clear()
    with sqlite3.connect(stage.state / "journal.sqlite3") as journal:  # as many vain look-ups put it off
        journal.execute("UPDATE delivery SET next_try = ? WHERE path = 'posts/there.md'", (stage.soon(50),))
    journal.close()
    stage.clock = Shifted(10)
    stage.publish(wait=5.0)
    assert deliveries(stage)["mastodon posts/lost.md"].state is State.PUBLISHED
    stage.clock = Shifted(59)
    stage.publish()
    assert stage.texts()[0] == ["There", "Lost"]
    assert {each.state for each in deliveries(stage).values()} == {State.PUBLISHED}


def test_what_may_be_out_is_looked_up_though_its_file_is_gone(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-10), targets="mastodon")
    stage.sandbox.faults.add(Fault(What.DROP_ANSWER, STATUSES))
    looks = stage.sandbox.faults.add(Fault(What.PROXY_ERROR, "*/statuses", method="GET", nth=2, times=None))
    stage.publish()
    assert looks.struck.is_set() and deliveries(stage)["mastodon posts/a.md"].state is State.UNSURE
    path.unlink()
    stage.sandbox.faults.clear()
    stage.publish(wait=2.0)
    assert deliveries(stage)["mastodon posts/a.md"].state is State.PUBLISHED
    assert len(stage.sandbox.statuses()) == 1


def test_a_clock_that_jumps_while_a_post_is_ready_sends_nothing(stage: Stage) -> None:
    clock = stage.clock = Jumping()
    stage.post("a.md", stage.soon(8), targets="mastodon")
    clock.jump_when(lambda: bool(stage.sandbox.requests("GET", "/api/v2/instance")), 3600.0)
    summary = stage.publish(wait=10.0)
    assert clock.has_jumped and summary.waits and not stage.sandbox.statuses()
    (delivery,) = deliveries(stage).values()
    assert delivery.state is State.WAITING and not delivery.attempts


def test_with_a_clock_that_is_wrong_nothing_is_sent(stage: Stage) -> None:
    stage.clock = Shifted(-3600)
    stage.post("a.md", stage.soon(-10))
    summary = stage.publish()
    assert summary.waits and stage.texts() == ([], [])
    assert {"s behind the server's" in report.error and "timedatectl" in report.error for report in stage.reports} == {
        True
    }


def test_a_full_disk_stops_the_send_and_heals(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.post("a.md", stage.soon(-10))
    with monkeypatch.context() as full:
        full.setattr(replacing, "_written_beside", _no_space)
        summary = stage.publish()
    assert summary.waits and stage.texts() == ([], [])
    assert {"Make room" in report.hint for report in stage.reports} == {True}
    assert stage.entry("a.md").status is Status.SCHEDULED
    stage.clock = Shifted(31)
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"]) and stage.entry("a.md").status is Status.PUBLISHED


def test_a_disk_that_fills_up_after_the_yes_costs_only_the_writing_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.post("a.md", stage.soon(-10))
    with monkeypatch.context() as full:
        full.setattr(replacing, "replace_file", _cannot_write)
        stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"]) and stage.entry("a.md").status is Status.SCHEDULED
    assert [notice for notice in stage.notices if "Make room" in notice]
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"]) and stage.entry("a.md").status is Status.PUBLISHED


def _no_space(*args: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _cannot_write(path: Path, expected_digest: str, data: bytes) -> None:
    with replacing._told_as_cannot_write(path):
        _no_space()


class Shifted(SystemClock):
    """A clock that is so many seconds off."""

    def __init__(self, seconds: float) -> None:
        self.shift = int(seconds * SECOND)

    def now(self) -> int:
        return super().now() + self.shift

    def wait(self, condition: Condition, until: int | None) -> None:
        super().wait(condition, until)


class Jumping(Shifted):
    """A clock that is set forward while it is waited by."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.has_jumped = False

    def jump_when(self, ready: object, seconds: float) -> None:
        self._ready, self._seconds = ready, seconds

    def wait(self, condition: Condition, until: int | None) -> None:
        if not self.has_jumped and callable(self._ready) and self._ready():
            self.has_jumped, self.shift = True, int(self._seconds * SECOND)
        super().wait(condition, until)
