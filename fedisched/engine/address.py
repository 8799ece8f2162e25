"""Where a post is, as a person copies it from their browser: which of its network's names it has there. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from fedisched.model.settings import Account

_POST = "app.bsky.feed.post"
_BLUESKY = re.compile(r"/profile/([^/]+)/post/([A-Za-z0-9._:~-]+)/?")
_AT = re.compile(rf"at://([^/]+)/{re.escape(_POST)}/([A-Za-z0-9._:~-]+)")
# Mastodon's ids are numbers, others' have letters; a name or a word such as `embed` is none.
_MASTODON = re.compile(r"/.+/((?=[A-Za-z-]*[0-9])[0-9A-Za-z-]+)/?")


@dataclass(frozen=True, slots=True)
class Place:
    """A post on its network: `id` on Mastodon, `uri` on Bluesky."""

    url: str
    id: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Not a place of a post of this account, and what would be one."""

    message: str
    hint: str


def place_of(account: Account, text: str) -> Place | Elsewhere:
    """The place that an address names, if it can be a post of this account."""
    address = _split(text.strip())
    if address is None or address.scheme not in ("http", "https", "at"):
        return Elsewhere(f"`{text}` is no address of a post", _hint(account))
    if account.network == "bluesky":
        return _on_bluesky(account, address, text.strip())
    if address.scheme == "at" or not _same_host(address, account.server):
        return Elsewhere(f"`{text}` is not on {account.server}, where {account.name} publishes", _hint(account))
    found = _MASTODON.fullmatch(address.path)
    if found is None:
        return Elsewhere(f"`{text}` is not the address of one post", _hint(account))
    return Place(address._replace(query="", fragment="").geturl().rstrip("/"), id=found[1])


def _on_bluesky(account: Account, address: SplitResult, text: str) -> Place | Elsewhere:
    if address.scheme == "at":
        found = _AT.fullmatch(text)
    elif not _same_host(address, account.web):
        return Elsewhere(f"`{text}` is not on {account.web}", _hint(account))
    else:
        found = _BLUESKY.fullmatch(address.path)
    if found is None:
        return Elsewhere(f"`{text}` is not the address of one post", _hint(account))
    who, key = found[1], found[2]
    if not who.startswith("did:") and who.lower() != account.handle.lower():
        message = f"`{text}` is a post of {who}, but {account.name} publishes as {account.handle}"
        return Elsewhere(message, _hint(account))
    return Place(f"{account.web}/profile/{who}/post/{key}", uri=f"at://{who}/{_POST}/{key}")


def _split(text: str) -> SplitResult | None:
    try:
        address = urlsplit(text)
    except ValueError:
        return None
    return address if address.netloc and not re.search(r"[\s\x00-\x1f\x7f]", text) else None


def _same_host(address: SplitResult, origin: str) -> bool:
    ours = urlsplit(origin)
    return address.scheme in ("http", "https") and address.netloc.lower() == ours.netloc.lower()


def _hint(account: Account) -> str:
    if account.network == "bluesky":
        who = account.handle or "NAME"
        return f"Open the post and copy its address, like {account.web}/profile/{who}/post/KEY or at://DID/{_POST}/KEY."
    return f"Open the post on {account.server} and copy its address there, like {account.server}/@NAME/NUMBER."
