"""Bluesky's records: filled in before they are sent, compared when they are looked up. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fedisched.model.network import Upload
from fedisched.model.outcome import SentPart
from fedisched.model.rendered import Pending
from fedisched.model.tid import part_key
from fedisched.networks.cid import cid_of_record

POST = "app.bsky.feed.post"


def pending_in(value: object) -> Iterator[Pending]:
    """Every value in a record that only the network or the moment can tell."""
    match value:
        case Pending():
            yield value
        case Mapping():
            for item in value.values():
                yield from pending_in(item)
        case Sequence() if not isinstance(value, str | bytes):
            for item in value:
                yield from pending_in(item)


def filled(value: Any, known: Mapping[Pending, Any]) -> Any:
    """A record with what is known in the places that waited for it; what is not known stays pending."""
    match value:
        case Pending():
            return known.get(value, value)
        case Mapping():
            return {name: filled(item, known) for name, item in value.items()}
        case Sequence() if not isinstance(value, str | bytes):
            return [filled(item, known) for item in value]
        case _:
            return value


def without_unknown_mentions(record: Mapping[str, Any]) -> dict[str, Any]:
    """A mention of nobody is plain text: its facet goes, and the list of facets if it was the only one."""
    kept = [facet for facet in record.get("facets", ()) if not any(pending_in(facet))]
    rest = {name: value for name, value in record.items() if name != "facets"}
    return {**rest, "facets": kept} if kept else rest


def without_what_its_card_lacks(record: Mapping[str, Any]) -> dict[str, Any]:
    """A card without a title is none; its description may be empty, its picture missing."""
    external = external_of(record)
    if external is None:
        return dict(record)
    if isinstance(external["title"], Pending):
        return {name: value for name, value in record.items() if name != "embed"}
    kept = {name: value for name, value in external.items() if not isinstance(value, Pending)}
    return {**record, "embed": {**record["embed"], "external": {"description": "", **kept}}}


def external_of(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The link card in a record; None if it has none, or something else beside it."""
    match record.get("embed"):
        case {"$type": "app.bsky.embed.external", "external": Mapping() as external}:
            return external
        case _:
            return None


def uri_of(did: str, key: str) -> str:
    return f"at://{did}/{POST}/{key}"


def gated(gates: Sequence[Mapping[str, Any]], part: SentPart, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A part's gates, ready to leave with it: they name its post and bear its moment."""
    known: dict[Pending, Any] = {Pending("uri"): part.uri, Pending("created_at"): record["createdAt"]}
    return [filled(gate, known) for gate in gates]


def completed(
    did: str, key: str, records: Sequence[Mapping[str, Any]], done: Sequence[SentPart], moment: int
) -> list[tuple[SentPart, dict[str, Any]]]:
    """The parts that are not there yet, ready to leave, each with what it will be called.

    `moment` (microseconds since 1970 UTC) is the first part's createdAt; the others follow by a millisecond each, so
    that they stand in order. A thread's references are known without asking: a record's CID is its content's.
    """
    there = {part.number: part for part in done}
    references: list[Mapping[str, str]] = []
    root = _root_of(records)
    ready: list[tuple[SentPart, dict[str, Any]]] = []
    for number, record in enumerate(records, start=1):
        part = there.get(number)
        if part is None:
            known: dict[Pending, Any] = {Pending("created_at"): _rfc3339(moment + (number - 1) * 1000)}
            if references:
                known |= {Pending("root"): root or references[0], Pending("parent"): references[-1]}
            whole = filled(record, known)
            name = part_key(key, number)
            part = SentPart(number, name, url="", uri=uri_of(did, name), cid=cid_of_record(whole))
            ready.append((part, whole))
        references.append({"uri": part.uri, "cid": part.cid})
    return ready


def _root_of(records: Sequence[Mapping[str, Any]]) -> Mapping[str, str] | None:
    """The root of the thread in which the first record is an answer; None if it begins one."""
    reply = records[0].get("reply") if records else None
    root = reply.get("root") if isinstance(reply, Mapping) else None
    return root if isinstance(root, Mapping) else None


def blobs(part: int, uploads: Sequence[Upload]) -> dict[Pending, Any]:
    """The blobs of one part, as they stand for the values that wait for them."""
    return {
        Pending("blob", str(upload.position)): json.loads(upload.handle) for upload in uploads if upload.part == part
    }


def same_record(wanted: Mapping[str, Any], found: object) -> bool:
    """Whether a record on the server is the one we wanted there, whenever it was sent.

    What is still pending may be anything, and a mention that waits for its DID may be missing: it is dropped for
    handles that nobody has. A link card is what a page said at the time, if it said anything.
    """
    if not isinstance(found, Mapping):
        return False
    unlike = {"createdAt", "facets"}
    if _differ_by_a_card(wanted, found):
        unlike.add("embed")
    return _same_facets(wanted.get("facets", ()), found.get("facets", ())) and _same(
        {name: value for name, value in wanted.items() if name not in unlike},
        {name: value for name, value in found.items() if name not in unlike},
    )


def _differ_by_a_card(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether the two embeds are cards of one page, or a card and nothing."""
    cards = [external_of(record) for record in (wanted, found)]
    if None not in cards:
        return bool(cards[0] and cards[1] and cards[0].get("uri") == cards[1].get("uri"))
    return any(cards) and any("embed" not in record for record in (wanted, found))


def _same(wanted: Any, found: Any) -> bool:
    match wanted:
        case Pending():
            return found is not None
        case Mapping():
            return (
                isinstance(found, Mapping)
                and wanted.keys() == found.keys()
                and all(_same(item, found[name]) for name, item in wanted.items())
            )
        case Sequence() if not isinstance(wanted, str | bytes):
            return (
                isinstance(found, Sequence)
                and not isinstance(found, str | bytes)
                and len(wanted) == len(found)
                and all(map(_same, wanted, found))
            )
        case _:
            return bool(wanted == found)


def _same_facets(wanted: Sequence[Any], found: object) -> bool:
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return False
    optional = [facet["index"] for facet in wanted if any(pending_in(facet))]
    certain = [facet for facet in wanted if not any(pending_in(facet))]
    return _same(certain, [facet for facet in found if _index(facet) not in optional])


def _index(facet: object) -> object:
    return facet.get("index") if isinstance(facet, Mapping) else None


def _rfc3339(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
