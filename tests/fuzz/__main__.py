"""`python -m tests.fuzz --inputs 1000000`: hostile inputs for everything that others can write, in process.

Prints a table of the surfaces, and each input that did what none may, with its number: `--only SURFACE NUMBER` works
on that one again. Ends with 1 if there was one, or if fewer than half of a surface's got past its first parser.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from random import Random, SystemRandom

from tests.fuzz import guard
from tests.fuzz.run import SURFACES, Batch, Tally, batches, worked_through

_TOLD = 20
_EVERY = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--seed", default="")
    parser.add_argument("--only", nargs=2, metavar=("SURFACE", "NUMBER"))
    asked = parser.parse_args(arguments)
    seed = asked.seed or f"{SystemRandom().getrandbits(32):08x}"
    print(f"seed {seed}", flush=True)
    if asked.only:
        return _again(asked.only[0], int(asked.only[1]), seed)
    begun = time.monotonic()
    tallies = [Tally() for _ in SURFACES]
    told = begun
    for number, tally in _worked(list(batches(asked.inputs, seed)), asked.processes):
        for wrong in tally.wrong[: max(0, _TOLD - sum(len(each.wrong) for each in tallies))]:
            print(wrong, flush=True)
        tallies[number].add(tally)
        if time.monotonic() - told > _EVERY:
            told = time.monotonic()
            print(f"{sum(each.inputs for each in tallies):,} inputs, {told - begun:.0f} s", flush=True)
    return _told(tallies, time.monotonic() - begun)


def _worked(parts: list[Batch], processes: int) -> Iterator[tuple[int, Tally]]:
    if processes <= 1:
        guard.install()
        yield from map(worked_through, parts)
        return
    with multiprocessing.get_context("fork").Pool(processes, guard.install) as pool:
        yield from pool.imap_unordered(worked_through, parts)


def _again(name: str, number: int, seed: str) -> int:
    guard.install()
    index = next(index for index, surface in enumerate(SURFACES) if surface.name == name)
    print(repr(SURFACES[index].make(Random(f"{seed}/{name}/{number}"))))
    _, tally = worked_through(Batch(index, number, 1, seed))
    print("\n".join(tally.wrong) or "nothing wrong", f"{tally.slowest * 1000:.1f} ms of CPU", sep="\n")
    return 1 if tally.wrong else 0


def _told(tallies: Sequence[Tally], seconds: float) -> int:
    heads = f"{'CPU s':>9}{'mean ms':>9}{'slowest ms':>12}{'wrong':>7}"
    print(f"\n{'surface':<28}{'inputs':>11}{'past the first parser':>25}{heads}")
    whole = Tally()
    for surface, tally in zip(SURFACES, tallies, strict=True):
        _row(surface.name, tally)
        whole.add(tally)
    _row("all", whole)
    print(f"{seconds:.0f} seconds")
    too_few = [surface.name for surface, tally in zip(SURFACES, tallies, strict=True) if tally.past * 2 < tally.inputs]
    for name in too_few:
        print(f"fewer than half of {name} got past the first parser")
    return 1 if whole.wrong or too_few else 0


def _row(name: str, tally: Tally) -> None:
    share = f"{tally.past:,} ({tally.past / max(1, tally.inputs):.0%})"
    mean = tally.seconds / max(1, tally.inputs) * 1000
    print(
        f"{name:<28}{tally.inputs:>11,}{share:>25}{tally.seconds:>9.0f}{mean:>9.2f}{tally.slowest * 1000:>12.0f}"
        f"{len(tally.wrong):>7}"
    )


if __name__ == "__main__":
    sys.exit(main())
