"""Other records that a post on Bluesky refers to: those it answers and quotes, and lists of people. Asked for ahead of
the moment, since a reference holds the other record's CID."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fedisched.model.network import Task
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.rendered import Pending
from fedisched.networks.bluesky_answers import error_name, verdict
from fedisched.networks.bluesky_records import POST, pending_in
from fedisched.networks.verdict import before_sending
from fedisched.networks.wire import Answer, Heard

Ask = Callable[..., Heard | NotSent | Refused]
Reference = Mapping[str, str]

_AT_URI = re.compile(r"at://([^/\s]+)/([^/\s]+)/([^/\s]+)")
_PAGE = re.compile(r"https?://[^/]+/profile/([^/]+)/(post|lists)/([^/?#]+)/?(?:[?#].*)?")
_COLLECTIONS = {"post": POST, "lists": "app.bsky.graph.list"}
_CHECK = "Look at the address; if the post is gone, take it out of the file."
_REFERRING = ("root", "parent", "quoted")


def references(task: Task, ask: Ask, host: str) -> Mapping[Pending, Any] | NotSent | Refused:
    """What stands for each value of a task that waits for another record."""
    known: dict[Pending, Any] = {}
    seen: dict[str, Mapping[str, Any]] = {}
    for pending in dict.fromkeys(_wanted(task)):
        name = _record_named(pending, task)
        if isinstance(name, Refused):
            return name
        did = _did_of(name[0], ask, host)
        if not isinstance(did, str):
            return did
        uri = f"at://{did}/{name[1]}/{name[2]}"
        if pending.what == "list":
            known[pending] = uri
            continue
        if uri not in seen:
            found = _record(did, name[1], name[2], pending.of, ask, host)
            if not isinstance(found, Mapping):
                return found
            seen[uri] = found
        known[pending] = _reference(pending, seen[uri])
    return known


def _wanted(task: Task) -> Iterator[Pending]:
    for part in task.rendered.parts:
        for pending in pending_in([part.body, *part.gates]):
            if pending.of and pending.what in (*_REFERRING, "list"):
                yield pending


def _record_named(pending: Pending, task: Task) -> tuple[str, str, str] | Refused:
    """Whose record it is, in which collection, under which key. A thread is answered at its end and quoted at its
    beginning."""
    name = pending.of
    if parts := task.others.get(name, ()):
        part = parts[0] if pending.what == "quoted" else parts[-1]
        name = part.uri or part.url
    if match := _AT_URI.fullmatch(name):
        return match[1], match[2], match[3]
    if match := _PAGE.fullmatch(name):
        return match[1], _COLLECTIONS[match[2]], match[3]
    return Refused(f"{name} is no post on Bluesky", _CHECK)


def _did_of(name: str, ask: Ask, host: str) -> str | NotSent | Refused:
    if name.startswith("did:"):
        return name
    heard = ask("com.atproto.identity.resolveHandle", handle=name)
    if isinstance(heard, NotSent | Refused):
        return heard
    if isinstance(heard, Answer) and heard.is_ok and str(did := heard.object().get("did")).startswith("did:"):
        return str(did)
    if isinstance(heard, Answer) and heard.status == 400 and error_name(heard):
        return Refused(f"there is no account with the handle {name}", _CHECK)
    return before_sending(verdict(heard, host))


def _record(
    did: str, collection: str, rkey: str, name: str, ask: Ask, host: str
) -> Mapping[str, Any] | NotSent | Refused:
    heard = ask("com.atproto.repo.getRecord", repo=did, collection=collection, rkey=rkey)
    if isinstance(heard, NotSent | Refused):
        return heard
    if error_name(heard) == "RecordNotFound":
        return Refused(f"there is no post at {name} (any more)", _CHECK)
    if isinstance(heard, Answer) and heard.is_ok:
        match said := heard.object():
            case {"uri": str(), "cid": str(), "value": dict()}:
                return said
    return before_sending(verdict(heard, host))


def _reference(pending: Pending, record: Mapping[str, Any]) -> Reference:
    """The reference to a record; as a root, to the one that began its thread."""
    own = {"uri": str(record["uri"]), "cid": str(record["cid"])}
    if pending.what != "root":
        return own
    match record["value"]:
        case {"reply": {"root": {"uri": str(uri), "cid": str(cid)}}}:
            return {"uri": uri, "cid": cid}
        case _:
            return own
