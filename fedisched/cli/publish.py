"""`fedisched publish`: publishes what is due, then ends. The only verb that publishes; the daemon calls it too."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.params import DURATION
from fedisched.cli.reports import as_row, as_words
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import bad, faint
from fedisched.clock import SECOND

if TYPE_CHECKING:
    from fedisched.publisher.desk import Desk
    from fedisched.publisher.publisher import Summary
    from fedisched.publisher.report import Report

LINGER = 20 * SECOND
"""How long the daemon's publisher stays for what falls due next; longer than the daemon's lead, so that what falls
due meanwhile needs no second start."""


@verb
@click.argument("paths", nargs=-1, metavar="[PATH…]")
@click.option("--now", "at_once", is_flag=True, help="Publish these posts whatever their time.")
@click.option("--wait", type=DURATION, default=0.0, metavar="DURATION", help="Stay for what falls due meanwhile.")
@click.option("--dry-run", is_flag=True, help="Only say what would be published.")
@click.option("--attached", is_flag=True, hidden=True, help="The daemon's own: stay as long as something is due soon.")
@json_option
def publish(
    here: Here, paths: tuple[str, ...], at_once: bool, wait: float, dry_run: bool, attached: bool, as_json: bool
) -> Exit:
    """Publish what is due, then end.

    With paths, only these posts. With --now they go out whatever their time: a draft or a post without a time gets
    this moment written into it first. If a publisher is at work already, it is asked to do it.

    Examples:
    fedisched publish
    fedisched publish --wait 10m
    fedisched publish posts/hello.md --now
    fedisched publish --dry-run
    """
    if at_once and not paths:
        raise click.UsageError("--now needs the posts to publish, for example: fedisched publish posts/hello.md --now")
    from fedisched.cli.paths import posts_named
    from fedisched.publisher.opening import desk_for

    named = posts_named(here, paths)
    teller = _Teller(here)
    desk = desk_for(here.settings, here.state, here.environ, here.clock, here.voice.complain)
    try:
        desk.posts.refresh()
        if dry_run:
            return _dry_run(desk, teller, named, at_once, wait)
        if at_once:
            _make_due(desk, named)
        if not attached and _handed_over(desk, teller, named, at_once, wait):
            return teller.exit_code()
        return teller.summed_up(_publish(desk, teller, named, at_once, wait, attached))
    finally:
        desk.journal.close()


def _publish(desk: Desk, teller: _Teller, named: Sequence[str], at_once: bool, wait: float, attached: bool) -> Summary:
    from fedisched.publisher.publisher import Publisher

    until = desk.clock.now() + int(wait * SECOND)
    publisher = Publisher(desk, teller.report, teller.complain)
    with _ended_by_signals(desk), _told_of_changes(desk, teller, wait, attached):
        return publisher.run(
            (lambda now: now + LINGER) if attached else (lambda now: until),
            asked=named if at_once else (),
            only=named,
        )


@contextmanager
def _ended_by_signals(desk: Desk) -> Iterator[None]:
    """SIGTERM and Ctrl-C end the run in order: nothing new begins, what is being sent is finished."""
    before = {number: signal.signal(number, lambda *_: desk.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _told_of_changes(desk: Desk, teller: _Teller, wait: float, attached: bool) -> Iterator[None]:
    """A run that stays learns of changed files: from the daemon through the pipe, or from the folder itself."""
    if attached:
        from fedisched.publisher.attached import follow

        follow(desk, sys.stdin)
        yield
    elif wait > 0:
        from fedisched.content.watch import Watcher

        settings = desk.settings
        watcher = Watcher(settings.folder, settings.posts, lambda change: desk.look_again(), notice=teller.complain)
        watcher.start()
        try:
            yield
        finally:
            watcher.stop()
    else:
        yield


def _dry_run(desk: Desk, teller: _Teller, named: Sequence[str], at_once: bool, wait: float) -> Exit:
    from fedisched.publisher.foresight import would_publish

    for report in would_publish(desk, named, at_once, desk.clock.now() + int(wait * SECOND)):
        teller.report(report)
    return Exit.DONE


def _make_due(desk: Desk, named: Sequence[str]) -> None:
    """What `--now` refuses, and what it writes into a file first."""
    from fedisched.publisher.due_now import make_due

    for path in named:
        make_due(desk, path)


def _handed_over(desk: Desk, teller: _Teller, named: Sequence[str], at_once: bool, wait: float) -> bool:
    """Ask the publisher at work, if there is one; false if there is none and it is to be done here."""
    from fedisched.publisher.handover import ask_the_one_at_work

    reports = ask_the_one_at_work(desk, named, at_once, desk.clock.now() + int(wait * SECOND))
    for report in reports or ():
        teller.report(report)
    return reports is not None


class _Teller:
    """Tells what came of each delivery, as a line for people or as JSON, and knows the exit code at the end."""

    def __init__(self, here: Here) -> None:
        self._here = here
        self._last: dict[tuple[str, str], str] = {}

    def report(self, report: Report) -> None:
        self._last[report.path, report.target] = report.outcome
        if self._here.voice.as_json:
            self._here.voice.json(as_row(report))
        else:
            self._here.voice.result(*as_words(report))
        # A program reads along, and wants each line when it is true.
        sys.stdout.flush()

    def complain(self, words: str) -> None:
        self._here.voice.complain(words)

    def exit_code(self) -> Exit:
        """From what was reported alone."""
        outcomes = set(self._last.values())
        if outcomes & {"failed", "held"}:
            return Exit.NEEDS_YOU
        return Exit.TRY_LATER if "waiting" in outcomes else Exit.DONE

    def summed_up(self, summary: Summary) -> Exit:
        """Say what needs a person; 1 for that wins over 75 for what waits."""
        from fedisched.cli.queue import what_to_do

        now = self._here.clock.now()
        for step in summary.left:
            target = f" → {step.target}" if step.target else ""
            self._here.voice.complain(bad(step.stand), " ", step.entry.path, faint(target), ": ", what_to_do(step, now))
        if summary.needs_a_person:
            return Exit.NEEDS_YOU
        return Exit.TRY_LATER if summary.waits else Exit.DONE
