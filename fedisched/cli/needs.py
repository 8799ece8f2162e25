"""What needs a person: the reason, and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fedisched.cli.when import from_now
from fedisched.cli.words import Words, bad, faint
from fedisched.engine.plan import Stand, Step


def needs(steps: Sequence[Step], now: int) -> Iterator[Sequence[Words]]:
    """A line for each thing that needs a person: targets with the same trouble share it, and so do the posts of an
    account that is paused."""
    paused: dict[tuple[str, str], list[str]] = {}
    others: dict[tuple[Stand, str, str], list[str]] = {}
    for step in steps:
        words = what_to_do(step, now)
        if step.stand is Stand.PAUSED:
            paused.setdefault((step.target, words), []).append(step.entry.path)
        else:
            others.setdefault((step.stand, step.entry.path, words), []).append(step.target)
    for (target, words), paths in paused.items():
        yield bad(Stand.PAUSED), f" {target}: {words}", faint(f"  {', '.join(paths)} will wait")
    for (stand, path, words), targets in others.items():
        # A broken file has no target, and its words begin with its place.
        where = f"{path}{_arrow(targets)}: " if any(targets) else ""
        yield bad(stand), f" {where}{words}"


def _arrow(targets: Sequence[str]) -> str:
    return f" → {', '.join(targets)}"


def reason(step: Step) -> str:
    """What went wrong, as one or more sentences; empty where nothing is known."""
    return f"{step.error}. {step.hint}" if step.error and step.hint else step.error


def what_to_do(step: Step, now: int) -> str:
    """The reason why a step needs a person, and the command to type."""
    from fedisched.publisher.due_now import how_to_settle

    path, why = step.entry.path, reason(step)
    match step.stand:
        case Stand.LATE:
            overdue = "" if step.entry.due is None else f"was due {from_now(step.entry.due, now)}; "
            return f"{overdue}to send it anyway, type: fedisched publish {path} --now"
        case Stand.FAILED if "fedisched retry" not in why:
            return f"{_ended(why or 'it was refused')} Then type: fedisched retry {path}"
        case Stand.HELD if not step.hint and "status: published" not in why:
            return f"{_ended(why or 'it may be on the network already')} {how_to_settle(path)}"
        case Stand.BROKEN if step.entry.problem is not None:
            return str(step.entry.problem)
        case _:
            return why


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
