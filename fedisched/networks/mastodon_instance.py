"""What an instance tells of itself: what it allows, how it counts, whether it locks keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fedisched.model.rendered import Counting, Limits
from fedisched.model.usual import MASTODON

_GOTOSOCIAL = Limits(characters=5000, media=6, alt_characters=1500, visibility="public", counting="code points")
_QUOTES_SINCE = 7
"""The version of Mastodon's API that knows quotes; it came with Mastodon 4.5."""
_VERSION = re.compile(r"(\d+)\.(\d+)")
_MOST = 10**12
"""More than this of anything is a lie, or means that there is no limit."""
_LONGEST_URL = 1000
"""What an address may count as. Texts are laid out with as many characters, so that a lie would fill the memory."""


def limits_of(instance: Mapping[str, Any]) -> Limits | None:
    """What an instance (version 1 or 2 of the entity) says that it allows; None if it says nothing of the kind."""
    configuration = instance.get("configuration")
    statuses = section(configuration, "statuses")
    media = section(configuration, "media_attachments")
    counting = _counting_of(instance)
    usual = _GOTOSOCIAL if counting == "code points" else MASTODON
    characters = _count(statuses.get("max_characters")) or _count(instance.get("max_toot_chars"))
    if characters is None and counting == "code points":
        characters = _GOTOSOCIAL.characters
    if characters is None:
        return None
    limits = Limits(
        characters=characters,
        media=_count(statuses.get("max_media_attachments")) or usual.media,
        source="server",
        characters_per_url=_count(statuses.get("characters_reserved_per_url"), _LONGEST_URL)
        or usual.characters_per_url,
        image_bytes=_count(media.get("image_size_limit")) or usual.image_bytes,
        alt_characters=_count(media.get("description_limit")) or usual.alt_characters,
        image_pixels=_count(media.get("image_matrix_limit")) or usual.image_pixels,
        video_bytes=_count(media.get("video_size_limit")) or usual.video_bytes,
        video_pixels=_count(media.get("video_matrix_limit")) or usual.video_pixels,
        types=_texts(media.get("supported_mime_types")),
        counting=counting,
        visibility="public",
    )
    return replace(limits, **more_limits(instance))


_LOCKS_KEYS = re.compile(r"(?!.*compatible)(4\.([6-9]|\d\d)|([5-9]|\d\d+)\.\d)", re.IGNORECASE)


def locks_keys(instance: Mapping[str, Any]) -> bool:
    """Whether an instance's software is known to make one post of two requests under one key even while it works on the
    first: Mastodon and its forks since 4.6. Before, and in what else speaks its language, a second request that
    overlaps the first makes a second post; GoToSocial and Takahē do not know keys at all."""
    version = instance.get("version")
    is_known = isinstance(version, str) and _LOCKS_KEYS.match(version) is not None
    return is_known and _counting_of(instance) != "code points"


def _counting_of(instance: Mapping[str, Any]) -> Counting:
    """How the server counts, by what it says that it is: what it advertises need not be what it does.

    GoToSocial can be set to give Mastodon's version as its own, but tells where its source is (version 2 of the entity)
    and whether it has OIDC; Pleroma and its descendants say what they are compatible with.
    """
    names = f"{instance.get('version')} {instance.get('source_url')}".lower()
    if "gotosocial" in names or "oidc_enabled" in section(instance, "configuration"):
        return "code points"
    return "graphemes" if "pleroma" in names or "akkoma" in names else "discounted"


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
    found: dict[str, Any] = {field: count for field, count in told.items() if count == 0 or _count(count)}
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


def section(value: object, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _count(value: object, most: int = _MOST) -> int | None:
    """A number of something; None for what no honest server says: it is as if it was not said."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most else None
