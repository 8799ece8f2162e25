from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.model.settings import Account, NetworkName, Settings

SETTINGS = Settings(
    folder=Path("/content"),
    source=Path("/content/fedisched.toml"),
    default_targets=("m",),
    accounts={"m": Account("m", "mastodon", "https://m.example"), "b": Account("b", "bluesky", "https://b.example")},
    groups={"all": ("m", "b"), "odd": ("b", "gone")},
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (None, ("m",)),
        ((), ()),
        (("b",), ("b",)),
        (("all",), ("m", "b")),
        (("b", "all", "b"), ("b", "m")),
        (("odd", "nobody"), ("b",)),
    ],
)
def test_names_and_groups_become_accounts_each_once(written: tuple[str, ...] | None, meant: tuple[str, ...]) -> None:
    assert SETTINGS.accounts_named(written) == meant


@pytest.mark.parametrize(
    ("name", "network", "variable"),
    [
        ("mastodon", "mastodon", "FEDISCHED_MASTODON_TOKEN"),
        ("my blog-2", "bluesky", "FEDISCHED_MY_BLOG_2_PASSWORD"),
        ("café", "mastodon", "FEDISCHED_CAF__TOKEN"),
    ],
)
def test_a_credential_s_variable_is_the_name_in_capitals(name: str, network: NetworkName, variable: str) -> None:
    assert Account(name, network, "https://a.example").variable == variable


def test_posts_stand_below_the_content_folder() -> None:
    assert SETTINGS.posts_folder == Path("/content/posts")
