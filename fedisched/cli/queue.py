"""`fedisched queue`: what is due when and where, and what needs a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.needs import FEW, commands, first_of, how_to_choose, late_paths, late_question, reason, what_to_do
from fedisched.cli.standing import all_standing, needs_a_person
from fedisched.cli.verb import json_option, verb
from fedisched.cli.when import clock_time, day, from_now
from fedisched.cli.words import Words, bad, clean_line, doubtful, faint, good, pad, plural, strong
from fedisched.engine.plan import Stand, Step
from fedisched.model.command import typed

if TYPE_CHECKING:
    from fedisched.model.delivery import Delivery

_SETTLED = (Stand.PUBLISHED, Stand.CANCELLED, Stand.DRAFT)
_BELOW = " " * 10
_TIED = "\N{NO-BREAK SPACE}"
_NO_TIME = 1 << 62
_NOTHING_TO_COME = "Nothing is scheduled. `fedisched new` writes a post."
_NOTHING_FAILED = "Nothing has failed, and nothing is held."
_NOTHING = "There are no posts yet. `fedisched new` writes one."


@verb
@click.option("--all", "everything", is_flag=True, help="Also what is published, cancelled, or a draft.")
@click.option("--failed", "only_failed", is_flag=True, help="Only what failed or is held.")
@json_option
def queue(here: Here, everything: bool, only_failed: bool, as_json: bool) -> Exit:
    """Show what is due when and where.

    What needs you comes first, with the reason and what to do. Ends with 1 if there is such a thing, else with 0.

    Examples:
    fedisched queue
    fedisched queue --failed
    fedisched queue --all --json
    """
    now = here.clock.now()
    steps = all_standing(here, now, everything).steps
    if only_failed:
        steps = [step for step in steps if step.stand in (Stand.FAILED, Stand.HELD)]
    elif not everything:
        steps = [step for step in steps if step.stand not in _SETTLED]
    steps.sort(key=lambda step: (_NO_TIME if step.entry.due is None else step.entry.due, step.entry.path))
    if as_json:
        here.voice.json([_row(here, step) for step in steps])
    else:
        _show(here, steps, now, _NOTHING_FAILED if only_failed else _NOTHING if everything else _NOTHING_TO_COME)
    return Exit.NEEDS_YOU if any(map(needs_a_person, steps)) else Exit.DONE


def _row(here: Here, step: Step) -> dict[str, object]:
    entry, delivery = step.entry, step.delivery
    return {
        "path": entry.path,
        "title": entry.title or None,
        "time": entry.time or None,
        "target": step.target or None,
        "state": step.stand.value,
        "attempts": delivery.attempts if delivery else 0,
        "next_try": _next_try(here, delivery),
        "error": _error(here, step),
        "url": _url(step),
        "commands": commands(step, here.settings),
    }


def _error(here: Here, step: Step) -> str | None:
    if step.stand is Stand.LATE:
        return what_to_do(step, here.clock.now())
    return reason(step) or None


def _next_try(here: Here, delivery: Delivery | None) -> str | None:
    from fedisched.publisher.posts import as_text

    if delivery is None or delivery.next_try is None or not delivery.attempts:
        return None
    return as_text(delivery.next_try, here.settings.timezone)


def _url(step: Step) -> str | None:
    if step.delivery is not None and step.delivery.url:
        return step.delivery.url
    return next((claim.url for claim in step.entry.claims if claim.target == step.target and claim.url), None)


# --- for people --------------------------------------------------------------------------------------------------


def _show(here: Here, steps: Sequence[Step], now: int, nothing: str) -> None:
    voice = here.voice
    wrong = [step for step in steps if needs_a_person(step)]
    coming = [step for step in steps if not needs_a_person(step)]
    if wrong:
        voice.result(bad("Needs you"))
        _show_what_is_wrong(here, wrong, now)
    width = max((len(step.entry.path) for step in coming), default=0)
    for when, found in groupby(coming, key=lambda step: _day_of(here, step, now)):
        voice.result(strong(when))
        for (path, stand), same in groupby(found, key=lambda step: (step.entry.path, step.stand)):
            voice.result(*_line(here, path, stand, list(same), now, width))
    if not steps:
        voice.result(nothing)
    else:
        counts = [(coming, "to come"), (wrong, "in need of you")]
        told = [f"{plural(len({s.entry.path for s in found}), 'post')} {words}" for found, words in counts if found]
        voice.remark(faint(", ".join(told)))


def _day_of(here: Here, step: Step, now: int) -> str:
    return "Without a time" if step.entry.due is None else day(step.entry.due, now, here.settings.timezone)


def _line(here: Here, path: str, stand: Stand, steps: Sequence[Step], now: int, width: int) -> Iterable[Words]:
    first = steps[0]
    due = first.entry.due
    yield "  " + pad("" if due is None else clock_time(due, here.settings.timezone), 9)
    yield faint(pad("" if due is None else from_now(due, now), 16))
    yield pad(path, width)
    yield faint("  → ") if first.target else ""
    yield ", ".join(step.target for step in steps)
    if stand is Stand.PUBLISHED:
        yield good("  published")
    elif stand is not Stand.WAITING or first.error:
        yield doubtful(f"  {stand}")
        yield faint(f"  {reason(first)}") if first.error else ""
        again = [step.at for step in steps if step.error and step.at is not None and step.at > now]
        yield faint(f"  next try {from_now(min(again), now)}") if again else ""


def _show_what_is_wrong(here: Here, wrong: Sequence[Step], now: int) -> None:
    """Each thing with its reason and what to type; a paused account is told once, and many late posts are one question
    unless -v asks for all."""
    if len(late_paths(wrong)) > FEW and here.voice.verbosity < 1:
        first, *more = _wrapped(here, late_question(wrong, here.settings.timezone))
        here.voice.result("  ", doubtful(pad(Stand.LATE, 8)), first)
        _say_below(here, more)
        wrong = [step for step in wrong if step.stand is not Stand.LATE]
    paused: dict[tuple[str, str], list[str]] = {}
    for step in wrong:
        if step.stand is Stand.PAUSED:
            paused.setdefault((step.target, what_to_do(step, now)), []).append(step.entry.path)
    for (target, words), paths in paused.items():
        here.voice.result("  ", doubtful(pad(Stand.PAUSED, 8)), target)
        _say_below(here, _wrapped(here, words, typed("publish")))
        _say_below(here, _wrapped(here, f"{first_of(paths)} will wait"))
    wrong = [step for step in wrong if step.stand is not Stand.PAUSED]
    for (path, *_), found in groupby(wrong, key=lambda step: (step.entry.path, step.stand, reason(step))):
        _show_wrong(here, path, list(found), now)


def _show_wrong(here: Here, path: str, steps: Sequence[Step], now: int) -> None:
    first = steps[0]
    targets = ", ".join(step.target for step in steps if step.target)
    here.voice.result("  ", doubtful(pad(first.stand, 8)), path, faint("  → ") if targets else "", targets)
    if choices := how_to_choose(first, here.settings):
        _say_below(here, _wrapped(here, choices.pop(0)))
        for when, command in zip(("if it is there", "if it is not", "to let it be"), choices, strict=True):
            here.voice.result(faint(f"          {pad(when, 16)}"), command)
    else:
        _say_below(here, _wrapped(here, what_to_do(first, now), *commands(first, here.settings)))


def _say_below(here: Here, lines: Iterable[str]) -> None:
    for line in lines:
        here.voice.result(_BELOW, line)


def _wrapped(here: Here, words: str, *together: str) -> list[str]:
    """The lines of a paragraph on a terminal, one line elsewhere. What is to be typed stays on one line, so that it
    can be copied: what is in backticks, and these texts."""
    if not here.voice.on_terminal:
        return [words]
    from textwrap import wrap

    kept = re.sub("`[^`]*`", lambda found: found[0].replace(" ", _TIED), clean_line(words))
    for text in together:
        kept = kept.replace(text, text.replace(" ", _TIED))
    lines = wrap(kept, max(here.voice.width - len(_BELOW), 30), break_long_words=False, break_on_hyphens=False)
    return [line.replace(_TIED, " ") for line in lines]
