"""What only shows when parts of a configuration are held against each other.

Works on the raw table, so that these mistakes are told together with the others; what is of a wrong type is passed
over here, since the schema has a problem for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fedisched.config.durations import seconds
from fedisched.config.values import nearest
from fedisched.model.settings import Account


@dataclass(frozen=True, slots=True)
class Mistake:
    """A problem that does not know its line yet. `at_key`: it is of the key at `path`, not of the key's value."""

    path: tuple[str | int, ...]
    code: str
    message: str
    hint: str
    at_key: bool = False


def mistakes_between(table: dict[str, Any]) -> list[Mistake]:
    """The mistakes between accounts, groups, targets and durations."""
    accounts, groups = _tables(table.get("accounts")), _tables(table.get("groups"))
    return [
        *_same_variable(accounts),
        *_names_twice(accounts, groups),
        *_members(accounts, groups),
        *_default_targets(table.get("default_targets"), accounts, groups),
        *_retry(_tables(table.get("retry"))),
        *_claim(_tables(table.get("git"))),
    ]


def _tables(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _same_variable(accounts: dict[str, Any]) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for name, account in accounts.items():
        network = account.get("network") if isinstance(account, dict) else None
        if network != "mastodon" and network != "bluesky":
            continue
        variable = Account(name, network, "").variable
        if first := seen.get(variable):
            message = f"`{name}` and `{first}` would both read the environment variable {variable}"
            yield Mistake(("accounts", name), "same-variable", message, "Rename one of the two.", at_key=True)
        seen.setdefault(variable, name)


def _names_twice(accounts: dict[str, Any], groups: dict[str, Any]) -> Iterator[Mistake]:
    for name in groups:
        if name in accounts:
            message = f"`{name}` is an account and a group"
            yield Mistake(("groups", name), "same-name", message, "Rename the group.", at_key=True)


def _members(accounts: dict[str, Any], groups: dict[str, Any]) -> Iterator[Mistake]:
    for group, members in groups.items():
        if members == []:
            hint = "List the names of accounts, or delete the group."
            yield Mistake(("groups", group), "empty-group", f"the group `{group}` is empty", hint)
        for position, member in enumerate(members if isinstance(members, list) else []):
            path = ("groups", group, position)
            if not isinstance(member, str) or member in accounts:
                continue
            if member in groups:
                hint = "List the accounts themselves: groups do not hold groups."
                yield Mistake(path, "group-in-group", f"`{member}` is a group", hint)
            else:
                yield _unknown(path, member, list(accounts), "account")


def _default_targets(targets: object, accounts: dict[str, Any], groups: dict[str, Any]) -> Iterator[Mistake]:
    for position, target in enumerate(targets if isinstance(targets, list) else []):
        if isinstance(target, str) and target not in accounts and target not in groups:
            yield _unknown(("default_targets", position), target, [*accounts, *groups], "account or group")


def _unknown(path: tuple[str | int, ...], name: str, known: list[str], kind: str) -> Mistake:
    hint = f"{nearest(name, known)}Write the name of one, or add `[accounts.{name}]`."
    return Mistake(path, "unknown-target", f"there is no {kind} `{name}`", hint)


def _retry(retry: dict[str, Any]) -> Iterator[Mistake]:
    first, longest = (seconds(value) if isinstance(value, str) else None for value in _first_and_longest(retry))
    if first is not None and longest is not None and first > longest:
        path = ("retry", "first" if "first" in retry else "longest")
        yield Mistake(path, "retry-order", "`first` is longer than `longest`", "Make `longest` the longer one.")


def _first_and_longest(retry: dict[str, Any]) -> tuple[object, object]:
    return retry.get("first", "1m"), retry.get("longest", "1h")


def _claim(git: dict[str, Any]) -> Iterator[Mistake]:
    if git.get("claim") is True and not git.get("remote"):
        message = "`claim = true` needs a remote, since the claims are kept there"
        yield Mistake(("git", "claim"), "claim-needs-remote", message, 'Add `remote = "origin"`, or take `claim` out.')
