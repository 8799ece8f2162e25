"""The watcher, under the saves that real programs make."""

from __future__ import annotations

import os
import pty
import resource
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.content.hints import CONFIG, EVERYTHING, POSTS, Pending, may_be_post
from fedisched.content.watch import Change, Watcher

PATIENT = 30.0
"""How long a test waits, in seconds, for what happens within a few milliseconds."""

QUIET = 0.02


class Heard:
    """What the watcher said so far."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._condition = threading.Condition()
        self.notices: list[str] = []

    def changed(self, change: Change) -> None:
        with self._condition:
            self._changes.append(change)
            self._condition.notify_all()

    def until(self, enough: Callable[[list[Change]], bool]) -> list[Change]:
        with self._condition:
            assert self._condition.wait_for(lambda: enough(self._changes), PATIENT), self._changes
            return list(self._changes)

    def folder(self, folder: str) -> None:
        """Wait until this folder is to be looked at, by itself or as part of everything."""
        self.until(lambda all_: any(c.folders is None or folder in c.folders for c in all_))

    def clear(self) -> None:
        with self._condition:
            self._changes.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "posts" / "2026").mkdir(parents=True)
    (tmp_path / "posts" / "a.md").write_text("---\n---\nold\n")
    return tmp_path


@contextmanager
def watching(
    folder: Path,
    posts: str = "posts",
    *,
    poll: bool = False,
    quiet: float = QUIET,
    patience: float = 2.0,
    rescan_every: float = 300.0,
) -> Iterator[Heard]:
    heard = Heard()
    watcher = Watcher(
        folder,
        posts,
        heard.changed,
        poll=poll,
        quiet=quiet,
        patience=patience,
        poll_every=0.02,
        rescan_every=rescan_every,
        notice=heard.notices.append,
    )
    watcher.start()
    try:
        yield heard
    finally:
        watcher.stop()


def linux_only(test: Callable[..., None]) -> Callable[..., None] | None:
    """Leave out, elsewhere, what rests on inotify and /proc."""
    return test if sys.platform == "linux" else None


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
        assert heard.until(bool)[0] == CONFIG


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


def test_without_a_descriptor_for_events_it_polls_and_says_so(folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    heard = Heard()

    def notice(message: str) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        heard.notices.append(message)

    watcher = Watcher(folder, "posts", heard.changed, poll=False, quiet=QUIET, poll_every=0.02, notice=notice)
    with watching(folder):  # watchdog is imported now, which needs descriptors too
        pass
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        watcher.start()
        (folder / "posts" / "a.md").write_text("new")
        heard.folder("posts")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        watcher.stop()
    assert len(heard.notices) == 1
    assert "fs.inotify.max_user_instances" in heard.notices[0]
    assert "every 0.02 seconds" in heard.notices[0]


WATCH = """
import sys
from pathlib import Path
from fedisched.content.watch import Watcher
watcher = Watcher(Path(sys.argv[1]), "posts", lambda change: print(change, flush=True), poll=False,
                  notice=lambda message: print(message, flush=True))
watcher.start()
print("ready", flush=True)
sys.stdin.read()
watcher.stop()
"""


@contextmanager
def watching_elsewhere(folder: Path, *prefix: str) -> Iterator[subprocess.Popen[str]]:
    command = [*prefix, sys.executable, "-c", WATCH, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            assert process.stdin
            process.stdin.close()
            assert process.wait(PATIENT) == 0


def said(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"{word} was never said")


@linux_only
def test_when_the_kernels_queue_overflows_everything_is_looked_at(folder: Path) -> None:
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    one, two = folder / "posts" / "a.md", folder / "posts" / "b.md"
    with watching_elsewhere(folder) as process:
        said(process, "ready")
        process.send_signal(signal.SIGSTOP)
        for _ in range(room // 4 + 100):
            one.rename(two)
            two.rename(one)
        process.send_signal(signal.SIGCONT)
        said(process, repr(EVERYTHING))
        (folder / "posts" / "2026" / "later.md").write_text("new")
        said(process, "posts/2026")


@pytest.mark.system
def test_at_the_limit_of_watches_it_polls_and_says_so(folder: Path) -> None:
    """The limit is a user namespace's own, so nobody else meets it; it is reached inside the tree."""
    assert shutil.which("unshare"), "this test needs unshare: install util-linux"
    limited = 'echo 1 > /proc/sys/user/max_inotify_watches && exec "$@"'
    with watching_elsewhere(folder, "unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh") as process:
        said(process, "fs.inotify.max_user_watches")
        said(process, "ready")
        (folder / "posts" / "a.md").write_text("new")
        said(process, "posts")


def switches(threads: Path) -> int:
    """How often the threads of a process were woken so far."""
    lines = [line for task in threads.iterdir() for line in (task / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


@linux_only
def test_an_idle_watcher_never_wakes(folder: Path) -> None:
    with watching_elsewhere(folder) as process:
        said(process, "ready")
        threads = Path(f"/proc/{process.pid}/task")
        # The program's own start may still be settling: wait for one whole second without a wake-up.
        deadline = time.monotonic() + PATIENT
        while True:
            before = switches(threads)
            select.select([], [], [], 1.0)
            if switches(threads) == before:
                break
            assert time.monotonic() < deadline, "it keeps waking"


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


def test_names_of_posts() -> None:
    assert may_be_post("a.md")
    assert may_be_post("4913.md")
    assert not any(map(may_be_post, ("4913", "a.md~", ".a.md", "#a.md#", "#a.md", "a.MD", "a.markdown", "md")))


def test_hints_add_up() -> None:
    one, two = Change(frozenset({"posts"})), Change(frozenset({"posts/2026"}))
    assert one | two == Change(frozenset({"posts", "posts/2026"}))
    assert one | POSTS == POSTS
    assert one | CONFIG == Change(frozenset({"posts"}), config=True)
    assert POSTS | CONFIG == EVERYTHING


def test_nothing_pending_is_never_due() -> None:
    pending = Pending(quiet=0.15, patience=2.0)
    assert pending.due == float("inf")
    assert pending.take() is None


@given(st.lists(st.floats(0.0, 0.14), max_size=100))
def test_a_stream_without_a_pause_is_due_after_the_patience(pauses: list[float]) -> None:
    pending = Pending(quiet=0.15, patience=2.0)
    now = 100.0
    assert pending.add(POSTS, now)
    for pause in pauses:
        now += pause
        assert not pending.add(CONFIG, now)
    assert pending.due == min(now + 0.15, 102.0)
    assert pending.take() == (EVERYTHING if pauses else POSTS)
    assert pending.due == float("inf")
