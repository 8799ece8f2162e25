"""Times commands in turn, A B A B …, so that a machine whose speed drifts treats both alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Timing:
    """One command's runs, in seconds of wall clock and of processor time."""

    name: str
    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.wall)


def time_in_turn(
    commands: Mapping[str, Sequence[str]], runs: int = 15, cwd: Path | None = None, environ: Mapping[str, str] = {}
) -> list[Timing]:
    """Run each command once to warm up, then all of them in turn `runs` times."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            taken = _run(command, cwd, {**os.environ, "PYTHONPATH": str(REPOSITORY), **environ})
            if number:
                found[name].append(taken)
    return [Timing(name, tuple(w for w, _ in took), tuple(c for _, c in took)) for name, took in found.items()]


def table(timings: Sequence[Timing]) -> str:
    """Medians, and each one's ratio to the first."""
    first = timings[0].median
    rows = [f"{'':40} {'wall ms':>9} {'min':>8} {'max':>8} {'cpu ms':>8} {'ratio':>7}"]
    rows += [
        f"{t.name:40} {t.median * 1e3:9.1f} {min(t.wall) * 1e3:8.1f} {max(t.wall) * 1e3:8.1f} "
        f"{statistics.median(t.cpu) * 1e3:8.1f} {t.median / first:7.2f}"
        for t in timings
    ]
    return "\n".join(rows)


def fedisched(*arguments: str) -> list[str]:
    """The command line of this checkout: the installed script where there is one, as people run it."""
    script = Path(sys.executable).with_name("fedisched")
    return [str(script), *arguments] if script.exists() else [sys.executable, "-m", "fedisched", *arguments]


def _run(command: Sequence[str], cwd: Path | None, environ: Mapping[str, str]) -> tuple[float, float]:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode not in (0, 1, 75):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime
