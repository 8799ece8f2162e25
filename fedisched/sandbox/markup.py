"""The timeline's HTML. Everything that was published is escaped; nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fedisched.sandbox.timeline import Entry, Picture, Thread, rows

_ICONS = {
    "Public": '<circle cx="8" cy="8" r="6"/><path d="M2 8h12M8 2c4 4 4 8 0 12M8 2c-4 4-4 8 0 12"/>',
    "Quiet public": '<path d="M13 9.5A5.5 5.5 0 1 1 6.5 3 4.5 4.5 0 0 0 13 9.5z"/>',
    "Followers": '<rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>',
    "Private mention": '<circle cx="8" cy="8" r="2.5"/><path d="M10.5 5.5v3a2 2 0 0 0 3.5 0V8a6 6 0 1 0-2.5 4.9"/>',
    "Replies limited": '<path d="M2.5 3.5h11v7h-6l-3 3v-3h-2zM5.5 7h5"/>',
}
_NETWORKS = {"mastodon": "Mastodon", "bluesky": "Bluesky"}
_EMPTY = '<p class="empty"><b>Nothing published yet</b>Posts appear here the moment they go out.</p>'


def document(title: str, threads: Sequence[Thread], *, live: bool) -> str:
    """The whole page; one that is not live follows nothing and needs nothing beside itself."""
    values = {
        "live": "yes" if live else "no",
        "title": html.escape(title),
        "script": _part("timeline.js"),
        "timeline": timeline(title, threads),
    }
    return _filled(_part("timeline.html"), values)


def _filled(template: str, values: dict[str, str]) -> str:
    """Fill a template in one pass, so that nothing that was filled in is looked at again."""
    first, *others = template.split("{{")
    pieces = [first]
    for other in others:
        name, _, rest = other.partition("}}")
        pieces += [values[name], rest]
    return "".join(pieces)


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def policy() -> str:
    """The Content-Security-Policy of the page: its own script, its own style, this server's files."""
    digest = base64.b64encode(hashlib.sha256(_part("timeline.js").encode()).digest()).decode()
    own = "img-src 'self' data:; media-src 'self' data:; connect-src 'self'; style-src 'unsafe-inline'"
    return f"default-src 'none'; base-uri 'none'; form-action 'none'; {own}; script-src 'sha256-{digest}'"


def timeline(title: str, threads: Sequence[Thread]) -> str:
    """The part of the page that changes: how much was published, and what."""
    counts = (sum(thread[0].network == network for thread in threads) for network in _NETWORKS)
    about = " · ".join(f"{count} on {name}" for count, name in zip(counts, _NETWORKS.values(), strict=True))
    top = f'<div class="top"><h1><a href="/">{html.escape(title)}</a></h1><p>{about}</p></div>'
    return f"{top}<main>{''.join(map(_row, rows(threads))) or _EMPTY}</main>"


def _row(row: Sequence[Thread]) -> str:
    return f'<section class="row">{"".join(map(_thread, row))}</section>'


def _thread(thread: Thread) -> str:
    first = thread[0]
    articles = "".join(_article(entry, first=entry is first) for entry in thread)
    return f'<div class="thread {first.network}" id="{_id(first)}">{articles}</div>'


def _id(entry: Entry) -> str:
    return "p" + hashlib.sha256(entry.name.encode()).hexdigest()[:12]


def _article(entry: Entry, *, first: bool) -> str:
    badge = f'<span class="badge">{_NETWORKS[entry.network]}</span>' if first else ""
    who = f"<b>{html.escape(entry.author)}</b><span>{html.escape(entry.handle)}</span>"
    return (
        f"<article>{avatar(entry.author, entry.handle)}<div><header>"
        f'<a class="who" href="{html.escape(entry.profile)}">{who}</a>{badge}</header>'
        f"{_content(entry)}{_footer(entry)}</div></article>"
    )


