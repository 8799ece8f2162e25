"""One post's file, as the verbs that decide about it read and write it. Works on the file alone, so it serves any
clone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from fedisched.cli.here import Here
from fedisched.model.command import COPY_IT, typed
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem
from fedisched.model.results import Result


@dataclass(frozen=True, slots=True)
class PostFile:
    """A post's file as it was read. `targets` are account names."""

    data: bytes
    entry: Entry
    targets: tuple[str, ...]
    results: Mapping[str, Result]


def read_post_file(here: Here, path: str) -> PostFile:
    """Read a post. Raises FedischedError if there is no file to be read."""
    from fedisched.content.folder import read_file
    from fedisched.content.glance import glance, results_of

    found = read_file(here.folder, path)
    if isinstance(found, Problem):
        raise FedischedError(f"{path}: {found.message}", found.hint)
    data, settings = found[0], here.settings
    entry = glance(data, path, settings)
    return PostFile(data, entry, settings.accounts_named(entry.targets), results_of(data, path, settings))


def refuse_what_is_broken(file: PostFile) -> None:
    """Raise FedischedError for a file with a mistake in it."""
    if file.entry.problem is not None:
        raise FedischedError(str(file.entry.problem).rstrip("."), "Then try again.")


def write_post_file(here: Here, file: PostFile, status: Status, results: Mapping[str, Result] | None = None) -> None:
    """Write a status and, if given, results into the file, unless somebody saved it meanwhile (raises FileChanged)."""
    from fedisched.content.replace import replace_file
    from fedisched.content.splice import splice

    digest = hashlib.sha256(file.data).hexdigest()
    replace_file(here.folder / file.entry.path, digest, splice(file.data, status, results))


def row(file: PostFile, state: str, target: str | None = None) -> dict[str, object]:
    """The post as `queue --json` has it, but with all its targets at once; `target` is the one that was decided about,
    None for all."""
    where = file.results.get(target or "", Result())
    return {
        "path": file.entry.path,
        "title": file.entry.title or None,
        "time": file.entry.time or None,
        "target": target,
        "targets": list(file.targets),
        "state": state,
        "attempts": where.attempts,
        "next_try": None,
        "error": where.error or None,
        "url": where.url or None,
    }


def instead(entry: Entry) -> str:
    """What to type for a post that is neither held nor has failed."""
    match entry.status:
        case Status.PUBLISHED:
            return COPY_IT
        case Status.FAILED:
            return f"To try again, type: {typed('retry', entry.path)}"
        case Status.HELD | Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING:
            return f"To send it now, type: {typed('publish', entry.path, '--now')}"
