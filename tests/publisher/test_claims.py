"""Two publishers of one repository, with claims: over real bare remotes, on a server that ignores keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from fedisched.clock import SECOND
from fedisched.engine import pace
from fedisched.engine.plan import Stand
from fedisched.git.claims import SKEW
from fedisched.model.post import Status
from fedisched.model.settings import GitSettings
from fedisched.publisher import publisher
from fedisched.publisher.claimant import HOLDS
from fedisched.sandbox import Rules, Sandbox
from tests.publisher.places import Peer, Place, Truth
from tests.stage import as_text


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    # A remote in the next folder takes no ten seconds.
    monkeypatch.setattr(pace, "LEAD", SECOND)
    monkeypatch.setattr(pace, "MARGIN", SECOND)
    monkeypatch.setattr(publisher, "CLAIM_LEAD", SECOND)
    truth = Truth()
    with Sandbox(rules=Rules(key_seconds=0), now=truth.now) as sandbox:
        yield Place(tmp_path, sandbox, truth)


def due(
    place: Place, moment: int, body: str = "Hello!", name: str = "a.md", targets: str = "[mastodon, bluesky]"
) -> None:
    place.ann.post(name, body, f"time: {as_text(moment)}\ntargets: {targets}")
    place.push(name)


def test_of_two_that_race_one_sends_and_the_other_sees_the_result(place: Place) -> None:
    one, two = place.peer("one"), place.peer("two")
    due(place, one.soon(4))
    for peer in (one, two):
        peer.carry()
    threads = [Thread(target=peer.publish, args=(6,)) for peer in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.texts() == (["Hello!"], ["Hello!"]), (one.said(), two.said())
    outcomes = sorted(line.partition(" until")[0] for line in one.said() + two.said())
    assert outcomes == [
        "bluesky: published",
        "bluesky: waiting another publisher has claimed it",
        "mastodon: published",
        "mastodon: waiting another publisher has claimed it",
    ]
    for peer in (one, two, one, two):
        peer.carry()
    # If each sent to one network, whoever looks next finds that nothing is left to be sent.
    for peer in (one, two):
        peer.publish()
        peer.carry()
    for peer in (one, two):
        peer.carry()
        assert peer.entry("a.md").status is Status.PUBLISHED
    assert one.texts() == (["Hello!"], ["Hello!"])


FREE_AT = (HOLDS + SKEW) / SECOND
"""Seconds from the due moment until a dead holder's claim is taken over."""


def claimed_elsewhere(peer: Peer) -> bool:
    """Whether what was due waits for another publisher."""
    told = [line.partition(" until")[0].partition(": ")[2] for line in peer.said()]
    return told == ["waiting another publisher has claimed it"]


def dies_after_sending(place: Place, peer: Peer) -> None:
    """It sends, and is gone with all that it knew before it can tell anybody."""
    due(place, peer.soon(-2))
    peer.carry()
    peer.publish()
    assert peer.texts() == (["Hello!"], ["Hello!"]) and len(place.claims()) == 2


def test_what_a_dead_winner_sent_is_found_on_the_network(place: Place) -> None:
    one, two = place.peer("one"), place.peer("two")
    dies_after_sending(place, one)
    two.carry()
    two.publish()
    assert sorted(two.said()) == ["bluesky: published", "mastodon: published"]
    two.carry()
    assert two.entry("a.md").status is Status.PUBLISHED
    assert two.texts() == (["Hello!"], ["Hello!"])
    # Whoever claims something next sees what is left of the dead one's claims, and clears it away.
    due(place, two.soon(-2), "Next", "b.md")
    for _ in range(2):
        two.carry()
        two.publish()
    two.carry()
    assert not place.claims()


@pytest.mark.parametrize(("target", "settles"), [("mastodon", 2), ("bluesky", 0)])
def test_what_a_dead_winner_did_not_send_is_sent_when_it_cannot_land_any_more(
    place: Place, target: str, settles: int
) -> None:
    one, two = place.peer("one"), place.peer("two")
    moment = one.soon(-2)
    due(place, moment, targets=target)
    one.carry()
    one.dies_when_it_has_claimed()
    two.settle = 2.0
    two.carry()
    two.publish()
    assert claimed_elsewhere(two) and two.texts() == ([], [])
    place.truth.ahead = FREE_AT + 2
    two.publish()
    assert [text for texts in two.texts() for text in texts] == ["Hello!"], two.said()
    # Bluesky's key is the fence; on the other server an earlier request may still have been on its way.
    (delivery,) = two.deliveries()
    assert (delivery.since or 0) >= moment + HOLDS + SKEW + settles * SECOND
    two.carry()
    assert not place.claims() and two.entry("a.md").status is Status.PUBLISHED


