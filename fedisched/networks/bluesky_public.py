"""What a Bluesky server tells anybody: whether a handle is there. And what a post's card would show.

One GET needs no session, and not the second that importing atproto takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fedisched.model.network import ShownCard
from fedisched.model.outcome import NotSent
from fedisched.model.rendered import Card, Limits
from fedisched.model.settings import Account
from fedisched.networks.bluesky_answers import error_name, verdict
from fedisched.networks.cards import Cards, NoCard
from fedisched.networks.verdict import before_sending
from fedisched.networks.wire import Answer, Wire

if TYPE_CHECKING:
    import httpx

_RESOLVE = "/xrpc/com.atproto.identity.resolveHandle"


class BlueskyEnquiry:
    """One server, asked without a credential. A person waits for it."""

    def __init__(self, account: Account, limits: Limits, now: Callable[[], int], cards: Cards) -> None:
        self._cards = cards
        self._server = account.server
        self._limits = limits
        self._wire = Wire(now, piece_within=10.0, answer_within=20.0)
        self._client: httpx.Client | None = None

    def limits(self) -> Limits | NotSent:
        """The network's own: they are in its lexicons, and the same on every server."""
        return self._limits

    def is_there(self, handle: str) -> bool | NotSent:
        """Whether a handle leads to an account."""
        heard = self._wire.hear(lambda: self._opened().get(self._server + _RESOLVE, params={"handle": handle}))
        if isinstance(heard, Answer) and heard.is_ok and str(heard.object().get("did")).startswith("did:"):
            return True
        if isinstance(heard, Answer) and heard.status == 400 and error_name(heard):
            return False
        answer = before_sending(verdict(heard, urlsplit(self._server).netloc))
        return NotSent(answer.reason)

    def card(self, card: Card) -> ShownCard:
        """What the card would show, asked of its page; a picture from a file was looked at already."""
        given = card.thumb is not None
        made = self._cards.make(replace(card, thumb=None, with_thumb=False) if given else card)
        if isinstance(made, NoCard):
            return ShownCard("", "", False, made.remark)
        return ShownCard(made.title, made.description, given or made.thumb is not None, made.remark)

    def close(self) -> None:
        if self._client is not None:
            self._wire.hear(self._client.close)
            self._client = None

    def _opened(self) -> httpx.Client:
        if self._client is None:
            import httpx

            from fedisched.networks.wire_httpx import settings

            self._client = httpx.Client(**settings(self._wire, self._server))
        return self._client
