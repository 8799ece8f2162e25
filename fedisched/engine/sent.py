"""What was sent, kept in the journal as text: a look-up must compare with what left, not with what the file says
by then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fedisched.model.rendered import Attachment, Body, Card, Facet, Pending, Rendered, RenderedPart

_PENDING = "\0pending"


def to_text(rendered: Rendered) -> str:
    """The rendering as JSON text."""
    plain = asdict(rendered)
    for plain_part, part in zip(plain["parts"], rendered.parts, strict=True):
        plain_part["body"] = _plain(part.body)
        plain_part["gates"] = _plain(part.gates)
    return json.dumps(plain, ensure_ascii=False)


def from_text(text: str) -> Rendered | None:
    """The rendering back from its text; None from the empty text."""
    if not text:
        return None
    plain = json.loads(text)
    parts = tuple(_part(part) for part in plain.pop("parts"))
    return Rendered(**plain, parts=parts)


def _part(plain: dict[str, Any]) -> RenderedPart:
    return RenderedPart(
        **plain
        | {
            "body": _body(plain["body"]),
            "gates": tuple(_body(plain.get("gates", []))),
            "facets": tuple(Facet(**facet) for facet in plain["facets"]),
            "media": tuple(Attachment(**attachment) for attachment in plain["media"]),
            "captions": tuple(Attachment(**attachment) for attachment in plain.get("captions", ())),
            "card": _card(plain.get("card")),
        }
    )


def _card(plain: dict[str, Any] | None) -> Card | None:
    if plain is None:
        return None
    thumb = plain["thumb"]
    return Card(**{**plain, "thumb": thumb and Attachment(**thumb)})


def _plain(body: Body) -> Any:
    if isinstance(body, Pending):
        return {_PENDING: [body.what, body.of]}
    if isinstance(body, Mapping):
        return {name: _plain(value) for name, value in body.items()}
    if isinstance(body, (list, tuple)):
        return [_plain(value) for value in body]
    return body


def _body(plain: Any) -> Any:
    if isinstance(plain, dict):
        if _PENDING in plain:
            return Pending(*plain[_PENDING])
        return {name: _body(value) for name, value in plain.items()}
    if isinstance(plain, list):
        return [_body(value) for value in plain]
    return plain
