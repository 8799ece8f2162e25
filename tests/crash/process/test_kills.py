"""The short form: the real daemon and its publishers killed some dozens of times, and each post published once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.process.__main__ import besiege, table
from tests.crash.process.places import KINDS
from tests.crash.process.reckoning import Tally, reckon
from tests.crash.process.relay import Phase
from tests.crash.process.siege import Siege, Whom
from tests.networks.pds.server import Unavailable

SEED = "20261125"
KILLS = 6

PATIENT = pytest.mark.timeout(600)
"""On a busy machine posts are overdue when a daemon is up again, and a server that ignores keys is waited for."""


def assert_kept(*tallies: Tally) -> None:
    """Nothing broke the promise, and there was something to break it."""
    print(f"seed {SEED}\n{table(tallies)}")
    assert not [words for tally in tallies for words in tally.wrong]
    assert all(tally.kills >= KILLS and tally.messages >= tally.deliveries - tally.held > 0 for tally in tallies)


@PATIENT
def test_killed_before_sandboxes_that_remember_keys_and_that_ignore_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        tallies = pool.map(lambda kind: besiege(kind, tmp_path / kind, KILLS, SEED), ("hour", "ignored"))
    assert_kept(*tallies)


@pytest.mark.pds
@pytest.mark.timeout(1200)
def test_killed_before_a_real_pds(tmp_path: Path) -> None:
    try:
        tally = besiege("pds", tmp_path, KILLS, SEED)
    except Unavailable as reason:
        pytest.fail(str(reason), pytrace=False)
    assert_kept(tally)


def killed_after_mastodon_said_yes(home: Path, without: str) -> Tally:
    with KINDS["ignored"](home / "server") as place:
        # What was published twice is, without the rule, asked about for ever.
        siege = Siege(home, place, SEED, without, patience=12.0)
        try:
            for _ in range(2):
                siege.write_posts()
                siege.start()
                siege.strike_at_a_post(Whom.PUBLISHER, Phase.ANSWERED, network="mastodon")
            return reckon(siege)
        finally:
            siege.leave()


@PATIENT
def test_without_the_look_up_it_fails(tmp_path: Path) -> None:
    tally = killed_after_mastodon_said_yes(tmp_path, without="look-up")
    assert tally.doubles and any(words.startswith("twice: ") for words in tally.wrong), tally
