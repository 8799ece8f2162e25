"""What a network's module is given to compose: one part of one post, with all that it needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fedisched.compose.body import Link, Part, Person
from fedisched.compose.graphemes import count_graphemes, start_of_grapheme
from fedisched.compose.source import Source
from fedisched.compose.traced import Traced, Tracing
from fedisched.model.post import Post
from fedisched.model.problem import Mark, Problem
from fedisched.model.rendered import Attachment, Limits
from fedisched.model.settings import Account, Settings


@dataclass(frozen=True, slots=True)
class Draft:
    """One part on its way to one target. `number` counts from 1, of `total` parts."""

    source: Source
    part: Part
    number: int
    total: int
    target: str
    account: Account
    settings: Settings
    limits: Limits
    media: tuple[Attachment, ...]

    @property
    def post(self) -> Post:
        return self.source.post

    @property
    def name(self) -> str:
        """The part as a message calls it."""
        return f"part {self.number}" if self.total > 1 else "the post"

    def handle(self, person: Person) -> str:
        """The person's handle on this network without its leading `@`, empty if the config has none."""
        return self.settings.people[person.name].get(self.account.network, "").removeprefix("@")

    def text(self, add_link: Callable[[Tracing, Link], None], add_person: Callable[[Tracing, Person], None]) -> Traced:
        """The part's text, with links and people as the network writes them."""
        tracing = Tracing()
        for piece in self.part.pieces:
            match piece:
                case Link():
                    add_link(tracing, piece)
                case Person():
                    add_person(tracing, piece)
                case _:
                    start = len(tracing)
                    tracing.typed(piece.text, piece.offset)
                    if piece.plain:
                        tracing.mean(start, "plain")
        return tracing.done()

    def strangers(self) -> list[Problem]:
        """A warning for each person without a handle on this network: what is typed stays, and may name another."""
        network = self.account.network
        return [
            self.source.problem(
                piece.offset,
                "no-handle",
                f"{piece.name} has no handle on {network}, so @{piece.name} goes out as it is typed",
                f'Add {network} = "@…" under [people.{piece.name}] in the config, or leave out the @.',
                "warning",
            )
            for piece in self.part.pieces
            if isinstance(piece, Person) and not self.handle(piece)
        ]

    def too_long(self, counted: Traced, length: int, limit: int) -> list[Problem]:
        """The problem with a text that has more characters than the limit, where it crosses it."""
        if length <= limit:
            return []
        index = start_of_grapheme(counted.text, limit)
        return [self._too_long(counted.origins[index], f"{length - limit:,}", "character", f"{length:,} of {limit:,}")]

    def too_many_bytes(self, text: Traced, size: int, limit: int) -> list[Problem]:
        """The same for bytes of UTF-8."""
        if size <= limit:
            return []
        index = len(text.text.encode()[:limit].decode(errors="ignore"))
        return [self._too_long(text.origins[index], f"{size - limit:,}", "byte", f"{size:,} of {limit:,}")]

    def _too_long(self, origin: int, excess: str, unit: str, numbers: str) -> Problem:
        units = unit if excess == "1" else f"{unit}s"
        message = f"{self.name} is {excess} {units} too long for {self.target} ({numbers})"
        if origin < 0:
            return self.source.problem_at(self.post.mark("cw"), "cw-too-long", message, "Shorten the warning.")
        hint = "Shorten it, or start another part before this place with a line that is only ---."
        return self.source.problem(origin, "too-long", message, hint)

    def wrong(self, key: str, code: str, message: str, hint: str, warning: bool = False) -> Problem:
        """A problem with a front matter key."""
        mark: Mark = self.post.mark(key)
        return self.source.problem_at(mark, code, message, hint, "warning" if warning else "error")


def size_of(text: str) -> tuple[int, int]:
    """Characters as people see them, and bytes of UTF-8."""
    return count_graphemes(text), len(text.encode())
