"""`fedisched check`: every problem of every post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from fedisched.cli.exit import Exit
from fedisched.cli.extras import extras
from fedisched.cli.github import Fence, annotate, root_of
from fedisched.cli.here import Here
from fedisched.cli.problems import show_problems
from fedisched.cli.verb import verb
from fedisched.cli.words import Words, bad, clip, doubtful, faint, good, pad, plural
from fedisched.model.errors import ConfigError
from fedisched.model.post import Status
from fedisched.model.problem import Problem

if TYPE_CHECKING:
    from fedisched.cli.survey import Examined
    from fedisched.model.network import ShownCard
    from fedisched.model.rendered import Card, RenderedPart, Rendering

_MOST_LISTED = 25
_SOURCES = {"server": "as its server told", "default": "as usual on its network"}
_ASK_AGAIN = "What was known of it before is used; look at the connection and the server's address, and ask again."


@verb
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path())
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="For people, for programs, or as annotations on GitHub.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--online", is_flag=True, help="Also ask: servers for limits and handles, linked pages for their cards.")
def check(here: Here, paths: tuple[str, ...], style: str, as_json: bool, online: bool) -> Exit:
    """Show every problem of every post.

    PATH is a post or a folder of posts; without one, all are checked. Ends with 1 if there is an error, and with
    --online with 75 if a server could not be asked. No credential is needed for that.

    Examples:
    fedisched check
    fedisched check posts/2026-12-01-hello.md
    fedisched check --online
    fedisched check --format github
    """
    unreached: dict[str, str] = {}
    try:
        examined, problems, unreached = _examine(here, paths, online)
    except ConfigError as error:
        if not error.problems:
            raise
        examined, problems = [], list(error.problems)
    for target, reason in unreached.items():
        here.voice.complain(doubtful("not asked: "), f"{target}: {reason}. {_ASK_AGAIN}")
    match "json" if as_json else style:
        case "json":
            here.voice.json({**_as_json(examined, problems), **(_online(here, unreached) if online else {})})
        case "github":
            _annotate(here, problems)
            _fenced_for_github(here, examined, problems)
        case _:
            _report(here, examined, problems, listed=bool(paths))
    if any(problem.is_error for problem in problems):
        return Exit.NEEDS_YOU
    return Exit.TRY_LATER if unreached else Exit.DONE


def _examine(here: Here, paths: Sequence[str], online: bool) -> tuple[list[Examined], list[Problem], dict[str, str]]:
    """The posts, all problems, and why an account's server could not be asked."""
    _ = here.settings  # its problems come before an import that costs
    from fedisched.cli.between import between
    from fedisched.cli.survey import copies, examine_all

    if online:
        from fedisched.cli.online import ask_cards, ask_handles, ask_limits

        told = ask_limits(here)
        examined = ask_cards(here, ask_handles(here, told, examine_all(here, paths, told.limits)))
        unreached = told.unreached
    else:
        examined, unreached = list(examine_all(here, paths)), {}
    problems = [problem for each in examined for problem in each.problems]
    return examined, [*problems, *copies(here, examined), *between(here, examined)], unreached


def _online(here: Here, unreached: dict[str, str]) -> dict[str, Any]:
    answers = [
        {"target": name, "server": account.server, "reached": name not in unreached, "message": unreached.get(name)}
        for name, account in here.settings.accounts.items()
    ]
    return {"online": answers}


def _report(here: Here, examined: Sequence[Examined], problems: Sequence[Problem], listed: bool) -> None:
    """For people: each file's problems together, then the posts to come with their lengths, then the sums."""
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.path, []).append(problem)
    for found in by_file.values():
        show_problems(found, here.folder, here.voice.result, here.voice.on_terminal)
        if here.voice.on_terminal:
            here.voice.result()
    to_come = [each for each in examined if each.post and (listed or each.post.status is not Status.PUBLISHED)]
    if listed or here.voice.verbosity > 0 or len(to_come) <= _MOST_LISTED:
        width = min(max((len(each.path) for each in to_come), default=0), 60)
        for each in to_come:
            here.voice.remark(*_lengths(each, width))
            for target, shown in each.cards.items():
                here.voice.remark(*_card(target, shown))
    if any(each.renderings for each in examined):
        here.voice.remark(*_limits_used(examined))
    here.voice.remark(*_sums(examined, problems))


def _lengths(each: Examined, width: int) -> tuple[Words, ...]:
    """`posts/a.md  scheduled  mastodon 620/5000  bluesky 290/300 + 310/300 at 12:5`: of a follow-up part also where in
    the file it begins."""
    words: list[Words] = [pad(clip(each.path, width), width), "  "]
    words.append(faint(f"{each.post.status if each.post else '':<10}"))
    for target, rendering in each.renderings.items():
        words.append(f"  {target} ")
        for number, part in enumerate(rendering.rendered.parts):
            words += [" + " if number else "", _length(part), faint(f" at {part.line}:{part.column}") if number else ""]
    return tuple(words)


