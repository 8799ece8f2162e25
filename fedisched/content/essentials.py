"""What the schedule needs of a post: status, time, targets and results, read the same way by everyone who asks.

The reader builds a whole post on this, the glance nothing more; neither can disagree with the other. Imports nothing
heavy, since the idle daemon reads with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fedisched.content.keys import did_you_mean, key_problems
from fedisched.content.times import read_time
from fedisched.content.tree import Entries, Listing, Node, Scalar, Tree, plain, short
from fedisched.content.unseen import control_characters
from fedisched.model.post import Claim, Status
from fedisched.model.problem import Problem
from fedisched.model.results import Result
from fedisched.model.settings import Settings

_STATUSES = ", ".join(Status)


@dataclass(frozen=True, slots=True)
class Essentials:
    """`targets` are the names as written, None where the key is left out. `problems` are in order of place; with an
    error among them the other fields hold what could be read, and the status of a post whose word could not be read
    is draft."""

    status: Status
    time: datetime | None
    targets: tuple[str, ...] | None
    results: Mapping[str, Result]
    problems: tuple[Problem, ...]


def essentials(tree: Tree, settings: Settings) -> Essentials:
    """Read what the schedule needs, and find every problem in it."""
    found: list[Problem] = list(key_problems(tree, settings))
    status = _status(tree, found)
    time = _time(tree, settings, found)
    if status is Status.SCHEDULED and tree.get("time") is None:
        place = tree.root.values["status"].offset
        found.append(tree.problem(place, "no-time", "a scheduled post needs a time", _ADD_TIME))
    targets = _targets(tree, settings, status, found)
    results = _results(tree, found)
    found.extend(_empty_body(tree, status))
    found.extend(control_characters(tree))
    problems = [*tree.problems, *lenient(found, status), *_long_body(tree, status)]
    return Essentials(status, time, targets, results, in_order(problems))


_ADD_TIME = "Add `time: 2026-12-01 09:00`, or write `status: draft`."


def lenient(problems: list[Problem], status: Status) -> list[Problem]:
    """The problems of a post as its status weighs them: what is published is done, so nothing in its file can be an
    error any more. But for the word `published` itself, which was read."""
    if status is not Status.PUBLISHED:
        return problems
    return [replace(problem, severity="warning") for problem in problems]


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """The problems by line and column."""
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))


def results_in(tree: Tree) -> dict[str, Result]:
    """What a file's `results` say, by target; what is of another shape is passed over."""
    return _results(tree, [])


def claims(results: Mapping[str, Result]) -> tuple[Claim, ...]:
    """What the results say is on the network: for each target its key and the ids or uris of its parts."""
    return tuple(_claim(target, result) for target, result in results.items())


def _claim(target: str, result: Result) -> Claim:
    named = [result.id, result.uri]
    for part in result.parts:
        named += (part.id, part.uri)
    ids = dict.fromkeys(name for name in named if name)
    return Claim(target, result.key, tuple(ids), result.is_published, result.url, result.stands)


def _status(tree: Tree, found: list[Problem]) -> Status:
    node = tree.get("status")
    if node is None:
        return Status.DRAFT if tree.get("time") is None else Status.SCHEDULED
    if not isinstance(node, Scalar):
        hint = f"Write one word: {_STATUSES}."
        found.append(tree.problem(node.offset, "unknown-status", "`status` is not one word", hint))
        return Status.DRAFT
    try:
        return Status(node.text)
    except ValueError:
        hint = f"{did_you_mean(node.text, Status)}Write one of {_STATUSES}."
        message = f"there is no status `{short(node.text)}`"
        found.append(tree.problem(node.offset, "unknown-status", message, hint))
        return Status.DRAFT


def _time(tree: Tree, settings: Settings, found: list[Problem]) -> datetime | None:
    node = tree.get("time")
    if node is None:
        return None
    if not isinstance(node, Scalar):
        hint = "Write one moment: `2026-12-01 09:00`."
        found.append(tree.problem(node.offset, "time-form", "`time` is not one moment", hint))
        return None
    moment = read_time(node.text, settings.timezone, tree.path, tree.mark(node.offset))
    if isinstance(moment, Problem):
        found.append(moment)
        return None
    return moment


