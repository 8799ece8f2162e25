"""Link cards made beside each other, while other things are prepared: each page may take its whole time, and posts that
are due together wait for the slowest of them and not for all in turn.

Only pages are asked here; nothing is uploaded and nothing sent.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread

from fedisched.model.rendered import Card
from fedisched.networks.cards import WITHIN, Made, NoCard

AT_ONCE = 8
"""So many pages are asked at the same time: ten that take all the time there is are done in two turns of it."""
MOST = 32
"""So many cards are made ahead; what comes after these is made in its turn."""
LASTS = 20 * WITHIN
"""Seconds after which a card that was made ahead, and not asked for, is made again."""

Make = Callable[[Card, bytes | None], "Made | NoCard"]


class CardsAhead:
    """Cards that are being made. `begin` and `take` are called by one thread, `make` by others."""

    def __init__(self, make: Make, now: Callable[[], float]) -> None:
        self._make = make
        self._now = now
        self._free = BoundedSemaphore(AT_ONCE)
        self._begun: dict[Card, tuple[float, Future[Made | NoCard]]] = {}

    def begin(self, card: Card, thumb: bytes | None) -> None:
        """Make a card beside whatever else is done, unless it is being made or too many are."""
        now = self._now()
        self._begun = {known: begun for known, begun in self._begun.items() if now - begun[0] < LASTS}
        if card in self._begun or len(self._begun) >= MOST:
            return
        future: Future[Made | NoCard] = Future()
        self._begun[card] = now, future
        # Nobody waits for it at the end of the run.
        Thread(target=self._run, args=(card, thumb, future), name=f"card of {card.url}"[:60], daemon=True).start()

    def take(self, card: Card) -> Made | NoCard | None:
        """The card, once it is ready; None if it was not begun. One in which something is missing is given once: if it
        is asked for again, it is made again."""
        moment, future = self._begun.get(card, (0.0, None))
        if future is None or self._now() - moment >= LASTS:
            return None
        made = future.result()
        if made.remark:
            del self._begun[card]
        return made

    def _run(self, card: Card, thumb: bytes | None, future: Future[Made | NoCard]) -> None:
        with self._free:
            try:
                future.set_result(self._make(card, thumb))
            except Exception as error:  # a bug, to be raised where somebody reports it
                future.set_exception(error)
