"""A post: one Markdown file and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from fedisched.model.problem import Mark, Problem
from fedisched.model.results import DROPPED, FAILED, Result

Visibility = Literal["public", "unlisted", "private", "direct"]
Quotes = Literal["everyone", "followers", "nobody"]
"""Who may quote a post."""


class Status(StrEnum):
    """The word in a post's front matter. A file with a time and no status is scheduled; without a time, a draft."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Poll:
    """A question with answers to choose from, open for so many `seconds`."""

    options: tuple[str, ...]
    seconds: int
    multiple: bool = False
    hide_totals: bool = False


@dataclass(frozen=True, slots=True)
class Medium:
    """A file that a post attaches, by `media` or in its text; `at` is where it says so, `captions_at` where each of the
    captions is named. `file` and `captions` are paths from the post's own folder, as written. `focus` is `x,y`, each
    from -1 to 1, empty for the middle."""

    file: str
    alt: str
    at: Mark
    focus: str = ""
    captions: tuple[str, ...] = ()
    captions_at: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkCard:
    """What an author says of a post's link card. `url` is empty for the first link in the text. What is None comes from
    the page; an empty `description` or `image` is none at all. `image` is a path as typed, from the post's own folder.
    Without `wanted` there is no card."""

    url: str = ""
    title: str | None = None
    description: str | None = None
    image: str | None = None
    wanted: bool = True


class Run(NamedTuple):
    """From `start` in a text on, its characters stand one after the other from `place` in the file on; all of them at
    `place` itself, if it cannot be told where (`exact` is false)."""

    start: int
    place: Mark
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Post:
    """A post whose file could be read without an error.

    `path` is relative to the content folder, with `/`. `digest` is the sha-256 (hex) of the file's bytes as read.
    `time` is aware, in the zone the author wrote. `targets` are account names: groups are resolved and the config's
    default is filled in. `body` is the text after the front matter with every line break as `\\n`; its first line
    is line `body_line` of the file. `thread` says whether a part that is too long is split. `media` are
    files for its first part, before those that stand in its text. `marks` says where a front
    matter key's value stands (`time`, `targets`, `cw`), and of lists and blocks what is in them (`poll.options.2`).

    `reply_to` and `quote` name another post: the path of its file relative to the content folder, or an address.
    `variants` are the posts that targets get for which the file says something else, by account name; `body_runs` say
    where a text that stands in the front matter does, in order of place, the first one from its beginning.

    `tags` are without `#`. `replies` says who may reply: None for everyone, empty for nobody, else `mentioned`,
    `followers`, `following` and lists (an at-uri, or the address of a list in the app).
    """

    path: str
    digest: str
    status: Status
    time: datetime | None
    targets: tuple[str, ...]
    body: str
    body_line: int
    title: str = ""
    lang: str = ""
    visibility: Visibility | None = None
    cw: str = ""
    sensitive: bool | None = None
    labels: tuple[str, ...] = ()
    thread: Literal["auto"] | None = None
    media: tuple[Medium, ...] = ()
    link: LinkCard | None = None
    tags: tuple[str, ...] = ()
    poll: Poll | None = None
    replies: tuple[str, ...] | None = None
    quotes: Quotes | None = None
    reply_to: str = ""
    quote: str = ""
    variants: Mapping[str, Post] = field(default_factory=dict)
    body_runs: tuple[Run, ...] = ()
    results: Mapping[str, Result] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)

    def for_target(self, target: str) -> Post:
        """The post as this target gets it."""
        return self.variants.get(target, self)

    def mark(self, place: str) -> Mark:
        """Where the value of a front matter key stands, or something inside it (`poll.options.2`), or else what that
        would be in; the file's first line if the key is not there."""
        while place and place not in self.marks:
            place = place.rpartition(".")[0]
        return self.marks.get(place, Mark(1, 1))


@dataclass(frozen=True, slots=True)
class Partial:
    """A post with errors, as far as it could be read: enough to look for more of them, and never to be sent. `doubtful`
    are the keys that it may lack, or have otherwise than it was meant; under the empty name, any of them."""

    post: Post
    doubtful: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a post's file: a post unless there is an error among the problems."""

    path: str
    digest: str
    post: Post | None
    problems: tuple[Problem, ...]
    partial: Partial | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a file's `results` say about one target: the key, the ids or uris of its parts on the network, where a
    person sees it, and whether it is `held`, `failed` or `dropped` (empty: none of these)."""

    target: str
    key: str
    ids: tuple[str, ...]
    published: bool
    url: str = ""
    stands: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nothing says that it is settled or has failed: in a file that is held, this is what is held."""
        return not self.published and self.stands not in (FAILED, DROPPED)


class Need(NamedTuple):
    """A target for which a post answers or quotes another one, and the path of that one's file."""

    target: str
    path: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the schedule and the index need of a file, and nothing more: 10,000 of them must be cheap.

    `due` is the due moment in microseconds since 1970-01-01 UTC, None for a post without a time. `time` is the same
    moment as RFC 3339 text with the author's offset. `targets` are the names as written (None: the key is left
    out); groups are resolved by whoever asks, since the config may change without the file. `problem` is the first
    error: such an entry is broken, and its other fields may be empty. `needs` are the posts that have to be published
    first. `longest` is how long it can be at most, as any network counts it; None where only the whole post tells
    whether it can be sent.
    """

    path: str
    digest: str
    status: Status
    due: int | None
    time: str
    targets: tuple[str, ...] | None
    title: str = ""
    claims: tuple[Claim, ...] = ()
    problem: Problem | None = None
    needs: tuple[Need, ...] = ()
    longest: int | None = None
