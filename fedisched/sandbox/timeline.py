"""What was published, as a person would see it: one entry a message, threads joined, both networks alike."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fedisched.sandbox.bluesky import blobs_in
from fedisched.sandbox.lexicon import EMBEDS
from fedisched.sandbox.statuses import to_html
from fedisched.sandbox.store import Record, Status, Store

_TOGETHER = 600 * 1_000_000
_VISIBILITY = {
    "public": "Public",
    "unlisted": "Quiet public",
    "private": "Followers",
    "direct": "Private mention",
}
Source = Callable[[str, str, bytes], str]
"""From a file's path on this server, its type and its bytes to what an `src` says."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An attachment to show. `kind` is `image`, `video` or `audio`."""

    src: str
    alt: str
    kind: str


@dataclass(frozen=True, slots=True)
class Card:
    """A link card or a quoted post; `thumb` is empty where there is none."""

    url: str
    title: str
    text: str
    thumb: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `name` names it on its network and `parent` what it answers; `body` is HTML, all else is text.
    `at` is in microseconds since 1970 UTC."""

    name: str
    parent: str
    network: Literal["mastodon", "bluesky"]
    author: str
    handle: str
    profile: str
    url: str
    at: int
    text: str
    body: str
    warning: str
    folds_text: bool
    visibility: str
    language: str
    application: str
    pictures: tuple[Picture, ...]
    card: Card | None
    options: tuple[str, ...]
    tags: frozenset[str]
    notes: tuple[str, ...] = ()


Thread = Sequence[Entry]


def linked(path: str, mime: str, data: bytes) -> str:
    """A file as the address where this server gives it."""
    return path


def embedded(path: str, mime: str, data: bytes) -> str:
    """A file as a `data:` URI, so that a page needs nothing beside itself."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def entries(store: Store, source: Source) -> list[Entry]:
    """Every message of both networks, oldest first. Boosts are nobody's words and left out."""
    with store.changed:
        statuses = [_of_status(status, store, source) for status in store.statuses.values() if not status.boost_of]
        posts = [record for record in store.records.values() if record.collection == "app.bsky.feed.post"]
        return sorted([*statuses, *(_of_record(post, store, source) for post in posts)], key=lambda entry: entry.at)


def threads(messages: Iterable[Entry]) -> list[Thread]:
    """Messages joined to their answers, the newest thread first."""
    roots: dict[str, str] = {}
    joined: dict[str, list[Entry]] = {}
    for entry in messages:
        root = roots[entry.name] = roots.get(entry.parent, entry.name)
        joined.setdefault(root, []).append(entry)
    return sorted(joined.values(), key=lambda thread: thread[0].at, reverse=True)


def rows(all_threads: Iterable[Thread]) -> list[list[Thread]]:
    """Threads side by side where both networks got the same words at about the same time."""
    found: list[list[Thread]] = []
    for thread in all_threads:
        beside = next((row for row in found if len(row) == 1 and _same(row[0][0], thread[0])), None)
        if beside is None:
            found.append([thread])
        else:
            beside.append(thread)
    return [sorted(row, key=lambda thread: thread[0].network, reverse=True) for row in found]


def _same(one: Entry, other: Entry) -> bool:
    return (
        one.network != other.network
        and abs(one.at - other.at) < _TOGETHER
        and _first_words(one.text) == _first_words(other.text)
    )


def _first_words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", text.lower())[:4]


def _of_status(status: Status, store: Store, source: Source) -> Entry:
    person = store.people[status.account_id]
    host = store.origin.partition("//")[2]
    pictures = (
        Picture(source(f"/media/{item.id}", item.mime, item.data), item.description, item.kind) for item in status.media
    )
    return Entry(
        name=status.id,
        parent=status.in_reply_to_id or "",
        network="mastodon",
        author=person.display_name,
        handle=f"@{person.username}@{host}",
        profile=f"/@{person.username}",
        url=f"/@{person.username}/{status.id}",
        at=status.created_at,
        text=status.text,
        body=to_html(status.text, origin=""),
        warning=status.spoiler_text or ("Sensitive media" if status.sensitive and status.media else ""),
        folds_text=bool(status.spoiler_text),
        visibility=_VISIBILITY[status.visibility],
        language=status.language,
        application=status.application,
        pictures=tuple(pictures),
        card=_quoted_status(status, store),
        options=tuple(str(option) for option in (status.poll or {}).get("options", ())),
        tags=frozenset(tag.lower() for tag in re.findall(r"#(\w+)", status.text)),
        notes=tuple(_notes_of_status(status)),
    )


def _quoted_status(status: Status, store: Store) -> Card | None:
    quoted = store.statuses.get(status.quoted_id or "")
    if quoted is None:
        return None
    return Card(f"/@{store.people[quoted.account_id].username}/{quoted.id}", "Quoted post", quoted.text)


