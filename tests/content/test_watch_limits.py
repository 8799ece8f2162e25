"""The watcher at the limits of the system: descriptors, watches, the kernel's queue; and idle."""

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fedisched.content.hints import EVERYTHING
from fedisched.content.watch import Watcher
from tests.content.watching import PATIENT, QUIET, Heard, linux_only, watching


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
    assert "too many files are open" in heard.notices[0] and "ulimit -n" in heard.notices[0]
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
        # Only when all its threads stand still: until then it takes events out of the queue.
        os.waitpid(process.pid, os.WUNTRACED)
        for _ in range(room // 4 + 100):
            one.rename(two)
            two.rename(one)
        process.send_signal(signal.SIGCONT)
        said(process, repr(EVERYTHING))
        (folder / "posts" / "2026" / "later.md").write_text("new")
        said(process, "posts/2026")


@pytest.mark.system
@pytest.mark.parametrize(("limit", "most"), [("watches", 1), ("instances", 0)])
def test_at_the_limits_of_the_system_it_polls_and_says_so(folder: Path, limit: str, most: int) -> None:
    """The limit is a user namespace's own, so nobody else meets it; that of watches is reached inside the tree."""
    assert shutil.which("unshare"), "this test needs unshare: install util-linux"
    limited = f'echo {most} > /proc/sys/user/max_inotify_{limit} && exec "$@"'
    with watching_elsewhere(folder, "unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh") as process:
        said(process, f"fs.inotify.max_user_{limit}")
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
