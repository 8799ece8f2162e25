"""The reckoning after a siege: what is on the networks and what the files say of it, against what was promised."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fedisched.config import load_settings
from fedisched.content.glance import results_of
from fedisched.model.results import PartResult, Result
from tests.crash.process.places import Message
from tests.crash.process.posts import Written, without_ours
from tests.crash.process.siege import Siege

Standing = Mapping[tuple[str, str], str]
"""Where each delivery stands, by path and target, in the words of `queue`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of one siege. `at_a_post` are the kills at the very moment at which a post passed, `mid_send` those
    that left a delivery in `sending`; `wrong` is everything that breaks the promise, in words. Doubles and losses are
    counted in messages."""

    kind: str
    lives: int
    kills: int
    at_a_post: int
    mid_send: int
    posts: int
    deliveries: int
    messages: int
    doubles: int
    lost: int
    held: int
    settled_after: float
    wrong: tuple[str, ...]


def reckon(siege: Siege) -> Tally:
    """Let the siege come to rest, publish once more, and compare."""
    rested = siege.come_to_rest()
    before = siege.place.relay.posts
    again = siege.run("publish")
    sent = siege.place.relay.posts - before
    standing = _standing(siege)
    there = siege.place.messages()
    extra, missing = _compared(siege, there, standing)
    wrong = [
        *([] if rested else ["something is still open after all patience"]),
        *([f"a last `publish` sent {sent} more and ended with {again.returncode}: {again.stderr}"] if sent else []),
        *(f"twice: {text!r} on {target}" for target, text in extra),
        *(f"lost: {text!r} on {target}" for target, text in missing),
        *_wrong_standing(siege, standing),
        *_wrong_files(siege, there),
    ]
    return Tally(
        kind=siege.place.kind,
        lives=siege.lives,
        kills=siege.kills,
        at_a_post=siege.at_a_post,
        mid_send=siege.mid_send,
        posts=len(siege.author.written),
        deliveries=len(siege.author.written) * len(siege.place.targets),
        messages=sum(map(len, there.values())),
        doubles=len(extra),
        lost=len(missing),
        held=sum(stand == "held" for stand in standing.values()),
        settled_after=siege.settled_after,
        wrong=tuple(wrong),
    )


def _standing(siege: Siege) -> Standing:
    done = siege.run("queue", "--all", "--json")
    assert done.returncode in (0, 1), done.stderr
    return {(row["path"], row["target"]): row["state"] for row in json.loads(done.stdout)}


Named = list[tuple[str, str]]


def _compared(siege: Siege, there: Mapping[str, Sequence[Message]], standing: Standing) -> tuple[Named, Named]:
    """The texts that are there too often, and those that are missing; of what is held nobody knows either way."""
    extra: Named = []
    missing: Named = []
    for target in siege.place.targets:
        found = Counter(message.text for message in there[target])
        wanted: Counter[str] = Counter()
        open_: Counter[str] = Counter()
        for written in siege.author.written:
            held = standing.get((written.path, target)) == "held"
            (open_ if held else wanted).update(text for text, _ in written.parts)
        extra += [(target, text) for text in (found - wanted - open_).elements()]
        missing += [(target, text) for text in (wanted - found).elements()]
    return extra, missing


def _wrong_standing(siege: Siege, standing: Standing) -> Iterator[str]:
    for written in siege.author.written:
        for target in siege.place.targets:
            stand = standing.get((written.path, target), "nowhere")
            if stand != "published" and not (stand == "held" and target in siege.place.may_hold):
                yield f"{written.path} is {stand} for {target}"


def _wrong_files(siege: Siege, there: Mapping[str, Sequence[Message]]) -> Iterator[str]:
    settings = load_settings(siege.folder)
    by_name = {target: {message.name: message for message in messages} for target, messages in there.items()}
    for written in siege.author.written:
        data = (siege.folder / written.path).read_bytes()
        if without_ours(data) != without_ours(written.data):
            yield f"{written.path} is not as it was written: {data!r}"
        results = results_of(data, written.path, settings)
        for target in siege.place.targets:
            result = results.get(target, Result())
            if result.is_published:
                yield from _wrong_result(written, target, result, by_name[target])


def _wrong_result(written: Written, target: str, result: Result, there: Mapping[str, Message]) -> Iterator[str]:
    """What a file says is published has to be there, part by part, each a reply to the one before."""
    parts = result.parts or (PartResult(result.url, result.id, result.uri, result.cid),)
    names = [part.id or part.uri for part in parts]
    found = [there.get(name) for name in names]
    parents = ["", *names[:-1]]
    wanted = [(text, images, parent) for (text, images), parent in zip(written.parts, parents, strict=True)]
    shown = [None if one is None else (one.text, one.images, one.parent) for one in found]
    if shown != wanted:
        yield f"{written.path} on {target}: {shown} instead of {wanted}"
    if any(one is not None and one.cid != part.cid for one, part in zip(found, parts, strict=False)):
        yield f"{written.path} on {target}: another cid than in its results"
