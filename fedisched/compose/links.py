"""Web addresses as people see them."""

from __future__ import annotations

import re
import unicodedata

from fedisched.compose.domains import is_top_level
from fedisched.compose.graphemes import count_graphemes, first_graphemes

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#\\@]*@)?(?P<host>[^/?#\\@:\[\]<>^|%\s]+|\[[0-9a-f:.]+\])(?::(?P<port>\d*))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.IGNORECASE,
)
_USUAL_PORTS = {"http": "80", "https": "443"}
_LONGEST_TAIL = 15
_SHORT_TAIL = 13


def shortened(url: str) -> str:
    """An http(s) address as Bluesky's app shows it: its host, and the rest up to 15 characters, else 13 and `...`.

    The app shows a path in another script percent-encoded; here it stays readable, and is cut between characters as
    people see them. What is no such address stays as it is.
    """
    address = _ADDRESS.fullmatch(url)
    if address is None:
        return url
    scheme, host, port, path, query, fragment = address.groups(default="")
    shown_host = host.lower() + (f":{port}" if port and port != _USUAL_PORTS[scheme.lower()] else "")
    tail = "".join(piece for piece, empty in ((path, "/"), (query, "?"), (fragment, "#")) if piece != empty)
    if count_graphemes(tail) > _LONGEST_TAIL:
        tail = first_graphemes(tail, _SHORT_TAIL) + "..."
    return shown_host + tail


def says_the_same(label: str, url: str) -> bool:
    """Whether a link's text is its address: `example.com` for `https://www.example.com/`."""
    return not label.strip() or _essence(label.strip()) == _essence(url)


def leads_elsewhere(label: str, url: str) -> tuple[str, str] | None:
    """The host that a link's text shows and the one that the link leads to, where these are two; None for a text that
    is no address. As DNS spells them, for letters of two scripts may look the same."""
    shown = _LIKE_AN_ADDRESS.fullmatch("".join(c for c in label.strip() if c not in _UNSEEN))
    if shown is None:
        return None
    host, there = _as_dns_spells_it(shown["host"]), _as_dns_spells_it(_host_of(url))
    if not shown["scheme"] and not is_top_level(host.rpartition(".")[2]):
        return None
    return (host, there) if there and host.removeprefix("www.") != there.removeprefix("www.") else None


_UNSEEN = frozenset("\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_LIKE_AN_ADDRESS = re.compile(
    r"(?P<scheme>https?://)?(?:[^/?#\\\s@]*@)?(?P<host>[^/?#\\\s@:()]+[.\u3002\uff0e\uff61][^/?#\\\s@:().]+)(?::\d*)?(?:[/?#]\S*)?",
    re.IGNORECASE,
)


def _host_of(url: str) -> str:
    # As browsers read it: a backslash is a slash to them, and what stands before the last `@` is a user's name.
    authority = re.split(r"[/?#]", url.partition("://")[2].replace("\\", "/"), maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0]


def _as_dns_spells_it(host: str) -> str:
    """A host in lower case, with `xn--` where it is not ASCII; as it is, where DNS has no spelling for it."""
    plain = unicodedata.normalize("NFKC", host).casefold().rstrip(".")
    if plain.isascii():
        return plain
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        labels = (each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in plain.split("."))
        return ".".join(labels)


def _essence(url: str) -> str:
    rest = re.sub(r"\A(?:https?://)?(?:www\.)?", "", url, count=1, flags=re.IGNORECASE)
    host, slash, path = rest.partition("/")
    return (host.lower() + slash + path).rstrip("/")
