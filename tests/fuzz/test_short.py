"""The fuzz run in short, with the same inputs each time; `python -m tests.fuzz` is the long one."""

from __future__ import annotations

import pytest

from tests.fuzz import guard
from tests.fuzz.run import SURFACES, Batch, worked_through

# What a second's inputs are for each, by what one costs.
_INPUTS = {"bodies": 50, "file names": 300, "what an instance allows": 50}


@pytest.mark.parametrize("number", range(len(SURFACES)), ids=[surface.name for surface in SURFACES])
def test_hostile_inputs(number: int) -> None:
    """Judged by a watch of its own: another test in this process may open and run what it likes."""
    count = _INPUTS.get(SURFACES[number].name, 120)
    guard.install()
    _, tally = worked_through(Batch(number, 0, count, "short"))
    slow = [wrong for wrong in tally.wrong if "seconds of CPU" in wrong]
    assert tally.wrong == slow  # how long an input takes is the long run's to judge: here modules are still imported
    assert tally.inputs == count and tally.past * 2 > count, tally


def test_the_run_is_judged_by_what_it_would_find() -> None:
    """An exception, a file elsewhere, a process and a read outside are each found."""
    import subprocess
    import sys
    from pathlib import Path

    def fails() -> bool:
        raise ValueError("no")

    def runs() -> bool:
        return subprocess.run([sys.executable, "-c", ""], check=True).returncode == 0

    def reads() -> bool:
        return bool(Path("/etc/passwd").read_bytes())

    def writes() -> bool:
        return Path("/dev/null").write_bytes(b"x") == 1

    guard.install()
    for run, wrong in ((fails, "ValueError"), (runs, "subprocess.Popen"), (reads, "read: "), (writes, "for writing")):
        assert wrong in guard.tried(run, "/nonexistent", ("/nonexistent",))[2]
    past, took, wrong = guard.tried(lambda: True, "/nonexistent", None)
    assert past and took < 1 and not wrong
