"""Web addresses as people see them."""

from __future__ import annotations

import re

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


def _essence(url: str) -> str:
    rest = re.sub(r"\A(?:https?://)?(?:www\.)?", "", url, count=1, flags=re.IGNORECASE)
    host, slash, path = rest.partition("/")
    return (host.lower() + slash + path).rstrip("/")
