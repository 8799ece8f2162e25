"""Old editor buffers, copies, and edits while something is being sent, in whole runs against the sandbox."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from fedisched.engine.plan import Stand
from fedisched.model.post import Status
from fedisched.sandbox import Fault, What
from tests.cli.support import call
from tests.daemon.service import configure
from tests.publisher.held import STATUSES
from tests.stage import Stage, as_text

PUT_RECORD = "/xrpc/com.atproto.repo.putRecord"


@pytest.fixture
def stage(stage: Stage) -> Stage:
    configure(stage)
    return stage


def published(stage: Stage) -> tuple[Path, str]:
    """A published post, and its text as it was before."""
    path = stage.post("a.md", stage.soon(-1))
    text = path.read_text()
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED
    return path, text


def resolve(stage: Stage, *decision: str) -> tuple[int, str]:
    done = call("resolve", str(stage.folder / "posts/a.md"), *decision, "-C", str(stage.folder))
    return done.exit_code, done.output


def test_an_old_buffer_gets_its_results_back_whatever_was_edited_in_its_text(stage: Stage) -> None:
    path, text = published(stage)
    path.write_text(text.replace("Hello!", "Hello, edited!"))
    stage.publish()
    entry = stage.entry("a.md")
    assert (
        entry.status is Status.PUBLISHED and all(claim.published for claim in entry.claims) and len(entry.claims) == 2
    )
    assert "Hello, edited!" in path.read_text() and stage.texts() == (["Hello!"], ["Hello!"])


def test_an_old_buffer_with_another_time_is_held_until_a_person_says_which(stage: Stage) -> None:
    path, text = published(stage)
    before = path.read_text()
    time = text.partition("time: ")[2].partition("\n")[0]
    path.write_text(text.replace(time, as_text(stage.soon(-7200))))
    summary = stage.publish()
    assert stage.entry("a.md").status is Status.HELD and stage.texts() == (["Hello!"], ["Hello!"])
    assert (
        "`fedisched resolve posts/a.md --drop` leaves it at that. To publish its text again, copy it"
        in path.read_text()
    )
    assert all(step.stand is Stand.HELD and "--drop" in step.hint for step in summary.left)
    code, said = resolve(stage, "--retry")
    assert code == 1 and "copy it into a new file without `status` and `results`" in said
    assert resolve(stage, "--drop")[0] == 0
    stage.publish()
    results = before.partition("results:")[2]
    assert stage.entry("a.md").status is Status.PUBLISHED and path.read_text().partition("results:")[2] == results
    assert stage.texts() == (["Hello!"], ["Hello!"])


@pytest.mark.parametrize("word", ["scheduled", "publishing"])
def test_without_the_journal_what_is_held_for_its_time_is_not_sent_again_either(stage: Stage, word: str) -> None:
    path, text = published(stage)
    time = text.partition("time: ")[2].partition("\n")[0]
    path.write_text(text.replace(time, as_text(stage.soon(-7200))))
    stage.publish()
    for file in stage.state.glob("journal.sqlite3*"):
        file.unlink()
    path.write_text(path.read_text().replace("status: held", f"status: {word}"))
    stage.publish(wait=2)
    assert stage.texts() == (["Hello!"], ["Hello!"])


@pytest.mark.parametrize("later", [0, 86400])
@pytest.mark.parametrize("original", ["there", "gone"])
def test_a_published_post_as_the_start_of_another_is_never_skipped_in_silence(
    stage: Stage, later: int, original: str
) -> None:
    path, text = published(stage)
    time = text.partition("time: ")[2].partition("\n")[0]
    copy = path.read_text().replace("status: published", "status: scheduled").replace("Hello!", "Anew")
    moved = as_text(stage.soon(later - 1)) if later else time
    copy = copy.replace(f"time: {time}", f"time: {moved}")
    if original == "gone":
        for file in stage.state.glob("journal.sqlite3*"):
            file.unlink()
        path.unlink()
    new = stage.write("new.md", copy)
    queued = call("queue", "--json", "-C", str(stage.folder), now=as_text(stage.clock.now())).stdout
    first, last = 4, 4 + copy.partition("results:")[2].partition("---")[0].count("\n") - 1
    assert '"state": "broken"' in queued and f"delete lines {first} to {last}, its whole `results` block" in queued
    stage.publish()
    assert new.read_text() == copy and stage.texts() == (["Hello!"], ["Hello!"])
    kept = copy.splitlines(keepends=True)
    new.write_text("".join(kept[: first - 1] + kept[last:]).replace(moved, time))
    stage.publish(wait=2)
    assert stage.texts() == (["Hello!", "Anew"], ["Hello!", "Anew"])


def test_the_plain_copy_of_a_published_post_is_told_and_goes_out_when_its_hint_is_followed(stage: Stage) -> None:
    path, text = published(stage)
    time, later = text.partition("time: ")[2].partition("\n")[0], as_text(stage.soon(86400))
    copy = path.read_text().replace(f"time: {time}", f"time: {later}", 1).replace("Hello!", "Anew")
    new = stage.write("new.md", copy)
    first, last = 4, 4 + copy.partition("results:")[2].partition("---")[0].count("\n") - 1
    lines = f"delete lines {first} to {last}, its whole `results` block, and write `status: scheduled` in line 3."
    assert "posts/new.md:4:1: its results are those of posts/a.md. If this is a new post, " + lines in queue(stage)
    assert queue(stage, after=172800).count("posts/new.md") == 2, "its time comes and goes, and it is told still"
    said = check(stage)
    assert "posts/new.md:4:1: error: its results are those of posts/a.md, too. If this is a new post, " + lines in said
    assert "posts/a.md:4:1: warning: " in said
    assert stage.publish().left == () and new.read_text() == copy and stage.texts() == (["Hello!"], ["Hello!"])
    kept = copy.splitlines(keepends=True)
    kept = kept[: first - 1] + kept[last:]
    new.write_text("".join(kept))
    what = "its status is published, but it has no results, and its time is to come. If it is to be sent, write `status"
    assert f"posts/new.md:3:1: {what}" in queue(stage) and f"posts/new.md:3:1: error: {what}" in check(stage)
    new.write_text("".join(kept).replace("published", "scheduled").replace(later, as_text(stage.soon(-1))))
    assert "need of you" not in queue(stage)
    stage.publish(wait=2)
    assert stage.texts() == (["Hello!", "Anew"], ["Hello!", "Anew"]) and "need of you" not in queue(stage)


def test_a_published_post_whose_own_time_was_moved_needs_nobody(stage: Stage) -> None:
    path, text = published(stage)
    time = text.partition("time: ")[2].partition("\n")[0]
    tomorrow = as_text(stage.soon(86400))
    moved = path.read_text().replace(time, tomorrow, 1)
    path.write_text(moved)
    assert "need of you" not in queue(stage) and "posts/a.md:4:1: warning: its results are from before" in check(stage)
    stage.publish()
    assert path.read_text() == moved and stage.texts() == (["Hello!"], ["Hello!"])
    earlier = moved.replace(tomorrow, as_text(stage.soon(-86400)))
    path.write_text(earlier)
    assert "need of you" not in queue(stage) and "no problems" in check(stage)


@pytest.mark.parametrize(("later", "is_told"), [(86400, True), (3600, True), (-3600, False)])
def test_without_the_journal_and_the_original_a_copy_is_told_while_its_time_is_to_come(
    stage: Stage, later: int, is_told: bool
) -> None:
    path, text = published(stage)
    time = text.partition("time: ")[2].partition("\n")[0]
    for file in stage.state.glob("journal.sqlite3*"):
        file.unlink()
    path.write_text(path.read_text().replace(time, as_text(stage.soon(later)), 1))
    assert ("its results are from before its time" in queue(stage)) == is_told
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"])


@pytest.mark.parametrize("status", ["failed", "held", "published"])
@pytest.mark.parametrize("days", [-400, 1])
def test_what_says_it_is_done_with_before_its_time_says_what_to_write(stage: Stage, status: str, days: int) -> None:
    stage.post("a.md", stage.soon(days * 86400), status=status)
    to_come = days > 0
    for said in (queue(stage), check(stage)):
        assert (f"its status is {status}, but it has no results, and its time is to come" in said) == to_come


def queue(stage: Stage, after: int = 0) -> str:
    return call("queue", "-C", str(stage.folder), now=as_text(stage.soon(after))).output


def check(stage: Stage) -> str:
    return call("check", "-C", str(stage.folder), now=as_text(stage.clock.now())).output


@pytest.mark.parametrize(("target", "call_path"), [("mastodon", STATUSES), ("bluesky", PUT_RECORD)])
def test_an_edit_while_it_is_being_sent_is_kept_and_the_results_join_it(
    stage: Stage, target: str, call_path: str
) -> None:
    fault = stage.sandbox.faults.add(Fault(What.SLOW_ANSWER, call_path))
    path = stage.post("a.md", stage.soon(-1), targets=target)

    def edit() -> None:
        assert fault.struck.wait(20)
        path.write_text(path.read_text().replace("Hello!", "Hello, too late!"))
        fault.release()

    editor = Thread(target=edit)
    editor.start()
    stage.publish()
    editor.join()
    stage.publish()
    assert stage.entry("a.md").status is Status.PUBLISHED
    assert path.read_text().endswith("---\nHello, too late!\n")
    assert [text for texts in stage.texts() for text in texts] == ["Hello!"]
