"""Working through the inputs of all surfaces, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.fuzz import answers, files, guard
from tests.fuzz.surface import Surface, place

SURFACES: Sequence[Surface] = (
    files.FRONT_MATTER,
    files.BODIES,
    files.CONFIG,
    files.NAMES,
    answers.MASTODON,
    answers.BLUESKY,
    answers.INSTANCE,
    answers.PAGES,
)
BATCH = 1000


@dataclass(slots=True)
class Tally:
    """What came of a surface's inputs; `seconds` of CPU in all, `slowest` of one input."""

    inputs: int = 0
    past: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_was: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.inputs += other.inputs
        self.past += other.past
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_was = other.slowest, other.slowest_was
        self.wrong += other.wrong


@dataclass(frozen=True, slots=True)
class Batch:
    """Some inputs of one surface: those numbered from `first` on."""

    surface: int
    first: int
    count: int
    seed: str


def batches(inputs: int, seed: str) -> Iterator[Batch]:
    """The whole run, a batch of each surface in turn, so that an early end has seen them all."""
    whole = sum(surface.share for surface in SURFACES)
    left = [inputs * surface.share // whole for surface in SURFACES]
    left[0] += inputs - sum(left)
    done = [0] * len(left)
    while any(left):
        for number in range(len(left)):
            if count := min(BATCH, left[number]):
                yield Batch(number, done[number], count, seed)
                done[number] += count
                left[number] -= count


def worked_through(batch: Batch) -> tuple[int, Tally]:
    """Work through a batch in this process."""
    surface = SURFACES[batch.surface]
    tally = Tally()
    with place() as where:
        for number in range(batch.first, batch.first + batch.count):
            made = surface.make(Random(f"{batch.seed}/{surface.name}/{number}"))

            def run(made: object = made) -> bool:
                return surface.run(made, where)

            past, took, wrong = guard.tried(run, str(where.root), surface.readable(where))
            tally.inputs += 1
            tally.past += past
            tally.seconds += took
            if took > tally.slowest:
                tally.slowest, tally.slowest_was = took, number
            if wrong:
                tally.wrong.append(f"{surface.name} {number}: {made!r:.2000}\n{wrong}")
    return batch.surface, tally
