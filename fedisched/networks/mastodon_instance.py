"""What an instance tells of polls and quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_QUOTES_SINCE = 7
"""The version of Mastodon's API that knows quotes; it came with Mastodon 4.5."""
_VERSION = re.compile(r"(\d+)\.(\d+)")


def more_limits(instance: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Limits` for polls and quotes, as far as an instance (version 1 or 2 of the entity) tells them."""
    configuration = instance.get("configuration")
    polls = configuration.get("polls") if isinstance(configuration, Mapping) else None
    names = {
        "poll_options": "max_options",
        "poll_characters": "max_characters_per_option",
        "poll_shortest": "min_expiration",
        "poll_longest": "max_expiration",
    }
    told = {field: polls.get(name) for field, name in names.items()} if isinstance(polls, Mapping) else {}
    found: dict[str, Any] = {
        field: count for field, count in told.items() if isinstance(count, int) and not isinstance(count, bool)
    }
    return {**found, "quotes": _knows_quotes(instance)}


def _knows_quotes(instance: Mapping[str, Any]) -> bool:
    versions = instance.get("api_versions")
    if isinstance(versions, Mapping):
        version = versions.get("mastodon")
        return isinstance(version, int) and version >= _QUOTES_SINCE
    # Version 1 of the entity has nothing but the version; of others' software it says what they are compatible with.
    version = str(instance.get("version"))
    match = _VERSION.match(version)
    return match is not None and "compatible" not in version and (int(match[1]), int(match[2])) >= (4, 5)
