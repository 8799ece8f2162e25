"""Which lives are lived: every port once, every fault at every request, and then as many pairs as one has time for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import cycle
from typing import get_args

from fedisched.sandbox.faults import What
from tests.crash.life import Cut, Fate, Kind, Script
from tests.crash.server import Strike

KINDS: tuple[Kind, ...] = get_args(Kind)
FATES: tuple[Fate, ...] = get_args(Fate)
LONGEST_LANDING = 100.0
"""Seconds: design.md trusts a "not there" of a Mastodon server 120 s after the connection ended."""

_ANY = (
    What.DROP_REQUEST,
    What.DROP_ANSWER,
    What.PROXY_ERROR,
    What.HANG,
    What.RATE_LIMIT,
    What.UNAUTHORIZED,
    What.FORBIDDEN,
    What.FIREWALL,
    What.EXPIRED_TOKEN,
    What.REDIRECT,
    What.OK_ERROR,
    What.OK_HTML,
    What.WRONG_DATE,
)
_OF_PUBLISHING = (*_ANY, What.FAIL_AFTER, What.LATE, What.LAG)
_OF_MASTODON = (*_OF_PUBLISHING, What.EMPTY)


def one_cut_each(ports: int = 140) -> Iterator[Script]:
    """A power cut at every port, for each fate of the journal, on each kind of server in turn."""
    kinds = cycle(KINDS)
    for fate in FATES:
        for port in range(1, ports + 1):
            yield Script(port, next(kinds), (Cut(port, 1.0, fate),))


def one_strike_each(requests: int = 6) -> Iterator[Script]:
    """Every fault at each of the first publishing requests, and at each of the first others."""
    for kind in KINDS:
        for network in ("mastodon", "bluesky"):
            for what in _OF_MASTODON if network == "mastodon" else _OF_PUBLISHING:
                for nth in range(1, requests + 1):
                    yield Script(nth, kind, strikes=(Strike(network, what, nth, seconds=30.0),))
                    if what in _ANY:
                        yield Script(nth, kind, strikes=(Strike(network, what, nth, publishing=False, seconds=90.0),))


def late_landings() -> Iterator[Script]:
    """A request without a fence lands as late as is still within what look-ups wait for."""
    kinds: tuple[Kind, ...] = ("unlocked", "ignored")
    for kind in kinds:
        for evening in ((0,), (1,), (3, 4)):
            for nth in (1, 2):
                strikes = (Strike("mastodon", What.LATE, nth, seconds=LONGEST_LANDING),)
                yield Script(nth, kind, strikes=strikes, evening=evening)


def beyond() -> Iterator[Script]:
    """A request that lands later than any look-up waits: a post with a picture is kept single by its upload, which can
    be attached once."""
    kinds: tuple[Kind, ...] = ("unlocked", "ignored")
    for number, kind in enumerate(kinds):
        yield Script(number, kind, strikes=(Strike("mastodon", What.LATE, 1, seconds=200.0),), evening=(2,))


def cut_while_sending() -> Iterator[Script]:
    """The power goes about the time at which requests leave, and the journal is not what it was."""
    for port in range(36, 92):
        for fate in FATES:
            yield Script(port, "ignored", (Cut(port, 1.0, fate),), evening=(0, 3))


def pairs(seed: int) -> Iterator[Script]:
    """Two of anything in one life, for ever."""
    number = seed
    while True:
        number += 1
        chance = random.Random(number)
        cuts: list[Cut] = []
        strikes: list[Strike] = []
        down = (0.0, 0.0)
        for _ in range(2):
            kind = chance.choice(("cut", "cut", "strike", "strike", "down"))
            if kind == "cut":
                seconds = chance.choice((0.0, 1.0, 20.0, 200.0, 4000.0))
                cuts.append(Cut(chance.randint(1, 160), seconds, chance.choice(FATES)))
            elif kind == "strike":
                strikes.append(_strike(chance))
            else:
                down = (chance.uniform(0, 90), chance.choice((5.0, 200.0, 4000.0)))
        yield Script(number, chance.choice(KINDS), tuple(cuts), tuple(strikes), down, posts=chance.choice((2, 2, 3)))


def _strike(chance: random.Random) -> Strike:
    network = chance.choice(("mastodon", "bluesky"))
    publishing = chance.random() < 0.8
    ways = _ANY if not publishing else _OF_MASTODON if network == "mastodon" else _OF_PUBLISHING
    return Strike(
        network,
        chance.choice(ways),
        chance.randint(1, 5 if publishing else 12),
        publishing,
        chance.choice((0.05, 1.0, 30.0, LONGEST_LANDING)),
        remember=chance.random() < 0.5,
    )
