"""The state folder and the posts: may we write there, and is it a place where a journal can be kept."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.config.places import MOUNTS, kept_in_step, mount_of, unfit_for_state
from fedisched.config.state import how_to_move_state
from fedisched.model.errors import FedischedError

_WRITES_WITHIN = 2.0
_NEWEST_NEEDED = (3, 37, 0)
"""STRICT tables: https://sqlite.org/stricttables.html"""


def state_folder(case: Case) -> Iterator[Diagnosis]:
    state, mounts = case.state, case.mounts or MOUNTS
    if state is None:
        return
    if why := unfit_for_state(state, mounts):
        yield wrong("state folder", f"{state}: {why}", how_to_move_state(state, mounts))
        return
    if not state.exists():
        yield _to_be_made(state)
        return
    mount = mount_of(state, mounts)
    said = f"{state}{f' ({mount.kind})' if mount else ''}"
    found = state.stat()
    if found.st_uid != os.geteuid():
        hint = f"Run fedisched as that user, or give it to yourself: `sudo chown -R $(id -un) {state}`."
        yield wrong("state folder", f"{said} belongs to another user", hint)
    elif mount is not None and "ro" in mount.options:
        hint = "Mount it for writing, or set FEDISCHED_STATE to another folder."
        yield wrong("state folder", f"{said} is on a file system that is read-only", hint)
    elif found.st_mode & 0o777 != 0o700 or not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        what = "can be read by others" if found.st_mode & 0o077 else "cannot be written by you"
        hint = f"`chmod 700 {state}`; the next run does that, too."
        yield doubtful("state folder", f"{said} {what}", hint)
    else:
        yield fine("state folder", said)


def sqlite(case: Case) -> Iterator[Diagnosis]:
    """Whether SQLite and locks work where the journal is, tried in a folder that is removed again."""
    said = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < _NEWEST_NEEDED:
        yield wrong("sqlite", f"{said} is too old", "Use a Python that brings SQLite 3.37 or later.")
        return
    state, known = case.state, case.known
    if known.trouble:
        yield wrong("sqlite", known.trouble, known.hint)
    elif state is None or not state.exists() or unfit_for_state(state, case.mounts or MOUNTS):
        yield fine("sqlite", said)
    elif os.access(state, os.W_OK | os.X_OK):
        try:
            _try_journal(state)
            _try_to_write(state)
        except FedischedError as error:
            yield wrong("sqlite", error.message, error.hint)
        except (OSError, sqlite3.Error) as error:
            hint = "Set FEDISCHED_STATE to a folder on a disk of this machine with room on it."
            yield wrong("sqlite", f"a journal cannot be kept in {state}: {error}", hint)
        else:
            yield fine("sqlite", f"{said}; write-ahead log and locks work in the state folder")


def posts_folder(case: Case) -> Iterator[Diagnosis]:
    settings = case.settings
    if settings is None:
        return
    posts = settings.posts_folder
    if not posts.is_dir():
        yield wrong(
            "posts", f"there is no folder {posts}", f"`mkdir {posts}`, or correct `posts` in {settings.source}."
        )
        return
    mount = mount_of(posts, case.mounts or MOUNTS)
    if not os.access(posts, os.R_OK | os.X_OK):
        yield wrong("posts", f"{posts} cannot be read by you", f"`chmod u+rwx {posts}`")
    elif (mount is not None and "ro" in mount.options) or not os.access(posts, os.W_OK):
        hint = (
            f"`chmod u+w {posts}`, or mount it for writing. Until then nothing is sent: it could not be written down."
        )
        yield wrong("posts", f"results cannot be written into {posts}", hint)
    elif unwritable := next(_unwritable(posts), None):
        hint = f"Give them to the user who runs fedisched: `sudo chown -R $(id -un) {posts}`. Until then they wait."
        yield wrong("posts", f"results cannot be written into {unwritable.parent}, since the folder is not yours", hint)
    else:
        step = kept_in_step(posts)
        yield fine("posts", f"{posts}{f' (kept in step by {step[0]}, which is well)' if step else ''}")


def _to_be_made(state: Path) -> Diagnosis:
    parent = next(level for level in state.parents if level.exists())
    if os.access(parent, os.W_OK | os.X_OK):
        return fine("state folder", f"{state}, made when it is first needed")
    hint = f"Let the user who runs fedisched write in {parent}, or set FEDISCHED_STATE to another folder."
    return wrong("state folder", f"{state} cannot be made: {parent} cannot be written by you", hint)


def _unwritable(posts: Path) -> Iterator[Path]:
    """A post in a folder that is not ours to write in: results are written beside a file, then put in its place."""
    for folder, inner, files in os.walk(posts):
        inner[:] = [name for name in inner if not name.startswith(".")]
        post = next((name for name in files if name.endswith(".md") and not name.startswith(".")), None)
        if post is not None and not os.access(folder, os.W_OK | os.X_OK):
            yield Path(folder, post)


def _try_to_write(state: Path) -> None:
    """Raises FedischedError where somebody holds the journal for longer than a write takes."""
    from fedisched.engine import JOURNAL_FILE
    from fedisched.engine.broken import told_apart
    from fedisched.engine.looking import try_to_write

    file = state / JOURNAL_FILE
    # Without a log nobody is at work on it.
    if file.with_name(f"{file.name}-wal").exists() and os.access(file, os.W_OK):
        with told_apart(file):
            try_to_write(file, _WRITES_WITHIN)


def _try_journal(state: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=state) as folder:
        file = Path(folder, "journal.sqlite3")
        with closing(sqlite3.connect(file, timeout=1.0)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise OSError(f"SQLite has no write-ahead log there, it says `{mode}`")
            connection.execute("CREATE TABLE tried (one INTEGER) STRICT")
        with (Path(folder, "lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
