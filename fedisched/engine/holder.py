"""Who has a file locked, for people: on Linux the kernel tells (https://man7.org/linux/man-pages/man5/proc_locks.5.html),
elsewhere nobody is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, and the name of the program that it runs, empty where that is not to be seen."""

    number: int
    program: str

    def __str__(self) -> str:
        return f"process {self.number}" + (f" ({self.program})" if self.program else "")


def holder(file: Path, proc: Path = Path("/proc")) -> Holder | None:
    """The other process that keeps everybody from writing to an SQLite file, or to what SQLite keeps beside it."""
    wanted = set(_inodes(file))
    try:
        lines = (proc / "locks").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        # `1: POSIX ADVISORY WRITE 20022 fe:00:2460587 0 EOF`; who waits for one has an arrow behind the number.
        if len(fields) < 8 or fields[1] == "->" or fields[3] != "WRITE" or not fields[4].isdecimal():
            continue
        number, inode = int(fields[4]), fields[5].rpartition(":")[2]
        if inode in wanted and number not in (0, os.getpid()):
            return Holder(number, _program(proc / str(number)))
    return None


def _inodes(file: Path) -> Iterator[str]:
    for suffix in ("", "-shm"):
        try:
            yield str(file.with_name(file.name + suffix).stat().st_ino)
        except OSError:
            continue


def _program(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