def _targets(tree: Tree, settings: Settings, status: Status, found: list[Problem]) -> tuple[str, ...] | None:
    node = tree.root.values.get("targets")
    if node is None:
        if status is not Status.DRAFT and not settings.accounts_named(None):
            hint = f"Add `targets: [NAME]`, or `default_targets` to the config. {_known_targets(settings)}"
            place = tree.fenced.front_start
            found.append(tree.problem(place, "no-targets", "the post names no target, and nor does the config", hint))
        return None
    items = node.items if isinstance(node, Listing) else (node,)
    if not items or (isinstance(node, Scalar) and node.missing):
        hint = f"Name a target, or delete the key for the config's `default_targets`. {_known_targets(settings)}"
        found.append(tree.problem(node.offset, "no-targets", "`targets` is empty", hint))
        return ()
    names: dict[str, None] = {}
    for item in items:
        if problem := _target_problem(tree, settings, item, names):
            found.append(problem)
        if isinstance(item, Scalar) and not item.missing:
            names[item.text] = None
    return tuple(names)


def _target_problem(tree: Tree, settings: Settings, item: Node, before: Mapping[str, None]) -> Problem | None:
    """What is wrong with one item. A name that is unknown today is kept: the config may yet learn it."""
    if not isinstance(item, Scalar):
        return tree.problem(item.offset, "unknown-target", "a target is not a name", _known_targets(settings))
    if item.missing:
        hint = f"Delete the item, or name a target. {_known_targets(settings)}"
        return tree.problem(item.offset, "no-targets", "this item of `targets` is empty", hint)
    if item.text in before:
        message = f"`{short(item.text)}` is named twice in `targets`"
        return tree.problem(item.offset, "duplicate-target", message, "Delete one of the two.")
    if item.text not in settings.accounts and item.text not in settings.groups:
        message = f"there is no account or group `{short(item.text)}` in the config"
        return tree.problem(item.offset, "unknown-target", message, _meant_target(item.text, settings))
    return None


def _meant_target(text: str, settings: Settings) -> str:
    if "," in text:
        return f"Write several targets as a list: `[{text}]`. {_known_targets(settings)}"
    return did_you_mean(text, [*settings.accounts, *settings.groups]) + _known_targets(settings)


def _known_targets(settings: Settings) -> str:
    names = [*settings.accounts, *settings.groups]
    return f"The targets are {', '.join(names)}." if names else "Add an account to the config: `[accounts.NAME]`."


def _results(tree: Tree, found: list[Problem]) -> dict[str, Result]:
    node = tree.get("results")
    if node is None:
        return {}
    if not isinstance(node, Entries):
        found.append(tree.problem(node.offset, "results-shape", "`results` is not one block for each target", _OURS))
        return {}
    results: dict[str, Result] = {}
    for target, value in node.values.items():
        block = plain(value)
        if isinstance(block, dict):
            results[target] = Result.from_plain(block)
        else:
            message = f"the results of `{short(target)}` are not a block of keys"
            found.append(tree.problem(node.keys[target], "results-shape", message, _OURS))
    return results


_OURS = "`results` is written by fedisched: put it back as it was, or delete what is not its own."


LONGEST_BODY = 100_000
"""Characters: more than any network takes in a thread. What only wants to be worked on for ever is not begun with."""


def _long_body(tree: Tree, status: Status) -> Iterator[Problem]:
    if len(tree.fenced.body) > LONGEST_BODY and status is not Status.PUBLISHED:
        message = f"the text has {len(tree.fenced.body):,} characters, of at most {LONGEST_BODY:,}"
        yield Problem(tree.path, tree.fenced.body_line, 1, "body-too-long", message, "Make several posts of it.")


def _empty_body(tree: Tree, status: Status) -> Iterator[Problem]:
    if tree.fenced.body.strip() or tree.get("media") is not None:
        return
    draft = status is Status.DRAFT
    hint = "Write the text below the closing `---`."
    problem = Problem(tree.path, tree.fenced.body_line, 1, "empty-body", "the post has no text", hint)
    yield replace(problem, severity="warning") if draft else problem
