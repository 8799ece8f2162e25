"""`fedisched publish`, against the sandbox."""

from __future__ import annotations

import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from fedisched.sandbox import Fault, What
from tests.cli.folder_with_server import FolderWithServer, by_target, rows
from tests.daemon.service import wait_until
from tests.git.places import Clone

STATUSES = "/api/v1/statuses"
VERIFY = "/api/v1/accounts/verify_credentials"
KEYS = {"path", "target", "outcome", "key", "url", "parts", "at", "attempts", "next_try", "error"}


def test_what_is_due_is_told_as_json_field_by_field(served: FolderWithServer) -> None:
    served.post("a.md")
    done = served.run("publish", "--json")
    assert done.exit_code == Exit.DONE
    told = by_target(rows(done.stdout))
    assert set(told["mastodon"]) == KEYS | {"id"} and set(told["bluesky"]) == KEYS | {"uri", "cid"}
    for row in told.values():
        assert (row["path"], row["outcome"], row["attempts"]) == ("posts/a.md", "published", 1)
        assert row["next_try"] is None and row["error"] is None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", row["at"])
        assert re.fullmatch(r"[2-7a-z]{13}", row["key"])
        (part,) = row["parts"]
        assert part == {name: row[name] for name in ("url", "id", "uri", "cid") if name in row}


def test_a_thread_is_told_with_every_part(served: FolderWithServer) -> None:
    served.post("a.md", body="One\n---\nTwo")
    told = by_target(rows(served.run("publish", "--json").stdout))
    assert [list(part) for part in told["mastodon"]["parts"]] == [["url", "id"]] * 2
    assert [list(part) for part in told["bluesky"]["parts"]] == [["url", "uri", "cid"]] * 2
    assert told["bluesky"]["parts"][0]["url"] == told["bluesky"]["url"]


def test_people_read_a_line_for_each_delivery(served: FolderWithServer) -> None:
    served.post("a.md", targets="mastodon")
    done = served.run("publish")
    assert re.fullmatch(r"published posts/a\.md → mastodon  http://127\.0\.0\.1:\d+/@me/\d+\n", done.stdout)
    assert done.stderr == ""


def test_a_dry_run_says_what_would_go_out_and_touches_nothing(served: FolderWithServer) -> None:
    paths = [served.post("a.md"), served.post("draft.md", None), served.post("later.md", 3600)]
    before = [path.read_bytes() for path in paths]
    done = served.run("publish", "--dry-run", "--json")
    assert done.exit_code == Exit.DONE
    assert [(row["path"], row["outcome"]) for row in rows(done.stdout)] == [("posts/a.md", "would-publish")] * 2
    assert len(rows(served.run("publish", "--dry-run", "--json", "--wait", "2h").stdout)) == 4
    assert len(rows(served.run("publish", "posts/draft.md", "--now", "--dry-run", "--json").stdout)) == 2
    assert [path.read_bytes() for path in paths] == before and not served.sandbox.requests()


def test_a_dry_run_refuses_what_a_real_one_would(served: FolderWithServer) -> None:
    served.post("a.md", status="held")
    done = served.run("publish", "posts/a.md", "--now", "--dry-run")
    assert done.exit_code == Exit.NEEDS_YOU and "fedisched resolve posts/a.md --sent URL" in done.stderr


@pytest.mark.parametrize(
    ("seconds", "keys"),
    [(3600, {}), (3600, {"status": "draft"}), (None, {}), (None, {"status": "draft"}), (-20 * 3600, {})],
    ids=["scheduled", "draft", "without a time", "draft without a time", "late"],
)
def test_now_sends_it_whatever_its_time(served: FolderWithServer, seconds: int | None, keys: dict[str, str]) -> None:
    path = served.post("a.md", seconds, targets="mastodon", **keys)
    other = served.post("other.md", 3600)
    done = served.run("publish", "posts/a.md", "--now", "--json")
    assert (done.exit_code, [row["outcome"] for row in rows(done.stdout)]) == (Exit.DONE, ["published"])
    assert "status: published" in path.read_text() and "time: 20" in path.read_text()
    assert "results" not in other.read_text()


