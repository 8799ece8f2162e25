"""What `render --json` prints: one object for each post and target (cli.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fedisched.model.rendered import Attachment, Body, Json, Pending, Rendered, RenderedPart


def as_json(rendered: Rendered) -> dict[str, Json]:
    """One post for one target as JSON. What cannot be known offline is `{"pending": "…"}`."""
    return {
        "path": rendered.path,
        "target": rendered.target,
        "network": rendered.network,
        "parts": [_part(part, rendered.network) for part in rendered.parts],
    }


def _part(part: RenderedPart, network: str) -> Json:
    plain: dict[str, Json] = {"text": part.text, "length": part.length, "limit": part.limit}
    if part.bytes is not None:
        plain["bytes"] = part.bytes
    plain["line"], plain["column"] = part.line, part.column
    plain["facets"] = [
        {"start": facet.start, "end": facet.end, "kind": facet.kind, "value": facet.value} for facet in part.facets
    ]
    plain["media"] = [_media(media) for media in part.media]
    if part.captions:
        plain["captions"] = [{"path": captions.path, "lang": captions.alt} for captions in part.captions]
    if part.card is not None:
        plain["card"] = {"url": part.card.url, "title": part.card.title, "description": part.card.description}
    plain["record" if network == "bluesky" else "params"] = _known(part.body)
    if part.gates:
        plain["gates"] = _known(part.gates)
    return plain


def _media(media: Attachment) -> dict[str, Json]:
    """A file as it is sent; its size in bytes is known where it is not made anew."""
    plain: dict[str, Json] = {"path": media.path, "alt": media.alt, "mime": media.mime}
    if media.width:
        plain |= {"width": media.width, "height": media.height}
    if media.focus:
        plain["focus"] = [float(number) for number in media.focus.split(",")]
    if media.making:
        return {**plain, "made": media.making, "most": media.most}
    return {**plain, "size": media.size}


def _known(body: Body) -> Json:
    if isinstance(body, Pending):
        return {"pending": str(body)}
    if isinstance(body, Mapping):
        return {key: _known(value) for key, value in body.items()}
    if isinstance(body, Sequence) and not isinstance(body, str):
        return [_known(value) for value in body]
    return body
