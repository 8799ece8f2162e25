from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.model.settings import Account, Settings

SETTINGS = Settings(
    folder=Path("/posts-of-mine"),
    source=Path("/posts-of-mine/fedisched.toml"),
    timezone="Europe/Berlin",
    default_targets=("mastodon", "bluesky"),
    extra_keys=("mood",),
    accounts={
        "mastodon": Account("mastodon", "mastodon", "https://mastodon.social"),
        "bluesky": Account("bluesky", "bluesky", "https://bsky.social", handle="me.bsky.social"),
        "work": Account("work", "mastodon", "https://work.example"),
    },
    groups={"everywhere": ("mastodon", "bluesky")},
)


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with one post, and a folder below."""
    (tmp_path / "posts" / "2026").mkdir(parents=True)
    (tmp_path / "posts" / "a.md").write_text("---\n---\nold\n")
    return tmp_path
