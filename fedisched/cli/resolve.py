"""`fedisched resolve`: a person decides about what is held. Works on the file alone, so it serves any clone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.post_file import PostFile, instead, read_post_file, refuse_what_is_broken, row, write_post_file
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import faint, good
from fedisched.clock import SECOND
from fedisched.engine import decided
from fedisched.engine.address import Elsewhere, Place, place_of
from fedisched.model.command import how_to_leave, how_to_settle, typed
from fedisched.model.errors import FedischedError
from fedisched.model.post import Entry, Status
from fedisched.model.results import DROPPED, FAILED, Result

_ONE = "say one of --sent URL (it is there), --retry (it is not, send it) and --drop (let it be)"


@verb
@click.argument("paths", nargs=-1, metavar="PATH…")
@click.option("--sent", "url", metavar="URL", help="It is on the network, at this address.")
@click.option("--retry", "again", is_flag=True, help="It is not on the network: send it, under a new key.")
@click.option("--drop", is_flag=True, help="It is not to be sent (any more).")
@click.option("--late", is_flag=True, help="With --drop: put away every post that is late.")
@click.option("--target", metavar="NAME", help="Which target, where several are held.")
@json_option
def resolve(
    here: Here,
    paths: tuple[str, ...],
    url: str | None,
    again: bool,
    drop: bool,
    late: bool,
    target: str | None,
    as_json: bool,
) -> Exit:
    """Decide about a held post: it is there, it is not, or let it be.

    A post is held when nobody can tell whether it is on the network. Look there, then say which. Writes the decision
    into the file and sends nothing; a publisher follows it (fedisched run, or fedisched publish).

    --drop also puts away what is late: overdue by so much that it waits to be asked for. It becomes a draft. It takes
    several posts.

    Examples:
    fedisched resolve posts/hello.md --sent https://mastodon.social/@me/113587
    fedisched resolve posts/hello.md --retry
    fedisched resolve posts/hello.md --drop --target bluesky
    fedisched resolve --drop --late
    """
    if [url is not None, again, drop].count(True) != 1:
        raise click.UsageError(_ONE)
    if late and (paths or target or not drop):
        raise click.UsageError("--late goes with --drop alone: it puts away every post that is late")
    if drop:
        return _drop_all(here, _late_posts(here) if late else _posts(here, paths), target)
    if len(paths) != 1:
        raise click.UsageError("name one post: only --drop takes several")
    (file,) = _posts(here, paths)
    chosen = _chosen(file, target, back=True)
    if url is not None:
        return _settle(here, file, chosen, decided.found(_before(file, chosen), _place(here, file, chosen, url)))
    return _send_again(here, file, chosen)


def how_to_decide(file: PostFile) -> str:
    """The commands for each target of a post that is held; empty if none is."""
    targets = decided.held_targets(file.entry.status, file.targets, file.results)
    path, alone = file.entry.path, len(file.targets) == 1
    if any(decided.is_published_before(_before(file, target)) for target in targets):
        return how_to_leave(path)
    return " ".join(how_to_settle(path, target, alone=alone) for target in targets)


def _posts(here: Here, paths: Sequence[str]) -> list[PostFile]:
    """The posts that a person named, whole. Raises for the first that is none, or broken."""
    if not paths:
        raise click.UsageError("name the post to decide about")
    found = [read_post_file(here, path) for path in dict.fromkeys(_one_post(here, path) for path in paths)]
    for file in found:
        refuse_what_is_broken(file)
    return found


def _one_post(here: Here, path: str) -> str:
    from fedisched.cli.paths import posts_named

    found = posts_named(here, (path,))
    if len(found) != 1 or not found[0].endswith(Path(path).name):
        raise click.BadParameter(f"`{path}` is not one post: decide about one at a time.", param_hint="PATH")
    return found[0]


# --- which target ------------------------------------------------------------------------------------------------


def _chosen(file: PostFile, named: str | None, back: bool) -> str:
    """The target that is decided about: the one that is named, or the only one that is held. What was dropped can be
    brought `back`."""
    held = decided.held_targets(file.entry.status, file.targets, file.results)
    waiting = held or (decided.dropped_targets(file.targets, file.results) if back else ())
    if named is None:
        if not waiting:
            raise FedischedError(_why_not(file), instead(file.entry))
        if len(waiting) > 1 and not _all_published(file, waiting):
            raise click.UsageError(f"several targets are held: say which with --target, {' or '.join(waiting)}")
        return waiting[0]
    if named not in file.targets:
        names = ", ".join(file.targets) or "none"
        raise click.BadParameter(f"`{named}` is no target of this post. Its targets: {names}.", param_hint="--target")
    if named in held or (back and _before(file, named).stands == DROPPED):
        return named
    raise FedischedError(_why_not(file, named), how_to_decide(file) or _instead_for(file, named))


def _all_published(file: PostFile, targets: Sequence[str]) -> bool:
    """A post whose time was changed after it was published is held as a whole."""
    return all(decided.is_published_before(_before(file, target)) for target in targets)


def _before(file: PostFile, target: str) -> Result:
    return file.results.get(target, Result())


def _why_not(file: PostFile, target: str = "") -> str:
    path, result = file.entry.path, _before(file, target)
    if not target:
        return f"{path} is not held, its status is {file.entry.status}"
    if result.is_published:
        return f"{path} is published on {target} already, at {result.url}"
    return f"{path} is not held for {target}" + (f": it {result.stands}" if result.stands == FAILED else "")


def _instead_for(file: PostFile, target: str) -> str:
    if _before(file, target).stands == FAILED:
        return f"To try again, type: {typed('retry', file.entry.path)}"
    return instead(file.entry)


# --- what is late ------------------------------------------------------------------------------------------------


def _late_posts(here: Here) -> list[PostFile]:
    from fedisched.cli.paths import posts_named
    from fedisched.content.folder import read_file
    from fedisched.content.glance import glance
    from fedisched.model.problem import Problem

    late = []
    for path in posts_named(here, (str(here.settings.posts_folder),)):
        found = read_file(here.folder, path)
        # A glance is enough to pass over the others, of which there may be thousands.
        if not isinstance(found, Problem) and _is_overdue(here, glance(found[0], path, here.settings)):
            file = read_post_file(here, path)
            late += [file] if _late_targets(here, file) else []
    return late


def _is_overdue(here: Here, entry: Entry) -> bool:
    asks = entry.problem is None and entry.status in (Status.SCHEDULED, Status.PUBLISHING)
    return asks and entry.due is not None and here.clock.now() - entry.due > here.settings.late_after * SECOND


def _late_targets(here: Here, file: PostFile) -> list[str]:
    """The targets that wait to be asked for: overdue by too much, and by their file never tried."""
    if not _is_overdue(here, file.entry):
        return []
    return [target for target in file.targets if _before(file, target) == Result()]


def _drop_all(here: Here, files: Sequence[PostFile], target: str | None) -> Exit:
    """Let them be; if that cannot be said of one of them, all stay as they are."""
    late = {file.entry.path: [each for each in _late_targets(here, file) if target in (None, each)] for file in files}
    held = {file.entry.path: _chosen(file, target, back=False) for file in files if not late[file.entry.path]}
    for file in files:
        path = file.entry.path
        if path in held:
            _settle(here, file, held[path], decided.dropped(_before(file, held[path]), _now(here)))
        else:
            _put_away(here, file, late[path])
    if not files:
        here.voice.remark("Nothing is late.")
    return Exit.DONE


def _put_away(here: Here, file: PostFile, late: Sequence[str]) -> None:
    """A late post becomes a draft. Where another of its targets was tried, or is still wanted, only these are given
    up."""
    if len(late) == len(file.targets):
        status, after = Status.DRAFT, file
        write_post_file(here, file, status)
    else:
        given_up = {target: decided.dropped(Result(), _now(here)) for target in late}
        after = replace(file, results={**file.results, **given_up})
        left = _late_targets(here, after)
        status = file.entry.status if left else decided.status_of(file.entry.status, file.targets, after.results)
        write_post_file(here, file, status, after.results)
    words = f"  it will not be sent; its status is {status}"
    here.voice.remark(good("dropped "), file.entry.path, faint(" → "), ", ".join(late), faint(words))
    if here.voice.as_json:
        here.voice.json(row(after, "draft" if status is Status.DRAFT else "cancelled"))


# --- what is decided ---------------------------------------------------------------------------------------------


def _place(here: Here, file: PostFile, target: str, url: str) -> Place:
    place = place_of(here.settings.accounts[target], url)
    if isinstance(place, Elsewhere):
        raise click.BadParameter(f"{place.message}. {place.hint}", param_hint="--sent")
    before = _before(file, target)
    if decided.is_published_before(before):
        raise FedischedError(f"{file.entry.path} is known to be there, at {before.url}", how_to_leave(file.entry.path))
    return place


def _now(here: Here) -> str:
    from fedisched.publisher.posts import as_text

    return as_text(here.clock.now(), here.settings.timezone)


def _settle(here: Here, file: PostFile, target: str, result: Result) -> Exit:
    """Write that a target is there, or is given up, and what the post comes to by that."""
    settled = {target: result}
    if decided.is_published_before(_before(file, target)):
        held = decided.held_targets(file.entry.status, file.targets, file.results)
        settled = {each: decided.dropped(_before(file, each), _now(here)) for each in held}
    after = replace(file, results={**file.results, **settled})
    status = decided.status_of(file.entry.status, file.targets, after.results)
    write_post_file(here, file, status, after.results)
    word, words = ("published ", result.url) if result.is_published else ("dropped ", "it will not be sent")
    to = ", ".join(settled)
    here.voice.remark(good(word), file.entry.path, faint(" → "), to, "  ", faint(words))
    _tell_what_is_left(here, after, status)
    if here.voice.as_json:
        here.voice.json(row(after, "published" if result.is_published else "cancelled", target))
    return Exit.DONE


def _send_again(here: Here, file: PostFile, target: str) -> Exit:
    """Write the new key, before anything is sent: whoever publishes finds it in the file, or in no place at all."""
    before, path = _before(file, target), file.entry.path
    if decided.is_published_before(before):
        raise FedischedError(f"{path} is published on {target} already, at {before.url}", how_to_leave(path))
    after = replace(file, results={**file.results, target: decided.again(before, path, target, here.clock.now())})
    write_post_file(here, file, Status.SCHEDULED, after.results)
    words = "  it goes out when a publisher sees it, if it is not there: fedisched run, or fedisched publish"
    here.voice.remark("scheduled ", path, faint(" → "), target, faint(words))
    if here.voice.as_json:
        here.voice.json(row(after, "waiting", target))
    return Exit.DONE


def _tell_what_is_left(here: Here, after: PostFile, status: Status) -> None:
    file = replace(after, entry=replace(after.entry, status=status))
    match status:
        case Status.HELD:
            here.voice.remark(file.entry.path, " is still held. ", how_to_decide(file))
        case Status.FAILED:
            here.voice.remark(file.entry.path, " has failed elsewhere. ", instead(file.entry))
        case Status.PUBLISHING:
            here.voice.remark(file.entry.path, " is still to be sent elsewhere: fedisched run, or fedisched publish")
        case Status.DRAFT | Status.SCHEDULED | Status.PUBLISHED:
            here.voice.remark(faint(f"{file.entry.path} says status: {status}"))
