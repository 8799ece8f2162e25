"""What posts that are prepared soon will wait for is begun while those before them are prepared.

Only with what anybody may ask for: nothing is uploaded, recorded or sent, and each post is read anew in its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fedisched.clock import SECOND
from fedisched.engine.plan import Act
from fedisched.model.network import Network
from fedisched.model.rendered import Limits, Rendered
from fedisched.model.settings import Account
from fedisched.publisher.desk import Desk, Job

FURTHEST = 10 * SECOND
"""Begun this long before its own turn at most, so that a page is still asked shortly before its post is due."""
MOST = 16
"""So many posts are looked at ahead."""


class Ahead:
    """Looks at the posts of one account whose turn comes soon. Used by the account's worker."""

    def __init__(self, account: Account, network: Network, limits: Limits, desk: Desk) -> None:
        self._account = account
        self._network = network
        self._limits = limits
        self._desk = desk
        self._seen: set[tuple[int, str]] = set()

    def begin(self, jobs: Iterable[Job], now: int) -> None:
        """Have the network begin with what is slow of the posts among these that are to be sent; each is looked at
        once."""
        soon = [
            job for job in jobs if job.act is Act.SEND and job.begin - FURTHEST <= now and _named(job) not in self._seen
        ]
        # One alone is made in its turn, with nothing to be beside.
        if len(soon) > 1:
            self._seen |= {_named(job) for job in soon[:MOST]}
            self._network.foresee(self._posts(soon[:MOST]), self._desk.posts.read_media)

    def _posts(self, jobs: Sequence[Job]) -> Iterator[Rendered]:
        for job in jobs:
            # Looking at files takes time by itself, and a post with pictures has no card.
            if self._desk.posts.media_bytes(job.entry):
                continue
            rendered = self._desk.posts.rendered_loosely(job.entry, self._account, self._limits)
            if rendered is not None:
                yield rendered


def _named(job: Job) -> tuple[int, str]:
    return job.delivery.id, job.entry.digest
