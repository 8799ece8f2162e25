"""`fedisched retry`: tries again what failed. Works on the files, so it serves any clone."""

from __future__ import annotations

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.post_file import PostFile, instead, read_post_file, refuse_what_is_broken, row, write_post_file
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import faint
from fedisched.model.errors import FedischedError
from fedisched.model.post import Status
from fedisched.model.results import FAILED, Result


@verb
@click.argument("paths", nargs=-1, metavar="[PATH…]")
@click.option("--all", "everything", is_flag=True, help="Every post that failed.")
@json_option
def retry(here: Here, paths: tuple[str, ...], everything: bool, as_json: bool) -> Exit:
    """Try again what failed: sets `status: scheduled` in the file.

    What is published already stays published; only what is missing is tried again. A post that is held is decided
    about with `fedisched resolve`.

    Examples:
    fedisched retry posts/hello.md
    fedisched retry --all
    """
    if bool(paths) == everything:
        raise click.UsageError("name the posts to try again, or say --all")
    from fedisched.cli.paths import posts_named

    read = [read_post_file(here, path) for path in posts_named(here, paths or (str(here.settings.posts_folder),))]
    failed = [file for file in read if _has_failed(file)] if everything else read
    for file in failed:
        _refuse_what_has_not_failed(file)
    if not failed:
        here.voice.remark("Nothing has failed.")
    for file in failed:
        _schedule_again(here, file)
    return Exit.DONE


def _failed_targets(file: PostFile) -> list[str]:
    return [target for target in file.targets if file.results.get(target, Result()).stands == FAILED]


def _has_failed(file: PostFile) -> bool:
    """One of several targets may have failed while another is still on its way. While one is held, that comes first."""
    status = file.entry.status
    return status is Status.FAILED or (status is Status.PUBLISHING and bool(_failed_targets(file)))


def _refuse_what_has_not_failed(file: PostFile) -> None:
    refuse_what_is_broken(file)
    if not _has_failed(file):
        entry = file.entry
        raise FedischedError(f"{entry.path} has not failed, its status is {entry.status}", _instead(file))


def _schedule_again(here: Here, file: PostFile) -> None:
    write_post_file(here, file, Status.SCHEDULED)
    to = ", ".join(_failed_targets(file))
    words = "  it goes out when a publisher sees it: fedisched run, or fedisched publish"
    here.voice.remark("scheduled ", file.entry.path, faint(" → ") if to else "", to, faint(words))
    if here.voice.as_json:
        here.voice.json(row(file, "waiting"))


def _instead(file: PostFile) -> str:
    from fedisched.cli.resolve import how_to_decide

    return how_to_decide(file) or instead(file.entry)
