"""What a network's module is given to compose: one part of one post, with all that it needs to know."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from fedisched.compose.body import Link, Part, Person
from fedisched.compose.graphemes import count_graphemes, start_of_grapheme
from fedisched.compose.source import Source
from fedisched.compose.traced import Traced, Tracing
from fedisched.model.post import Post
from fedisched.model.problem import Mark, Problem
from fedisched.model.rendered import Attachment, Limits, RenderedPart
from fedisched.model.settings import Account, Settings

_BLUESKY_PAGE = re.compile(r"https?://[^/]+/profile/[^/]+/post/[^/?#]+/?(?:[?#].*)?")


def is_bluesky_page(address: str) -> bool:
    """Whether this is the address of a post in an app for Bluesky, whichever app."""
    return _BLUESKY_PAGE.fullmatch(address) is not None


class Overrun(NamedTuple):
    """A text longer than a limit: `origin` is where in the body it crosses the limit, `NOWHERE` where that is in what
    is put before the text."""

    origin: int
    length: int
    limit: int
    unit: str


class Composed(NamedTuple):
    """What came of composing a part: `text` is what is sent, with its meanings and where all of it came from.
    `mentions` are the handles that only the network knows, and where in the body they stand."""

    part: RenderedPart
    text: Traced
    overruns: tuple[Overrun, ...]
    problems: tuple[Problem, ...]
    mentions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """One part on its way to one target. `number` counts from 1, of `total` parts. `tail` is what is put under its
    text: the number of a part in a thread. `captions` are its video's."""

    source: Source
    part: Part
    number: int
    total: int
    target: str
    account: Account
    settings: Settings
    limits: Limits
    media: tuple[Attachment, ...] = ()
    tail: str = ""
    captions: tuple[Attachment, ...] = ()

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

    def too_long(self, overrun: Overrun) -> Problem:
        """The problem with a text that is too long, where it crosses the limit."""
        excess = overrun.length - overrun.limit
        units = overrun.unit if excess == 1 else f"{overrun.unit}s"
        numbers = f"{overrun.length:,} of {overrun.limit:,}"
        message = f"{self.name} is {excess:,} {units} too long for {self.target} ({numbers})"
        if overrun.origin < 0:
            return self.source.problem_at(self.post.mark("cw"), "cw-too-long", message, "Shorten the warning.")
        if self.post.thread:
            hint = "Shorten it: a link, a mention or a tag is never split."
        else:
            hint = "Shorten it, start another part before this place with a line that is only ---, or add thread: auto."
        return self.source.problem(overrun.origin, "too-long", message, hint)

    def cannot(self, key: str, code: str, message: str) -> Problem:
        """A problem with a key for which this network has nothing, with the ways out."""
        return self.wrong(key, code, message, self.ways_out(key))

    def ways_out(self, key: str) -> str:
        """What to write where a target is to get a post without one of its keys."""
        if len(self.post.targets) < 2:
            return f"Take `{key}` out."
        alone = f'`override: {{{self.target}: {{{key}: ""}}}}`'
        return f"Take {self.target} out of targets, or let it have none: {alone}."

    def elsewhere(self, key: str, message: str) -> Problem:
        """A problem with a post that is named by an address on another network."""
        hint = f"Name one for each network: `{key}: {{mastodon: …, bluesky: …}}`; the one that is left out has none."
        return self.wrong(key, "other-network", message, hint)

    def wrong(self, key: str, code: str, message: str, hint: str, warning: bool = False) -> Problem:
        """A problem with a front matter key."""
        mark: Mark = self.post.mark(key)
        return self.source.problem_at(mark, code, message, hint, "warning" if warning else "error")


def overrun_in_characters(text: Traced, length: int, limit: int, tail: str) -> list[Overrun]:
    """Whether a text of so many characters, as people see them, is too long. What its tail takes is never left to
    it."""
    if length <= limit:
        return []
    index = start_of_grapheme(text.text, max(0, limit - count_graphemes(tail)))
    return [Overrun(text.origins[index], length, limit, "character")]


def overrun_in_code_points(text: Traced, limit: int, tail: str) -> list[Overrun]:
    """The same for code points."""
    length = len(text.text)
    return [Overrun(text.origins[max(0, limit - len(tail))], length, limit, "code point")] if length > limit else []


def overrun_in_bytes(text: Traced, size: int, limit: int, tail: str) -> list[Overrun]:
    """The same for bytes of UTF-8."""
    if size <= limit:
        return []
    index = len(text.text.encode()[: max(0, limit - len(tail.encode()))].decode(errors="ignore"))
    return [Overrun(text.origins[index], size, limit, "byte")]


def size_of(text: str) -> tuple[int, int]:
    """Characters as people see them, and bytes of UTF-8."""
    return count_graphemes(text), len(text.encode())