def _length(part: RenderedPart) -> Words:
    text = f"{part.length}/{part.limit}"
    return bad(text) if part.length > part.limit else text


def _card(target: str, shown: ShownCard) -> tuple[Words, ...]:
    """What a link card would show."""
    if not shown.title:
        return (faint(f"    no card on {target}"),)
    about = f": {shown.description}" if shown.description else ""
    picture = "" if shown.has_picture else faint(" (no picture)")
    return (faint(f"    card on {target}  "), clip(f"▤ {shown.title}{about}", 100), picture)


def _limits_used(examined: Sequence[Examined]) -> tuple[Words, ...]:
    """Where the limits came from, for all who read their counts."""
    used = {target: found.limits for each in examined for target, found in each.renderings.items() if found.limits}
    said = ", ".join(f"{target} {_SOURCES[limits.source]}" for target, limits in used.items())
    return (faint(f"limits: {said}"),)


def _sums(examined: Sequence[Examined], problems: Sequence[Problem]) -> tuple[Words, ...]:
    wrong = {problem.path for problem in problems if problem.is_error}
    states = Counter(
        each.post.status.value if each.post and each.path not in wrong else "broken"
        for each in examined
        if each.post or each.is_broken
    )
    targets = Counter(target for each in examined for target in each.renderings)
    errors = sum(problem.is_error for problem in problems)
    warnings = len(problems) - errors
    order = [*(status.value for status in Status), "broken"]
    said = ", ".join(f"{states[state]} {state}" for state in order if states[state])
    words: list[Words] = [plural(states.total(), "post"), f" ({said})" if said else ""]
    words.append("".join(f" · {target} {number}" for target, number in targets.items()))
    words.append(" · ")
    if not problems:
        return (*words, good("no problems"))
    if errors:
        words.append(bad(plural(errors, "error")))
    if warnings:
        words += [", " if errors else "", doubtful(plural(warnings, "warning"))]
    return tuple(words)


def _as_json(examined: Sequence[Examined], problems: Sequence[Problem]) -> dict[str, Any]:
    posts = [_post_as_json(each) for each in examined if each.post or each.is_broken]
    return {"posts": posts, "problems": [_problem_as_json(problem) for problem in problems]}


def _post_as_json(each: Examined) -> dict[str, Any]:
    if each.post is None:
        return {"path": each.path, "status": "broken", "time": None, "targets": {}}
    from fedisched.content.times import as_rfc3339

    time = as_rfc3339(each.post.time) if each.post.time else None
    targets = {target: _target_as_json(found, each.cards.get(target)) for target, found in each.renderings.items()}
    return {"path": each.path, "status": each.post.status.value, "time": time, "targets": targets}


def _target_as_json(rendering: Rendering, shown: ShownCard | None) -> dict[str, Any]:
    parts = []
    for part in rendering.rendered.parts:
        counted = {"length": part.length, "limit": part.limit, "line": part.line, "column": part.column}
        if part.bytes is not None:
            counted["bytes"] = part.bytes
        parts.append(counted if part.card is None else {**counted, "card": _card_as_json(part.card, shown)})
    source = rendering.limits.source if rendering.limits else "default"
    beside = [line for part in rendering.rendered.parts for line in extras(part)]
    told = {"network": rendering.rendered.network, "limits": source, "parts": parts}
    return {**told, "extras": beside} if beside else told


def _card_as_json(card: Card, shown: ShownCard | None) -> dict[str, Any]:
    """A card as the page was asked for it, with `picture` yes or no; else what the author says of it, and null for what
    only the page can tell."""
    if shown is not None:
        found = {"title": shown.title or None, "description": shown.description, "picture": shown.has_picture}
        return {"url": card.url, **(found if shown.title else dict.fromkeys(found))}
    picture = True if card.thumb else None if card.with_thumb else False
    return {"url": card.url, "title": card.title, "description": card.description, "picture": picture}


def _problem_as_json(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def _annotate(here: Here, problems: Sequence[Problem]) -> None:
    """GitHub shows ten of a kind, so the errors come first."""
    root = root_of(here.folder, here.environ)
    for problem in sorted(problems, key=lambda problem: not problem.is_error):
        file = (root / problem.path).as_posix()
        text = f"{problem.message}. {problem.hint}"
        annotate(problem.severity, text, file, problem.line, problem.column, problem.code)


def _fenced_for_github(here: Here, examined: Sequence[Examined], problems: Sequence[Problem]) -> None:
    """The log has all of it, for annotations are cut at ten."""
    fence = Fence()
    fence.begin()
    try:
        _report(here, examined, problems, listed=False)
    finally:
        fence.end()
