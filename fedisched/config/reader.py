"""From the bytes of a configuration file to Settings, or to every problem in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fedisched.config.crosscheck import Mistake, mistakes_between
from fedisched.config.folder import SHARED_FILE
from fedisched.config.locate import Places, places
from fedisched.config.schema import (
    BlueskyShape,
    ConfigShape,
    GitShape,
    MastodonShape,
    OnBlueskyShape,
    PersonShape,
    RetryShape,
    ThreadsShape,
)
from fedisched.config.values import nearest
from fedisched.model.errors import ConfigError
from fedisched.model.problem import Problem
from fedisched.model.settings import Account, GitSettings, OnBluesky, Retry, Settings, Threads

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NETWORKS = ["mastodon", "bluesky"]
_NOTIFY = "`[notify]` is not read from the content folder, since whoever can push posts could have any command run"
_NOTIFY_HINT = "Move it to `~/.config/fedisched/config.toml` on the machine that publishes."
_TABLES: dict[str, type[BaseModel]] = {
    "retry": RetryShape,
    "git": GitShape,
    "threads": ThreadsShape,
    "bluesky": OnBlueskyShape,
}
_BRANCHES: dict[str, type[BaseModel]] = {"mastodon": MastodonShape, "bluesky": BlueskyShape}


def read_settings(data: bytes, source: Path, folder: Path) -> Settings:
    """Validate a configuration. Raises ConfigError with every problem, in the order in which they stand."""
    text = _decode(data, source.name)
    table = _parse(text, source.name)
    prefix: tuple[str, ...] = ()
    if source.name == SHARED_FILE:
        prefix = ("tool", "fedisched")
        table = table.get("tool", {}).get("fedisched", {})
    where = places(text)
    try:
        shape = ConfigShape.model_validate(table)
    except ValidationError as error:
        mistakes = [_mistake(details) for details in error.errors(include_url=False)]
        raise _config_error(mistakes + mistakes_between(table), where, prefix, source.name) from None
    if mistakes := mistakes_between(table):
        raise _config_error(mistakes, where, prefix, source.name)
    return _settings(shape, source, folder)


def unusable(source: str, problems: list[Problem]) -> ConfigError:
    """The error of a configuration with these problems."""
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
    count = "a mistake" if len(ordered) == 1 else f"{len(ordered)} mistakes"
    return ConfigError(f"{source} has {count}", "Mend what is listed, then try again.", ordered)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problem = Problem(name, line, column, "not-utf-8", "the file is not UTF-8", "Save it as UTF-8.")
        raise unusable(name, [problem]) from None


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        said = _said(error)
        found = _AT.search(said)
        if found and found[1]:
            line, column = int(found[1]), int(found[2])
        else:
            end = text.rstrip("\n")
            line, column = (end.count("\n") + 1, len(end) - end.rfind("\n")) if found else (1, 1)
        reason = _AT.sub("", said)
        hint = 'A line is `key = "text"`, `key = ["a", "b"]` or `[table]`; see https://toml.io.'
        message = f"this is not valid TOML: {reason[:1].lower()}{reason[1:]}"
        raise unusable(name, [Problem(name, line, column, "toml-syntax", message, hint)]) from None


def _said(error: ValueError | RecursionError) -> str:
    if isinstance(error, tomllib.TOMLDecodeError):
        return str(error)
    return "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"


def _mistake(details: ErrorDetails) -> Mistake:
    path = _path(details["loc"])
    kind = details["type"]
    context = details.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return _unknown_key(details["loc"])
        case "missing":
            return _missing_key(path)
        case "union_tag_not_found":
            hint = 'Add `network = "mastodon"` or `network = "bluesky"`.'
            return Mistake(path, "missing-key", "this account has no network", hint, at_key=True)
        case "union_tag_invalid":
            near = nearest(str(context.get("tag", "")), _NETWORKS)
            message = f"`{context.get('tag')}` is no network"
            return Mistake((*path, "network"), "unknown-network", message, f"{near}Write `mastodon` or `bluesky`.")
        case _ if "hint" in context:
            return Mistake(path, kind, str(context["message"]), str(context["hint"]), at_key="[key]" in details["loc"])
        case _:
            reason = details["msg"][:1].lower() + details["msg"][1:]
            return Mistake(path, "bad-value", reason, "See the configuration reference in README.")


def _path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path in the file: pydantic puts the union's tag behind an account's name, and marks a bad key."""
    path = [part for part in loc if part != "[key]"]
    if len(path) > 2 and path[0] == "accounts" and path[2] in _BRANCHES:
        del path[2]
    return tuple(path)


def _unknown_key(loc: tuple[str | int, ...]) -> Mistake:
    shape: type[BaseModel] = ConfigShape
    place = "here"
    match loc:
        case ("accounts", _, str(network), key):
            shape, place = _BRANCHES[network], f"of a {network.capitalize()} account"
        case ("people", _, key):
            shape = PersonShape
        case (str(table), key):
            shape = _TABLES[table]
        case _:
            key = loc[-1]
    if loc == ("notify",):
        return Mistake(loc, "machine-only", _NOTIFY, _NOTIFY_HINT, at_key=True)
    known = list(shape.model_fields)
    hint = f"{nearest(str(key), known)}The keys {place} are {_listed(known)}."
    message = f"there is no key `{key}`" if place == "here" else f"`{key}` is no key {place}"
    return Mistake(_path(loc), "unknown-key", message, hint, at_key=True)


def _missing_key(path: tuple[str | int, ...]) -> Mistake:
    examples = {"server": "https://mastodon.social", "handle": "me.bsky.social"}
    hint = f'Add `{path[-1]} = "{examples.get(str(path[-1]), "…")}"`.'
    return Mistake(path[:-1], "missing-key", f"`{path[-2]}` has no {path[-1]}", hint, at_key=True)


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else "".join(quoted)


def _config_error(mistakes: list[Mistake], where: Places, prefix: tuple[str, ...], name: str) -> ConfigError:
    problems = []
    for mistake in mistakes:
        path = (*prefix, *mistake.path)
        mark = where.key(path) if mistake.at_key else where.value(path)
        problems.append(Problem(name, mark.line, mark.column, mistake.code, mistake.message, mistake.hint))
    return unusable(name, problems)


def _settings(shape: ConfigShape, source: Path, folder: Path) -> Settings:
    people = {name: person.model_dump(exclude_none=True) for name, person in shape.people.items()}
    return Settings(
        folder=folder,
        source=source,
        posts=shape.posts,
        timezone=shape.timezone,
        default_targets=tuple(shape.default_targets),
        late_after=shape.late_after,
        extra_keys=tuple(shape.extra_keys),
        alt_required=shape.alt_required,
        vault=shape.vault,
        accounts={name: Account(name=name, **account.model_dump()) for name, account in shape.accounts.items()},
        groups={name: tuple(members) for name, members in shape.groups.items()},
        people=people,
        retry=Retry(**shape.retry.model_dump()),
        git=GitSettings(**shape.git.model_dump()),
        threads=Threads(**shape.threads.model_dump()),
        bluesky=OnBluesky(**shape.bluesky.model_dump()),
    )
