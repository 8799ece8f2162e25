"""Bluesky's own library, `@atproto/api` from npm, asked for its opinion: facets, lengths, whether a record is valid."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedisched.model.rendered import Body, Pending
from tests import npm

HERE = Path(__file__).resolve().parent
_DID = "did:plc:44ybard66vv44zksje25o7dz"
_CID = "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"
_BLOB = {"$type": "blob", "ref": {"$link": _CID.replace("bafyrei", "bafkrei")}, "mimeType": "image/jpeg", "size": 1000}
_REFERENCE = {"uri": f"at://{_DID}/app.bsky.feed.post/3kzzzzzzzzzzz", "cid": _CID}
PLAUSIBLE: Mapping[str, object] = {
    "did": _DID,
    "blob": _BLOB,
    "created_at": "2026-12-01T08:00:00.000Z",
    "root": _REFERENCE,
    "title": "A page",
    "description": "What it is about",
    "thumb": _BLOB,
    "parent": _REFERENCE,
    "quoted": _REFERENCE,
    "uri": f"at://{_DID}/app.bsky.feed.post/3kaaaaaaaaaaa",
    "list": f"at://{_DID}/app.bsky.graph.list/3kaaaaaaaaaaa",
}
"""What may stand in the place of each pending value of a record."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the app makes of a text. Facets as (start, end, kind, value) in bytes of UTF-8; `tidied` is the text as the
    app would send it: no blank lines before it, no space behind it, at most one blank line in a row within."""

    facets: tuple[tuple[int, int, str, str], ...]
    graphemes: int
    bytes: int
    tidied: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that a lexicon sets: `field` by its names there, `rule` such as `maxLength`, `place` the way to it in a
    record."""

    field: str
    rule: str
    number: int
    place: tuple[str | int, ...]


class Oracle:
    """A running process to ask."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def shown(self, texts: Sequence[str]) -> list[Shown]:
        """What the app makes of each text."""
        answers = self._ask([{"text": text} for text in texts])
        return [
            Shown(tuple(map(tuple, said["facets"])), said["graphemes"], said["bytes"], said["tidied"])
            for said in answers
        ]

    def problem(self, nsid: str, record: Mapping[str, Any]) -> str | None:
        """What is wrong with a record by its lexicon; None if nothing is. Pending values get plausible ones."""
        (said,) = self._ask([{"nsid": nsid, "record": completed(record)}])
        found = said["problem"]
        return None if found is None else str(found)

    def limits(self, nsid: str, record: Mapping[str, Any]) -> list[Limit]:
        """The numbers that the lexicons set for the fields that are in a record."""
        (said,) = self._ask([{"nsid": nsid, "record": completed(record), "limits": True}])
        return [Limit(field, rule, number, tuple(place)) for field, rule, number, place in said]

    def assert_valid(self, nsid: str, record: Mapping[str, Any]) -> None:
        """Fail unless a record is valid by its lexicon and by those of all that is in it."""
        found = self.problem(nsid, record)
        assert found is None, f"{nsid}: {found} in {record}"

    def _ask(self, questions: Sequence[Mapping[str, Any]]) -> list[Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(questions) + "\n")
        self._process.stdin.flush()
        answers: list[Any] = json.loads(self._process.stdout.readline())
        return answers


def completed(value: Body) -> Any:
    """A record with plausible values for those that are pending."""
    match value:
        case Pending(what=what):
            return PLAUSIBLE[what]
        case Mapping():
            return {name: completed(item) for name, item in value.items()}
        case Sequence() if not isinstance(value, str):
            return [completed(item) for item in value]
        case _:
            return value


@contextmanager
def running() -> Iterator[Oracle]:
    """An oracle, until the block ends."""
    npm.install(HERE)
    process = subprocess.Popen(
        ["node", "oracle.mjs"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield Oracle(process)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
