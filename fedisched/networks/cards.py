"""Link cards for Bluesky: what the author gave, and what the page says of itself.

Made while a post is prepared, never at its moment. What cannot be had is left out and said: a card never keeps a post
from going out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fedisched.model.rendered import Card, Pending
from fedisched.networks.page import Page, has_said_enough, read_page
from fedisched.networks.safe_fetch import Fetch, Fetched, NotFetched, SafeFetch
from fedisched.networks.thumb import fit_thumb

WITHIN = 6.0
"""Seconds for a card: page, picture, and all redirects. Preparations are begun ten seconds ahead at least."""
MOST_OF_A_PAGE = 1024 * 1024
MOST_OF_A_PICTURE = 5 * 1024 * 1024

_PAGES = frozenset({"text/html", "application/xhtml+xml", ""})
_PAGE, _PICTURE = "text/html,application/xhtml+xml", "image/*"


@dataclass(frozen=True, slots=True)
class Made:
    """A card that is ready: `thumb` is a JPEG, None for no picture. `remark` says what is missing that was wanted, as a
    sentence without its full stop; empty if nothing is."""

    title: str
    description: str
    thumb: bytes | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class NoCard:
    """There can be no card. `remark` as above, empty where nobody would expect one."""

    remark: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """Makes cards. Without `fetch` no page is asked, and only what the author gave makes one."""

    fetch: Fetch | None
    now: Callable[[], float] = time.monotonic

    def make(self, card: Card, given_thumb: bytes | None = None) -> Made | NoCard:
        """A card from what the author gave (`given_thumb` are the bytes of `card.thumb`) and from its page."""
        until = self.now() + WITHIN
        page, remark = Page("", "", ()), ""
        if not card.is_known:
            try:
                page = self._page(card.url, until)
            except NotFetched as why:
                remark = f"the page at {card.url} gave nothing for its card: {why}" if self.fetch else ""
        title = page.title if card.title is None else card.title
        if not title:
            return NoCard(remark or (f"the page at {card.url} has no title, so there is no card" if self.fetch else ""))
        description = page.description if card.description is None else card.description
        thumb, missing = self._thumb(card, given_thumb, page, until)
        return Made(title, description, thumb, remark or missing)

    def _page(self, url: str, until: float) -> Page:
        found = self._fetched(url, MOST_OF_A_PAGE, until, _PAGE, has_said_enough)
        if found.mime not in _PAGES:
            raise NotFetched(f"it is no page but {found.mime}")
        return read_page(found.body, found.charset, found.url)

    def _thumb(self, card: Card, given: bytes | None, page: Page, until: float) -> tuple[bytes | None, str]:
        """The picture, and what is wrong with it if it was given or the page has one."""
        if card.thumb is not None:
            thumb = fit_thumb(given or b"")
            return thumb, "" if thumb else f"{card.thumb.path} cannot be read as a picture, so the card has none"
        why = ""
        for image in page.images if card.with_thumb else ():
            try:
                found = self._fetched(image, MOST_OF_A_PICTURE, until, _PICTURE, None)
            except NotFetched as error:
                why = str(error)
                continue
            if found.whole and (thumb := fit_thumb(found.body)):
                return thumb, ""
            why = "it is too large" if not found.whole else "it cannot be read as a picture"
        return None, f"the card of {card.url} has no picture: {why}" if why else ""

    def _fetched(
        self, url: str, most: int, until: float, accept: str, enough: Callable[[bytes], bool] | None
    ) -> Fetched:
        if self.fetch is None:
            raise NotFetched("no page is asked")
        return self.fetch(url, most, until, accept, enough)


def cards_for(is_on_this_machine: bool) -> Cards:
    """What makes an account's cards. A server on this machine is one to try things out with: nobody else is asked for
    it."""
    return Cards(None if is_on_this_machine else SafeFetch())


def known_of(card: Card, made: Made, blob: Mapping[str, Any] | None) -> dict[Pending, Any]:
    """What stands for the values that waited for a card."""
    known: dict[Pending, Any] = {
        Pending("title", card.url): made.title,
        Pending("description", card.url): made.description,
    }
    if blob is not None:
        known[Pending("thumb", card.thumb.path if card.thumb else card.url)] = blob
    return known
