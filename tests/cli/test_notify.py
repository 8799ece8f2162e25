"""`fedisched notify`, and what `publish` tells at its end."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result

from fedisched.clock import SECOND
from fedisched.compose import default_limits
from fedisched.engine.accounts import Accounts, AccountState
from fedisched.engine.journal import Journal
from fedisched.model.network import Identity
from tests.cli.support import CONFIG, call, content_folder, write_post

NOON = "2026-11-20T12:00:00+01:00"
SERVER = "https://mastodon.social"
LATE = "---\ntime: 2026-11-19 09:00\n---\nLate\n"
BROKEN = "---\ntime: {time}\ntargets: [nobody]\n---\nBroken\n"


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


class Told:
    """A content folder on a machine that tells its person."""

    def __init__(self, at: Path) -> None:
        self.folder = content_folder(at / "content")
        self.out = at / "told"
        self.out.touch()
        self.environ = {"HOME": str(at), "FEDISCHED_MASTODON_TOKEN": "planted-secret", "PATH": os.defpath}
        self.machine = at / ".config/fedisched/config.toml"
        self.machine.parent.mkdir(parents=True)
        self.configure('printf "%s\\n" "= $FEDISCHED_TITLE"; cat')

    def configure(self, shell: str, more: str = "") -> None:
        command = json.dumps(["sh", "-c", f"({shell}) >>{self.out}"])
        self.machine.write_text(f"[notify]\ncommand = {command}\n{more}")
        self.machine.chmod(0o600)

    def write(self, name: str, text: str, saved: str = "2026-11-01T12:00:00+01:00") -> None:
        path = write_post(self.folder, name, text)
        os.utime(path, ns=(moment(saved) * 1000,) * 2)

    def call(self, *arguments: str, now: str = NOON, typed: str = "", **environ: str) -> Result:
        options = ["-C", str(self.folder)]
        return call(*arguments, *options, now=now, environ={**self.environ, **environ}, typed=typed)

    def news(self, *arguments: str, now: str = NOON, typed: str = "", **environ: str) -> str:
        """What one call tells a person."""
        before = len(self.out.read_text())
        done = self.call(*(arguments or ("notify",)), now=now, typed=typed, **environ)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return self.out.read_text()[before:]

    def attached(
        self, now: str = NOON, died_at: int | None = None, own: Mapping[str, str] | None = None
    ) -> tuple[str, Mapping[str, object]]:
        """What a call for the daemon tells a person, and what it answers the daemon."""
        before = len(self.out.read_text())
        asked = json.dumps({"own": own or {}, "died_at": died_at})
        done = self.call("notify", "--attached", now=now, typed=asked)
        return self.out.read_text()[before:], json.loads(done.stdout)

    def journal(self) -> Journal:
        state = self.folder / ".fedisched"
        state.mkdir(exist_ok=True, mode=0o700)
        return Journal(state / "journal.sqlite3")


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_each_thing_is_told_once_several_in_one_message_and_again_when_it_changes(told: Told) -> None:
    told.write("late.md", LATE)
    told.write("failed.md", "---\ntime: 2026-11-20 09:00\nstatus: failed\ntargets: [mastodon]\n---\nFailed\n")
    told.write("broken.md", BROKEN.format(time="2026-11-20 11:00"))
    told.write("fine.md", "---\ntime: 2026-12-20 09:00\n---\nFine\n")
    said = told.news()
    assert said.startswith("= fedisched: 3 things need you\n") and said.count("= ") == 1
    assert (
        "late posts/late.md → mastodon, bluesky: was due 1 day ago; to send it anyway, type: fedisched publish" in said
    )
    assert "failed posts/failed.md → mastodon: " in said and "fedisched retry posts/failed.md" in said
    assert "broken posts/broken.md:3:11: there is no account or group `nobody`" in said
    assert "fine.md" not in said and str(told.folder) in said
    assert told.news() == "" and told.news("publish", now="2026-11-20T12:30:00+01:00") == ""
    told.write("broken.md", BROKEN.format(time="2026-11-20 11:00").replace("nobody", "somebody"))
    assert told.news().startswith("= fedisched: posts/broken.md cannot go out\nbroken posts/broken.md:3:11: ")


def test_whoever_still_writes_is_not_told_of_mistakes_and_everybody_is_an_hour_ahead(told: Told) -> None:
    told.write("a.md", BROKEN.format(time="2026-11-20 12:50"), saved="2026-11-20T11:55:00+01:00")
    told.write("b.md", BROKEN.format(time="2026-11-20 14:00"))
    told.write("draft.md", "---\nstatus: draft\ntime: 2026-11-20 09:00\ntargets: [nobody]\n---\nNot yet\n")
    told.write("unreadable-draft.md", "---\nstatus: draft\ntime: [\n---\nNot yet\n")
    told.write("unreadable.md", "---\ntime: [\n---\nWhen?\n", saved="2026-11-20T12:00:00+01:00")
    assert told.attached() == ("", {"again": moment("2026-11-20T12:05:00+01:00"), "remembered": 0, "failed": False})
    said, answer = told.attached(now="2026-11-20T12:05:00+01:00")
    assert "posts/a.md cannot go out" in said and answer["again"] == moment("2026-11-20T12:10:00+01:00")
    assert "posts/unreadable.md cannot go out" in told.attached(now="2026-11-20T12:10:00+01:00")[0]
    assert "posts/b.md cannot go out" in told.attached(now="2026-11-20T13:00:00+01:00")[0]
    assert told.attached(now="2026-11-20T15:00:00+01:00") == ("", {"again": None, "remembered": 3, "failed": False})


def test_a_paused_account_is_told_and_when_it_is_well_again(told: Told) -> None:
    told.write("a.md", "---\ntime: 2026-11-20 11:59\n---\nHello\n")
    state = AccountState("mastodon", SERVER, "x")
    with closing(told.journal()) as journal:
        Accounts(journal).paused(state, "the server says 401: planted-secret is wrong", moment(NOON))
    said = told.news()
    assert "paused mastodon: the server says 401: [secret] is wrong. 1 post will wait." in said
    assert told.news() == ""
    with closing(told.journal()) as journal:
        Accounts(journal).verified("mastodon", SERVER, "x", Identity("1", "me", default_limits("mastodon")))
    assert told.news().startswith("= fedisched: mastodon is well again\nwell again: mastodon\n")
    assert told.news() == ""


def test_a_post_that_has_waited_for_an_hour_is_told_and_that_it_is_out(told: Told) -> None:
    told.write("a.md", "---\ntime: 2026-11-20 11:00\ntargets: [mastodon]\n---\nHello\n")
    due = moment("2026-11-20T11:00:00+01:00")
    with closing(told.journal()) as journal:
        Accounts(journal).verified("mastodon", SERVER, "x", Identity("1", "me", default_limits("mastodon")))
        digest = hashlib.sha256((told.folder / "posts/a.md").read_bytes()).hexdigest()
        delivery = journal.arm("posts/a.md", "mastodon", "1", "3kabcdefghijk", due, digest, due - SECOND)
        journal.record_not_prepared(delivery, "the server says 503", due + 7200 * SECOND, due)
    assert told.attached(now="2026-11-20T11:30:00+01:00") == (
        "",
        {"again": moment(NOON), "remembered": 0, "failed": False},
    )
    said = told.news()
    assert "waits posts/a.md → mastodon: was due 1 hour ago, and still waits: the server says 503" in said
    told.write("a.md", "---\ntime: 2026-11-20 11:00\nstatus: published\n---\nHello\n")
    with closing(told.journal()) as journal:
        journal.cancel(delivery)
    assert "well again: posts/a.md → mastodon" in told.news()


def test_what_is_not_asked_for_is_not_told(told: Told) -> None:
    told.configure("cat", 'on = ["failed"]\n')
    told.write("late.md", LATE)
    assert told.news() == ""


def test_a_way_that_fails_is_logged_tried_again_later_and_hinders_nothing(told: Told) -> None:
    told.write("late.md", LATE)
    told.configure("cat; echo planted-reason >&2; exit 7")
    done = told.call("notify")
    assert done.exit_code == 1 and "sh could not tell you: ended with code 7: planted-reason" in done.stderr
    assert told.news() == "", "not at once again"
    done = told.call("publish", now="2026-11-20T12:01:00+01:00")
    assert done.exit_code == 1 and "could not tell you" in done.stderr and "late posts/late.md" in done.stderr
    told.configure("cat")
    assert told.news(now="2026-11-20T12:02:00+01:00") == "", "the second pause is longer"
    assert "late posts/late.md" in told.news(now="2026-11-20T12:03:00+01:00")


def test_a_dry_run_tells_nobody(told: Told) -> None:
    told.write("late.md", LATE)
    assert told.news("publish", "--dry-run") == ""
    assert "late posts/late.md" in told.news("publish")


def test_a_mistake_in_the_configuration_that_stops_a_publish_is_told(told: Told) -> None:
    (told.folder / "fedisched.toml").write_text("timezone = 1\n")
    assert "daemon fedisched: fedisched.toml has a mistake." in told.news("publish")
    assert told.news("publish") == ""
    (told.folder / "fedisched.toml").write_text(CONFIG)
    assert "well again: fedisched" in told.news("publish")


def test_the_machines_own_mistake_is_said_and_stops_no_publish(told: Told) -> None:
    told.machine.write_text("[notify]\ncommand = 1\n")
    done = told.call("publish")
    assert done.exit_code == 0 and "Nobody can be told" in done.stderr
    assert told.call("notify").exit_code == 1


def test_names_and_answers_steer_no_terminal_and_write_no_lines_of_their_own(told: Told) -> None:
    told.write("a\x1b[2J\nlate b.md", LATE)
    said = told.news()
    assert "\x1b" not in said and len(said.splitlines()) == 3


def test_hundreds_of_things_are_one_short_message(told: Told) -> None:
    for number in range(60):
        told.write(f"{number}.md", "---\ntime: 2026-11-20 09:00\nstatus: failed\ntargets: [mastodon]\n---\nFailed\n")
    said = told.news()
    assert said.startswith("= fedisched: 60 things need you") and len(said.splitlines()) < 30
    assert "… and 40 more: `fedisched queue`" in said


def test_a_test_message_says_of_each_way_whether_it_works(told: Told) -> None:
    assert "This is a test." in told.news("notify", "--test")
    assert told.call("notify", "--test").stdout.startswith("sent    sh")
    told.configure("exit 1")
    done = told.call("notify", "--test")
    assert done.exit_code == 1 and "failed  sh  ended with code 1" in done.stderr


def test_without_a_way_it_is_said_where_one_is_written(told: Told) -> None:
    told.machine.unlink()
    done = told.call("notify", "--test")
    assert done.exit_code == 1 and f"{told.machine} has no way to tell you" in done.stderr
    assert told.attached() == ("", {"again": None, "remembered": 0, "failed": False})


def test_a_daemon_that_died_and_works_again_is_told_once(told: Told) -> None:
    died = moment("2026-11-20T11:58:00+01:00")
    said, _ = told.attached(died_at=died)
    assert "daemon the daemon: it died, or the machine did: its last sign of life was Today, Fri 20 Nov 11:58" in said
    assert told.attached(died_at=died)[0] == told.attached(died_at=died + SECOND)[0] == told.attached()[0] == ""


def test_a_daemon_that_is_gone_is_told_by_systemd_and_that_it_is_back_by_itself(told: Told) -> None:
    monitor = {"MONITOR_UNIT": "fedisched.service", "MONITOR_SERVICE_RESULT": "signal", "MONITOR_EXIT_STATUS": "KILL"}
    said = told.news("notify", "--died", **monitor)
    assert said.startswith("= fedisched: the daemon needs you\ndaemon the daemon: it has ended (signal, KILL)")
    assert "journalctl -u fedisched.service" in said
    # Who cannot know whether it is back leaves it at that.
    assert told.news("notify", "--died", **monitor) == told.news("notify") == told.news("publish") == ""
    assert "well again: the daemon" in told.attached()[0]


def test_the_daemons_own_troubles_are_told_also_where_the_folder_cannot_be_looked_at(told: Told) -> None:
    told.write("late.md", LATE)
    assert told.attached()[0]
    (told.folder / "fedisched.toml").write_text("timezone = 1\n")
    said, answer = told.attached(own={"folder config": "The configuration as it was stays in force."})
    assert "daemon the daemon: The configuration as it was" in said and answer["remembered"] == 3
    (told.folder / "fedisched.toml").write_text(CONFIG)
    said, answer = told.attached()
    assert "well again: the daemon" in said and "late" not in said and answer["remembered"] == 2
