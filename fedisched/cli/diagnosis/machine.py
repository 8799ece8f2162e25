"""The machine: Python, the clock, how much room and how many watches there are."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from fedisched import __version__
from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.config.places import MOUNTS, mount_of
from fedisched.model.lacking import HOW_TO_OPEN_MORE

_OLDEST = (3, 11)
_LITTLE, _TOO_LITTLE = 200 * 1024**2, 8 * 1024**2
"""Bytes of room: less than the first is worth a word, less than the second stops sending soon."""
_FEWEST_FILES = 128
"""The journal, a connection or two an account, a lock for each, what git and the libraries open."""
_INOTIFY = Path("/proc/sys/fs/inotify")
_UNSYNCED = 0x40
"""STA_UNSYNC of https://man7.org/linux/man-pages/man2/adjtimex.2.html"""
_STATUS_AT = 5
"""Where in `struct timex` the status stands, counted in longs."""


def python(case: Case) -> Iterator[Diagnosis]:
    from importlib.metadata import PackageNotFoundError, version

    said = f"fedisched {__version__} on Python {platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] < _OLDEST:
        hint = "Install Python 3.11 or later, and fedisched in an environment of it."
        yield wrong("python", f"{said}: it is too old", hint)
        return
    try:
        version("atproto"), version("Mastodon.py")
    except PackageNotFoundError as missing:
        hint = f"Install fedisched once more: `{sys.executable} -m pip install --upgrade fedisched`."
        yield wrong("python", f"{said}: the package {missing.name} is not installed beside it", hint)
    else:
        yield fine("python", said)


def open_files(case: Case) -> Iterator[Diagnosis]:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    said = f"{'any number of' if most == resource.RLIM_INFINITY else most} files may be open at once"
    if most != resource.RLIM_INFINITY and most < _FEWEST_FILES:
        yield wrong("open files", f"{said}, which is too few", HOW_TO_OPEN_MORE)
    else:
        yield fine("open files", said)


def room(case: Case) -> Iterator[Diagnosis]:
    places = {"state": case.state, "posts": case.settings.posts_folder if case.settings else case.folder}
    seen: dict[int, str] = {}
    for what, place in places.items():
        if place is None or (there := _existing(place)) is None:
            continue
        space, device = os.statvfs(there), there.stat().st_dev
        if device in seen:
            continue
        seen[device] = what
        free = space.f_bavail * space.f_frsize
        said = f"{_megabytes(free)} free where the {what} are" if what == "posts" else f"{_megabytes(free)} free"
        if space.f_files and not space.f_favail:
            yield wrong(
                "disk", f"no more files can be made on the disk of {there}", "Delete files: `df -i` counts them."
            )
        elif free < _TOO_LITTLE:
            yield wrong(
                "disk", f"{said}: the disk of {there} is full", f"Make room: `df -h {there}`. Until then posts wait."
            )
        elif free < _LITTLE:
            yield doubtful("disk", f"{said} on the disk of {there}", "Make room soon: posts wait when it is full.")
        else:
            yield fine("disk", said)


def watches(case: Case) -> Iterator[Diagnosis]:
    """Whether the daemon will be told of changed files."""
    if case.settings is None:
        return
    posts = case.settings.posts_folder
    mount = mount_of(posts, case.mounts or MOUNTS)
    if case.environ.get("FEDISCHED_WATCH") == "poll":
        yield fine("watching", "the posts are looked at every 2 seconds, as FEDISCHED_WATCH says")
    elif mount is not None and mount.is_elsewhere:
        yield fine(
            "watching", f"the posts are on {mount.kind}, which tells of no changes, so they are looked at every 2 s"
        )
    elif (most := _number(_INOTIFY / "max_user_watches")) is not None:
        needed = 2 + sum(1 for _ in _folders(posts))
        instances = _number(_INOTIFY / "max_user_instances") or 0
        said = f"{needed} folders to watch, of {most} that the system allows"
        if needed > most // 2:
            hint = f"Raise the limit: `sudo sysctl fs.inotify.max_user_watches={max(524_288, 4 * needed)}`."
            yield doubtful("watching", f"{said}; other programs need some, too", hint)
        elif instances < 16:
            hint = "Raise the limit: `sudo sysctl fs.inotify.max_user_instances=1024`."
            yield doubtful("watching", f"the system lets only {instances} programs of a user watch files", hint)
        else:
            yield fine("watching", said)


def is_kept_in_sync() -> bool | None:
    """Whether the system keeps its clock right, by NTP most often; None where it does not tell."""
    if sys.platform != "linux":
        return None
    numbers = (ctypes.c_long * 64)()
    try:
        # With no modes set it only tells, and needs no right.
        state: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(numbers))
    except (OSError, AttributeError):
        return None
    status = ctypes.cast(ctypes.byref(numbers), ctypes.POINTER(ctypes.c_int))[
        _STATUS_AT * ctypes.sizeof(ctypes.c_long) // 4
    ]
    return None if state < 0 else not status & _UNSYNCED


def ffmpeg(which: Callable[[str], str | None] = shutil.which) -> str | None:
    return which("ffmpeg")


def _folders(top: Path) -> Iterator[str]:
    for folder, inner, _ in os.walk(top):
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield folder


def _existing(place: Path) -> Path | None:
    return next((level for level in (place, *place.parents) if level.exists()), None)


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _megabytes(size: int) -> str:
    return f"{size / 1024**3:.1f} GB" if size >= 1024**3 else f"{size // 1024**2} MB"
