"""What a network allows where its server was not asked, or does not say: the usual numbers of its software. Those who
compose go by them until a server was asked, those who ask fill up with them what it left unsaid."""

from __future__ import annotations

from collections.abc import Mapping

from fedisched.model.rendered import Limits
from fedisched.model.settings import NetworkName

BLUESKY = Limits(
    characters=300,
    media=10,
    bytes=3000,
    image_bytes=2_000_000,
    image_side=4000,
    video_bytes=300_000_000,
    poll_options=0,
)
MASTODON = Limits(
    characters=500,
    media=4,
    alt_characters=1500,
    visibility="public",
    image_pixels=33_177_600,
    video_pixels=8_294_400,
)
OF_NETWORK: Mapping[NetworkName, Limits] = {"bluesky": BLUESKY, "mastodon": MASTODON}
