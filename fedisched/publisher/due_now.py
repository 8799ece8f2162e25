"""`publish --now`: a person wants posts out, whatever their time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import assert_never

from fedisched.content.folder import read_file
from fedisched.content.replace import replace_file
from fedisched.content.splice import splice_schedule
from fedisched.engine.copied import TIME_CHANGED
from fedisched.model.command import COPY_IT, how_to_leave, how_to_settle, typed
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from fedisched.publisher.desk import Desk


def may_go_out(desk: Desk, paths: Sequence[str]) -> list[Entry]:
    """The entries of these posts. Raises `FedischedError`, with the command to type, if one of them has been
    published, waits for a person's decision, has failed, or is broken; nothing is touched."""
    return [_ready(desk, path) for path in paths]


def make_due(desk: Desk, entries: Sequence[Entry]) -> None:
    """Write this moment into drafts and posts without a time."""
    for entry in entries:
        if entry.status is Status.DRAFT or entry.due is None:
            _write_moment(desk, entry)
    desk.posts.refresh()


def _ready(desk: Desk, path: str) -> Entry:
    entry = desk.posts.entry(path)
    if entry is None:
        raise FedischedError(f"There is no post {path}", "`fedisched queue --all` lists the posts.")
    if entry.problem is not None:
        raise FedischedError(str(entry.problem).rstrip("."), "Then try again.")
    match entry.status:
        case Status.PUBLISHED:
            raise FedischedError(f"{path} is published already", COPY_IT)
        case Status.HELD:
            raise FedischedError(*_held(desk, entry))
        case Status.FAILED:
            raise FedischedError(f"{path} has failed", f"To try again, type: {typed('retry', path)}")
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING:
            return entry
        case _:
            assert_never(entry.status)


def _held(desk: Desk, entry: Entry) -> tuple[str, str]:
    """Why it is held, and what to type."""
    path = entry.path
    targets = desk.settings.accounts_named(entry.targets)
    claims = {claim.target: claim for claim in entry.claims}
    open_ones = [name for name in targets if name not in claims or claims[name].is_open]
    if any(name in claims and claims[name].url for name in open_ones):
        return f"{path} is held, since it is {TIME_CHANGED}", how_to_leave(path)
    how = " ".join(how_to_settle(path, name, alone=len(targets) == 1) for name in open_ones)
    return f"{path} is held, since it may be on the network already", how


def _write_moment(desk: Desk, entry: Entry) -> None:
    found = read_file(desk.settings.folder, entry.path)
    if isinstance(found, Problem):
        raise FedischedError(found.message, found.hint)
    data = found[0]
    written = splice_schedule(data, desk.posts.as_text(desk.clock.now()), Status.SCHEDULED)
    replace_file(desk.settings.folder / entry.path, hashlib.sha256(data).hexdigest(), written)
