"""A media file, found inside the content folder only and opened so that nothing can block or surprise the reader."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class NoFile(OSError):
    """Something is there that is no regular file: a folder, a pipe, a device."""


class Outside(OSError):
    """The path, every symbolic link followed, leads out of the content folder."""


@contextmanager
def opened(path: Path, folder: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a file for reading, never waiting for a pipe's other end. Raises OSError, also `NoFile` and `Outside`."""
    if not is_inside(path, folder):
        raise Outside
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NoFile
        yield file, found


_NOBODYS = frozenset((".git", ".fedisched"))
"""Where git and we keep what no post may show."""


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path, every symbolic link followed, stays in the folder, and out of git's own and ours in it."""
    # Not Path.resolve(): that raises on a link that leads to itself.
    real, root = Path(os.path.realpath(path)), os.path.realpath(folder)
    return real.is_relative_to(root) and not any(part.lower() in _NOBODYS for part in real.relative_to(root).parts)


def mark_of(found: os.stat_result) -> str:
    """Tells a file from what it was before, without reading it."""
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
