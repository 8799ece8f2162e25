"""The content folder: where it is, and which file configures it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

OWN_FILE = "fedisched.toml"
SHARED_FILE = "pyproject.toml"
CAP = 1_000_000
"""Bytes that a configuration may have."""


def find_folder(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that has a configuration; None if there is none.

    That is a folder with `fedisched.toml`, or with a `pyproject.toml` that has `[tool.fedisched]`.
    """
    # Not resolved: whoever works in a folder behind a symbolic link expects that link's parents.
    absolute = Path(os.path.abspath(start))  # noqa: PTH100
    for folder in (absolute, *absolute.parents):
        if config_file(folder) is not None:
            return folder
    return None


def config_file(folder: Path) -> Path | None:
    """The file that configures a content folder; `fedisched.toml` wins. None if it is no content folder."""
    own = folder / OWN_FILE
    if own.is_file():
        return own
    shared = folder / SHARED_FILE
    return shared if _speaks_of_us(shared) else None


def read_config(source: Path) -> bytes:
    """A configuration's bytes, one more than `CAP` at most: whoever can push may push one without end. Raises OSError,
    also for what is no plain file."""
    # A device says when it is opened what it is, a FIFO waits for ever: they are not opened.
    if not source.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    with source.open("rb") as file:
        return file.read(CAP + 1)


def _speaks_of_us(shared: Path) -> bool:
    try:
        data = read_config(shared)
    except OSError:
        return False
    if b"fedisched" not in data:
        return False
    import tomllib

    try:
        tool = tomllib.loads(data.decode("utf-8-sig")).get("tool")
    except ValueError:
        # A broken file that names our table is ours to complain about; any other broken one is not.
        return b"[tool.fedisched" in data
    return isinstance(tool, dict) and "fedisched" in tool
