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
