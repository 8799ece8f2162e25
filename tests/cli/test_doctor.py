"""`fedisched doctor`: what it looks at, what it says of each thing that can be wrong, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.diagnosis import aside, machine
from fedisched.cli.exit import Exit
from fedisched.publisher.locks import PidFile, daemon_lock
from fedisched.sandbox import Fault, Sandbox, What
from tests.cli.checkup import only, rows, somewhere
from tests.cli.folder_with_server import FolderWithServer
from tests.cli.support import call, content_folder, start, write_post
from tests.failing.lacking import full_disks
from tests.vault.places import MASTODON, Places

__all__ = ["somewhere"]

pytestmark = pytest.mark.usefixtures("somewhere")


def asked(served: FolderWithServer, *words: str) -> list[dict[str, Any]]:
    done = served.run("doctor", "--json", *words)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def snapshot(folder: Path) -> dict[str, str]:
    """Everything below a folder, by its path: what it is and what it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[path.relative_to(folder).as_posix()] = f"{oct(path.lstat().st_mode)} {held}"
    return found


# --- all is well ---------------------------------------------------------------------------------------------------


def test_where_all_is_well_it_says_so_and_ends_with_0(served: FolderWithServer) -> None:
    served.post("a.md", 3600)
    lock = daemon_lock(served.folder, served.folder / ".fedisched")
    assert lock.try_acquire()
    done = served.run("doctor")
    lock.release()
    assert (done.exit_code, done.stdout.rstrip().splitlines()[-1]) == (Exit.DONE, "Everything is well."), done.stdout
    found = asked(served)
    assert [set(row) for row in found] == [{"check", "ok", "message", "hint", "severity"}] * len(found)
    checks = {row["check"] for row in found}
    assert checks >= {"python", "config", "time zone", "posts", "state folder", "sqlite", "disk", "daemon", "extras",
                      "git", "repository", "key", "credentials", "servers", "clock"}  # fmt: skip
    assert "there (Mastodon 4." in only(found, "servers")["message"]
    assert "servers' clocks, and the system keeps it so" in only(found, "clock")["message"]


def test_it_changes_nothing(served: FolderWithServer) -> None:
    served.post("a.md", targets="mastodon")
    served.run("publish")
    served.post("b.md", 3600)
    before = snapshot(served.folder)
    assert served.run("doctor").exit_code == Exit.DONE
    assert snapshot(served.folder) == before


def test_quietly_it_says_only_what_is_not_well(served: FolderWithServer) -> None:
    lines = served.run("doctor", "-q").stdout.splitlines()
    assert len(lines) == 3 and "none is running" in lines[0] and "fedisched run" in lines[1] and "1 thing" in lines[2]


# --- the configuration ---------------------------------------------------------------------------------------------


def test_outside_of_a_content_folder_it_looks_at_the_machine_all_the_same(tmp_path: Path) -> None:
    done = start("doctor", "--offline", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == Exit.NEEDS_YOU and not done.stderr
    assert "fedisched init" in only(found, "config")["hint"]
    assert {"python", "git", "time zone", "clock"} <= {row["check"] for row in found}


def test_every_mistake_of_a_configuration_is_told_with_its_place(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content", 'timezone = "Europe/Berln"\npost = "x"\n')
    messages = [row["message"] for row in rows(folder) if row["check"] == "config"]
    assert [message.split(" ")[0] for message in messages] == ["fedisched.toml:1:12:", "fedisched.toml:2:1:"]


def test_an_empty_configuration_and_the_examples_handle_are_told(tmp_path: Path) -> None:
    empty = content_folder(tmp_path / "a", "")
    found = rows(empty)
    assert "names no account" in only(found, "config", "error")["message"]
    assert "timezone = " in only(found, "time zone", "warning")["hint"]
    example = content_folder(tmp_path / "b", '[accounts.b]\nnetwork = "bluesky"\nhandle = "me.bsky.social"\n')
    found = rows(example)
    assert "the example's handle" in only(found, "config", "error")["message"]
    assert "default_targets = ['b']" in only(found, "config", "warning")["hint"]


def test_two_configurations_side_by_side_are_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    (folder / "pyproject.toml").write_text('[tool.fedisched]\ntimezone = "UTC"\n')
    assert "pyproject.toml" in only(rows(folder), "config", "warning")["message"]


def test_missing_time_zone_data_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "content")
    monkeypatch.setattr("fedisched.config.zones.has_zone", lambda name: False)
    assert "pip install tzdata" in only(rows(folder), "time zone", "error")["hint"]


def test_time_zone_data_of_long_ago_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "content")
    monkeypatch.setattr("fedisched.cli.diagnosis.configuration._zone_data", lambda name: ("2021a", "/usr"))
    assert "too old" in only(rows(folder), "time zone", "warning")["message"]


