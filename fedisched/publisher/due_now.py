"""`publish --now`: a person wants posts out, whatever their time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import assert_never

from fedisched.content.folder import read_file
from fedisched.content.replace import replace_file
from fedisched.content.splice import splice_schedule
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from fedisched.publisher.desk import Desk


def may_go_out(desk: Desk, paths: Sequence[str]) -> list[Entry]:
    """The entries of these posts. Raises `FedischedError`, with the command to type, if one of them has been
    published, waits for a person's decision, has failed, or is broken; nothing is touched."""
    return [_ready(path, desk.posts.entry(path)) for path in paths]


def make_due(desk: Desk, entries: Sequence[Entry]) -> None:
    """Write this moment into drafts and posts without a time."""
    for entry in entries:
        if entry.status is Status.DRAFT or entry.due is None:
            _write_moment(desk, entry)
    desk.posts.refresh()


def how_to_settle(path: str) -> str:
    """What a person types for a held post."""
    return (
        f"Look whether it is on the network. If it is, write `status: published` into {path}; if it is not, copy its "
        "text into a new file and delete this one."
    )


def _ready(path: str, entry: Entry | None) -> Entry:
    if entry is None:
        raise FedischedError(f"There is no post {path}", "`fedisched queue --all` lists the posts.")
    if entry.problem is not None:
        raise FedischedError(str(entry.problem).rstrip("."), "Then try again.")
    match entry.status:
        case Status.PUBLISHED:
            hint = "To publish its text again, copy it into a new file without `status` and `results`."
            raise FedischedError(f"{path} is published already", hint)
        case Status.HELD:
            raise FedischedError(f"{path} is held, since it may be on the network already", how_to_settle(path))
        case Status.FAILED:
            raise FedischedError(f"{path} has failed", f"To try again, type: fedisched retry {path}")
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING:
            return entry
        case _:
            assert_never(entry.status)


def _write_moment(desk: Desk, entry: Entry) -> None:
    found = read_file(desk.settings.folder, entry.path)
    if isinstance(found, Problem):
        raise FedischedError(found.message, found.hint)
    data = found[0]
    written = splice_schedule(data, desk.posts.as_text(desk.clock.now()), Status.SCHEDULED)
    replace_file(desk.settings.folder / entry.path, hashlib.sha256(data).hexdigest(), written)
