"""What a person says of failed, held and cancelled posts in their files, followed in whole runs against the sandbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from fedisched.clock import SECOND
from fedisched.model.delivery import State
from fedisched.model.post import Status
from fedisched.model.settings import Retry
from fedisched.publisher.publisher import Publisher
from fedisched.publisher.report import Report
from fedisched.sandbox import Fault, What
from tests.publisher.held import deliveries, hold
from tests.stage import Stage, as_text

STATUSES = "/api/v1/statuses"
STATUSES_OF_ACCOUNT = "/api/v1/accounts/*/statuses"


def test_what_failed_is_tried_again_though_nothing_else_is_due(stage: Stage) -> None:
    path = _failed(stage)
    stage.sandbox.faults.clear()
    _say(path, "failed", "scheduled")
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED
    assert stage.texts() == (["Hello!"], [])


def test_the_same_word_counts_each_time_it_is_said(stage: Stage) -> None:
    path = _failed(stage)
    failed = path.read_bytes()
    for tries in (2, 3):
        _say(path, "failed", "scheduled")
        stage.publish()
        assert path.read_bytes() == failed
        assert len(stage.sandbox.requests("POST", STATUSES)) == tries
    stage.publish()
    assert len(stage.sandbox.requests("POST", STATUSES)) == 3


def test_a_draft_made_of_what_failed_stays_a_draft(stage: Stage) -> None:
    path = _failed(stage)
    _say(path, "failed", "draft")
    draft = path.read_bytes()
    stage.publish()
    assert path.read_bytes() == draft and len(stage.sandbox.requests("POST", STATUSES)) == 1


def test_a_draft_made_of_what_waits_for_its_next_try_stays_a_draft_until_it_is_scheduled_again(stage: Stage) -> None:
    path = _waiting(stage)
    _say(path, "publishing", "draft")
    draft = path.read_bytes()
    stage.publish()
    assert path.read_bytes() == draft
    _say(path, "draft", "scheduled")
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED and stage.texts() == (["Hello!"], [])


@pytest.mark.parametrize("draft", [("status: scheduled", "status: draft"), ("status: scheduled\n", "")])
def test_a_draft_made_while_one_target_is_still_to_come_cancels_that_one(stage: Stage, draft: tuple[str, str]) -> None:
    slow = stage.sandbox.faults.add(Fault(What.SLOW_ANSWER, STATUSES, method="POST"))
    due = stage.soon()
    stage.post("a.md", due, body="First")
    path = stage.post("b.md", due, body="Second", status="scheduled")
    both_are_on_bluesky = Event()
    desk = stage.desk()

    def report(told: Report) -> None:
        if (told.path, told.target) == ("posts/b.md", "bluesky"):
            both_are_on_bluesky.set()

    runs = Thread(target=Publisher(desk, report, stage.notices.append).run, args=(lambda _: due + SECOND,))
    runs.start()
    assert slow.struck.wait(30) and both_are_on_bluesky.wait(30)
    if not draft[1]:
        path.write_text(path.read_text().replace(f"time: {as_text(due)}\n", ""))
    _say(path, *draft)
    text = path.read_text()
    desk.look_again()
    slow.release()
    runs.join(60)
    desk.journal.close()
    assert [sorted(texts) for texts in stage.texts()] == [["First"], ["First", "Second"]]
    assert stage.entry("b.md").status is Status.DRAFT
    assert [claim.target for claim in stage.entry("b.md").claims if claim.published] == ["bluesky"]
    assert path.read_text().replace("status: draft\n", "").startswith(text.partition("---\n")[0])
    again = path.read_bytes()
    stage.publish()
    assert path.read_bytes() == again and "Second" not in stage.texts()[0]
    if draft[1]:
        _say(path, "draft", "scheduled")
        stage.publish()
        assert stage.texts() == (["First", "Second"], ["First", "Second"])
        assert stage.entry("b.md").status is Status.PUBLISHED


def test_a_draft_made_while_nobody_knows_is_not_sent_once_it_is_known(stage: Stage) -> None:
    stage.sandbox.rules.key_seconds = 0
    lost = stage.sandbox.faults.add(Fault(What.DROP_REQUEST, STATUSES, method="POST"))
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, STATUSES_OF_ACCOUNT, method="GET", times=None))
    path = stage.post("a.md", stage.soon(), targets="mastodon")
    stage.publish(wait=3)
    assert lost.struck.is_set()
    _say(path, "publishing", "draft")
    stage.publish()
    assert stage.entry("a.md").status is Status.DRAFT
    stage.sandbox.faults.clear()
    stage.publish(wait=3)
    assert stage.texts() == ([], []) and stage.entry("a.md").status is Status.DRAFT
    assert [delivery.state for delivery in deliveries(stage)] in ([State.WAITING], [State.CANCELLED])


def test_a_deleted_file_cancels_and_its_return_brings_it_back(stage: Stage) -> None:
    path = _waiting(stage)
    text = path.read_text()
    path.unlink()
    stage.publish()
    assert [delivery.state for delivery in deliveries(stage)] == [State.WAITING], "nothing was due, nobody was asked"
    stage.post("b.md", stage.soon(-1), body="Another", targets="mastodon")
    stage.publish()
    assert {delivery.path: delivery.state for delivery in deliveries(stage)}["posts/a.md"] is State.CANCELLED
    path.write_text(text)
    stage.publish()
    assert stage.texts()[0] == ["Another", "Hello!"]


def test_a_removed_target_is_not_sent_to_and_a_returned_one_is(stage: Stage) -> None:
    path = _waiting(stage, targets="[mastodon, bluesky]")
    _say(path, "[mastodon, bluesky]", "[bluesky]")
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED and stage.texts() == ([], ["Hello!"])
    _say(path, "[bluesky]", "[bluesky, mastodon]")
    _say(path, "published", "scheduled")
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED and stage.texts() == (["Hello!"], ["Hello!"])


def test_scheduled_on_a_held_post_only_looks_again(stage: Stage) -> None:
    path = hold(stage)
    held = path.read_bytes()
    for _ in range(2):
        before = len(stage.sandbox.requests("GET"))
        _say(path, "held", "scheduled")
        stage.publish()
        assert path.read_bytes() == held, "it is still in doubt"
        assert before < len(stage.sandbox.requests("GET")) < before + 20
    assert len(stage.sandbox.requests("POST", STATUSES)) == 1


def _failed(stage: Stage) -> Path:
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, STATUSES, status=422, times=None))
    path = stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    assert stage.entry("a.md").status is Status.FAILED
    return path


def _waiting(stage: Stage, targets: str = "mastodon") -> Path:
    """A post that was not sent, on a server that can be reached again, and that would wait for ten minutes more."""
    stage.settings = replace(stage.settings, retry=Retry())
    stage.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, seconds=600))
    path = stage.post("a.md", stage.soon(-1), targets=targets)
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHING
    return path


def _say(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
