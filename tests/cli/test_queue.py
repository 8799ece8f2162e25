"""`fedisched queue`: every word for where a post stands."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from fedisched.compose import default_limits
from fedisched.engine.accounts import Accounts, AccountState
from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery
from fedisched.model.errors import StateUnusable
from fedisched.model.network import Identity
from fedisched.model.outcome import SentPart
from fedisched.model.rendered import Rendered
from fedisched.model.tid import derive_key
from tests.cli.support import StandingClock, call, content_folder, write_post
from tests.cli.test_framework import on_a_terminal

NOW = StandingClock("2026-11-20T12:00:00+01:00").now()
ID = "https://mastodon.social 1"
HOUR = 3600 * 1_000_000
DUE = "2026-11-20 11:30"
KEYS = ["path", "title", "time", "target", "state", "attempts", "next_try", "error", "url", "commands"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return content_folder(tmp_path / "content")


def queued(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = call("queue", "--json", "-C", str(folder), *options)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    needs_you = any(row["commands"] for row in found)
    assert done.exit_code == (Exit.NEEDS_YOU if needs_you else Exit.DONE), done.output
    assert all(list(row) == KEYS for row in found)
    return found


def post(folder: Path, name: str, time: str = DUE, **keys: str) -> None:
    front = (f"time: {time}\n" if time else "") + "".join(f"{key}: {value}\n" for key, value in keys.items())
    write_post(folder, name, f"---\n{front}---\nHello\n")


def journal_of(folder: Path) -> Journal:
    state = folder / ".fedisched"
    state.mkdir(exist_ok=True)
    return Journal(state / "journal.sqlite3")


def armed(folder: Path, journal: Journal, name: str, due: int = NOW - HOUR // 2) -> Delivery:
    """The delivery of a post's file as it is now."""
    path = f"posts/{name}"
    digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
    return journal.arm(path, "mastodon", ID, derive_key(ID, path, due), due, digest, NOW - HOUR)