@pytest.mark.parametrize(
    ("status", "typed"),
    [
        ("published", "copy it"),
        ("held", "fedisched resolve posts/a.md --retry --target bluesky"),
        ("failed", "fedisched retry posts/a.md"),
    ],
)
def test_now_refuses_what_is_settled_and_says_what_to_type(served: FolderWithServer, status: str, typed: str) -> None:
    path = served.post("a.md", status=status)
    draft = served.post("b.md", None)
    before = path.read_bytes(), draft.read_bytes()
    done = served.run("publish", "posts/b.md", "posts/a.md", "--now")
    assert done.exit_code == Exit.NEEDS_YOU and typed in done.stderr
    assert (path.read_bytes(), draft.read_bytes()) == before, "one that is refused keeps all as they are"
    assert not served.sandbox.requests()


def test_now_says_that_a_post_whose_time_was_changed_is_there(served: FolderWithServer) -> None:
    path = served.post("a.md", targets="mastodon")
    block = (
        "results:\n  mastodon:\n    key: 3kzzzzzzzzzzz\n    url: https://m.example/1\n    error: moved\n    state: held"
    )
    path.write_text(path.read_text().replace("---\nHello", f"status: held\n{block}\n---\nHello"))
    done = served.run("publish", "posts/a.md", "--now")
    assert done.exit_code == Exit.NEEDS_YOU
    assert "posts/a.md is held, since it is already published; its time was changed afterwards. `fed" in done.stderr


def test_only_what_is_named_goes_out(served: FolderWithServer) -> None:
    for name in ("a.md", "b.md", "2026/c.md", "2026/d.md"):
        served.post(name, body=name, targets="mastodon")
    assert served.run("publish", "posts/b.md", "2026/c.md", "posts/2026").exit_code == Exit.USAGE
    served.run("publish", "posts/b.md", "posts/2026")
    assert sorted(served.texts()[0]) == ["2026/c.md", "2026/d.md", "b.md"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/etc/passwd"], "is not in the content folder"),
        (["posts/none.md"], "is not there"),
        (["fedisched.toml"], "is no post"),
        (["--now"], "fedisched publish posts/hello.md --now"),
        (["--wait", "soon"], "is no duration"),
    ],
)
def test_misuse_is_a_usage_error(served: FolderWithServer, arguments: list[str], words: str) -> None:
    done = served.run("publish", *arguments)
    assert done.exit_code == Exit.USAGE and words in done.stderr


def test_what_is_named_and_stays_says_why(served: FolderWithServer) -> None:
    served.post("a.md", 3 * 3600 + 60)
    served.post("b.md", None)
    assert served.run("publish").stdout == "Nothing is due. The next is posts/a.md in 3 hours.\n"
    done = served.run("publish", "posts")
    assert "posts/a.md  is due in 3 hours; to send it now, type: fedisched publish posts/a.md --now" in done.stdout
    assert "posts/b.md  is a draft; to send it now, type: fedisched publish posts/b.md --now" in done.stdout
    assert served.run("publish", "-q").stdout == ""


def test_a_missing_credential_pauses_its_account_and_names_the_variable(served: FolderWithServer) -> None:
    del served.environ["FEDISCHED_MASTODON_TOKEN"]
    path = served.post("a.md")
    done = served.run("publish", "--json")
    assert done.exit_code == Exit.NEEDS_YOU
    assert [row["target"] for row in rows(done.stdout)] == ["bluesky"]
    assert done.stderr.startswith("paused mastodon: there is no credential. Log in with `fedisched login mastodon`.")
    assert "Or set FEDISCHED_MASTODON_TOKEN" in done.stderr
    assert "status: publishing" in path.read_text()


def test_what_waits_ends_with_75_and_says_until_when(served: FolderWithServer) -> None:
    served.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, times=None, seconds=600))
    served.post("a.md", targets="mastodon")
    done = served.run("publish")
    assert done.exit_code == Exit.TRY_LATER
    assert done.stdout.startswith("waiting   posts/a.md → mastodon  ") and "next try in " in done.stdout


def test_what_is_asked_for_now_and_waits_ends_with_75_whatever_its_time(served: FolderWithServer) -> None:
    served.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, times=None, seconds=600))
    served.post("a.md", 3600, targets="mastodon")
    assert served.run("publish", "posts/a.md", "--now").exit_code == Exit.TRY_LATER


def test_what_is_broken_is_told_once_and_wins_over_what_waits(served: FolderWithServer) -> None:
    served.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, times=None, seconds=600))
    served.post("a.md", targets="mastodon")
    served.post("long.md", body="x" * 600, targets="mastodon")
    served.post("tilde.md", None, tme="2026-12-01 09:00")
    done = served.run("publish")
    assert done.exit_code == Exit.NEEDS_YOU
    assert (done.stdout + done.stderr).count("too long") == 1
    assert "broken    posts/long.md → mastodon  the post is 100 characters too long" in done.stdout
    assert "broken posts/tilde.md:2:1: there is no key `tme`" in done.stderr


