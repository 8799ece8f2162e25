"""What kind of server the sandbox plays. The defaults are those of a current Mastodon and a self-hosted PDS."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

HOUR = 3600.0

Now = Callable[[], int]
"""A clock: microseconds since 1970 UTC."""


def own_clock() -> int:
    """The server's own clock. A real server is another machine, so it does not share the publisher's."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Rules:
    """May be changed while the sandbox runs.

    `key_seconds`: how long an idempotency key is remembered; 0 plays a server that ignores keys (Takahē), infinity
    one that never forgets. `replay_fails`: a replay is answered with 500, as by some versions. `locks_key`: a key
    whose first request is still being worked on is answered with 503 (from Mastodon 4.6); without it a retry that
    overlaps the first request doubles. `processing_looks`: uploads are answered with 202, and the first so many looks
    at them with 206; `film_looks` are the same for videos and sounds, and `video_looks` are how often Bluesky's service
    for videos says that it is not done. `counts_code_points` plays a server without clusters or discounts for URLs
    (GoToSocial, as which it then speaks of itself), `min_id_is_since_id` one that takes the two for the same, one
    without `quotes` a Mastodon from before 4.5.

    `posts_limit` is how many posts (threads count their parts) an account may publish in `posts_window` seconds; one
    more is answered with 429.

    Without `pkce` the server knows no proofs of who asked for a code, without `oauth_metadata` it does not tell how
    one logs in (Mastodon before 4.3, and most others), without `granular_scopes` it knows `read` and `write` only.
    `needs_code` plays a server that wants a code by mail beside a Bluesky account's password.

    Sizes are in bytes, tokens live for seconds.
    """

    max_characters: int = 500
    characters_per_url: int = 23
    max_media: int = 4
    max_description: int = 1500
    key_seconds: float = HOUR
    replay_fails: bool = False
    locks_key: bool = True
    processing_looks: int = 0
    counts_code_points: bool = False
    min_id_is_since_id: bool = False
    quotes: bool = True
    media_limit: int = 16_777_216
    application: str = "fedisched"
    posts_limit: int = 300
    posts_window: float = 3 * HOUR
    access_seconds: int = 7200
    refresh_seconds: int = 90 * 86400
    blob_limit: int = 5_242_880
    image_limit: int = 2_000_000
    film_limit: int = 103_809_024
    film_looks: int = 1
    video_limit: int = 300_000_000
    video_looks: int = 1
    captions_limit: int = 20_000
    thumb_limit: int = 1_000_000
    pkce: bool = True
    oauth_metadata: bool = True
    granular_scopes: bool = True
    needs_code: bool = False
