"""What must hold of a life when it has come to rest."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from fedisched.content import glance
from fedisched.model.delivery import State
from fedisched.model.post import Entry, Status
from fedisched.sandbox.faults import What

if TYPE_CHECKING:
    from tests.crash.life import Life

ALLOWED = {
    (str(one), str(other))
    for one, others in {
        State.WAITING: (State.SENDING, State.REFUSED, State.CANCELLED, State.PUBLISHED, State.HELD),
        State.SENDING: (State.PUBLISHED, State.WAITING, State.REFUSED, State.UNSURE),
        State.UNSURE: (State.PUBLISHED, State.WAITING, State.HELD, State.REFUSED),
        State.REFUSED: (State.WAITING, State.CANCELLED),
        State.HELD: (State.PUBLISHED, State.WAITING, State.CANCELLED, State.UNSURE),
        State.CANCELLED: (State.WAITING,),
    }.items()
    for other in others
}
"""The arrows of the table in the design."""


class Judge:
    """Judges a life by its files, its servers and its journal's moves; what was on the networks before `since`
    (microseconds since 1970 UTC) is not the life's. Its findings go into what was lived."""

    def __init__(self, life: Life, since: int) -> None:
        self._life = life
        self._since = since

    def judge(self) -> None:
        """Hold what is on the networks against what the files say, and both against the promise."""
        lived = self._life.lived
        self._judge_networks()
        for path in self._life.texts:
            self._judge_file(path)
        if lived.rested_after > self._life.script.patience:
            lived.wrong.append(f"it came to rest only after {lived.rested_after:.0f} s")
        if strange := self._life.moves - ALLOWED:
            lived.wrong.append(f"moves that are not allowed: {sorted(strange)}")
        due = min(self._entry(path).due or 0 for path in self._life.texts)
        if early := [arrival for arrival in self._life.server.arrivals if arrival.at < due]:
            lived.wrong.append(f"early: {early}")

    def _judge_networks(self) -> None:
        """Each text as often as the files say that it went out, whatever the files say of the rest."""
        lived = self._life.lived
        for network, there in (("mastodon", self._statuses()), ("bluesky", self._records())):
            wanted = Counter(text for parts in self._life.texts.values() for text in parts)
            said = Counter(
                text
                for path, parts in self._life.texts.items()
                for text in parts
                if self._says_published(path, network)
            )
            # A server that lost a text has published all the same, and must not be made to again.
            without_text = there.pop("", 0)
            for text in wanted | there:
                if there[text] > wanted[text]:
                    lived.doubles += there[text] - wanted[text]
                    lived.wrong.append(f"{network} has {text[:20]!r} {there[text]} times instead of {wanted[text]}")
            if (missing := (said - there).total()) > without_text:
                lived.lost += missing - without_text
                lived.wrong.append(f"{network} has not what the files say it has: {said - there}")
            if there.total() + without_text > wanted.total():
                lived.doubles += there.total() + without_text - wanted.total()
                lived.wrong.append(f"{network} has more posts than there are: {without_text} without their text")

    def _says_published(self, path: str, network: str) -> bool:
        return any(claim.target == network and claim.published for claim in self._entry(path).claims)

    def _judge_file(self, path: str) -> None:
        life, entry = self._life, self._entry(path)
        lived = life.lived
        said = {claim.target: claim for claim in entry.claims}
        for network in ("mastodon", "bluesky"):
            lived.deliveries += 1
            claim = said.get(network)
            if claim is not None and claim.published:
                lived.published += 1
                if missing := [name for name in claim.ids if name not in self._ids(network)]:
                    lived.lost += 1
                    lived.wrong.append(f"{path} says it is on {network} as {missing}, which has it not")
            elif claim is not None and entry.status is Status.HELD:
                lived.held += 1
                lived.held_on_bluesky += network == "bluesky"
                if network == "bluesky" or What.EMPTY not in self._life.server.struck:
                    lived.wrong.append(f"{path} is held on {network} though a look-up can tell")
            else:
                lived.lost += 1
                lived.wrong.append(f"{path} is not on {network}, its status is {entry.status}")
        if _bare(life.bytes[path]) != _bare((life.folder / path).read_bytes()):
            lived.wrong.append(f"{path} was changed beyond status and results")

    def _entry(self, path: str) -> Entry:
        return glance.glance((self._life.folder / path).read_bytes(), path, self._life.settings)

    def _statuses(self) -> Counter[str]:
        own = (each for each in self._life.server.store.statuses.values() if each.created_at >= self._since)
        return Counter(_text(each.text) for each in own)

    def _records(self) -> Counter[str]:
        records = self._life.server.store.records.values()
        return Counter(_text(str(each.value["text"])) for each in records if each.collection.endswith("feed.post"))

    def _ids(self, network: str) -> set[str]:
        if network == "mastodon":
            return set(self._life.server.store.statuses)
        return {record.uri for record in self._life.server.store.records.values()}


def _text(text: str) -> str:
    """A text as the post has it: a long link is shortened on Bluesky."""
    return re.sub(r"(https://)?example\.com\S*", "https://example.com/a/very/long/path/that/is/shortened", text)


def _bare(data: bytes) -> bytes:
    """A file without what is ours."""
    return re.sub(rb"(?m)^status: .*\n|^results:\n(?:  .*\n)*", b"", data)
