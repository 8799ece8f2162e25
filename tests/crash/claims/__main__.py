"""The long form: `python -m tests.crash.claims --rounds 50 --seed 1`.

Two daemons and, in every round, a one-shot in a fresh shallow checkout race for posts on one bare remote, and are
killed at random. With claims on a Mastodon server that ignores keys and on Bluesky; `--bluesky` without claims, on
Bluesky alone. Prints the figures, then all that broke the promise; ends with 1 if anything did.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.claims.contest import Tally, contest


def told(tally: Tally) -> str:
    """The figures for people to read."""
    by = ", ".join(f"{name} {count}" for name, count in sorted(tally.by.items()))
    return (
        f"{tally.rounds} rounds, {tally.kills} kills, {tally.posts} posts, {tally.messages} messages\n"
        f"{tally.doubles} doubles, {tally.lost} lost results; result commits: {by}\n"
        f"settled after {tally.settled_after:.1f} s, {tally.claims_left} claims left"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.claims", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--bluesky", action="store_true", help="without claims, on Bluesky alone")
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="contest-"))
    print(f"seed {asked.seed}; what was done is told in {home}", flush=True)
    began = time.monotonic()
    targets = ("bluesky",) if asked.bluesky else ("mastodon", "bluesky")
    tally = contest(home, asked.rounds, asked.seed, targets, claim=not asked.bluesky)
    print(told(tally), f"{time.monotonic() - began:.0f} s", *tally.wrong, sep="\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
