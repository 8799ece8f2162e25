"""Cards made beside each other: a few at once, each once, and never in the way of the posts."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Barrier, Event, Lock
from typing import Any

from fedisched.model.network import Prepared
from fedisched.model.rendered import Card, Rendered
from fedisched.networks.cards import Cards, Made, NoCard
from fedisched.networks.cards_ahead import AT_ONCE, LASTS, MOST, CardsAhead
from fedisched.networks.safe_fetch import Fetched, NotFetched
from tests.networks.places import Place, no_media
from tests.networks.test_cards import carded, opened

PATIENT = 30.0


class Pages:
    """Pages that answer when `may_answer`; counts how many are asked at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.most_at_once = 0
        self.may_answer = Event()
        self.are_full = Event()
        self._lock = Lock()
        self._now = 0

    def fetch(self, url: str, most: int, until: float, accept: str, enough: Any = None) -> Fetched:
        with self._lock:
            self.asked.append(url)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            if self._now == AT_ONCE:
                self.are_full.set()
        assert self.may_answer.wait(PATIENT)
        with self._lock:
            self._now -= 1
        if "broken" in url:
            raise NotFetched("it is broken")
        return Fetched(url, "text/html", "utf-8", b"<title>A title</title>", True)


def posts(*urls: str) -> Sequence[Rendered]:
    return [carded(Card(url)) for url in urls]


def test_a_few_pages_are_asked_at_once_and_each_once(sandbox_bluesky: Place) -> None:
    pages = Pages()
    network = opened(sandbox_bluesky, Cards(pages.fetch))
    urls = [f"https://{number}.test/" for number in range(AT_ONCE + 2)]
    network.foresee(posts(*urls), no_media)
    assert pages.are_full.wait(PATIENT)
    network.foresee(posts(*urls), no_media)
    pages.may_answer.set()
    for rendered in posts(*urls):
        ready = network.prepare(sandbox_bluesky.task(rendered), no_media)
        assert isinstance(ready, Prepared)
        assert ready.requests[0]["embed"]["external"]["title"] == "A title"
    assert sorted(pages.asked) == sorted(urls)
    assert pages.most_at_once == AT_ONCE


def test_a_card_that_failed_ahead_is_said_and_made_again_the_next_time(sandbox_bluesky: Place) -> None:
    pages = Pages()
    pages.may_answer.set()
    network = opened(sandbox_bluesky, Cards(pages.fetch))
    (rendered,) = posts("https://broken.test/")
    network.foresee([rendered], no_media)
    for number in (1, 2):
        ready = network.prepare(sandbox_bluesky.task(rendered), no_media)
        assert isinstance(ready, Prepared)
        assert "it is broken" in ready.notes["remark"] and "embed" not in ready.requests[0]
        assert len(pages.asked) == number


def test_where_no_page_is_asked_nothing_is_begun(sandbox_bluesky: Place) -> None:
    network = opened(sandbox_bluesky, Cards(None))
    network.foresee(posts("https://a.test/"), no_media)
    assert isinstance(network.prepare(sandbox_bluesky.task(carded(Card("https://a.test/"))), no_media), Prepared)


def test_what_the_author_gave_whole_is_not_begun(sandbox_bluesky: Place) -> None:
    pages = Pages()
    network = opened(sandbox_bluesky, Cards(pages.fetch))
    network.foresee([carded(Card("https://a.test/", "Title", "Words", with_thumb=False))], no_media)
    assert pages.asked == []


def test_a_mastodon_server_makes_its_own_cards(sandbox_mastodon: Place) -> None:
    looked_at: list[Rendered] = []
    sandbox_mastodon.open().foresee(map(looked_at.append, posts("https://a.test/")), no_media)  # type: ignore[arg-type]
    assert looked_at == []


def test_what_was_made_long_ago_is_made_again_and_no_more_than_a_number_is_kept() -> None:
    clock, made = [0.0], []
    begun = Barrier(2)

    def make(card: Card, thumb: bytes | None) -> Made | NoCard:
        made.append(card.url)
        begun.wait(PATIENT)
        return Made(card.url, "")

    ahead = CardsAhead(make, lambda: clock[0])
    first = Card("https://0.test/")
    for now in (0.0, LASTS):
        clock[0] = now
        assert ahead.take(first) is None
        ahead.begin(first, None)
        begun.wait(PATIENT)
        assert ahead.take(first) == Made(first.url, "")
    for number in range(1, MOST + 3):
        ahead.begin(Card(f"https://{number}.test/"), None)
        if number < MOST:
            begun.wait(PATIENT)
    assert made[:2] == [first.url] * 2 and len(made) == MOST + 1
    assert ahead.take(Card(f"https://{MOST + 1}.test/")) is None
