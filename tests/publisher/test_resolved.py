"""A held post and what a person decides about it, to its end: with the journal, without it, and with an old one. What
counts is what is on the network afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread

import httpx
import pytest
from click.testing import Result

from fedisched.cli.exit import Exit
from fedisched.content.glance import results_of
from fedisched.engine.plan import Stand
from fedisched.model.delivery import State
from fedisched.model.post import Status
from fedisched.model.results import Result as Block
from fedisched.model.tid import derive_key, is_tid
from fedisched.publisher.desk import Job
from fedisched.publisher.worker import Worker
from fedisched.sandbox import Fault, What
from tests.cli.support import call
from tests.daemon.service import configure
from tests.publisher.held import IN_DOUBT, STATUSES, deliveries, hold
from tests.stage import HANDLE, PASSWORD, TOKEN, Stage

Spoil = Callable[[Stage], None]


@pytest.fixture
def stage(stage: Stage) -> Stage:
    configure(stage)
    return stage


def resolve(stage: Stage, *decision: str, name: str = "a.md") -> Result:
    """Decide as a person does, by the command line and the file alone."""
    return call("resolve", str(stage.folder / "posts" / name), *decision, "-C", str(stage.folder))


def block(stage: Stage, target: str = "mastodon", name: str = "a.md") -> Block:
    data = (stage.folder / "posts" / name).read_bytes()
    return results_of(data, name, stage.settings)[target]


def keep(stage: Stage) -> None:
    """The journal stays as it is."""


def lose(stage: Stage) -> None:
    for file in stage.state.glob("journal.sqlite3*"):
        file.unlink()


def put_back(name: str) -> Spoil:
    def restore(stage: Stage) -> None:
        lose(stage)
        for file in (stage.folder / name).iterdir():
            shutil.copy(file, stage.state / file.name)

    return restore


def saved(stage: Stage, name: str) -> None:
    (stage.folder / name).mkdir()
    for file in stage.state.glob("journal.sqlite3*"):
        shutil.copy(file, stage.folder / name / file.name)


def held(stage: Stage, targets: str = "mastodon") -> Path:
    """A held post, and copies of the journal from before it was sent and from when it was held."""
    stage.post("first.md", stage.soon(-1), body="First", targets="mastodon")
    stage.publish()
    saved(stage, "before")
    path = hold(stage, targets=targets)
    saved(stage, "when held")
    return path


JOURNALS = [
    pytest.param(keep, id="with the journal"),
    pytest.param(lose, id="without the journal"),
    pytest.param(put_back("before"), id="with one from before"),
    pytest.param(put_back("when held"), id="with one from when it was held"),
]
for_every_journal = pytest.mark.parametrize("spoil", JOURNALS)


@for_every_journal
def test_what_is_there_is_published_and_never_sent_again(stage: Stage, spoil: Spoil) -> None:
    path = held(stage)
    by_hand = stage.sandbox.add_status(stage.mastodon_id, "Hello, by hand")
    done = resolve(stage, "--sent", f"{stage.sandbox.url}/@me/{by_hand.id}?from=share")
    assert done.exit_code == Exit.DONE, done.output
    said = path.read_bytes()
    before = block(stage)
    assert (before.url, before.id) == (f"{stage.sandbox.url}/@me/{by_hand.id}", by_hand.id)
    assert stage.entry("a.md").status is Status.PUBLISHED and is_tid(before.key)
    for _ in range(2):
        spoil(stage)
        stage.publish()
        assert path.read_bytes() == said
        assert stage.texts()[0] == ["First", IN_DOUBT, "Hello, by hand"]


@for_every_journal
@pytest.mark.parametrize("again", [lose, put_back("when held")])
def test_what_is_not_there_is_sent_once_under_a_new_key(stage: Stage, spoil: Spoil, again: Spoil) -> None:
    held(stage)
    old = block(stage).key
    assert resolve(stage, "--retry").exit_code == Exit.DONE
    new = block(stage)
    assert new == Block(key=new.key) and is_tid(new.key) and new.key != old
    assert stage.entry("a.md").status is Status.SCHEDULED
    spoil(stage)
    stage.publish(wait=2)
    assert stage.texts()[0] == ["First", IN_DOUBT, "Hello!"]
    assert stage.entry("a.md").status is Status.PUBLISHED and block(stage).key == new.key
    again(stage)
    stage.publish(wait=2)
    assert stage.texts()[0] == ["First", IN_DOUBT, "Hello!"]
    assert stage.entry("a.md").status is Status.PUBLISHED


@for_every_journal
def test_a_crash_between_the_send_and_the_record_doubles_nothing(stage: Stage, spoil: Spoil) -> None:
    path = held(stage)
    resolve(stage, "--retry")
    asked = path.read_bytes()
    stage.publish(wait=2)
    # As after a crash before the yes was written down anywhere: the file as it was, the journal whatever it is.
    path.write_bytes(asked)
    spoil(stage)
    stage.publish(wait=2)
    assert stage.texts()[0] == ["First", IN_DOUBT, "Hello!"]
    assert stage.entry("a.md").status is Status.PUBLISHED


@for_every_journal
def test_what_is_dropped_is_a_draft_and_never_sent(stage: Stage, spoil: Spoil) -> None:
    path = held(stage)
    assert resolve(stage, "--drop").exit_code == Exit.DONE
    said = path.read_bytes()
    assert stage.entry("a.md").status is Status.DRAFT
    assert block(stage) == Block(key=block(stage).key, dropped="2026-11-20T12:00:00+01:00")
    for _ in range(2):
        spoil(stage)
        stage.publish()
        assert path.read_bytes() == said
    path.write_text(path.read_text().replace("draft", "scheduled"))
    (step,) = stage.publish().left
    assert step.stand is Stand.BROKEN and step.hint.endswith("fedisched resolve posts/a.md --retry")
    assert stage.texts()[0] == ["First", IN_DOUBT]
    assert resolve(stage, "--retry").exit_code == Exit.DONE
    stage.publish(wait=2)
    assert stage.texts()[0] == ["First", IN_DOUBT, "Hello!"]


@for_every_journal
def test_with_the_other_target_published_a_dropped_one_leaves_it_published(stage: Stage, spoil: Spoil) -> None:
    path = held(stage, targets="[mastodon, bluesky]")
    assert block(stage, "bluesky").is_published
    assert resolve(stage, "--drop").exit_code == Exit.DONE
    said = path.read_bytes()
    assert stage.entry("a.md").status is Status.PUBLISHED
    spoil(stage)
    stage.publish()
    assert path.read_bytes() == said
    assert stage.texts() == (["First", IN_DOUBT], ["Hello!"])


@for_every_journal
def test_only_the_target_that_is_named_goes_out_again(stage: Stage, spoil: Spoil) -> None:
    held(stage, targets="[mastodon, bluesky]")
    assert resolve(stage, "--retry", "--target", "mastodon").exit_code == Exit.DONE
    spoil(stage)
    stage.publish(wait=2)
    assert stage.texts() == (["First", IN_DOUBT, "Hello!"], ["Hello!"])
    assert stage.entry("a.md").status is Status.PUBLISHED


@pytest.mark.parametrize("spoil", [keep, lose])
def test_scheduled_by_hand_only_looks_and_finds_what_came_late(stage: Stage, spoil: Spoil) -> None:
    path = held(stage)
    text = path.read_text().replace("held", "scheduled", 1)
    path.write_text(text)
    spoil(stage)
    stage.publish(wait=1)
    assert stage.entry("a.md").status is Status.HELD, "in doubt as before, and nothing is sent on that"
    assert stage.texts()[0] == ["First", IN_DOUBT]
    late = stage.sandbox.add_status(stage.mastodon_id, "Hello!", application="fedisched")
    path.write_text(path.read_text().replace("status: held", "status: scheduled"))
    spoil(stage)
    stage.publish(wait=1)
    assert stage.texts()[0] == ["First", IN_DOUBT, "Hello!"]
    assert block(stage).id == late.id


@pytest.mark.parametrize("spoil", [keep, lose])
def test_a_thread_keeps_the_parts_that_are_there(stage: Stage, spoil: Spoil) -> None:
    _hold_in_the_middle(stage)
    first = stage.sandbox.statuses(stage.mastodon_id)[0]
    assert [part.id for part in block(stage).parts] == [first.id]
    assert resolve(stage, "--retry").exit_code == Exit.DONE
    assert [part.id for part in block(stage).parts] == [first.id]
    spoil(stage)
    stage.publish(wait=2)
    assert stage.texts()[0] == ["One", IN_DOUBT, "Two", "Three"]
    assert block(stage).parts[0].id == first.id and len(block(stage).parts) == 3


def test_the_part_that_was_found_stands_behind_those_that_are_known(stage: Stage) -> None:
    _hold_in_the_middle(stage)
    first, doubt = stage.sandbox.statuses(stage.mastodon_id)
    resolve(stage, "--sent", f"{stage.sandbox.url}/@me/{doubt.id}")
    assert (block(stage).id, [part.id for part in block(stage).parts]) == (first.id, [first.id, doubt.id])
    stage.publish()
    assert stage.texts()[0] == ["One", IN_DOUBT]


@pytest.mark.parametrize("spoil", [keep, lose])
def test_on_bluesky_a_stranger_under_the_key_is_left_alone(stage: Stage, spoil: Spoil) -> None:
    due = stage.soon(-1)
    _occupy(stage, derive_key(stage.did, "posts/a.md", due))
    stage.post("a.md", due, targets="bluesky")
    stage.publish(wait=3)
    assert stage.entry("a.md").status is Status.HELD
    resolve(stage, "--retry")
    spoil(stage)
    stage.publish(wait=2)
    assert stage.texts()[1] == ["A stranger", "Hello!"]
    assert block(stage, "bluesky").uri.endswith(block(stage, "bluesky").key)


def test_a_plan_that_is_made_before_a_worker_is_done_with_the_last_one_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    done_with = Worker._done_with

    def late(worker: Worker, jobs: Sequence[Job]) -> None:
        # As on a busy machine: the plan is made, and the file written, before this thread goes on.
        with worker._desk.condition:
            worker._desk.condition.wait_for(lambda: worker._desk.stopping, 0.5)
        done_with(worker, jobs)

    monkeypatch.setattr(Worker, "_done_with", late)
    due = stage.soon(-1)
    _occupy(stage, derive_key(stage.did, "posts/a.md", due))
    stage.post("a.md", due, targets="bluesky")
    stage.publish(wait=3)
    assert stage.entry("a.md").status is Status.HELD


def test_an_old_buffer_saved_over_what_was_found_gets_it_back(stage: Stage) -> None:
    path = held(stage)
    text = path.read_text()
    by_hand = stage.sandbox.add_status(stage.mastodon_id, "By hand, in other words")
    resolve(stage, "--sent", f"{stage.sandbox.url}/@me/{by_hand.id}")
    stage.post("b.md", stage.soon(-1), body="Another", targets="mastodon")
    stage.publish()
    assert {each.path: each.state for each in deliveries(stage)}["posts/a.md"] is State.PUBLISHED
    path.write_text(text.partition("status:")[0] + "---\nHello!\n")
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED and block(stage).id == by_hand.id
    assert "Hello!" not in stage.texts()[0]


def test_what_is_unsure_or_published_takes_no_other_key(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    key = block(stage).key
    path.write_text(path.read_text().partition("status:")[0] + "status: scheduled\nresults:\n  mastodon:\n"
                    "    key: 3kaaaaaaaaaa2\n---\nHello!\n")  # fmt: skip
    stage.publish()
    assert block(stage).key == key and stage.texts()[0] == ["Hello!"]
    assert stage.entry("a.md").status is Status.PUBLISHED


def _hold_in_the_middle(stage: Stage) -> None:
    """A thread whose second part was lost, with another reply to its first part in its place."""
    fault = stage.sandbox.faults.add(Fault(What.DROP_REQUEST, STATUSES, method="POST", nth=2))

    def reply() -> None:
        assert fault.struck.wait(20)
        first = stage.sandbox.statuses(stage.mastodon_id)[0]
        form = {"status": IN_DOUBT, "in_reply_to_id": first.id}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.post(f"{stage.sandbox.url}{STATUSES}", data=form, headers=headers).status_code == 200

    stranger = Thread(target=reply)
    stranger.start()
    stage.post("a.md", stage.soon(-1), body="One\n---\nTwo\n---\nThree", targets="mastodon")
    stage.publish(wait=3)
    stranger.join()
    assert stage.entry("a.md").status is Status.HELD


def _occupy(stage: Stage, key: str) -> None:
    """Put another record where a post's will be."""
    xrpc = f"{stage.sandbox.url}/xrpc"
    session = httpx.post(
        f"{xrpc}/com.atproto.server.createSession", json={"identifier": HANDLE, "password": PASSWORD}
    ).json()
    record = {"$type": "app.bsky.feed.post", "text": "A stranger", "createdAt": "2026-01-01T00:00:00.000Z"}
    body = {"repo": stage.did, "collection": "app.bsky.feed.post", "rkey": key, "record": record}
    headers = {"Authorization": f"Bearer {session['accessJwt']}"}
    assert httpx.post(f"{xrpc}/com.atproto.repo.putRecord", json=body, headers=headers).status_code == 200