def test_words_of_a_server_cannot_steer_the_terminal(served: FolderWithServer) -> None:
    served.post("a\x1b[2J.md", targets="mastodon")
    done = served.run("publish")
    assert done.exit_code == Exit.NEEDS_YOU and "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_in_order(served: FolderWithServer, number: signal.Signals) -> None:
    path = served.post("a.md", 9, targets="mastodon")
    before = path.read_bytes()
    with served.start("publish", "--wait", "10m", "--json") as run:
        _is_at_work(served)
        run.send_signal(number)
        out, said = run.communicate(timeout=30)
    assert (run.returncode, out) == (Exit.INTERRUPTED, "") and "Traceback" not in said
    assert path.read_bytes() == before and served.texts() == ([], [])


def test_results_are_committed_unless_the_caller_does_that(served: FolderWithServer) -> None:
    clone = Clone(served.folder)
    clone.git("init", "-q", "-b", "main")
    served.post("a.md", targets="mastodon")
    served.post("b.md", 3600, targets="mastodon")
    (served.folder / ".gitignore").write_text(".fedisched/\n")
    clone.save("Begin")
    assert "committed" not in served.run("publish", "--no-git").stdout
    assert clone.subjects() == ["Begin"] and not clone.is_clean()
    assert "committed published: posts/a.md → mastodon" in served.run("publish").stdout
    assert clone.subjects() == ["published: posts/a.md → mastodon", "Begin"] and clone.is_clean()


def test_with_a_publisher_at_work_it_is_handed_over_and_sent_once(served: FolderWithServer) -> None:
    served.post("later.md", 8, body="Later", targets="mastodon")
    path = served.post("a.md", 3600, targets="mastodon")
    with served.start("publish", "--wait", "20s", "--json") as first:
        _is_at_work(served)
        done = served.run("publish", "posts/a.md", "--now", "--json")
        assert first.poll() is None, "the one at work is not waited for"
        out, _ = first.communicate(timeout=60)
    (answer,) = rows(done.stdout)
    assert done.exit_code == Exit.DONE and answer["outcome"] == "published" and set(answer) == KEYS | {"id"}
    assert answer in rows(out) and first.returncode == Exit.DONE
    assert "status: published" in path.read_text()
    assert served.texts()[0] == ["Hello!", "Later"]


def test_when_the_one_at_work_dies_it_is_done_here(served: FolderWithServer) -> None:
    served.post("later.md", 9, targets="mastodon")
    served.post("a.md", 3600, body="Now!", targets="mastodon")
    with served.start("publish", "--wait", "20s", "--json") as first:
        _is_at_work(served)
        first.send_signal(signal.SIGSTOP)
        with served.start("publish", "posts/a.md", "--now", "--json") as second:
            _has_asked(served.folder)
            first.kill()
            out, _ = second.communicate(timeout=60)
    assert second.returncode == Exit.DONE
    assert [row["outcome"] for row in rows(out)] == ["published"]
    assert served.texts()[0] == ["Now!"]


def test_what_somebody_asked_who_died_is_never_sent(served: FolderWithServer) -> None:
    served.post("later.md", 9, targets="mastodon")
    served.post("a.md", 3600, body="Now!", targets="mastodon")
    with served.start("publish", "--wait", "20s", "--json") as first:
        _is_at_work(served)
        first.send_signal(signal.SIGSTOP)
        with served.start("publish", "posts/a.md", "--now", "--json") as second:
            _has_asked(served.folder)
            second.kill()
            second.communicate()
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=60)
    assert first.returncode == Exit.DONE and served.texts()[0] == ["Hello!"]
    assert not list((served.folder / ".fedisched" / "locks").glob("asker-*"))


def _is_at_work(served: FolderWithServer) -> None:
    assert served.sandbox.wait_until(lambda: bool(served.sandbox.requests(path=VERIFY)))


def _has_asked(folder: Path) -> None:
    """Wait until another process has put its request: its lock's file is there a moment before."""
    with closing(sqlite3.connect(folder / ".fedisched" / "journal.sqlite3", timeout=30)) as journal:
        assert wait_until(lambda: bool(journal.execute("SELECT id FROM request").fetchall()))
