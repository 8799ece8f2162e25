"""What comes in and what goes out: one HTTP request and its answer as plain values, whatever library carries them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fedisched.sandbox.log import Seen

Ending = Literal["whole", "half", "none"]


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file, as the form named it."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read to its end. Header names are in lower case, `peer` is the address it came from, `form` is the
    body as a form or as JSON, with `a[]` and `a[b]` unfolded into lists and mappings.

    `remember` and `keep_text` are false where a fault makes the server forget an idempotency key, or a text.
    """

    method: str
    path: str
    seen: Seen
    peer: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    remember: bool = True
    keep_text: bool = True

    @property
    def network(self) -> Literal["mastodon", "bluesky"] | None:
        """Whose API is called; None for pages and files."""
        if self.path.startswith("/api/") or self.path in ("/oauth/token", "/oauth/revoke"):
            return "mastodon"
        return "bluesky" if self.path.startswith("/xrpc/") else None

    @property
    def token(self) -> str:
        """The bearer token, empty if there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def text(self, name: str) -> str:
        """A field of the form as text; empty if it is not there."""
        value = self.form.get(name)
        return "" if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of the form as texts."""
        value = self.form.get(name)
        if value is None:
            return ()
        return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)

    def flag(self, name: str) -> bool:
        """A field of the form as a truth, read as Rails does."""
        return self.text(name).lower() not in {"", "0", "f", "false", "off"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `created` names what the request published, `ending` how much of the answer leaves: a connection
    may be closed in the middle of it, or before its first byte."""

    status: int
    body: bytes
    mime: str
    headers: Mapping[str, str] = field(default_factory=dict)
    created: tuple[str, ...] = ()
    ending: Ending = "whole"


def refusal(message: str, status: int = 422) -> Turned:
    """An error in Mastodon's shape."""
    return Turned(answer({"error": message}, status))


CLOSED = Reply(0, b"", "", ending="none")

Handle = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """Which requests a handler answers. `path` may have `{name}` in it, found again in `Call.parts`."""

    method: str
    path: str
    handle: Handle


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, body, "application/json; charset=utf-8", headers or {})


def page(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer in HTML, which may load nothing from elsewhere."""
    return Reply(status, html.encode(), "text/html; charset=utf-8", headers or {})


class Turned(Exception):
    """A handler turns a request away with this answer, from however deep."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def unfold(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A form's fields as Rails reads them: `a[]` makes a list, `a[b]` a mapping, `a[b][]` a list in a mapping."""
    form: dict[str, Any] = {}
    for name, value in pairs:
        head, *inner = name.replace("]", "").split("[")
        place, key = form, head
        for part in inner:
            if part == "":
                break
            nested = place.setdefault(key, {})
            if not isinstance(nested, dict):
                break
            place, key = nested, part
        if name.endswith("[]"):
            _append(place, key, value)
        else:
            place[key] = value
    return form


def _append(place: dict[str, Any], key: str, value: str) -> None:
    items = place.setdefault(key, [])
    if isinstance(items, list):
        items.append(value)
