"""The link card: which link of a post gets one, on which part, and as much of it as is known before the page is asked.

Bluesky shows what the post brings along; a Mastodon server makes cards by itself, from the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fedisched.compose.media import Attacher, Shows
from fedisched.compose.media.attach import MOST_BYTES
from fedisched.model.post import LinkCard, Medium
from fedisched.model.problem import Problem
from fedisched.model.rendered import Attachment, Body, Card, Pending, RenderedPart

EXTERNAL = "app.bsky.embed.external"

_OF_NO_MATTER = frozenset({"wrong-extension", "stands-still", "too-narrow"})
"""What is a problem with a picture in the text and none with a card's: it is drawn anew in any case."""
_OF_FILMS = frozenset({"needs-ffmpeg", "no-sounds", "video-too-large"})
_PICTURES = Shows(images=frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"}), videos=frozenset())


@dataclass(frozen=True, slots=True)
class CardPlacer:
    """Gives one part of a post its card. `attacher` finds the file of a card's picture."""

    attacher: Attacher
    target: str

    def place(self, parts: Sequence[RenderedPart]) -> tuple[tuple[RenderedPart, ...], list[Problem]]:
        """The parts again, one of them with a card if there is a link for it and room."""
        wish = self.attacher.source.post.link or LinkCard()
        if not wish.wanted:
            return tuple(parts), []
        if self.attacher.network != "bluesky":
            return tuple(parts), self._not_in_the_text(wish, parts)
        index = _place_of(wish.url, parts)
        url = wish.url or ("" if index is None else _links(parts[index])[0])
        if index is None or not url:
            return tuple(parts), self._no_place(wish, parts)
        thumb, problems = self._thumb(wish)
        card = Card(url, wish.title, wish.description, thumb, with_thumb=wish.image != "")
        placed = replace(parts[index], card=card, body=_with_embed(parts[index], card))
        return (*parts[:index], placed, *parts[index + 1 :]), problems

    def _not_in_the_text(self, wish: LinkCard, parts: Sequence[RenderedPart]) -> list[Problem]:
        if not wish.url or any(wish.url in part.text for part in parts):
            return []
        message = f"{self.target} makes its card of a link in the text, and {wish.url} is not there"
        return [self._problem("link-not-in-text", message, "Put the link into the text, too.", "link.url", True)]

    def _no_place(self, wish: LinkCard, parts: Sequence[RenderedPart]) -> list[Problem]:
        """Nobody asked for a card that is made of any link that comes along; one that was asked for is not left out in
        silence."""
        if self.attacher.source.post.link is None:
            return []
        if not wish.url and not any(map(_links, parts)):
            message, hint = "there is no link in the text that could get the card", "Write the card's `url` in `link`."
            return [self._problem("no-link", message, hint)]
        message = f"{self.target} shows pictures or a card in one part, and not both"
        hint = "Put the pictures into a part of their own, after a line that is only ---, or write `link: false`."
        return [self._problem("no-place-for-card", message, hint)]

    def _thumb(self, wish: LinkCard) -> tuple[Attachment | None, list[Problem]]:
        if not wish.image:
            return None, []
        # It is made to fit when the card is made: here it only has to be a picture.
        limits = replace(self.attacher.limits, image_bytes=MOST_BYTES, image_side=None, types=())
        attacher = replace(self.attacher, limits=limits, shows=_PICTURES, alt_required=False)
        at = self.attacher.source.post.mark("link.image")
        attachment, found = attacher.attach(Medium(wish.image, "", at))
        if (attachment and not attachment.mime.startswith("image/")) or any(p.code in _OF_FILMS for p in found):
            hint = "Name a PNG, JPEG, GIF, WebP, AVIF or HEIC file in `image`."
            return None, [self._problem("unknown-image", f"{wish.image} is no picture", hint, place="link.image")]
        return attachment, [problem for problem in found if problem.code not in _OF_NO_MATTER]

    def _problem(self, code: str, message: str, hint: str, place: str = "link", warning: bool = False) -> Problem:
        source = self.attacher.source
        return source.problem_at(source.post.mark(place), code, message, hint, "warning" if warning else "error")


def _place_of(url: str, parts: Sequence[RenderedPart]) -> int | None:
    """The part that the card goes to: the first with the link among those with room, for a part has either pictures, a
    quoted post or a card. A link that is in no text goes to the first with room."""
    room = [index for index, part in enumerate(parts) if "embed" not in part.body]
    for index in room:
        if url in _links(parts[index]) or (not url and _links(parts[index])):
            return index
    return room[0] if url and room else None


def _links(part: RenderedPart) -> list[str]:
    return [facet.value for facet in part.facets if facet.kind == "link"]


def _with_embed(part: RenderedPart, card: Card) -> dict[str, Body]:
    """The record with its card (app.bsky.embed.external); what the page has to tell is pending."""
    external: dict[str, Body] = {
        "uri": card.url,
        "title": Pending("title", card.url) if card.title is None else card.title,
        "description": Pending("description", card.url) if card.description is None else card.description,
    }
    if card.with_thumb:
        external["thumb"] = Pending("thumb", card.thumb.path if card.thumb else card.url)
    return {**part.body, "embed": {"$type": EXTERNAL, "external": external}}