def _content(entry: Entry) -> str:
    said = (
        f'<div class="said" lang="{html.escape(entry.language.partition(",")[0])}" dir="auto">{entry.body}</div>'
        if entry.text
        else ""
    )
    rest = _poll(entry) + _pictures(entry.pictures) + _card(entry)
    if not entry.warning:
        return said + rest
    fold = f'<details id="w{_id(entry)}"><summary>{html.escape(entry.warning)}</summary>'
    return f"{fold}{said}{rest}</details>" if entry.folds_text else f"{said}{fold}{rest}</details>"


def _pictures(pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    many = " many" if len(pictures) > 1 else ""
    return f'<div class="pictures{many}">{"".join(map(_figure, pictures))}</div>'


def _figure(picture: Picture) -> str:
    src, alt = html.escape(picture.src), html.escape(picture.alt)
    shown = {
        "image": f'<img src="{src}" alt="{alt}" loading="lazy">',
        "video": f'<video src="{src}" aria-label="{alt}" controls></video>',
        "audio": f'<audio src="{src}" aria-label="{alt}" controls></audio>',
    }.get(picture.kind, "")
    caption = f'<figcaption title="{alt}">{alt}</figcaption>' if alt else ""
    return f"<figure>{shown}{caption}</figure>"


def _card(entry: Entry) -> str:
    if entry.card is None:
        return ""
    url, title, text = (html.escape(part) for part in (entry.card.url, entry.card.title, entry.card.text))
    href = url if url.startswith(("http://", "https://", "/")) else "#"
    thumb = f'<img src="{html.escape(entry.card.thumb)}" alt="">' if entry.card.thumb else ""
    return f'<a class="card" href="{href}" rel="nofollow noopener">{thumb}<b>{title}</b><span>{text}</span></a>'


def _poll(entry: Entry) -> str:
    options = "".join(f"<li>{html.escape(option)}</li>" for option in entry.options)
    return f'<ul class="poll">{options}</ul>' if options else ""


def _footer(entry: Entry) -> str:
    at = datetime.fromtimestamp(entry.at / 1_000_000, UTC)
    icon = f'<svg viewBox="0 0 16 16" aria-hidden="true">{_ICONS[entry.visibility]}</svg>'
    when = f'<time datetime="{at.isoformat()}">{at:%H:%M:%S} UTC</time>'
    language = f"<span>{html.escape(entry.language)}</span>" if entry.language else ""
    application = f"<span>via {html.escape(entry.application)}</span>" if entry.application else ""
    notes = "".join(f"<span>{html.escape(note)}</span>" for note in entry.notes)
    return (
        f'<footer><a class="when" href="{html.escape(entry.url)}">{when}</a>'
        f"<span>{icon}{entry.visibility}</span>{language}{application}{notes}</footer>"
    )


def avatar(name: str, handle: str) -> str:
    """A picture for who has none: initials on a gradient that depends on the handle's first part, so that a person
    looks the same on both networks."""
    local = re.split(r"[@.]", handle.removeprefix("@"))[0]
    turn = int.from_bytes(hashlib.sha256(local.encode()).digest()[:2], "big") % 360
    initials = "".join(word[0] for word in name.split()[:2]).upper() or "?"
    mark = f"g{turn}"
    return (
        '<svg class="avatar" viewBox="0 0 42 42" xmlns="http://www.w3.org/2000/svg" aria-hidden="true">'
        f'<defs><linearGradient id="{mark}" x1="0" y1="0" x2="1" y2="1">'
        f'<stop stop-color="hsl({turn} 58% 62%)"/><stop offset="1" stop-color="hsl({(turn + 50) % 360} 55% 46%)"/>'
        f'</linearGradient></defs><rect width="42" height="42" fill="url(#{mark})"/>'
        '<text x="21" y="22" text-anchor="middle" dominant-baseline="central" fill="#fff" font-size="16" '
        f'font-family="system-ui, sans-serif" font-weight="600">{html.escape(initials)}</text></svg>'
    )
