"""How soon the daemon sees a save, and what it weighs. `python -m tests.bench.daemon_idle`

Unset PYTHONDONTWRITEBYTECODE where it is set: compiling takes memory.

With 10,000 posts in the folder: the time from a save to the line that says `armed` (bound: none, people notice 1 s),
and the memory after a hundred edits (bound: 35 MB resident).
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Queue
from threading import Thread

from tests.bench.folders import make_folder
from tests.bench.side_by_side import REPOSITORY

POSTS, PUBLISHED, SAVES, EDITS = 10_000, 9_500, 20, 100
POST = "---\ntime: 2031-01-{day:02} 09:00\n---\nEdited, edition {n}\n"


def main() -> None:
    folder = make_folder(Path(tempfile.mkdtemp(prefix="fedisched-bench-")) / "folder", POSTS, PUBLISHED)
    try:
        for name in ("first start, no index", "second start"):
            began = time.monotonic()
            daemon = _start(folder)
            _line(daemon, "watching")
            print(f"\n{name}: watching after {time.monotonic() - began:.2f} s; {_memory(daemon.pid)}")
            if name != "second start":
                _end(daemon)
        print(f"\n{'from save to armed, ms':28} {'median':>8} {'min':>8} {'max':>8}")
        _measure(daemon, "os.replace", lambda n: _replace(folder, n), SAVES)
        if shutil.which("vim"):
            _measure(daemon, "vim :w (with vim's start)", lambda n: _vim(folder, n), SAVES)
        _measure(daemon, f"os.replace, {EDITS} edits", lambda n: _replace(folder, n), EDITS)
        print(f"\nafter {EDITS + 2 * SAVES} edits: {_memory(daemon.pid)}")
        _end(daemon)
    finally:
        shutil.rmtree(folder.parent)


Daemon = subprocess.Popen[str]
_lines: Queue[tuple[float, str]] = Queue()


def _start(folder: Path) -> Daemon:
    environ: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "fedisched", "run", "-C", str(folder)]
    daemon = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    Thread(target=_read, args=(daemon,), daemon=True).start()
    return daemon


def _read(daemon: Daemon) -> None:
    for line in daemon.stdout or ():
        _lines.put((time.monotonic(), line))


def _line(daemon: Daemon, word: str) -> float:
    """When the next line with this word in it came."""
    while True:
        came, line = _lines.get(timeout=60)
        if word in line:
            return came


def _end(daemon: Daemon) -> None:
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()


def _measure(daemon: Daemon, name: str, save: Callable[[int], float], times: int) -> None:
    took = []
    for n in range(times):
        saved = save(n)
        took.append((_line(daemon, "armed") - saved) * 1e3)
    print(f"{name:28} {statistics.median(took):8.0f} {min(took):8.0f} {max(took):8.0f}", flush=True)


def _replace(folder: Path, n: int) -> float:
    new = folder / "posts/.new"
    new.write_text(POST.format(n=f"{n} {time.monotonic_ns()}", day=n % 28 + 1), encoding="utf-8")
    saved = time.monotonic()
    new.replace(folder / "posts/edited.md")
    return saved


def _vim(folder: Path, n: int) -> float:
    command = ["vim", "-u", "NONE", "-N", "-es", "-c", f"%s/Edited.*/Edited by vim, edition {n}/", "-c", "wq"]
    subprocess.run([*command, str(folder / "posts/edited.md")], check=False, stdin=subprocess.DEVNULL)
    return (folder / "posts/edited.md").stat().st_mtime - time.time() + time.monotonic()


def _memory(pid: int) -> str:
    """What a process weighs, in MB: resident now and at most, and its share of what it has in common with others."""
    found = {}
    for name in ("status", "smaps_rollup"):
        try:
            text = Path(f"/proc/{pid}/{name}").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            key, _, rest = line.partition(":")
            if key in ("VmRSS", "VmHWM", "Pss"):
                found[key] = int(rest.split()[0]) / 1024
    return ", ".join(f"{key} {megabytes:.1f} MB" for key, megabytes in found.items())


if __name__ == "__main__":
    main()
