"""What a target would get: the whole message, but for what cannot be known offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from fedisched.model.problem import Mark, Problem

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


PendingWhat = Literal[
    "did",
    "blob",
    "media",
    "created_at",
    "root",
    "parent",
    "in_reply_to_id",
    "title",
    "description",
    "thumb",
    "uri",
    "list",
    "quoted",
    "quoted_status_id",
]


Counting = Literal["discounted", "graphemes", "code points"]
"""How a server counts: characters as people see them with addresses and mentions at a discount (Mastodon), the same
without (Pleroma, Akkoma), or code points (GoToSocial, which advertises a discount and gives none)."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that only the network can tell, or only the moment of sending.

    `of` says which: the handle for a `did`, the number of the part's file (from 1) for a `blob` (Bluesky) or
    `media` (Mastodon: its id). `root` and `parent` are Bluesky's reply references, `in_reply_to_id` Mastodon's; of a
    post that answers another one `of` names that: the path of its file, or an address. So do `quoted` (Bluesky's
    reference) and `quoted_status_id` (Mastodon). `uri` is the part's own, `list` that of the list at an address.
    `title`, `description` and `thumb` are a link card's, `of` the page or file that they come from.
    """

    what: PendingWhat
    of: str = ""

    def __str__(self) -> str:
        words = self.what.replace("_", " ")
        return f"{words} of {self.of}" if self.of else words


# A record or form as far as it is known: JSON with `Pending` in the places the network adapter fills in.
Body: TypeAlias = "bool | int | float | str | Pending | Sequence[Body] | Mapping[str, Body] | None"


@dataclass(frozen=True, slots=True)
class Facet:
    """Rich text on Bluesky. `start` is inclusive, `end` exclusive, in bytes of the UTF-8 text."""

    start: int
    end: int
    kind: Literal["link", "mention", "tag"]
    value: str


Making = Literal["", "image", "video"]
"""What becomes of a file before it is sent: it goes out as it is but for its metadata, or it is drawn anew as a
picture, or made into a video."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image, video or sound of a part, or a video's captions. `path` is relative to the content folder.

    `mime`, `width` and `height` (in pixels, 0 where they could not be told) are those of what is sent, and so is
    `size` in bytes where it is not made anew; of what is, `size` is that of the file as it lies there. `focus` is the
    place that matters, as Mastodon takes it: `x,y`, each from -1 to 1. Of captions, `alt` is their language.

    `making` is what becomes of the file, `most` how many bytes may come of it (0: as many as like to), `source` tells
    the file that was composed from what may lie there later, and `source_size` is its size in bytes.
    """

    path: str
    alt: str
    mime: str
    size: int
    width: int = 0
    height: int = 0
    focus: str = ""
    making: Making = ""
    most: int = 0
    source: str = ""
    source_size: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """A link card: the page at `url`, shown below the text. `title`, `description` and `thumb` are what the author
    gave; what is None comes from the page itself. Without `with_thumb` there is to be no picture."""

    url: str
    title: str | None = None
    description: str | None = None
    thumb: Attachment | None = None
    with_thumb: bool = True

    @property
    def is_known(self) -> bool:
        """Whether the page has nothing to add."""
        has_thumb = self.thumb is not None or not self.with_thumb
        return self.title is not None and self.description is not None and has_thumb


@dataclass(frozen=True, slots=True)
class RenderedPart:
    """One part for one target. `length` and `limit` count as the network counts; `bytes` (UTF-8) is None where the
    network does not count bytes. `body` is the record (Bluesky) or the form (Mastodon). `line` and `column` say where
    the part's text begins in the file, from 1. `captions` are those of its video; their uploads are numbered after the
    media's. `gates` are the records that go along with it under its key (Bluesky): who may reply, who may quote."""

    text: str
    length: int
    limit: int
    body: Mapping[str, Body]
    bytes: int | None = None
    facets: tuple[Facet, ...] = ()
    media: tuple[Attachment, ...] = ()
    line: int = 1
    column: int = 1
    captions: tuple[Attachment, ...] = ()
    card: Card | None = None
    gates: tuple[Mapping[str, Body], ...] = ()

    @property
    def files(self) -> tuple[Attachment, ...]:
        """Everything to upload, in order: the media, then the captions."""
        return self.media + self.captions


@dataclass(frozen=True, slots=True)
class Rendered:
    """One post for one target, in parts. What is shown by `render` is what is sent."""

    path: str
    target: str
    network: str
    parts: tuple[RenderedPart, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The posts of the same folder that it answers or quotes, by the paths of their files."""
        waiting = (pending.of for part in self.parts for pending in _pending_in(part.body))
        named = (name for name in waiting if name and not name.startswith(("http://", "https://", "at://")))
        return tuple(dict.fromkeys(named))


def _pending_in(value: Body) -> Iterator[Pending]:
    """The references to other posts in a body."""
    match value:
        case Pending(what="root" | "parent" | "in_reply_to_id" | "quoted" | "quoted_status_id"):
            yield value
        case Mapping():
            for item in value.values():
                yield from _pending_in(item)
        case _:
            pass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows. `source` says whether the server told it or these are the network's defaults.

    `characters` and `bytes` are of one part, `media` is how many attachments a part takes, `image_bytes` how large
    an image may be, `alt_characters` how long its description (None: as long as it likes). `image_pixels` and
    `image_side` are how many pixels an image may have, and along its longer side; `video_bytes` and `video_pixels` the
    same for videos and sounds (None: as many as it likes). `types` are the MIME types that the server takes, empty
    where it does not tell. `counting` is how the server counts. `visibility` is what a post gets that says nothing of
    it, empty where that is not known.

    A poll has at most `poll_options` of `poll_characters` each, and lasts from `poll_shortest` to `poll_longest`
    seconds. `quotes` says whether the server knows quotes.
    """

    characters: int
    media: int
    source: Literal["server", "default"] = "default"
    bytes: int | None = None
    characters_per_url: int = 23
    image_bytes: int = 16 * 1024 * 1024
    alt_characters: int | None = None
    counting: Counting = "discounted"
    visibility: str = ""
    image_pixels: int | None = None
    image_side: int | None = None
    video_bytes: int = 103_809_024
    video_pixels: int | None = None
    types: tuple[str, ...] = ()
    poll_options: int = 4
    poll_characters: int = 50
    poll_shortest: int = 300
    poll_longest: int = 2_629_746
    quotes: bool = True


class Mention(NamedTuple):
    """A handle that stands in a post, without its `@`, and where."""

    handle: str
    at: Mark


@dataclass(frozen=True, slots=True)
class Rendering:
    """What came of composing a post for a target; `rendered` may be there beside problems (a part too long still
    has a text and a length), but is only sent if no problem is an error. `limits` is what it was held against,
    `mentions` are the handles that only the network knows."""

    rendered: Rendered
    problems: tuple[Problem, ...] = ()
    limits: Limits | None = None
    mentions: tuple[Mention, ...] = ()

    @property
    def can_be_sent(self) -> bool:
        return not any(problem.is_error for problem in self.problems)
