"""`fedisched publish`: publishes what is due, then ends. The only verb that publishes; the daemon calls it too."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.needs import needs
from fedisched.cli.params import DURATION
from fedisched.cli.reports import as_row, as_words
from fedisched.cli.verb import json_option, verb
from fedisched.cli.when import from_now
from fedisched.cli.words import Words, faint
from fedisched.clock import SECOND
from fedisched.engine.plan import Stand
from fedisched.model.command import typed

if TYPE_CHECKING:
    from fedisched.cli.publish_github import OnGithub
    from fedisched.engine.plan import Step
    from fedisched.publisher.desk import Desk
    from fedisched.publisher.report import AccountNews, Report, Word
    from fedisched.publisher.summary import Summary

LINGER = 20 * SECOND
"""How long the daemon's publisher stays for what falls due next; longer than the daemon's lead, so that what falls
due meanwhile needs no second start."""


@verb
@click.argument("paths", nargs=-1, metavar="[PATH…]")
@click.option("--now", "at_once", is_flag=True, help="Publish these posts whatever their time.")
@click.option("--wait", type=DURATION, default=0.0, metavar="DURATION", help="Stay for what falls due meanwhile.")
@click.option("--dry-run", is_flag=True, help="Only say what would be published.")
@click.option("--no-git", is_flag=True, help="Neither pull nor commit nor push: whoever calls this does.")
@click.option("--attached", is_flag=True, hidden=True, help="The daemon's own: stay as long as something is due soon.")
@click.option("--started", type=int, hidden=True, help="The daemon's own: when it started this, in microseconds.")
@json_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="For people, for programs, or as annotations and a job's summary on GitHub.",
)
def publish(
    here: Here,
    paths: tuple[str, ...],
    at_once: bool,
    wait: float,
    dry_run: bool,
    no_git: bool,
    attached: bool,
    started: int | None,
    as_json: bool,
    style: str,
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
    from fedisched.cli.carrying import bring, deliver
    from fedisched.cli.paths import posts_named
    from fedisched.cli.telling import told_at_the_end
    from fedisched.publisher.claims import claims_of
    from fedisched.publisher.due_now import make_due, may_go_out
    from fedisched.publisher.foresight import standing
    from fedisched.publisher.opening import desk_for
    from fedisched.publisher.summary import summed_up

    with told_at_the_end(here, wanted=not (attached or dry_run)):
        named = posts_named(here, paths)
        teller = _Teller(here, _on_github(here) if style == "github" else None)
        desk = desk_for(here.settings, here.state, here.environ, here.clock, here.voice.complain)
        desk.started = started
        run = _Run(named, at_once, int(wait * SECOND), attached)
        carries = not (attached or dry_run or no_git)
        try:
            desk.posts.refresh()
            if carries:
                bring(here, desk)
            entries = may_go_out(desk, named) if at_once else []
            if dry_run:
                return _dry_run(desk, teller, run)
            make_due(desk, entries)
            places = here.settings, here.state, here.environ
            desk.claims = claims_of(*places, here.voice.complain, stays=carries and wait > 0, brings=not no_git)
            if not attached and _handed_over(desk, teller, run):
                return teller.sum_up(summed_up(standing(desk, named, False), teller.outcomes, desk.clock.now()))
            code = _publish(desk, teller, run)
        finally:
            desk.journal.close()
        return deliver(here, code) if carries else code


def _on_github(here: Here) -> OnGithub:
    from fedisched.cli.publish_github import OnGithub

    listener = OnGithub(here.folder, here.environ)
    # Also after an error, which is told when this verb has ended: the log is fenced until then.
    click.get_current_context().call_on_close(listener.end)
    return listener


@dataclass(frozen=True, slots=True)
class _Run:
    """What is asked for. `wait` in microseconds."""

    named: Sequence[str]
    at_once: bool
    wait: int
    attached: bool

    @property
    def stays(self) -> bool:
        """Whether it waits for moments to come."""
        return self.attached or self.wait > 0


def _publish(desk: Desk, teller: _Teller, run: _Run) -> Exit:
    from fedisched.engine.pace import LONGEST_LEAD
    from fedisched.publisher.publisher import Publisher
    from fedisched.publisher.tuning import settle_down, share_fairly

    if teller.is_watched and not run.attached:
        desk.tell_uploads = teller.complain
    if run.stays:
        share_fairly()
        desk.settle_down = settle_down
    until = desk.clock.now() + run.wait
    publisher = Publisher(desk, teller.report, teller.complain, teller.meet if run.attached else None)
    with _ended_by_signals(desk) as signals, _told_of_changes(desk, teller, run):
        summary = publisher.run(
            (lambda now: now + LINGER) if run.attached else (lambda now: until),
            asked=run.named if run.at_once else (),
            only=run.named,
            ahead=LONGEST_LEAD if run.attached else 0,
        )
    if not run.attached:
        teller.say_what_comes(desk, run)
    code = teller.sum_up(summary, known_to_daemon=run.attached)
    return Exit.INTERRUPTED if signals else code


@contextmanager
def _ended_by_signals(desk: Desk) -> Iterator[list[int]]:
    """SIGTERM and Ctrl-C end the run in order: nothing new begins, what is being sent is finished. Gives those that
    came."""
    came: list[int] = []

    def stop(number: int, _: object) -> None:
        came.append(number)
        desk.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _told_of_changes(desk: Desk, teller: _Teller, run: _Run) -> Iterator[None]:
    """A run that stays learns of changed files: from the daemon through the pipe, or from the folder itself."""
    if run.attached:
        from fedisched.publisher.attached import follow

        follow(desk, sys.stdin)
        yield
    elif run.wait > 0:
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


def _dry_run(desk: Desk, teller: _Teller, run: _Run) -> Exit:
    from fedisched.publisher.foresight import standing, would_publish
    from fedisched.publisher.summary import summed_up
    from fedisched.publisher.verdicts import judged

    steps = judged(standing(desk, run.named, run.at_once), desk.journal, desk.accounts.all(), desk.settings)
    for report in would_publish(desk, steps, desk.clock.now() + run.wait):
        teller.report(report)
    teller.say_what_comes(desk, run)
    summary = summed_up(steps, {}, desk.clock.now())
    teller.sum_up(summary)
    # What would go out waits for nothing but the run itself.
    return Exit.NEEDS_YOU if summary.needs_a_person else Exit.DONE


def _handed_over(desk: Desk, teller: _Teller, run: _Run) -> bool:
    """Ask the publisher at work, if there is one; false if there is none and it is to be done here."""
    from fedisched.publisher.handover import ask_the_one_at_work

    reports = ask_the_one_at_work(desk, run.named, run.at_once, desk.clock.now() + run.wait)
    for report in reports or ():
        teller.report(report)
    if reports is not None:
        desk.posts.refresh()
    return reports is not None


class _Teller:
    """Tells what came of each delivery, as a line for people or as JSON, and what is left at the end."""

    def __init__(self, here: Here, listener: OnGithub | None = None) -> None:
        self._here = here
        self._listener = listener
        self.outcomes: dict[tuple[str, str], Word] = {}

    @property
    def is_watched(self) -> bool:
        """Whether a person waits at a terminal."""
        return self._here.voice.on_terminal

    def report(self, report: Report) -> None:
        self.outcomes[report.path, report.target] = report.outcome
        if self._listener:
            self._listener.reported(report)
        with _heard_or_not():
            if self._here.voice.as_json:
                self._here.voice.json(as_row(report))
            else:
                self._here.voice.result(*as_words(report, self._here.clock.now()))
            # A program reads along, and wants each line when it is true.
            sys.stdout.flush()

    def meet(self, news: AccountNews) -> None:
        """For the daemon alone: whoever publishes by hand is told at the end what is left."""
        with _heard_or_not():
            self._here.voice.json(asdict(news))
            sys.stdout.flush()

    def complain(self, *words: Words) -> None:
        with _heard_or_not():
            self._here.voice.complain(*words)

    def say_what_comes(self, desk: Desk, run: _Run) -> None:
        """When nothing was done, say why: nothing is due, and what was named is a draft or has its time to come."""
        from fedisched.publisher.foresight import standing

        if self.outcomes:
            return
        steps = standing(desk, run.named, False)
        now = self._here.clock.now()
        if run.named:
            for path, (step, *_) in _by_path(steps).items():
                self._here.voice.remark(path, faint("  "), *_why_not_now(step, now))
            return
        to_come = [step for step in steps if step.act is not None and step.stand is not Stand.BROKEN]
        if any(step.entry.due is None or step.entry.due <= now for step in to_come):
            return
        first = min(to_come, key=lambda step: step.entry.due or 0, default=None)
        coming = (
            f" The next is {first.entry.path} {from_now(first.entry.due, now)}." if first and first.entry.due else ""
        )
        self._here.voice.remark(f"Nothing is due.{coming}")

    def sum_up(self, summary: Summary, known_to_daemon: bool = False) -> Exit:
        """Say what needs a person, each thing once; 1 for that wins over 75 for what waits."""
        told = {key for key, outcome in self.outcomes.items() if outcome != "would-publish"}
        left = [step for step in summary.left if (step.entry.path, step.target) not in told]
        if known_to_daemon:
            # The daemon has told of every broken file when it was saved, of what is late, and of paused accounts.
            told_by_it = (Stand.LATE, Stand.PAUSED)
            left = [step for step in left if step.entry.problem is None and step.stand not in told_by_it]
        from fedisched.publisher.copies import placed

        left = placed(left, self._here.folder)
        if self._listener:
            self._listener.ended(left, self._here.clock.now())
        for words in needs(left, self._here.clock.now(), self._here.settings.timezone):
            self.complain(*words)
        if summary.needs_a_person:
            return Exit.NEEDS_YOU
        return Exit.TRY_LATER if summary.waits else Exit.DONE


@contextmanager
def _heard_or_not() -> Iterator[None]:
    """Whoever read along may be gone, as the daemon when it is killed: what was published is written back all the
    same, and the broken pipe comes up again when the process ends."""
    with suppress(BrokenPipeError):
        yield


def _by_path(steps: Sequence[Step]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.entry.path, []).append(step)
    return found


def _why_not_now(step: Step, now: int) -> Sequence[Words]:
    command = typed("publish", step.entry.path, "--now")
    match step.stand:
        case Stand.DRAFT:
            return ["is a draft; to send it now, type: ", command]
        case Stand.WAITING if step.at is not None and step.at > now:
            return [f"is due {from_now(step.at, now)}; to send it now, type: ", command]
        case _:
            return [f"is {step.stand}"]
