"""How many posts an account may still publish: said in the headers of each answer to one, and kept to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from fedisched.sandbox.headers import rate_limit
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.store import Store
from fedisched.sandbox.wire import Reply, Turned

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Quota:
    """The posts of one account in the window that it is. `account_id` is the Mastodon account's id or the DID."""

    store: Store
    rules: Rules
    network: Literal["mastodon", "bluesky"]

    def expect_one_more(self, account_id: str) -> None:
        """Turn the request away if there is nothing left."""
        if self._used(account_id) >= self.rules.posts_limit:
            words: Mapping[str, Any] = (
                {"error": "Too many requests"}
                if self.network == "mastodon"
                else {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
            )
            reply = Reply(429, json.dumps(words).encode(), "application/json; charset=utf-8")
            raise Turned(self.told(reply, account_id))

    def told(self, reply: Reply, account_id: str) -> Reply:
        """An answer that says what is left."""
        left = max(0, self.rules.posts_limit - self._used(account_id))
        reset = self._window_began() // _SECOND + int(self.rules.posts_window)
        headers = rate_limit(self.network, left, reset, limit=self.rules.posts_limit)
        return replace(reply, headers={**reply.headers, **headers})

    def _window_began(self) -> int:
        window = int(self.rules.posts_window * _SECOND)
        return self.store.now() // window * window

    def _used(self, account_id: str) -> int:
        began = self._window_began()
        if self.network == "mastodon":
            statuses = self.store.statuses.values()
            return sum(status.account_id == account_id and status.created_at >= began for status in statuses)
        return sum(record.did == account_id and record.at >= began for record in self.store.records.values())
