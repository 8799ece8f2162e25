"""What needs a person just now, as it is told by the machine's own ways: each thing under a name that lasts."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fedisched.cli.here import Here
from fedisched.cli.needs import needs, reason
from fedisched.cli.standing import Standing, needs_a_person
from fedisched.cli.when import from_now
from fedisched.cli.words import Words, clean_line, clip, paint, plural
from fedisched.clock import SECOND
from fedisched.engine.plan import Stand, Step
from fedisched.engine.telling import News
from fedisched.model.command import typed
from fedisched.model.post import Status
from fedisched.model.telling import Kind, Message, Trouble
from fedisched.publisher.telling import message_of

DELAYED = 3600 * SECOND
"""Overdue by so much, and not out for whatever reason: worth telling."""
AHEAD = 3600 * SECOND
"""How long before its time a post with a mistake is told of, so that there is time to mend it."""
STILL = 600 * SECOND
"""How long its file has to be left alone before: whoever is still writing sees the mistake elsewhere."""
MOST_LINES = 20
_LONGEST_LINE = 500
_SHORTEST_SECRET = 6
_LONGEST_MARK = 1000
_KINDS: Mapping[Stand, Kind] = {Stand.FAILED: "failed", Stand.HELD: "held", Stand.LATE: "late", Stand.BROKEN: "broken"}
_SHORTLY: Mapping[Kind, str] = {
    "failed": "failed",
    "held": "is held",
    "late": "is late",
    "broken": "cannot go out",
    "delayed": "still waits",
    "paused": "is paused",
    "daemon": "needs you",
}
_LOOKS_SCHEDULED = re.compile(rb"(?m)^time[ \t]*:")
_LOOKS_DONE = re.compile(rb"(?m)^status[ \t]*:[ \t]*[\"']?(draft|published)")


@dataclass(frozen=True, slots=True)
class Found:
    """What needs a person now; the step of each trouble with a post, by its key; and when to look again, since
    something else will need a person if nothing changes (microseconds since 1970 UTC)."""

    troubles: tuple[Trouble, ...] = ()
    steps: Mapping[str, Step] = field(default_factory=dict)
    again: int | None = None


def troubles_in(here: Here, standing: Standing, now: int) -> Found:
    """The troubles with posts and accounts."""
    steps: dict[str, Step] = {}
    troubles = list(_paused(here, standing))
    again: list[int] = []
    for step in standing.steps:
        kind, at = _kind_and_moment(here, step, now)
        if kind is None:
            continue
        if at > now:
            again.append(at)
            continue
        key = f"post {step.entry.path} {step.target}".rstrip()
        steps[key] = step
        troubles.append(Trouble(kind, key, _mark(kind, step), _subject(step)))
    return Found(tuple(troubles), steps, min(again, default=None))


def _paused(here: Here, standing: Standing) -> Iterator[Trouble]:
    for name, account in here.settings.accounts.items():
        known = standing.accounts.get(name)
        # What is known of another server of the same name is history.
        if known is not None and known.paused and known.server == account.server:
            waiting = {step.entry.path for step in standing.steps if step.target == name and step.stand is Stand.PAUSED}
            wait = f" {plural(len(waiting), 'post')} will wait." if waiting else ""
            words = f"{known.paused}{'' if known.paused.endswith('.') else '.'}{wait}"
            yield Trouble("paused", f"account {name}", known.paused[:_LONGEST_MARK], name, words)


def _kind_and_moment(here: Here, step: Step, now: int) -> tuple[Kind | None, int]:
    """What a step is told as, and from when on."""
    due = step.entry.due
    if step.stand is Stand.BROKEN:
        return _broken(here, step)
    if step.stand in _KINDS:
        return _KINDS[step.stand], now
    if step.act is None or step.stand is Stand.PAUSED or due is None:
        return None, 0
    if needs_a_person(step):
        # Something has to be mended before it can go out.
        return "broken", due
    # Of what is still to come nothing is wrong; of what is overdue a person learns if it stays so.
    return ("delayed", due + DELAYED) if due <= now else (None, 0)


def _broken(here: Here, step: Step) -> tuple[Kind | None, int]:
    saved = _saved(here, step)
    due = step.entry.due
    if due is None:
        return ("broken", saved + STILL) if _is_meant_to_go_out(here, step) else (None, 0)
    problem = step.entry.problem
    if problem is not None and step.entry.status is Status.DRAFT and problem.code != "unknown-status":
        return None, 0
    at = max(saved + STILL, due - AHEAD)
    return "broken", at if saved >= due else min(at, due)


def _saved(here: Here, step: Step) -> int:
    try:
        return (here.folder / step.entry.path).stat().st_mtime_ns // 1000
    except OSError:
        return 0


def _is_meant_to_go_out(here: Here, step: Step) -> bool:
    """Of a post whose time could not be read: whether it has one, and no word that it is a draft."""
    if step.entry.status in (Status.SCHEDULED, Status.PUBLISHING):
        return True
    try:
        with (here.folder / step.entry.path).open("rb") as file:
            head = file.read(65536)
    except OSError:
        # Not even that can be told: its owner has to look.
        return True
    return bool(_LOOKS_SCHEDULED.search(head)) and not _LOOKS_DONE.search(head)


def _mark(kind: Kind, step: Step) -> str:
    """What makes it the same as when it was told; never how long ago something was."""
    if kind == "delayed":
        return "delayed"
    due = step.entry.due
    if kind == "late":
        return f"late {due}"
    what = str(step.entry.problem) if step.entry.problem else f"{step.error} {step.hint}"
    tried = step.delivery.last_try if step.delivery is not None else ""
    return f"{kind} {due} {tried} {what}"[:_LONGEST_MARK]


def _subject(step: Step) -> str:
    return f"{step.entry.path} → {step.target}" if step.target else step.entry.path


# --- the message -----------------------------------------------------------------------------------------------


def message_for(here: Here, found: News, steps: Mapping[str, Step], timezone: str, now: int) -> Message:
    """The words for what is news. Nothing in them steers a terminal, and no secret of the environment is in them."""
    new = [steps[trouble.key] for trouble in found.new if trouble.key in steps]
    lines = [paint(tuple(words), coloured=False) for words in _needs(new, now, timezone)]
    lines += [_delayed(step, now) for step in new if step.stand not in _KINDS]
    lines += [f"{each.kind} {each.subject}: {each.words}" for each in found.new if each.key not in steps]
    lines += [f"well again: {told.subject}" for told in found.well_again]
    if len(lines) > MOST_LINES:
        more = len(lines) - MOST_LINES
        lines = [*lines[:MOST_LINES], f"… and {more} more: `{typed('queue')}` in the folder shows all."]
    lines.append(f"({here.folder} on {platform.node()})")
    shown = tuple(clip(clean_line(line), _LONGEST_LINE) for line in _without_secrets(lines, here.environ))
    return message_of(found, shown, clean_line(_title(found, steps)), here.folder)


def _needs(steps: Sequence[Step], now: int, timezone: str) -> Iterator[Sequence[Words]]:
    return needs([step for step in steps if step.stand in _KINDS], now, timezone)


def _delayed(step: Step, now: int) -> str:
    was = "" if step.entry.due is None else f" was due {from_now(step.entry.due, now)}, and still waits"
    why = reason(step)
    return f"waits {_subject(step)}:{was}{': ' if was and why else ''}{why}"


def _title(found: News, steps: Mapping[str, Step]) -> str:
    """One post that has the same trouble with several targets is one thing."""
    if not found.new:
        well, *more = found.well_again
        return f"fedisched: {well.subject} is well again{f', and {len(more)} more' if more else ''}"
    things: dict[tuple[Kind, str], list[str]] = {}
    for each in found.new:
        name = steps[each.key].entry.path if each.key in steps else each.key
        things.setdefault((each.kind, name), []).append(each.subject)
    if len(things) > 1:
        return f"fedisched: {len(things)} things need you"
    (((kind, name), subjects),) = things.items()
    return f"fedisched: {subjects[0] if len(subjects) == 1 else name} {_SHORTLY[kind]}"


def _without_secrets(lines: Iterable[str], environ: Mapping[str, str]) -> Iterator[str]:
    """What a server answers may quote anything that it was sent."""
    secrets = [
        value.strip()
        for name, value in environ.items()
        if name == "FEDISCHED_KEY" or name.endswith(("TOKEN", "PASSWORD", "SECRET"))
    ]
    for line in lines:
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                line = line.replace(secret, "[secret]")
        yield line