# --- folders and the machine ---------------------------------------------------------------------------------------


def test_a_posts_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    (folder / "posts").rmdir()
    assert f"`mkdir {folder / 'posts'}`" in only(rows(folder), "posts", "error")["hint"]


def test_folders_that_may_not_be_written_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "content")
    write_post(folder, "2026/a.md", "---\n---\nHi\n")
    state = folder / ".fedisched"
    state.mkdir(mode=0o700)
    allowed = os.access

    def access(path: Any, mode: int) -> bool:
        return allowed(path, mode) and not (mode & os.W_OK and Path(path) in (state, folder / "posts/2026"))

    monkeypatch.setattr(os, "access", access)
    found = rows(folder)
    assert f"chmod 700 {state}" in only(found, "state folder", "warning")["hint"]
    assert "posts/2026" in only(found, "posts", "error")["message"]


def test_a_state_folder_that_others_can_read_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    (folder / ".fedisched").mkdir(mode=0o755)
    assert "chmod 700" in only(rows(folder), "state folder", "warning")["hint"]


def test_a_state_folder_in_a_synced_folder_is_told_with_what_to_set(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    (folder / ".stfolder").mkdir()
    found = only(rows(folder), "state folder", "error")
    assert "Syncthing" in found["message"] and "export FEDISCHED_STATE=" in found["hint"]


def test_a_damaged_journal_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    (folder / ".fedisched").mkdir(mode=0o700)
    file = folder / ".fedisched/journal.sqlite3"
    file.write_bytes(b"no database at all" * 100)
    assert "damaged" in only(rows(folder), "sqlite", "error")["message"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_journal_of_a_newer_fedisched_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    call("queue", "-C", str(folder))
    connection = sqlite3.connect(folder / ".fedisched/journal.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "newer fedisched" in only(rows(folder), "sqlite", "error")["message"]


def test_a_journal_that_is_in_use_is_read(served: FolderWithServer) -> None:
    served.post("a.md", targets="mastodon")
    served.run("publish")
    connection = sqlite3.connect(served.folder / ".fedisched/journal.sqlite3")
    connection.execute("UPDATE account SET paused = 'the server says no' WHERE name = 'mastodon'")
    connection.execute("UPDATE delivery SET state = 'held'")
    connection.commit()
    found = [row["message"] for row in asked(served, "--offline") if row["check"] == "accounts"]
    connection.close()
    assert found == ["mastodon is paused: the server says no", "of the posts that were tried: 1 held"]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "content")
    full_disks(monkeypatch)
    assert "is full" in only(rows(folder), "disk", "error")["message"]


def test_a_limit_of_watches_that_is_nearly_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "content")
    (tmp_path / "max_user_watches").write_text("4\n")
    (tmp_path / "max_user_instances").write_text("128\n")
    monkeypatch.setattr(machine, "_INOTIFY", tmp_path)
    assert "sysctl fs.inotify.max_user_watches" in only(rows(folder), "watching", "warning")["hint"]
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("1\n")
    assert "max_user_instances" in only(rows(folder), "watching", "warning")["hint"]
    assert "FEDISCHED_WATCH" in only(rows(folder, environ={"FEDISCHED_WATCH": "poll"}), "watching")["message"]


def test_the_system_says_whether_it_keeps_the_clock_right() -> None:
    assert machine.is_kept_in_sync() in (True, False, None)


# --- posts, daemon, workflow ---------------------------------------------------------------------------------------


def test_posts_that_cannot_go_out_and_what_they_lack_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "content")
    write_post(folder, "a.md", "---\ntime: never\n---\nHi\n")
    write_post(folder, "b.md", "---\ntime: 2027-01-01 09:00\n---\nHi ![moves](b.webm)\n")
    (folder / "posts/b.webm").write_bytes(
        bytes.fromhex("1a45dfa3a3428681014286810142f2810442f381084282847765626d") * 40
    )
    write_post(folder, "done.md", "---\ntime: never\nstatus: published\n---\nHi\n")
    monkeypatch.setattr("fedisched.cli.diagnosis.running.ffmpeg", lambda: None)
    found = rows(folder)
    message = only(found, "posts", "error")["message"]
    assert "cannot go out, posts/a.md first" in message
    assert only(found, "extras")["message"].startswith("ffmpeg is not installed")


