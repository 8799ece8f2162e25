"""The link cards of a Bluesky post while it is prepared: each made once, its picture uploaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fedisched.model.errors import FileChanged, MediaUnfit
from fedisched.model.network import ReadMedia, Task
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.rendered import Attachment, Card, Pending, Rendered
from fedisched.networks.cards import WITHIN, Cards, Made, NoCard, known_of
from fedisched.networks.cards_ahead import CardsAhead
from fedisched.networks.safe_fetch import Fetched, NotFetched

Upload = Callable[[str, Attachment, bytes], "str | NotSent | Refused"]
"""Uploads for a delivery's key; the blob as JSON if that went well."""


class PreparedCards:
    """What a network's module needs of cards. Used by one thread; pages are asked by others too."""

    def __init__(self, cards: Cards, upload: Upload) -> None:
        self._cards = cards
        self._upload = upload
        # Of one delivery at a time: if its preparation is done again, a page that answered is not asked again.
        self._made: tuple[str, dict[Card, Made | NoCard]] = ("", {})
        # A server that took all the time there is gets no second chance to make the next post late.
        self._slow: set[str] = set()
        self._ahead = CardsAhead(self._make_now, cards.now)

    def begin(self, posts: Iterable[Rendered], read_media: ReadMedia) -> None:
        """Begin with the cards of posts that are prepared soon, as far as their pages have something to add."""
        if self._cards.fetch is None:
            return
        for card in (part.card for post in posts for part in post.parts if part.card is not None):
            if not card.is_known:
                self._ahead.begin(card, _given_thumb(card, read_media))

    def prepare(self, task: Task, read_media: ReadMedia) -> tuple[dict[Pending, Any], str] | NotSent | Refused:
        """What stands for the values that wait for the task's cards, and what is to be said of what is missing. A card
        that cannot be made is not in it; only an account that cannot be used is an outcome."""
        known: dict[Pending, Any] = {}
        remarks: list[str] = []
        done = {part.number for part in task.done}
        for number, part in enumerate(task.rendered.parts, start=1):
            if part.card is None or number in done:
                continue
            made = self._make(task.key, part.card, read_media)
            remarks.append(made.remark)
            if isinstance(made, NoCard):
                continue
            blob = self._blob(task.key, part.card, made)
            if isinstance(blob, NotSent | Refused) and blob.account:
                return blob
            if isinstance(blob, NotSent | Refused):
                remarks.append(f"the card of {part.card.url} has no picture: {blob.reason}")
            known |= known_of(part.card, made, blob if isinstance(blob, dict) else None)
        return known, "; ".join(filter(None, remarks))

    def _make(self, key: str, card: Card, read_media: ReadMedia) -> Made | NoCard:
        if self._made[0] != key:
            self._made = (key, {})
        made = self._made[1].get(card) or self._ahead.take(card) or self._make_now(card, _given_thumb(card, read_media))
        if not made.remark:
            self._made[1][card] = made
        return made

    def _make_now(self, card: Card, thumb: bytes | None) -> Made | NoCard:
        host, began = urlsplit(card.url).netloc, self._cards.now()
        if host in self._slow:
            return replace(self._cards, fetch=_not_again).make(card, thumb)
        made = self._cards.make(card, thumb)
        if self._cards.now() - began >= WITHIN:
            self._slow.add(host)
        return made

    def _blob(self, key: str, card: Card, made: Made) -> dict[str, Any] | NotSent | Refused | None:
        """The picture as the server keeps it; None where there is none."""
        if made.thumb is None:
            return None
        picture = Attachment(card.thumb.path if card.thumb else card.url, "", "image/jpeg", len(made.thumb))
        uploaded = self._upload(key, picture, made.thumb)
        if isinstance(uploaded, NotSent | Refused):
            return uploaded
        blob: dict[str, Any] = json.loads(uploaded)
        return blob


def _not_again(
    url: str, most: int, until: float, accept: str, enough: Callable[[bytes], bool] | None = None
) -> Fetched:
    raise NotFetched("its server took too long for another one")


def _given_thumb(card: Card, read_media: ReadMedia) -> bytes | None:
    """The bytes of the author's own picture; of one that is no longer there, or cannot be
    read, none."""
    try:
        return read_media(card.thumb) if card.thumb else None
    except (FileChanged, MediaUnfit):
        return None
