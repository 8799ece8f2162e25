"""The headers that both kinds of server put on their answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Literal

WINDOW = 300
"""Seconds for which a quota of requests lasts."""


REQUESTS: Mapping[Literal["mastodon", "bluesky"], int] = {"mastodon": 300, "bluesky": 3000}
"""How many requests each network's servers take in a window."""


def date(microseconds: int, off_by: float = 0) -> str:
    """The Date header for a moment (microseconds since 1970 UTC), `off_by` seconds wrong."""
    return formatdate(microseconds / 1_000_000 + off_by, usegmt=True)


def rate_limit(
    network: Literal["mastodon", "bluesky"], remaining: int, reset: int, limit: int | None = None
) -> dict[str, str]:
    """How many requests are left until `reset` (seconds since 1970 UTC), as each network says it."""
    if network == "mastodon":
        at = datetime.fromtimestamp(reset, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        return {
            "X-RateLimit-Limit": str(limit or REQUESTS[network]),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": at,
        }
    return {
        "ratelimit-limit": str(limit or REQUESTS[network]),
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(reset),
        "ratelimit-policy": f"{REQUESTS[network]};w={WINDOW}",
    }