def test_a_daemon_at_work_is_told_by_its_number(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    assert "none is running" in only(rows(folder), "daemon", "warning")["message"]
    state = folder / ".fedisched"
    lock, number = daemon_lock(folder, state), PidFile(state)
    assert lock.try_acquire()
    number.note()
    assert only(rows(folder), "daemon")["message"] == f"it is running, process {os.getpid()}"
    number.release()
    lock.release()


def test_a_workflow_that_lacks_a_credential_or_is_old_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    call("init", str(folder), environ={"PATH": os.environ["PATH"]})
    found = rows(folder)
    assert "hands over every" in only(found, "workflow")["message"]
    assert "workflow that publishes on GitHub" in only(found, "daemon")["message"]
    assert "has its own on GitHub" in only(found, "credentials", "warning")["message"]
    config = folder / "fedisched.toml"
    config.write_text(config.read_text() + '\n[accounts.work]\nnetwork = "mastodon"\nserver = "https://a.example"\n')
    workflow = folder / ".github/workflows/fedisched.yml"
    workflow.write_text(workflow.read_text().replace("actions/checkout@11", "actions/checkout@22"))
    told = [row for row in rows(folder) if row["check"] == "workflow"]
    assert "secrets.FEDISCHED_WORK_TOKEN" in told[0]["hint"] and "fedisched init" in told[1]["hint"]


# --- credentials ---------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_credentials_is_told_without_them(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    environ = {"FEDISCHED_MASTODON_TOKEN": "'quoted t0ken'", "FEDISCHED_BLUESKY_PASSWORD": "my-Main-Passw0rd"}
    found = rows(folder, environ=environ)
    said = [row["message"] for row in found if row["check"] == "credentials"]
    assert "quotes" in said[0] and "main password" in said[1]
    assert not [secret for secret in ("t0ken", "Passw0rd") if secret in str(found)]
    hints = [row["hint"] for row in rows(folder) if row["check"] == "credentials"]
    assert "FEDISCHED_MASTODON_TOKEN" in hints[0] and "fedisched login bluesky" in hints[1]


def test_a_credential_that_belongs_to_another_server_is_told(served: FolderWithServer) -> None:
    served.post("a.md", targets="mastodon")
    served.run("publish")
    config = served.folder / "fedisched.toml"
    config.write_text(config.read_text().replace(served.sandbox.url, "https://elsewhere.example", 1))
    told = only(asked(served, "--offline"), "credentials", "error")
    assert "it belongs to" in told["message"] and "it is not sent there" in told["message"]


def test_a_vault_with_its_key_without_it_and_with_another(tmp_path: Path) -> None:
    places = Places(tmp_path)
    content_folder(tmp_path / "x").joinpath("fedisched.toml").rename(places.folder / "fedisched.toml")
    config = places.folder / "fedisched.toml"
    config.write_text(config.read_text().replace("https://mastodon.social", MASTODON.server))
    (places.folder / "posts").mkdir()
    places.filled()
    environ = {**places.environ, "FEDISCHED_STATE": str(places.state)}
    found = rows(places.folder, environ=environ)
    assert "opens the vault" in only(found, "key")["message"]
    assert only(found, "credentials")["message"] == "mastodon: in the vault"
    places.key.chmod(0o644)
    assert f"chmod 600 {places.key}" in only(rows(places.folder, environ=environ), "key", "error")["hint"]
    places.key.unlink()
    assert "no key to open the vault" in only(rows(places.folder, environ=environ), "key", "error")["message"]
    places.make_key()
    assert "does not open" in only(rows(places.folder, environ=environ), "key", "error")["message"]


# --- servers -------------------------------------------------------------------------------------------------------


def test_a_server_that_is_gone_and_a_handle_that_nobody_has_are_told(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        served = FolderWithServer(tmp_path / "content", sandbox, handle="nobody.test")
        config = served.folder / "fedisched.toml"
        config.write_text(config.read_text().replace(sandbox.url, "http://127.0.0.1:9", 1))
        told = [row["message"] for row in asked(served) if row["check"] == "servers" and not row["ok"]]
    assert "lets nobody connect" in told[0] and "knows no handle nobody.test" in told[1]


@pytest.mark.parametrize(("seconds", "severity"), [(3600.0, "error"), (20.0, "warning")])
def test_a_clock_that_is_off_is_told(served: FolderWithServer, seconds: float, severity: str) -> None:
    served.sandbox.faults.add(Fault(What.WRONG_DATE, "*", seconds=seconds, times=None))
    told = only(asked(served), "clock", severity)
    assert "behind the clock of" in told["message"] and "timedatectl" in told["hint"]


def test_a_server_that_hangs_holds_up_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WITHIN", 0.3)
    folder = content_folder(tmp_path / "content")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = folder / "fedisched.toml"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        config.write_text(config.read_text().replace("https://mastodon.social", url))
        config.write_text(config.read_text().replace('handle = "me.bsky', f'server = "{url}"\nhandle = "i.bsky'))
        begun = time.monotonic()
        done = call("doctor", "--json", "-C", str(folder))
        took = time.monotonic() - begun
    told = [row["message"] for row in json.loads(done.stdout) if row["check"] == "servers"]
    assert [message.partition(": ")[2].partition(" ")[2] for message in told] == ["did not answer in time"] * 2
    assert took < 20.0


def test_offline_nobody_is_asked_and_that_is_said(served: FolderWithServer) -> None:
    found = asked(served, "--offline")
    assert not served.sandbox.requests()
    assert [row["message"].endswith("was not asked (--offline)") for row in found if row["check"] == "servers"] == [
        True
    ] * 2


def test_a_mistake_in_how_a_person_is_told_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    assert "you are not told of what needs you" in only(rows(folder), "telling", "ok")["message"]
    file = tmp_path / "home/.config/fedisched/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[notify]\ncommand = ["true"]\n')
    file.chmod(0o666)
    environ = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    assert "chmod 600" in only(rows(folder, environ=environ), "telling", "error")["hint"]
    file.chmod(0o600)
    assert "notify --test" in only(rows(folder, environ=environ), "telling", "ok")["message"]
    file.write_text('[notify]\ncomand = ["true"]\n')
    found = only(rows(folder, environ=environ), "telling", "error")
    assert "line 2: there is no key `comand`" in found["message"]


def test_what_a_process_that_was_killed_left_is_left_as_it_is(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "content")
    call("queue", "-C", str(folder))
    file = folder / ".fedisched/journal.sqlite3"
    dies = f"import os, sqlite3\nc = sqlite3.connect({str(file)!r})\nc.execute('CREATE TABLE left_over (one)')\n"
    subprocess.run([sys.executable, "-c", dies + "c.commit()\nos._exit(1)"], check=False)
    log = file.with_name("journal.sqlite3-wal")
    before = file.read_bytes(), log.read_bytes()
    assert before[1] and only(rows(folder), "sqlite", "ok")
    assert (file.read_bytes(), log.read_bytes()) == before
