"""The long form: `python -m tests.crash.process --kills 500 --seed 1`.

Every kind of server is besieged at the same time, each with a content folder and a daemon of its own. Prints a table,
then all that broke the promise; ends with 1 if anything did. `--without RULE` takes a rule out of the publishers: the
suite has to fail then. The seed draws what is done, not how fast the machine is: a second run is like the first one,
not the same.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.process.places import KINDS
from tests.crash.process.reckoning import Tally, reckon
from tests.crash.process.siege import Siege
from tests.crash.process.without import RULES


def besiege(kind: str, home: Path, kills: int, seed: str, without: str = "") -> Tally:
    """One siege of one kind of server, from its start to its reckoning."""
    with KINDS[kind](home / "server") as place:
        siege = Siege(home, place, f"{seed} {kind}", without)
        try:
            siege.attack(kills)
            return reckon(siege)
        finally:
            siege.leave()


def table(tallies: Sequence[Tally]) -> str:
    """The tallies for people to read."""
    rows = [
        f"{'keys':8} {'lives':>6} {'kills':>6} {'at a post':>9} {'mid-send':>8} {'posts':>6} {'deliveries':>10} "
        f"{'messages':>8} {'doubles':>7} {'lost':>5} {'held':>12} {'settled after':>13}"
    ]
    for t in tallies:
        held = f"{t.held} ({t.held / max(t.deliveries, 1):.1%})"
        rows.append(
            f"{t.kind:8} {t.lives:6} {t.kills:6} {t.at_a_post:9} {t.mid_send:8} {t.posts:6} {t.deliveries:10} "
            f"{t.messages:8} {t.doubles:7} {t.lost:5} {held:>12} {t.settled_after:11.1f} s"
        )
    return "\n".join(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.process", description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="how many processes are killed, of all kinds together")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--kinds", default=",".join(KINDS), help="which servers, with commas between them")
    parser.add_argument("--without", default="", choices=["", *RULES], help="a rule that is taken out")
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    kinds = asked.kinds.split(",")
    home = Path(tempfile.mkdtemp(prefix="siege-"))
    print(f"seed {asked.seed}, {asked.kills} kills; what was done is told in {home}", flush=True)
    began = time.monotonic()
    with ThreadPoolExecutor(len(kinds)) as pool:
        each = -(-asked.kills // len(kinds))
        under_way = [
            pool.submit(besiege, kind, home / kind, each, asked.seed, asked.without) for kind in dict.fromkeys(kinds)
        ]
        # A server that could not be started costs its own siege, not what the others found.
        broken = [error for one in under_way if (error := one.exception()) is not None]
        tallies = [one.result() for one in under_way if one.exception() is None]
    print(table(tallies))
    print(f"{time.monotonic() - began:.0f} s")
    for tally in tallies:
        for words in tally.wrong:
            print(f"{tally.kind}: {words}")
    for error in broken:
        print(f"not seen to its end: {error}")
    return 1 if broken or any(tally.wrong for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
