"""What needs a person: the reason, and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fedisched.cli.when import from_now, local
from fedisched.cli.words import Words, bad, faint, plural
from fedisched.engine.plan import Stand, Step
from fedisched.model.command import decisions, typed
from fedisched.model.settings import Settings

FEW = 3
"""Up to so many late posts are told one by one; more of them are one question."""


def needs(steps: Sequence[Step], now: int, timezone: str) -> Iterator[Sequence[Words]]:
    """A line for each thing that needs a person: targets with the same trouble share it, and so do the posts of an
    account that is paused, and those that are late."""
    late = late_paths(steps)
    if len(late) > FEW:
        yield bad(Stand.LATE), f" {late_question(steps, timezone)}"
        steps = [step for step in steps if step.stand is not Stand.LATE]
    paused: dict[tuple[str, str], list[str]] = {}
    others: dict[tuple[Stand, str, str], list[str]] = {}
    for step in steps:
        words = what_to_do(step, now)
        if step.stand is Stand.PAUSED:
            paused.setdefault((step.target, words), []).append(step.entry.path)
        else:
            others.setdefault((step.stand, step.entry.path, words), []).append(step.target)
    for (target, words), paths in paused.items():
        yield bad(Stand.PAUSED), f" {target}: {words}", faint(f"  {first_of(paths)} will wait")
    for (stand, path, words), targets in others.items():
        # A broken file has no target, and its words begin with its place.
        where = f"{path}{_arrow(targets)}: " if any(targets) else ""
        yield bad(stand), f" {where}{words}"


def _arrow(targets: Sequence[str]) -> str:
    return f" → {', '.join(targets)}"


def first_of(paths: Sequence[str]) -> str:
    """The first few paths, and how many more there are."""
    more = len(paths) - FEW
    return ", ".join(paths) if more <= 0 else f"{', '.join(paths[:FEW])} and {more} more"


def late_paths(steps: Sequence[Step]) -> list[str]:
    """The posts that are late, each once."""
    return list(dict.fromkeys(step.entry.path for step in steps if step.stand is Stand.LATE))


def late_question(steps: Sequence[Step], timezone: str) -> str:
    """One question about many late posts: which they are, and what can be done about one of them and about all."""
    dues = [step.entry.due for step in steps if step.stand is Stand.LATE and step.entry.due is not None]
    return late_words(late_paths(steps), min(dues, default=None), max(dues, default=None), timezone)


def late_words(paths: Sequence[str], first: int | None, last: int | None, timezone: str) -> str:
    """The same, of the paths and the moments that the first and the last of them were due."""
    due = ""
    if first is not None and last is not None:
        days = [local(moment, timezone).strftime("%-d %b %Y") for moment in (first, last)]
        due = f", due {days[0]}" if days[0] == days[1] else f", due from {days[0]} to {days[1]}"
    return (
        f"{plural(len(paths), 'post')}{due}: {first_of(paths)}. They are overdue by more than `late_after`, so none "
        "goes out before you say so, and the files stay as they are. To send one, type `fedisched publish PATH --now`; "
        "to put one away, `fedisched resolve PATH --drop` (it becomes `status: draft`), and all of them, `fedisched "
        "resolve --drop --late`; `fedisched queue -v` lists them all."
    )


def late_post(path: str, due: int | None, now: int) -> str:
    """The question about one late post, and what to type."""
    overdue = "" if due is None else f"was due {from_now(due, now)}; "
    send, drop = typed("publish", path, "--now"), typed("resolve", path, "--drop")
    return f"{overdue}to send it anyway, type: {send}; to put it away: {drop}"


def reason(step: Step) -> str:
    """What went wrong, as one or more sentences; empty where nothing is known. What was held elsewhere has the
    commands in its file already."""
    if not step.error or not step.hint or (step.stand is Stand.HELD and "fedisched resolve" in step.error):
        return step.error
    return f"{_ended(step.error)} {step.hint}"


def what_to_do(step: Step, now: int) -> str:
    """The reason why a step needs a person, and the command to type."""
    path, why = step.entry.path, reason(step)
    match step.stand:
        case Stand.LATE:
            return late_post(path, step.entry.due, now)
        case Stand.FAILED if "fedisched retry" not in why:
            return f"{_ended(why or 'it was refused')} Then type: {typed('retry', path)}"
        case Stand.PAUSED if "fedisched " not in why:
            return f"{_ended(why)} Then type: {typed('publish')}"
        case Stand.HELD if not step.error:
            return f"it may be on the network already. {step.hint}"
        case Stand.BROKEN if step.entry.problem is not None:
            return str(step.entry.problem)
        case _:
            return why


def commands(step: Step, settings: Settings) -> list[str]:
    """What a person can type about a step, each command as it stands; `URL` is for them to fill in."""
    path = step.entry.path
    match step.stand:
        case Stand.LATE:
            return [typed("publish", path, "--now"), typed("resolve", path, "--drop")]
        case Stand.FAILED:
            return [typed("retry", path)]
        case Stand.PAUSED:
            return [typed("publish")]
        case Stand.HELD if "`status` and `results`" in step.hint:
            return [typed("resolve", path, "--drop")]
        case Stand.HELD:
            alone = len(settings.accounts_named(step.entry.targets)) == 1
            return list(decisions(path, step.target, alone=alone))
        case Stand.BROKEN:
            return [typed("check", path)]
        case _:
            return []


def how_to_choose(step: Step, settings: Settings) -> list[str]:
    """Why it is held and where to look, then a command each for what a person finds there; empty where that is not the
    question, or where the reason has the commands in it already."""
    found = commands(step, settings)
    if step.stand is not Stand.HELD or len(found) == 1 or "fedisched resolve" in step.error:
        return []
    return [f"{_ended(step.error or 'it may be on the network already')} Look at {step.target}:", *found]


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
