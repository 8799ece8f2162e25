"""`fedisched retry`: tries again what failed. Works on the files, so it serves any clone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import faint
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem


@verb
@click.argument("paths", nargs=-1, metavar="[PATH…]")
@click.option("--all", "everything", is_flag=True, help="Every post that failed.")
@json_option
def retry(here: Here, paths: tuple[str, ...], everything: bool, as_json: bool) -> Exit:
    """Try again what failed: sets `status: scheduled` in the file.

    What is published already stays published; only what is missing is tried again.

    Examples:
    fedisched retry posts/hello.md
    fedisched retry --all
    """
    if bool(paths) == everything:
        raise click.UsageError("name the posts to try again, or say --all")
    from fedisched.cli.paths import posts_named

    read = [_read(here, path) for path in posts_named(here, paths or (str(here.settings.posts_folder),))]
    failed = [each for each in read if each.entry.status is Status.FAILED] if everything else read
    for each in failed:
        _refuse_what_has_not_failed(each.entry)
    if not failed:
        here.voice.remark("Nothing has failed.")
    for each in failed:
        _schedule_again(here, each)
    return Exit.DONE


@dataclass(frozen=True, slots=True)
class _Read:
    """A post's file as it was read."""

    data: bytes
    entry: Entry


def _read(here: Here, path: str) -> _Read:
    from fedisched.content.folder import read_file
    from fedisched.content.glance import glance

    found = read_file(here.folder, path)
    if isinstance(found, Problem):
        raise FedischedError(f"{path}: {found.message}", found.hint)
    return _Read(found[0], glance(found[0], path, here.settings))


def _refuse_what_has_not_failed(entry: Entry) -> None:
    if entry.problem is not None:
        raise FedischedError(str(entry.problem).rstrip("."), "Then try again.")
    if entry.status is not Status.FAILED:
        raise FedischedError(f"{entry.path} has not failed, its status is {entry.status}", _instead(entry))


def _schedule_again(here: Here, read: _Read) -> None:
    from fedisched.content.replace import replace_file
    from fedisched.content.splice import splice

    path = read.entry.path
    replace_file(here.folder / path, hashlib.sha256(read.data).hexdigest(), splice(read.data, Status.SCHEDULED, None))
    words = "  it goes out when a publisher sees it: fedisched run, or fedisched publish"
    here.voice.remark("scheduled ", path, faint(words))
    if here.voice.as_json:
        here.voice.json(_row(here, read.entry))


def _row(here: Here, entry: Entry) -> dict[str, object]:
    """The post as `new --json` gives it: as in the queue, but with all its targets at once."""
    return {
        "path": entry.path,
        "title": entry.title,
        "time": entry.time or None,
        "targets": list(here.settings.accounts_named(entry.targets)),
        "state": "waiting",
        "attempts": 0,
        "next_try": None,
        "error": None,
        "url": None,
    }


def _instead(entry: Entry) -> str:
    from fedisched.publisher.due_now import how_to_settle

    match entry.status:
        case Status.HELD:
            return how_to_settle(entry.path)
        case Status.PUBLISHED:
            return "To publish its text again, copy it into a new file without `status` and `results`."
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING | Status.FAILED:
            return f"To send it now, type: fedisched publish {entry.path} --now"