@pytest.fixture
def every_state(folder: Path) -> Path:
    """A folder with a post in each state, named after it, for one account."""
    for state in ("waiting", "sending", "unsure", "refused", "held", "published", "cancelled"):
        post(folder, f"{state}.md", targets="mastodon", title=f"The {state} one")
    post(folder, "late.md", "2026-11-01 09:00", targets="mastodon")
    post(folder, "paused.md", targets="bluesky")
    post(folder, "draft.md", "", targets="mastodon")
    write_post(folder, "broken.md", "---\ntime: soon\n---\nHello\n")
    journal = journal_of(folder)
    accounts = Accounts(journal)
    accounts.verified("mastodon", "https://mastodon.social", "f", Identity(ID, "me", default_limits("mastodon")))
    accounts.paused(
        AccountState("bluesky", "https://bsky.social", "f"),
        "the password is wrong. Log in. Then type: fedisched publish",
        NOW + HOUR,
    )
    rendered = Rendered("posts/x.md", "mastodon", "mastodon", ())
    found = {
        name: armed(folder, journal, f"{name}.md")
        for name in ("waiting", "sending", "unsure", "refused", "held", "published", "cancelled")
    }
    for name in ("sending", "unsure", "refused", "held", "published"):
        journal.begin_sending(found[name], rendered, (), NOW - HOUR // 2)
    sending = {name: journal.delivery(each.id) for name, each in found.items()}
    journal.record_unsure(sending["unsure"], "the answer was lost", NOW, NOW + HOUR)
    journal.record_refused(sending["refused"], "the server said no", "Shorten it.")
    journal.record_unsure(sending["held"], "the answer was lost", NOW, NOW)
    journal.record_held(journal.delivery(found["held"].id), "it may be there", "")
    journal.record_published(sending["published"], (SentPart(1, "k", "https://mastodon.social/@me/1", "1"),), NOW)
    journal.cancel(found["cancelled"])
    journal.close()
    post(folder, "cancelled.md", targets="mastodon", status="published")
    return folder


def test_json_has_each_state_in_its_word(every_state: Path) -> None:
    states = {
        row["path"].removeprefix("posts/").removesuffix(".md"): row["state"] for row in queued(every_state, "--all")
    }
    assert states == {
        "waiting": "waiting",
        "sending": "sending",
        "unsure": "unsure",
        "refused": "failed",
        "held": "held",
        "published": "published",
        "cancelled": "cancelled",
        "late": "late",
        "paused": "paused",
        "draft": "draft",
        "broken": "broken",
    }


def test_json_is_told_field_by_field(every_state: Path) -> None:
    found = {row["path"]: row for row in queued(every_state, "--all")}
    assert found["posts/unsure.md"] == {
        "path": "posts/unsure.md",
        "title": "The unsure one",
        "time": "2026-11-20T11:30:00+01:00",
        "target": "mastodon",
        "state": "unsure",
        "attempts": 1,
        "next_try": "2026-11-20T13:00:00+01:00",
        "error": "the answer was lost",
        "url": None,
        "commands": [],
    }
    assert found["posts/published.md"]["url"] == "https://mastodon.social/@me/1"
    broken = found["posts/broken.md"]
    assert (broken["target"], broken["time"]) == (None, None)
    assert broken["error"].startswith("`soon` is") and broken["error"].endswith(".")


def test_what_was_cancelled_waits_again_when_its_file_is_back(folder: Path) -> None:
    post(folder, "a.md", targets="mastodon")
    journal = journal_of(folder)
    Accounts(journal).verified(
        "mastodon", "https://mastodon.social", "f", Identity(ID, "me", default_limits("mastodon"))
    )
    journal.cancel(armed(folder, journal, "a.md"))
    journal.close()
    assert [row["state"] for row in queued(folder)] == ["waiting"]


def test_without_more_it_shows_what_is_to_come_or_needs_a_person(every_state: Path) -> None:
    settled = {"published", "cancelled", "draft"}
    everything = queued(every_state, "--all")
    assert queued(every_state) == [row for row in everything if row["state"] not in settled]
    assert [row["state"] for row in queued(every_state, "--failed")] == ["held", "failed"]


def test_it_is_in_order_of_time_and_then_of_path(folder: Path) -> None:
    for name, time in (
        ("c", "2026-11-21 09:00"),
        ("b", "2026-11-21 09:00"),
        ("a", "2026-11-22 09:00 +13:00"),
        ("d", ""),
    ):
        post(folder, f"{name}.md", time, targets="mastodon")
    assert [row["path"][6] for row in queued(folder, "--all")] == ["b", "c", "a", "d"]


def test_people_read_days_local_times_and_what_to_do(every_state: Path) -> None:
    post(every_state, "z.md", "2026-11-21 09:00 +00:00")
    post(every_state, "y.md", "2027-01-02 09:00")
    done = call("queue", "-C", str(every_state))
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "Needs you" and "\x1b" not in done.stdout
    shown = "\n".join(lines)
    for words in (
        "  late    posts/late.md  → mastodon\n          was due",
        "type: fedisched publish posts/late.md --now",
        "the server said no. Shorten it. Then type: fedisched retry posts/refused.md",
        "it may be there. Look at mastodon:\n          if it is there  fedisched resolve posts/held.md --sent URL\n",
        "          if it is not    fedisched resolve posts/held.md --retry\n",
        "          to let it be    fedisched resolve posts/held.md --drop\n",
        "the password is wrong. Log in",
        "posts/broken.md:2:7: `soon` is",
        "\nToday, Fri 20 Nov\n",
        "\nTomorrow, Sat 21 Nov\n  10:00    in 22 hours",
        "\nSat 2 Jan 2027\n  09:00    in 1 month",
        "posts/unsure.md   → mastodon  unsure  the answer was lost",
    ):
        assert words in shown, f"{words}\n--- is not in ---\n{shown}"
    assert "published.md" not in shown and "draft.md" not in shown
    assert lines[-1].endswith("posts in need of you")


def test_many_late_posts_are_one_question(folder: Path) -> None:
    for number in range(300):
        post(folder, f"{number:03}.md", f"2026-0{1 + number % 9}-01 09:00")
    before = {path: path.read_bytes() for path in (folder / "posts").iterdir()}
    done = call("queue", "-C", str(folder))
    heading, question, sum_ = done.stdout.splitlines()
    assert (heading, sum_) == ("Needs you", "300 posts in need of you")
    assert question.startswith("  late    300 posts, due from 1 Jan 2026 to 1 Sep 2026: posts/000.md, posts/009.md, ")
    for words in (
        "and 297 more",
        "`fedisched publish PATH --now`",
        "`status: draft`",
        "`fedisched resolve --drop --late`",
        "`fedisched queue -v`",
    ):
        assert words in question
    assert call("queue", "-v", "-C", str(folder)).stdout.count("  late  ") == 300
    rows = queued(folder)
    assert len(rows) == 600
    assert (rows[0]["state"], rows[0]["commands"]) == (
        "late",
        ["fedisched publish posts/000.md --now", "fedisched resolve posts/000.md --drop"],
    )
    assert "was due 11 months ago" in str(rows[0]["error"])
    assert {path: path.read_bytes() for path in before} == before


def test_each_state_that_needs_a_person_has_its_commands(every_state: Path) -> None:
    found = {row["state"]: row["commands"] for row in queued(every_state, "--all")}
    resolve = "fedisched resolve posts/held.md"
    assert {state: commands for state, commands in found.items() if commands} == {
        "held": [f"{resolve} --sent URL", f"{resolve} --retry", f"{resolve} --drop"],
        "failed": ["fedisched retry posts/refused.md"],
        "late": ["fedisched publish posts/late.md --now", "fedisched resolve posts/late.md --drop"],
        "paused": ["fedisched publish"],
        "broken": ["fedisched check posts/broken.md"],
    }


def test_a_paused_account_is_told_once(every_state: Path) -> None:
    for number in range(5):
        post(every_state, f"more-{number}.md", "2030-01-01 09:00", targets="bluesky")
    shown = call("queue", "-C", str(every_state)).stdout
    assert shown.count("the password is wrong") == 1 and "and 3 more will wait" in shown


def test_a_copy_names_the_lines_to_delete(folder: Path) -> None:
    results = "results:\n  mastodon:\n    key: 3m4ohihg2s22a\n    url: https://mastodon.social/@me/1\n"
    front = "targets: mastodon\nstatus: scheduled\n"
    write_post(folder, "a.md", f"---\ntime: 2026-12-01 09:00\n{front}{results}---\nNew\n")
    (row,) = queued(folder)
    assert row["state"] == "broken" and "delete lines 5 to 8, its whole `results` block" in row["error"]
    shown = call("queue", "-C", str(folder)).stdout
    assert "posts/a.md:5:1: its results are from before its time. If this is a new post, delete lines 5 to 8" in shown
    checked = call("check", "-C", str(folder))
    assert (
        checked.exit_code == Exit.NEEDS_YOU and "posts/a.md:5:1: error: its results are from before" in checked.stdout
    )


def test_what_failed_in_another_clone_has_its_reason_from_the_file(folder: Path) -> None:
    front = "results:\n  mastodon:\n    key: 3kzzzzzzzzzzz\n    error: too loud\n    attempts: 1\n"
    write_post(folder, "a.md", f"---\ntime: {DUE}\ntargets: mastodon\nstatus: failed\n{front}---\nHello\n")
    assert [row["error"] for row in queued(folder, "--failed")] == ["too loud"]
    assert "too loud. Then type: fedisched retry posts/a.md" in call("queue", "-C", str(folder)).stdout


def test_what_is_tried_again_says_when_and_what_is_not_delayed_says_nothing(folder: Path) -> None:
    post(folder, "a.md", targets="mastodon")
    post(folder, "later.md", "2027-06-01 09:00", targets="mastodon")
    journal = journal_of(folder)
    accounts = Accounts(journal)
    accounts.verified("mastodon", "https://mastodon.social", "f", Identity(ID, "me", default_limits("mastodon")))
    accounts.unreachable(accounts.all()["mastodon"], "it asks to slow down (429)", NOW + HOUR // 6)
    journal.close()
    shown = call("queue", "-C", str(folder)).stdout
    assert "waiting  it asks to slow down (429)  next try in 10 minutes" in shown
    assert shown.count("429") == 1 and "need of you" not in shown
    journal = journal_of(folder)
    Accounts(journal).verified(
        "mastodon", "https://mastodon.social", "f", Identity(ID, "m", default_limits("mastodon"))
    )
    known = armed(folder, journal, "a.md")
    journal.record_not_prepared(known, "it is still working on a.jpg", NOW + HOUR // 12, NOW)
    journal.close()
    shown = call("queue", "-C", str(folder)).stdout
    assert "waiting  it is still working on a.jpg  next try in 5 minutes" in shown


def test_a_folder_that_cannot_be_written_needs_a_person(folder: Path) -> None:
    post(folder, "a.md", targets="mastodon")
    journal = journal_of(folder)
    Accounts(journal).verified(
        "mastodon", "https://mastodon.social", "f", Identity(ID, "m", default_limits("mastodon"))
    )
    known = armed(folder, journal, "a.md")
    journal.record_waiting(known, "a.md cannot be written: Read-only file system", NOW + HOUR, "Let it be written.")
    journal.close()
    shown = call("queue", "-C", str(folder)).stdout
    assert shown.startswith("Needs you\n  waiting posts/a.md  → mastodon\n")
    assert "a.md cannot be written: Read-only file system. Let it be written." in shown


def test_a_full_disk_is_told_as_why_posts_are_overdue(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post(folder, "a.md", targets="mastodon")
    post(folder, "later.md", "2027-06-01 09:00", targets="mastodon")
    assert "need of you" not in call("queue", "-C", str(folder)).stdout

    def full(_: Journal) -> None:
        raise StateUnusable("The journal cannot be used: No space left on device", "Free disk space, then try again.")

    monkeypatch.setattr(Journal, "try_writing", full)
    shown = call("queue", "-C", str(folder)).stdout
    assert "No space left on device. Free disk space, then try again." in shown
    assert "1 post to come, 1 post in need of you" in shown


@pytest.mark.parametrize(
    ("option", "words"),
    [((), "Nothing is scheduled."), (("--all",), "There are no posts yet."), (("--failed",), "Nothing has failed")],
)
def test_nothing_is_said_too(folder: Path, option: tuple[str, ...], words: str) -> None:
    assert call("queue", *option, "-C", str(folder)).stdout.startswith(words)
    assert queued(folder, *option) == []


def test_colours_are_for_a_terminal_and_nothing_in_a_file_can_steer_it(folder: Path) -> None:
    post(folder, "a.md", "2030-01-01 09:00", targets="mastodon")
    write_post(folder, "b.md", '---\ntime: "soon\\e[2J\\u202e"\n---\nx\n')
    assert b"\x1b[1m" in on_a_terminal("queue", cwd=folder)
    plain = on_a_terminal("queue", cwd=folder, environ={"NO_COLOR": "1"}).decode()
    assert "soon" in plain and not {"\x1b", "\u202e"} & set(plain)
    assert on_a_terminal("queue", "--json", cwd=folder).isascii()