def test_the_clocks_of_two_publishers_may_be_apart_as_far_as_they_may_be_from_the_servers(place: Place) -> None:
    one, two = place.peer("one"), place.peer("two")
    due(place, one.soon(-2), targets="bluesky")
    one.carry()
    one.dies_when_it_has_claimed()
    two.carry()
    # It is fast by almost a minute, and the other one was slow by as much: that one might send to the very last.
    two.own_clock.off = 55.0
    place.truth.ahead = HOLDS / SECOND + 60
    two.publish()
    assert claimed_elsewhere(two) and two.texts() == ([], [])


def test_nothing_is_sent_by_a_claim_that_ends_while_the_moment_is_waited_for(place: Place) -> None:
    one = place.peer("one")
    moment = one.soon(4)
    due(place, moment, targets="mastodon")
    one.carry()
    # The machine sleeps just before the request leaves, until the claim is over.
    one.own_clock.sleeps(moment, HOLDS / SECOND + 1)
    one.publish(wait=8)
    # It is claimed anew then, and looked for before it is sent.
    assert one.texts() == (["Hello!"], [])
    (delivery,) = one.deliveries()
    assert (delivery.since or 0) >= moment + HOLDS


def test_with_the_remote_gone_nothing_is_sent_and_the_queue_says_why(place: Place) -> None:
    one = place.peer("one")
    due(place, one.soon(-2))
    one.carry()
    away = place.remote.with_name("away.git")
    place.remote.rename(away)
    summary = one.publish()
    assert summary.waits and one.texts() == ([], [])
    assert all("waiting nothing is sent before it can be claimed" in line for line in one.said())
    (step, _) = one.standing()
    assert step.stand is Stand.WAITING and "origin could not be asked" in step.error
    away.rename(place.remote)
    place.truth.ahead = 20
    one.publish()
    assert one.texts() == (["Hello!"], ["Hello!"])


def test_without_claims_the_remote_may_be_gone(place: Place) -> None:
    one = place.peer("one", claim=False)
    due(place, one.soon(4))
    one.carry()
    place.remote.rename(place.remote.with_name("away.git"))
    one.stays = True
    one.publish(wait=6)
    assert one.texts() == (["Hello!"], ["Hello!"])
    assert any("could not be fetched from" in words for words in one.notices)


@pytest.mark.parametrize("claim", [True, False])
def test_what_is_pushed_during_the_wait_is_looked_at_before_it_is_sent(place: Place, claim: bool) -> None:
    one = place.peer("one", claim)
    moment = one.soon(6)
    due(place, moment)
    due(place, moment, "Taken back", "b.md")
    one.carry()
    one.stays = True
    run = Thread(target=one.publish, args=(8,))
    run.start()
    due(place, moment, "Hello, edited!")
    place.ann.post("b.md", "Taken back", "status: draft")
    place.push("Take it back")
    run.join()
    assert one.texts() == (["Hello, edited!"], ["Hello, edited!"])


def test_an_edit_that_is_not_followed_here_is_not_sent_as_it_was(place: Place) -> None:
    one = place.peer("one")
    moment = one.soon(-2)
    due(place, moment)
    one.carry()
    one.clone.path("a.md").write_text(one.clone.path("a.md").read_text() + "An unfinished line\n")
    due(place, moment, "Hello again!")
    one.publish()
    assert one.texts() == ([], [])
    assert all("which you are editing here" in line for line in one.said()), one.said()
    one.clone.git("checkout", "-q", ".")
    place.truth.ahead = 20
    one.publish()
    assert one.texts() == (["Hello again!"], ["Hello again!"])


def test_a_claim_without_a_remote_says_what_is_missing(place: Place) -> None:
    one = place.peer("one")
    due(place, one.soon(-2))
    one.carry()
    one.settings = replace(one.settings, git=GitSettings(claim=True))
    one.publish()
    assert one.texts() == ([], []) and all('Add `remote = "origin"` under [git]' in line for line in one.said())


def test_who_stops_before_it_has_sent_gives_its_claims_back(place: Place) -> None:
    one, two = place.peer("one"), place.peer("two")
    moment = one.soon(4)
    due(place, moment)
    for peer in (one, two):
        peer.carry()
    one.stops_when_it_has_claimed()
    one.publish(wait=6)
    assert one.texts() == ([], []) and not place.claims()
    two.publish(wait=6)
    assert two.texts() == (["Hello!"], ["Hello!"])


def test_without_claims_bluesky_gets_one_and_both_are_told_of_each_other(place: Place) -> None:
    one, two = place.peer("one", claim=False), place.peer("two", claim=False)
    due(place, one.soon(4))
    for peer in (one, two):
        peer.carry()
    threads = [Thread(target=peer.publish, args=(7,)) for peer in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.texts()[1] == ["Hello!"]
    one.carry()
    done = two.carrier().sync()
    assert "Another publisher is at work on this repository (published: posts/a.md" in done.others
    assert not one.carrier().sync().others
