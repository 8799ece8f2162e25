"""The long form of the crash suite: `python -m tests.crash --lives 20000 --seed 1`, or `--without RULE`.

Lives every port's cut, every fault at every request, and as many pairs as it takes; prints a table and each life that
went wrong, with the script that lives it again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import chain, islice

from tests.crash import scripts
from tests.crash.life import Lived, Script, live
from tests.crash.without import RULES, without


def all_lives(seed: int) -> Iterator[Script]:
    """Everything once, then pairs for ever."""
    return chain(
        scripts.one_cut_each(),
        scripts.one_strike_each(),
        scripts.late_landings(),
        scripts.cut_while_sending(),
        scripts.beyond(),
        scripts.pairs(seed),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--lives", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--without", choices=sorted(RULES), metavar="RULE", help="take a rule out; see without.py")
    chosen = parser.parse_args()
    sys.stdout.write(f"seed {chosen.seed}\n")
    table: dict[str, Counter[str]] = {}
    began = time.monotonic()
    with ProcessPoolExecutor(chosen.processes) as pool:
        lives = islice(all_lives(chosen.seed), chosen.lives)
        for number, lived in enumerate(_lived(pool, lives, chosen.without), start=1):
            _count(table.setdefault(lived.script.server, Counter()), lived)
            if lived.wrong:
                sys.stdout.write(f"WRONG {lived.wrong}\n  {lived.trail}\n  {lived.script}\n")
            if number % 1000 == 0:
                sys.stdout.write(f"{number} lives after {time.monotonic() - began:.0f} s\n")
                sys.stdout.flush()
    sys.stdout.write(_as_text(table))
    return int(any(counts["wrong"] for counts in table.values()))


def _lived(pool: ProcessPoolExecutor, lives: Iterable[Script], rule: str | None) -> Iterator[Lived]:
    """In batches, so that as little as possible waits for its turn."""
    left = iter(lives)
    batches: Iterator[list[Script]] = iter(lambda: list(islice(left, 50)), [])
    for batch in pool.map(partial(_live_all, rule), batches):
        yield from batch


def _live_all(rule: str | None, batch: list[Script]) -> list[Lived]:
    with without(rule) if rule else nullcontext():
        return [live(script) for script in batch]


def _count(counts: Counter[str], lived: Lived) -> None:
    counts["lives"] += 1
    counts["cuts"] += lived.cuts
    counts["strikes"] += len(lived.script.strikes)
    counts["wrong"] += bool(lived.wrong)
    for name in ("deliveries", "published", "held", "held_on_bluesky", "doubles", "lost"):
        counts[name] += getattr(lived, name)
    counts["longest"] = max(counts["longest"], int(lived.rested_after))


def _as_text(table: dict[str, Counter[str]]) -> str:
    names = [
        "lives",
        "cuts",
        "strikes",
        "deliveries",
        "published",
        "held",
        "held_on_bluesky",
        "doubles",
        "lost",
        "wrong",
    ]
    total: Counter[str] = Counter()
    for counts in table.values():
        total.update(counts)
    total["longest"] = max((counts["longest"] for counts in table.values()), default=0)
    lines = [f"| idempotency keys | {' | '.join(names)} | longest, s |", "|---" * (len(names) + 2) + "|"]
    for server, counts in [*sorted(table.items()), ("all", total)]:
        lines.append(f"| {server} | {' | '.join(str(counts[name]) for name in names)} | {counts['longest']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
