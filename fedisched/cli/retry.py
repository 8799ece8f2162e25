"""`fedisched retry`: tries again what failed. Works on the files, so it serves any clone."""

from __future__ import annotations

import hashlib

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import faint
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.problem import Problem


@verb
@click.argument("paths", nargs=-1, metavar="PATH…")
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

    named = [_entry(here, path) for path in posts_named(here, paths)] if paths else _failed(here)
    if not named:
        here.voice.remark("Nothing has failed.")
    for entry in named:
        _schedule_again(here, entry)
        here.voice.remark(
            "scheduled ", entry.path, faint("  it goes out when the daemon sees it, or with: fedisched publish")
        )
        if as_json:
            here.voice.json({"path": entry.path, "status": "scheduled", "time": entry.time or None})
    return Exit.DONE


def _failed(here: Here) -> list[Entry]:
    from fedisched.content.folder import scan

    found = [file for file in scan(here.folder, here.settings.posts) if not isinstance(file, Problem)]
    return [entry for file in found if (entry := _entry(here, file.path)).status is Status.FAILED]


def _entry(here: Here, path: str) -> Entry:
    from fedisched.content.folder import read_file
    from fedisched.content.glance import glance

    found = read_file(here.folder, path)
    if isinstance(found, Problem):
        raise FedischedError(f"{path}: {found.message}", found.hint)
    return glance(found[0], path, here.settings)


def _schedule_again(here: Here, entry: Entry) -> None:
    from fedisched.content.folder import read_file
    from fedisched.content.replace import replace_file
    from fedisched.content.splice import splice

    if entry.problem is not None:
        raise FedischedError(str(entry.problem).rstrip("."), "Then try again.")
    if entry.status is not Status.FAILED:
        raise FedischedError(f"{entry.path} has not failed, its status is {entry.status}", _instead(entry))
    found = read_file(here.folder, entry.path)
    if isinstance(found, Problem):
        raise FedischedError(f"{entry.path}: {found.message}", found.hint)
    digest = hashlib.sha256(found[0]).hexdigest()
    replace_file(here.folder / entry.path, digest, splice(found[0], Status.SCHEDULED, None))


def _instead(entry: Entry) -> str:
    match entry.status:
        case Status.HELD:
            return (
                f"It may be on the network: look there, then type fedisched resolve {entry.path} --sent URL, or "
                f"fedisched resolve {entry.path} --retry"
            )
        case Status.PUBLISHED:
            return "It is published; copy its text into a new file to publish it again."
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHING | Status.FAILED:
            return f"To send it now, type: fedisched publish {entry.path} --now"
