"""Whether what waits can be sent as it is, for those who show it before the publisher prepares it.

The index knows only what the schedule needs. It vouches for a post that is nothing but a text of a length that every
target takes; any other is read whole and composed, as the publisher will do it, and what comes of that is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fedisched import __version__
from fedisched.engine.plan import Stand, Step
from fedisched.engine.verdicts import Sight, Verdict, Verdicts
from fedisched.model import usual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedisched.engine.accounts import AccountState
    from fedisched.engine.journal import Journal
    from fedisched.model.post import Entry, Post
    from fedisched.model.problem import Problem
    from fedisched.model.rendered import Limits, Rendering
    from fedisched.model.settings import Settings


def judged(
    steps: Sequence[Step], journal: Journal, accounts: Mapping[str, AccountState], settings: Settings
) -> list[Step]:
    """The steps, where those that cannot be taken are broken: for a problem of the whole post one step without a
    target, for one with a single target that target's."""
    limits = {name: _limits(name, accounts, settings) for name in settings.accounts}
    doubtful = {step.entry.path: step.entry for step in steps if _is_doubtful(step, limits)}
    if not doubtful:
        return list(steps)
    verdicts = _verdicts(doubtful.values(), Verdicts(journal), settings, limits)
    told: dict[str, Step] = {}
    found: list[Step] = []
    for step in steps:
        verdict = verdicts.get(step.entry.path)
        if verdict is None or not _may_be_broken(step):
            found.append(step)
        elif (problem := verdict.problems.get("")) is not None:
            if step.entry.path not in told:
                told[step.entry.path] = replace(_broken(step, problem), target="", delivery=None, key="")
                found.append(told[step.entry.path])
        else:
            problem = verdict.problems.get(step.target)
            found.append(step if problem is None else _broken(step, problem))
    return found


def _may_be_broken(step: Step) -> bool:
    """Whether it is still to be sent, or the publisher found it broken."""
    return bool(step.target) and step.entry.problem is None and step.stand in (Stand.WAITING, Stand.BROKEN)


def _is_doubtful(step: Step, limits: Mapping[str, Limits]) -> bool:
    if not _may_be_broken(step) or step.target not in limits:
        return False
    longest = step.entry.longest
    return step.stand is Stand.BROKEN or longest is None or longest > limits[step.target].characters


def _broken(step: Step, problem: Problem) -> Step:
    entry = replace(step.entry, problem=problem)
    return replace(
        step, entry=entry, stand=Stand.BROKEN, act=None, at=None, error=problem.message, hint=problem.hint, not_before=0
    )


def _limits(name: str, accounts: Mapping[str, AccountState], settings: Settings) -> Limits:
    """What an account's server allows, as it last told, or as is usual on its network."""
    account, state = settings.accounts[name], accounts.get(name)
    if state is not None and state.server == account.server and state.limits is not None:
        return state.limits
    return usual.OF_NETWORK[account.network]


def _verdicts(
    entries: Iterable[Entry], kept: Verdicts, settings: Settings, limits: Mapping[str, Limits]
) -> dict[str, Verdict]:
    known, new = kept.all(), []
    beside = hashlib.sha256(repr((__version__, settings, sorted(limits.items()))).encode()).hexdigest()[:16]
    found: dict[str, Verdict] = {}
    for entry in entries:
        made_with = f"{entry.digest} {beside}"
        verdict = known.get(entry.path)
        if verdict is None or verdict.made_with != made_with or not _still_there(verdict.files, settings):
            verdict, is_lasting = _examined(entry, made_with, settings, limits)
            new += [verdict] if is_lasting else []
        found[entry.path] = verdict
    if new:
        kept.keep(new)
    return found


def _still_there(files: Iterable[Sight], settings: Settings) -> bool:
    return all(sight == _sight(sight[0], settings) for sight in files)


def _sight(path: str, settings: Settings) -> Sight | None:
    try:
        stat = (settings.folder / path).stat()
    except (OSError, ValueError):
        return None
    return path, stat.st_size, stat.st_mtime_ns


def _examined(entry: Entry, made_with: str, settings: Settings, limits: Mapping[str, Limits]) -> tuple[Verdict, bool]:
    """The verdict, and whether it lasts: what is wrong with a file that is attached may be mended without the post."""
    from fedisched.compose import render
    from fedisched.content.folder import read_file
    from fedisched.content.reader import read_post
    from fedisched.model.problem import Problem

    nothing = Verdict(entry.path, made_with)
    read = read_file(settings.folder, entry.path)
    if isinstance(read, Problem):
        return nothing, False
    reading = read_post(read[0], entry.path, settings)
    if reading.digest != entry.digest:
        return nothing, False  # saved this moment; whoever asks next sees the file as it is then
    if reading.post is None:
        problem = next(problem for problem in reading.problems if problem.is_error)
        return replace(nothing, problems={"": problem}), True
    post = reading.post
    renderings = {
        target: render(post, target, settings.accounts[target], settings, limits[target]) for target in post.targets
    }
    problems = {
        target: error
        for target, rendering in renderings.items()
        if (error := next((problem for problem in rendering.problems if problem.is_error), None)) is not None
    }
    if len(problems) == len(renderings) and len(set(problems.values())) == 1:
        problems = {"": next(iter(problems.values()))}
    sights = tuple(_sight(path, settings) for path in sorted(set(_attached(renderings.values()))))
    lasts = None not in sights and not (problems and _attaches(post))
    return replace(nothing, problems=problems, files=tuple(filter(None, sights))), lasts


def _attached(renderings: Iterable[Rendering]) -> Iterator[str]:
    for rendering in renderings:
        for part in rendering.rendered.parts:
            yield from (attachment.path for attachment in (*part.media, *part.captions))
            if part.card is not None and part.card.thumb is not None:
                yield part.card.thumb.path


def _attaches(post: Post) -> bool:
    """Whether a post attaches a file to any target."""
    every = (post, *post.variants.values())
    return any(each.media or "![" in each.body or (each.link and each.link.image) for each in every)
