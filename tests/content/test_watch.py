"""The watcher, under the saves that real programs make."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fedisched.content.hints import CONFIG, EVERYTHING
from fedisched.content.watch import Change, Watcher
from tests.content.watching import PATIENT, QUIET, Heard, watching

both_ways = pytest.mark.parametrize("poll", [False, True], ids=["events", "poll"])


def in_place(post: Path) -> None:
    post.write_text("in place")


def appended(post: Path) -> None:
    with post.open("a") as file:
        file.write("more")


def by_rename(post: Path) -> None:
    temporary = post.with_name(".tmp")
    temporary.write_text("renamed")
    temporary.replace(post)


def as_vim(post: Path) -> None:
    """A probe of the folder, the old file kept as a backup, a new one written, the backup removed."""
    probe, backup = post.with_name("4913"), post.with_name(post.name + "~")
    probe.touch()
    probe.unlink()
    post.rename(backup)
    post.write_text("as vim")
    backup.unlink()


def as_emacs(post: Path) -> None:
    """A lock, a backup by rename, the file written anew, the lock and the auto-save file removed."""
    lock, autosave = post.with_name(f".#{post.name}"), post.with_name(f"#{post.name}#")
    lock.symlink_to("me@here.1:2")
    autosave.write_text("as em")
    post.rename(post.with_name(post.name + "~"))
    post.write_text("as emacs")
    autosave.unlink()
    lock.unlink()


def by_sed(post: Path) -> None:
    subprocess.run(["sed", "-i", "s/old/new/", post], check=True)


def moved_in(post: Path) -> None:
    outside = post.parents[1] / "outside.md"
    outside.write_text("from outside")
    subprocess.run(["mv", outside, post], check=True)


def moved_away(post: Path) -> None:
    subprocess.run(["mv", post, post.parents[1] / "outside.md"], check=True)


def deleted(post: Path) -> None:
    post.unlink()


def written_through_a_file_that_stays_open(post: Path) -> None:
    descriptor = os.open(post, os.O_WRONLY)
    os.write(descriptor, b"still open")
    # Never closed while the test waits: the process keeps it, as a shell's redirection does.
    os.set_inheritable(descriptor, False)


SAVES = [
    in_place,
    appended,
    by_rename,
    as_vim,
    as_emacs,
    by_sed,
    moved_in,
    moved_away,
    deleted,
    written_through_a_file_that_stays_open,
]


@both_ways
@pytest.mark.parametrize("save", SAVES, ids=lambda save: save.__name__)
def test_a_save_is_noticed(folder: Path, save: Callable[[Path], None], poll: bool) -> None:
    with watching(folder, poll=poll) as heard:
        save(folder / "posts" / "a.md")
        heard.folder("posts")


@both_ways
def test_a_new_post_in_a_folder_below_names_that_folder(folder: Path, poll: bool) -> None:
    with watching(folder, poll=poll) as heard:
        (folder / "posts" / "2026" / "b.md").write_text("new")
        assert heard.until(bool)[0] == Change(frozenset({"posts/2026"}))


@both_ways
def test_a_new_folder_means_everything_and_is_watched(folder: Path, poll: bool) -> None:
    deep = folder / "posts" / "2027" / "01"
    with watching(folder, poll=poll) as heard:
        deep.mkdir(parents=True)
        (deep / "first.md").write_text("first")
        heard.until(lambda all_: any(c.folders is None for c in all_))
        heard.clear()
        (deep / "second.md").write_text("second")
        heard.folder("posts/2027/01")


@both_ways
def test_a_folder_that_is_moved_means_everything(folder: Path, poll: bool) -> None:
    with watching(folder, poll=poll) as heard:
        (folder / "posts" / "2026").rename(folder / "posts" / "2025")
        heard.until(lambda all_: any(c.folders is None for c in all_))
        heard.clear()
        (folder / "posts" / "2025" / "b.md").write_text("new")
        heard.folder("posts/2025")


def git(folder: Path, *arguments: str) -> None:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    environ |= {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, env=environ)


@both_ways
def test_a_branch_switch_is_noticed_both_ways(folder: Path, poll: bool) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "checkout", "-qb", "other")
    (folder / "posts" / "a.md").write_text("other")
    (folder / "posts" / "2026" / "b.md").write_text("other")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "two")
    with watching(folder, poll=poll) as heard:
        for branch in ("main", "other"):
            git(folder, "checkout", "-q", branch)
            heard.folder("posts")
            heard.folder("posts/2026")
            heard.clear()


@pytest.mark.system
@both_ways
def test_rsync_is_noticed(folder: Path, poll: bool) -> None:
    assert shutil.which("rsync"), "this test needs rsync: install it"
    source = folder / "source"
    source.mkdir()
    (source / "a.md").write_text("from afar")
    with watching(folder, poll=poll) as heard:
        subprocess.run(["rsync", "-a", f"{source}/", f"{folder}/posts/"], check=True)
        heard.folder("posts")


@both_ways
@pytest.mark.parametrize("name", ["fedisched.toml", "pyproject.toml"])
def test_the_configuration_is_reported_apart(folder: Path, name: str, poll: bool) -> None:
    with watching(folder, poll=poll) as heard:
        (folder / name).write_text("")
        assert heard.until(bool)[0] == CONFIG


@both_ways
def test_what_is_no_post_is_not_reported(folder: Path, poll: bool) -> None:
    posts = folder / "posts"
    with watching(folder, poll=poll) as heard:
        for name in ("4913", "a.md~", ".a.md.swp", "#a.md#", ".#a.md", ".hidden.md", "image.png", "notes.txt"):
            (posts / name).write_text("")
        (folder / "README.md").write_text("")
        (posts / ".obsidian").mkdir()
        (posts / ".obsidian" / "b.md").write_text("")
        (posts / "2026" / "last.md").write_text("")
        assert set(heard.until(bool)) == {Change(frozenset({"posts/2026"}))}


def test_reading_the_posts_is_not_reported(folder: Path) -> None:
    with watching(folder) as heard:
        for _ in range(20):
            (folder / "posts" / "a.md").read_bytes()
            list((folder / "posts").iterdir())
        (folder / "posts" / "2026" / "last.md").write_text("")
        assert set(heard.until(bool)) == {Change(frozenset({"posts/2026"}))}


@both_ways
def test_the_posts_folder_may_come_go_and_come_again(tmp_path: Path, poll: bool) -> None:
    posts = tmp_path / "content" / "posts"
    with watching(tmp_path, "content/posts", poll=poll) as heard:
        for _ in range(3):
            posts.mkdir(parents=True)
            heard.until(lambda all_: any(c.folders is None for c in all_))
            heard.clear()
            (posts / "a.md").write_text("new")
            heard.folder("content/posts")
            heard.clear()
            shutil.rmtree(tmp_path / "content")
            heard.until(lambda all_: any(c.folders is None for c in all_))
            heard.clear()


@both_ways
def test_the_posts_folder_may_be_a_link_that_is_turned(tmp_path: Path, poll: bool) -> None:
    for name in ("one", "two"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / "elsewhere" / name / "a.md").write_text(name)
    folder = tmp_path / "folder"
    folder.mkdir()
    posts = folder / "posts"
    posts.symlink_to("../elsewhere/one")
    with watching(folder, poll=poll) as heard:
        (posts / "a.md").write_text("changed")
        assert heard.until(bool)[0] == Change(frozenset({"posts"}))
        heard.clear()
        turned = folder / "turned"
        turned.symlink_to("../elsewhere/two")
        turned.replace(posts)
        heard.folder("posts")
        heard.clear()
        (tmp_path / "elsewhere" / "two" / "b.md").write_text("new")
        heard.folder("posts")


@both_ways
def test_the_content_folder_itself_may_hold_the_posts(tmp_path: Path, poll: bool) -> None:
    (tmp_path / "2026").mkdir()
    with watching(tmp_path, ".", poll=poll) as heard:
        (tmp_path / "a.md").write_text("new")
        assert heard.until(bool)[0] == Change(frozenset({"."}))
        heard.clear()
        (tmp_path / "2026" / "a.md").write_text("new")
        assert heard.until(bool)[0] == Change(frozenset({"2026"}))
        heard.clear()
        (tmp_path / "fedisched.toml").write_text("")
        # A poll may see a folder's new time and its new file one after the other.
        assert heard.until(lambda all_: any(each.config for each in all_))


def test_many_saves_in_a_row_are_one_call(folder: Path) -> None:
    with watching(folder, quiet=0.5, patience=PATIENT) as heard:
        for number in range(300):
            (folder / "posts" / f"{number}.md").write_text("new")
        (folder / "posts" / "2026" / "last.md").write_text("new")
        heard.folder("posts/2026")
        assert heard.until(bool) == [Change(frozenset({"posts", "posts/2026"}))]


def test_everything_is_looked_at_now_and_then(folder: Path) -> None:
    with watching(folder, rescan_every=0.01) as heard:
        assert heard.until(lambda all_: len(all_) >= 3)[:3] == [EVERYTHING] * 3
        assert heard.notices == []


def test_stopping_ends_every_thread(folder: Path) -> None:
    before = set(threading.enumerate())
    began = time.monotonic()
    with watching(folder) as heard:
        (folder / "posts" / "a.md").write_text("new")
        heard.folder("posts")
    assert set(threading.enumerate()) == before
    assert time.monotonic() - began < PATIENT


def test_the_callback_may_stop_the_watcher(folder: Path) -> None:
    stopped = threading.Event()

    def changed(change: Change) -> None:
        watcher.stop()
        stopped.set()

    watcher = Watcher(folder, "posts", changed, poll=False, quiet=QUIET)
    watcher.start()
    (folder / "posts" / "a.md").write_text("new")
    assert stopped.wait(PATIENT)


def test_polling_is_chosen_by_the_environment(folder: Path) -> None:
    heard = Heard()
    watcher = Watcher(folder, "posts", heard.changed, quiet=QUIET, poll_every=0.02, environ={"FEDISCHED_WATCH": "poll"})
    watcher.start()
    try:
        assert any(thread.name == "watch-poll" for thread in threading.enumerate())
        (folder / "posts" / "a.md").write_text("new")
        heard.folder("posts")
    finally:
        watcher.stop()


def typed(command: list[str], folder: Path, keys: list[tuple[str, bytes]], post: Path) -> None:
    """Run an editor on a terminal; each entry is what to wait for on its screen, and what to type then."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        os.execvp(command[0], command)
    try:
        for awaited, answer in keys:
            screen = b""
            while awaited.encode() not in screen:
                assert select.select([terminal], [], [], PATIENT)[0], f"{awaited} not in {screen!r}"
                screen += os.read(terminal, 65536)
            os.write(terminal, answer)
        while True:
            assert select.select([terminal], [], [], PATIENT)[0]
            try:
                if not os.read(terminal, 65536):
                    break
            except OSError:  # the editor has closed its terminal
                break
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert "typed" in post.read_text()


EDITORS = {
    "vim": (["vim", "-u", "NONE", "-N", "--cmd", "set backup writebackup backupskip="], [("old", b"ityped\x1b:wq\r")]),
    "vim-by-rename": (
        ["vim", "-u", "NONE", "-N", "--cmd", "set backup writebackup backupcopy=no backupskip="],
        [("old", b"ityped\x1b:wq\r")],
    ),
    "nano": (["nano"], [("old", b"typed\x0f"), ("Write", b"\r"), ("Wrote", b"\x18")]),
    "emacs": (["emacs", "-nw", "-Q"], [("old", b"typed\x18\x13"), ("Wrote", b"\x18\x03")]),
}


@pytest.mark.system
@both_ways
@pytest.mark.parametrize("editor", EDITORS)
def test_a_save_from_a_real_editor_is_noticed(folder: Path, editor: str, poll: bool) -> None:
    command, keys = EDITORS[editor]
    assert shutil.which(command[0]), f"this test needs {command[0]}: install it"
    post = folder / "posts" / "a.md"
    with watching(folder, poll=poll) as heard:
        typed([*command, str(post)], folder, keys, post)
        heard.folder("posts")
        assert all(c.folders is not None for c in heard.until(bool)), "no folder came or went"
