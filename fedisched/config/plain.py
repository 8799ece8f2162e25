"""Settings as JSON and back, for the cache and for the child process that validates: no pydantic, no tomllib."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fedisched.model.problem import Problem
from fedisched.model.settings import Account, GitSettings, OnBluesky, Retry, Settings, Threads


def settings_to_plain(settings: Settings) -> dict[str, Any]:
    """Settings as JSON values. `settings_from_plain` gives them back equal."""
    return {
        "folder": str(settings.folder),
        "source": str(settings.source),
        "posts": settings.posts,
        "timezone": settings.timezone,
        "default_targets": list(settings.default_targets),
        "late_after": settings.late_after,
        "extra_keys": list(settings.extra_keys),
        "alt_required": settings.alt_required,
        "vault": settings.vault,
        "accounts": [asdict(account) for account in settings.accounts.values()],
        "groups": {name: list(members) for name, members in settings.groups.items()},
        "people": {name: dict(names) for name, names in settings.people.items()},
        "retry": asdict(settings.retry),
        "git": asdict(settings.git),
        "threads": asdict(settings.threads),
        "bluesky": asdict(settings.bluesky),
    }


def settings_from_plain(plain: Mapping[str, Any]) -> Settings:
    """Settings from JSON values. Raises KeyError, TypeError, ValueError or AttributeError when they are not ours."""
    accounts = [Account(**account) for account in plain["accounts"]]
    return Settings(
        folder=Path(plain["folder"]),
        source=Path(plain["source"]),
        posts=plain["posts"],
        timezone=plain["timezone"],
        default_targets=tuple(plain["default_targets"]),
        late_after=float(plain["late_after"]),
        extra_keys=tuple(plain["extra_keys"]),
        alt_required=bool(plain["alt_required"]),
        vault=plain["vault"],
        accounts={account.name: account for account in accounts},
        groups={name: tuple(members) for name, members in plain["groups"].items()},
        people={name: dict(names) for name, names in plain["people"].items()},
        retry=Retry(**plain["retry"]),
        git=GitSettings(**plain["git"]),
        threads=Threads(**plain["threads"]),
        bluesky=OnBluesky(**plain["bluesky"]),
    )


def problem_to_plain(problem: Problem) -> dict[str, Any]:
    """A problem as JSON values."""
    return asdict(problem)


def problem_from_plain(plain: Mapping[str, Any]) -> Problem:
    """A problem from JSON values."""
    return Problem(**plain)