def _notes_of_status(status: Status) -> Iterator[str]:
    if status.poll:
        hours = int(status.poll["expires_in"]) / 3600
        yield f"Poll, {hours:g} h"
        if str(status.poll.get("multiple", "")).lower() in ("1", "true"):
            yield "Several choices"
    if status.quote_policy in ("followers", "nobody"):
        yield f"Quotes: {status.quote_policy}"


def _of_record(record: Record, store: Store, source: Source) -> Entry:
    repo, value = store.repos[record.did], record.value
    labels = [label.get("val", "") for label in value.get("labels", {}).get("values", ())]
    gate = store.records.get((record.did, "app.bsky.feed.threadgate", record.rkey))
    no_quotes = (record.did, "app.bsky.feed.postgate", record.rkey) in store.records
    extra = [str(tag) for tag in value.get("tags", ())]
    features = [feature for facet in value.get("facets", ()) for feature in facet["features"]]
    return Entry(
        name=record.uri,
        parent=value.get("reply", {}).get("parent", {}).get("uri", ""),
        network="bluesky",
        author=repo.display_name,
        handle=f"@{repo.handle}",
        profile=f"/profile/{repo.handle}",
        url=f"/profile/{repo.handle}/post/{record.rkey}",
        at=record.at,
        text=value["text"],
        body=rich(value["text"], value.get("facets", ())),
        warning=", ".join(labels),
        folds_text=False,
        visibility="Public" if gate is None else "Replies limited",
        language=", ".join(value.get("langs", ())),
        application="",
        pictures=tuple(_pictures(record, store, source)),
        card=_card(record, store, source),
        options=(),
        tags=frozenset(tag.lower() for tag in (*extra, *(each["tag"] for each in features if "tag" in each))),
        notes=(*(f"#{tag}" for tag in extra), *(["Quotes: nobody"] if no_quotes else [])),
    )


def rich(text: str, facets: Sequence[dict[str, Any]]) -> str:
    """A post's text as HTML. Facets count bytes of UTF-8; like the app, this passes over those that fit nowhere."""
    data = text.encode()
    pieces, end = [], 0
    for facet in sorted(facets, key=lambda facet: int(facet["index"]["byteStart"])):
        start, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        target = next((to for feature in facet["features"] if (to := _target(feature))), "")
        if not end <= start < stop <= len(data) or not target:
            continue
        shown = html.escape(data[start:stop].decode(errors="replace"), quote=False)
        pieces.append(html.escape(data[end:start].decode(errors="replace"), quote=False))
        pieces.append(f'<a href="{html.escape(target)}" rel="nofollow noopener">{shown}</a>')
        end = stop
    pieces.append(html.escape(data[end:].decode(errors="replace"), quote=False))
    return f"<p>{''.join(pieces)}</p>"


def _target(feature: dict[str, Any]) -> str:
    match feature:
        case {"uri": str(uri)} if uri.startswith(("http://", "https://")):
            return uri
        case {"did": str(did)}:
            return f"/profile/{did}"
        case {"tag": str(tag)}:
            return f"/tags/{tag}"
        case _:
            return ""


def _known(embed: dict[str, Any]) -> dict[str, Any]:
    """An embed that the lexicons know; nothing in place of another, whose fields may be anything."""
    return embed if embed.get("$type") in EMBEDS else {}


def _pictures(record: Record, store: Store, source: Source) -> Iterator[Picture]:
    embed = _known(record.value.get("embed", {}))
    media = _known(embed.get("media", embed))
    for item in (*media.get("images", ()), *media.get("items", ()), *([media] if "video" in media else ())):
        for src, mime in _files(record, store, source, item):
            yield Picture(src, item.get("alt", ""), mime.partition("/")[0])


def _files(record: Record, store: Store, source: Source, item: Any) -> Iterator[tuple[str, str]]:
    """Where the blobs are to be had that a part of a record refers to, and their types."""
    for place, reference in blobs_in(item):
        if place == "file":  # captions are part of their video
            continue
        cid = reference["ref"]["$link"]
        blob = store.blobs[record.did, cid]
        path = f"/xrpc/com.atproto.sync.getBlob?did={record.did}&cid={cid}"
        yield source(path, blob.mime, blob.data), blob.mime


def _card(record: Record, store: Store, source: Source) -> Card | None:
    embed = _known(record.value.get("embed", {}))
    external = embed.get("external") or _known(embed.get("media", {})).get("external")
    if external:
        thumb = next(_files(record, store, source, external), ("", ""))[0]
        return Card(external["uri"], external["title"], external["description"], thumb)
    quoted = embed.get("record", {})
    uri = quoted.get("uri", quoted.get("record", {}).get("uri", ""))
    if not uri:
        return None
    did, _, key = uri.removeprefix("at://").partition("/app.bsky.feed.post/")
    other = store.records.get((did, "app.bsky.feed.post", key))
    return Card(f"/profile/{did}/post/{key}", "Quoted post", other.value["text"] if other else uri)
