"""What a server says of the files that it takes."""

from __future__ import annotations

from typing import Any

import pytest

from fedisched.engine.accounts import _limits
from fedisched.networks.mastodon_instance import limits_of
from fedisched.networks.wire import SLOWEST_UPLOAD, Wire


def instance(**media: Any) -> dict[str, Any]:
    configuration = {"statuses": {"max_characters": 500}, "media_attachments": media}
    return {"version": "4.6.0", "configuration": configuration}


def test_a_servers_limits_of_media_are_read() -> None:
    limits = limits_of(
        instance(
            image_size_limit=10,
            image_matrix_limit=20,
            video_size_limit=30,
            video_matrix_limit=40,
            description_limit=50,
            supported_mime_types=["image/png", "video/mp4"],
        )
    )
    assert limits is not None
    assert (limits.image_bytes, limits.image_pixels, limits.video_bytes, limits.video_pixels) == (10, 20, 30, 40)
    assert limits.alt_characters == 50
    assert limits.types == ("image/png", "video/mp4")


@pytest.mark.parametrize(
    "media", [{}, {"supported_mime_types": None, "image_size_limit": "large", "video_size_limit": -1}]
)
def test_what_it_does_not_tell_is_as_usual(media: dict[str, Any]) -> None:
    limits = limits_of(instance(**media))
    assert limits is not None
    assert (limits.image_bytes, limits.image_pixels) == (16 * 1024 * 1024, 33_177_600)
    assert (limits.video_bytes, limits.video_pixels, limits.types) == (103_809_024, 8_294_400, ())


def test_limits_that_an_earlier_version_kept_are_read() -> None:
    limits = _limits('{"characters": 500, "media": 4, "source": "server"}')
    assert limits is not None
    assert limits.types == ()
    limits = _limits('{"characters": 500, "media": 4, "types": ["image/png"]}')
    assert limits is not None
    assert limits.types == ("image/png",)


def test_a_large_file_has_the_time_that_it_needs() -> None:
    wire = Wire(lambda: 0)
    assert wire.allowed(0) == wire.answer_within
    assert wire.allowed(100_000_000) == wire.answer_within + 100_000_000 / SLOWEST_UPLOAD
