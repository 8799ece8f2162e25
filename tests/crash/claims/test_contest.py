"""The short form; `python -m tests.crash.claims` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.claims.contest import contest


@pytest.mark.parametrize(("targets", "claim", "rounds"), [(("mastodon", "bluesky"), True, 2), (("bluesky",), False, 1)])
def test_publishers_that_are_killed_at_random_publish_once(
    tmp_path: Path, targets: tuple[str, ...], claim: bool, rounds: int
) -> None:
    tally = contest(tmp_path / "contest", rounds, "a short one", targets, claim)
    assert not tally.wrong and tally.messages == tally.posts * len(targets)
