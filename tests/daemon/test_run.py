"""`fedisched run` as people start it: a process of its own, real files, a server that may misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.clock import SECOND
from fedisched.model.post import Status
from fedisched.sandbox import Fault, What
from tests.daemon.service import (
    PATIENT,
    Service,
    configure,
    environ_of,
    is_gone,
    wait_until,
)
from tests.stage import Stage, as_text

STATUSES = "/api/v1/statuses"
VERIFY = "/api/v1/accounts/verify_credentials"
PUT_RECORD = "/xrpc/com.atproto.repo.putRecord"


def running(stage: Stage, **environ: str) -> Service:
    return Service(stage.folder, environ_of(stage, **environ))


def fedisched(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fedisched", *arguments, "-C", str(stage.folder)]
    return subprocess.run(command, env=environ_of(stage), capture_output=True, text=True, timeout=PATIENT, check=False)


def sent(stage: Stage) -> list[int]:
    """When the requests that publish arrived."""
    return [seen.arrived for seen in stage.sandbox.requests("POST") if seen.path in (STATUSES, PUT_RECORD)]


def wait_for_writing(stage: Stage, *names: str) -> None:
    """Wait until the files say that they are published."""
    found = wait_until(lambda: all(stage.entry(name).status is Status.PUBLISHED for name in names))
    assert found, [(stage.folder / "posts" / name).read_text() for name in names]


# --- what goes out -------------------------------------------------------------------------------------------------


def test_what_is_overdue_and_what_is_to_come_go_out_and_their_files_say_so(stage: Stage) -> None:
    stage.post("late.md", stage.soon(-30), body="Late")
    due = stage.soon(4)
    stage.post("coming.md", due, body="Coming")
    stage.post("next-year.md", stage.soon(365 * 86400), body="Next year")
    with running(stage) as service:
        assert service.count("watching", "3 posts, 6 to publish") == 1
        service.until("published", "late.md", count=2)
        service.until("published", "coming.md", count=2)
        wait_for_writing(stage, "late.md", "coming.md")
        assert service.stop() == 0
    assert [sorted(texts) for texts in stage.texts()] == [["Coming", "Late"]] * 2
    assert min(sorted(sent(stage))[-2:]) >= due
    assert stage.entry("next-year.md").status is Status.SCHEDULED
    assert not service.count("Traceback") and not service.count("ended with code"), service.all


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def by_replacing(path: Path, text: str) -> None:
    new = path.with_name(".new")
    new.write_text(text)
    new.replace(path)


def by_checkout(path: Path, text: str) -> None:
    """As it comes in from elsewhere: committed on a branch, which is then checked out."""
    git(path.parent, "checkout", "-q", "-b", "elsewhere")
    path.write_text(text)
    git(path.parent, "add", path.name)
    git(path.parent, "commit", "-q", "-m", "Write a post")
    git(path.parent, "checkout", "-q", "main")
    git(path.parent, "checkout", "-q", "elsewhere")


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Me", "-c", "user.email=me@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_every_way_of_saving_is_seen_and_goes_out_at_its_moment(stage: Stage) -> None:
    (stage.folder / "posts/keep.md").write_text("---\nstatus: draft\n---\nKeep\n")
    (stage.folder / ".gitignore").write_text(".fedisched/\n")
    git(stage.folder, "init", "-q")
    git(stage.folder, "add", ".")
    git(stage.folder, "commit", "-q", "-m", "Begin")
    ways = {"in-place": in_place, "by-replacing": by_replacing, "by-checkout": by_checkout}
    with running(stage) as service:
        # Far enough ahead for a publisher to start on a machine that is busy with something else.
        due = stage.soon(12)
        for name, save in ways.items():
            save(stage.folder / f"posts/{name}.md", f"---\ntime: {as_text(due)}\n---\n{name}\n")
            service.until("armed", f"posts/{name}.md → mastodon, bluesky")
        wait_for_writing(stage, *(f"{name}.md" for name in ways))
        assert service.stop() == 0
    assert [sorted(texts) for texts in stage.texts()] == [sorted(ways)] * 2
    assert all(due <= arrived < due + 2 * SECOND for arrived in sent(stage))


def test_polling_will_do_where_the_system_tells_of_nothing(stage: Stage) -> None:
    with running(stage, FEDISCHED_WATCH="poll") as service:
        stage.post("a.md", stage.soon(-1))
        service.until("armed", "posts/a.md")
        wait_for_writing(stage, "a.md")
    assert stage.texts() == (["Hello!"], ["Hello!"])


# --- what is edited ------------------------------------------------------------------------------------------------


def test_the_log_follows_every_edit(stage: Stage) -> None:
    far = stage.soon(3600)
    with running(stage) as service:
        path = stage.post("a.md", far)
        at = service.until("armed", "posts/a.md")
        stage.post("a.md", far + 3600 * SECOND)
        at = service.until("armed", "posts/a.md", "in 2 hours", after=at)
        stage.post("a.md", far, status="draft")
        at = service.until("off", "posts/a.md", after=at)
        stage.post("a.md", far)
        at = service.until("armed", "posts/a.md", after=at)
        path.unlink()
        at = service.until("off", "posts/a.md", after=at)
        stage.write("a.md", "---\ntime: 2026-02-30 09:00\n---\nNo such day\n")
        at = service.until("problem", "posts/a.md:2:7: ", after=at)
        stage.post("a.md", far)
        service.until("armed", "posts/a.md", after=at)
        assert service.stop() == 0
    assert service.count("armed") == 4 and service.count("off  ") == 2 and service.count("problem") == 1
    assert not sent(stage)


def test_a_broken_post_is_told_once_at_the_start_and_once_when_it_changes(stage: Stage) -> None:
    stage.write("broken.md", "---\ntime: soon\n---\n")
    with running(stage) as service:
        service.until("problem", "posts/broken.md:2:7")
        for number in range(3):
            stage.post(f"{number}.md", stage.soon(3600))
            service.until("armed", f"posts/{number}.md")
        assert service.count("problem") == 1
        stage.write("broken.md", "---\n# later\ntime: soon\n---\n")
        service.until("problem", "posts/broken.md:3:7")
        assert service.stop() == 0
    assert service.count("problem") == 2


def test_what_is_long_overdue_is_asked_about(stage: Stage) -> None:
    stage.post("old.md", stage.soon(-13 * 3600))
    with running(stage) as service:
        service.until("late", "posts/old.md", "fedisched publish posts/old.md --now")
        stage.post("older.md", stage.soon(-14 * 3600))
        service.until("late", "posts/older.md", "fedisched publish posts/older.md --now")
        assert fedisched(stage, "publish", "posts/old.md", "--now").returncode == 0
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert service.count("late  ") == 2


def test_a_change_that_another_verb_read_first_is_armed_all_the_same(stage: Stage) -> None:
    with running(stage) as service:
        os.kill(service.process.pid, signal.SIGSTOP)
        path = stage.post("a.md", stage.soon(3600))
        assert fedisched(stage, "queue").returncode == 0
        os.kill(service.process.pid, signal.SIGCONT)
        at = service.until("armed", "posts/a.md")
        os.kill(service.process.pid, signal.SIGSTOP)
        path.unlink()
        assert fedisched(stage, "queue").returncode == 0
        os.kill(service.process.pid, signal.SIGCONT)
        service.until("off", "posts/a.md", after=at)


# --- the configuration ---------------------------------------------------------------------------------------------


def test_a_changed_configuration_is_taken_over_and_a_broken_one_is_told(stage: Stage) -> None:
    good = configure(stage).read_text()
    path = stage.folder / "fedisched.toml"
    stage.post("a.md", stage.soon(3600))
    with running(stage) as service:
        path.write_text('timezon = "Europe/Berlin"\n' + good)
        at = service.until("stays in force")
        service.until("fedisched.toml:1:1", "timezon")
        stage.post("b.md", stage.soon(3600))
        service.until("armed", "posts/b.md → mastodon, bluesky", after=at)
        path.write_text(good.replace('default_targets = ["mastodon", "bluesky"]', 'default_targets = ["bluesky"]'))
        at = service.until("The configuration was read again")
        stage.post("c.md", stage.soon(3600))
        at = service.until("armed", "posts/c.md → bluesky", after=at)
        (stage.folder / "elsewhere").mkdir()
        path.write_text('posts = "elsewhere"\n' + good)
        at = service.until("The configuration was read again", after=at)
        (stage.folder / "elsewhere/d.md").write_text(f"---\ntime: {as_text(stage.soon(3600))}\n---\nHello!\n")
        service.until("armed", "elsewhere/d.md", after=at)
        assert service.stop() == 0


def test_a_hangup_reads_everything_again(stage: Stage) -> None:
    path = configure(stage)
    with running(stage) as service:
        path.write_text('timezon = "Europe/Berlin"\n' + path.read_text())
        at = service.until("stays in force")
        service.process.send_signal(signal.SIGHUP)
        service.until("stays in force", after=at)
        configure(stage, 'late_after = "13h"\n')
        service.until("The configuration was read again")
        assert service.stop() == 0


# --- one at a time, and the end ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_and_leaves_nothing_behind(stage: Stage, number: int) -> None:
    stage.post("a.md", stage.soon(12))
    with running(stage) as service:
        assert stage.sandbox.wait_until(lambda: bool(stage.sandbox.requests()), PATIENT)
        (child,) = service.children()
        alive = [fedisched(stage, "run", "--is-alive").returncode]
        assert service.stop(number) == 0
        alive += [fedisched(stage, "run", "--is-alive").returncode]
        assert alive == [0, 1] and is_gone(child)
    with running(stage) as service:
        assert service.stop() == 0
    assert stage.texts() == ([], [])


def test_what_is_being_sent_at_the_end_is_finished_first(stage: Stage) -> None:
    fault = stage.sandbox.faults.add(Fault(What.SLOW, PUT_RECORD))
    stage.post("a.md", stage.soon(-1), targets="bluesky")
    with running(stage) as service:
        assert fault.struck.wait(PATIENT)
        service.process.send_signal(signal.SIGTERM)
        fault.release()
        assert service.wait() == 0
        assert service.count("published", "posts/a.md") == 1
    assert stage.entry("a.md").status is Status.PUBLISHED


def test_a_second_daemon_says_that_there_is_one(stage: Stage) -> None:
    with running(stage) as service:
        second = fedisched(stage, "run")
        assert second.returncode == 1
        pid = service.process.pid
        assert (
            f"Another fedisched daemon, process {pid}, serves this folder. Stop it with `kill {pid}`" in second.stderr
        )
        stage.post("a.md", stage.soon(3600))
        service.until("armed", "posts/a.md")


# --- what dies -----------------------------------------------------------------------------------------------------


def test_a_publisher_killed_while_it_sends_is_started_again_and_nothing_is_sent_twice(stage: Stage) -> None:
    faults = [stage.sandbox.faults.add(Fault(What.SLOW_ANSWER, path)) for path in (STATUSES, PUT_RECORD)]
    stage.post("a.md", stage.soon(1))
    with running(stage) as service:
        assert all(fault.struck.wait(PATIENT) for fault in faults)
        (child,) = service.children()
        os.kill(child, signal.SIGKILL)
        for fault in faults:
            fault.release()
        service.until("The publisher ended with code -9")
        wait_for_writing(stage, "a.md")
        assert service.stop() == 0
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_without_its_daemon_a_publisher_finishes_what_it_sends_and_ends(stage: Stage) -> None:
    fault = stage.sandbox.faults.add(Fault(What.SLOW, PUT_RECORD))
    stage.post("a.md", stage.soon(-1), targets="bluesky")
    stage.post("b.md", stage.soon(6), body="Not yet", targets="bluesky")
    with running(stage) as service:
        assert fault.struck.wait(PATIENT)
        (child,) = service.children()
        service.stop(signal.SIGKILL)
        fault.release()
        assert wait_until(lambda: is_gone(child))
        assert stage.entry("a.md").status is Status.PUBLISHED
        assert stage.texts()[1] == ["Hello!"]
    with running(stage):
        wait_for_writing(stage, "a.md", "b.md")
    assert stage.texts()[1] == ["Hello!", "Not yet"]


def test_results_that_are_owed_are_written_though_nothing_is_due(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1))
    as_written = path.read_text()
    stage.publish()
    path.write_text(as_written)
    with running(stage) as service:
        wait_for_writing(stage, "a.md")
        at = len(service.all)
        path.write_text(as_written)
        wait_for_writing(stage, "a.md")
        stage.post("b.md", stage.soon(3600))
        service.until("armed", "posts/b.md", after=at)
        assert service.stop() == 0
    assert stage.texts() == (["Hello!"], ["Hello!"]) and not service.count("posts/a.md")


def test_results_are_put_back_while_the_publisher_waits_for_something_else(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1))
    as_written = path.read_text()
    stage.publish()
    stage.post("b.md", stage.soon(14))
    with running(stage) as service:
        assert stage.sandbox.wait_until(lambda: len(stage.sandbox.requests(path=VERIFY)) > 1, PATIENT)
        (child,) = service.children()
        path.write_text(as_written)
        wait_for_writing(stage, "a.md")
        assert service.children() == [child]
        assert service.stop() == 0
    assert stage.texts() == (["Hello!"], ["Hello!"])


@pytest.mark.parametrize("damage", ["delete", "overwrite"])
def test_it_goes_on_without_the_journal(stage: Stage, damage: str) -> None:
    stage.post("a.md", stage.soon(-1))
    stage.publish()
    stage.post("b.md", stage.soon(2), body="Another")
    for file in stage.state.glob("journal.sqlite3*"):
        file.unlink()
    if damage == "overwrite":
        (stage.state / "journal.sqlite3").write_bytes(b"not a database at all" * 100)
    with running(stage) as service:
        wait_for_writing(stage, "b.md")
        assert service.stop() == 0
    assert stage.texts() == (["Hello!", "Another"], ["Hello!", "Another"])
    assert service.count("was set aside") == (damage == "overwrite")


# --- light ---------------------------------------------------------------------------------------------------------

HEAVY = {"pydantic", "pendulum", "atproto", "mastodon", "httpx", "requests", "aiohttp", "PIL", "regex", "cryptography"}


def imported(lines: list[str]) -> Iterator[str]:
    """The top packages in what `-X importtime` prints."""
    for line in lines:
        if line.startswith("import time:"):
            yield line.rpartition("|")[2].strip().partition(".")[0]


def test_an_idle_daemon_imports_nothing_heavy(stage: Stage) -> None:
    stage.post("a.md", stage.soon(3600))
    with running(stage, PYTHONPROFILEIMPORTTIME="1") as service:
        path = stage.post("b.md", stage.soon(3600))
        at = service.until("armed", "posts/b.md")
        path.unlink()
        at = service.until("off", "posts/b.md", after=at)
        configure(stage, 'late_after = "13h"\n')
        service.until("The configuration was read again", after=at)
        assert service.stop() == 0
    found = set(imported(service.all))
    assert "watchdog" in found and not found & HEAVY


def test_publishing_leaves_the_daemon_as_light_as_it_was(stage: Stage) -> None:
    # The children's imports come as words of theirs, behind a time of day; the daemon's own do not.
    stage.post("a.md", stage.soon(-1))
    with running(stage, PYTHONPROFILEIMPORTTIME="1") as service:
        wait_for_writing(stage, "a.md")
        assert service.stop() == 0
    assert not set(imported(service.all)) & HEAVY
