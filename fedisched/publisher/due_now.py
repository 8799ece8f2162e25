"""`publish --now`: a person wants a post out, whatever its time."""

from __future__ import annotations

import hashlib

from fedisched.content.folder import read_file
from fedisched.content.replace import replace_file
from fedisched.content.splice import splice_schedule
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from fedisched.publisher.desk import Desk


def make_due(desk: Desk, path: str) -> None:
    """Write this moment into a draft, or a post without a time. Raises `FedischedError`, with the command to type,
    for a post that has been published or waits for a person's decision, or that is broken."""
    entry = desk.posts.entry(path)
    if entry is None:
        raise FedischedError(f"There is no post {path}", "`fedisched queue --all` lists the posts.")
    if entry.problem is not None:
        raise FedischedError(str(entry.problem).rstrip("."), "Then try again.")
    _refuse_what_is_settled(entry)
    if entry.status is Status.DRAFT or entry.due is None:
        _write_moment(desk, entry)


def _refuse_what_is_settled(entry: Entry) -> None:
    match entry.status:
        case Status.PUBLISHED:
            hint = "To publish its text again, copy it into a new file without `results`: fedisched new"
            raise FedischedError(f"{entry.path} is published already", hint)
        case Status.HELD:
            hint = (
                f"Look whether it is on the network, then type: fedisched resolve {entry.path} --sent URL (it is), "
                f"or fedisched resolve {entry.path} --retry (it is not)"
            )
            raise FedischedError(f"{entry.path} is held, since it may be on the network already", hint)
        case _:
            return


def _write_moment(desk: Desk, entry: Entry) -> None:
    found = read_file(desk.settings.folder, entry.path)
    if isinstance(found, Problem):
        raise FedischedError(found.message, found.hint)
    data = found[0]
    written = splice_schedule(data, desk.posts.as_text(desk.clock.now()), Status.SCHEDULED)
    replace_file(desk.settings.folder / entry.path, hashlib.sha256(data).hexdigest(), written)
    desk.posts.refresh()
