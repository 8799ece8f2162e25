"""Posts as they would be rendered, made by hand: this suite does not depend on how they are composed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence

from fedisched.model.rendered import Attachment, Body, Facet, Json, Pending, Rendered, RenderedPart


def mastodon_post(*texts: str, media: Sequence[Attachment] = (), **form: Body) -> Rendered:
    """A thread of these texts, the first with the attachments."""
    parts = []
    for number, text in enumerate(texts, start=1):
        attached = tuple(media) if number == 1 else ()
        body: dict[str, Body] = {"status": text, "visibility": "public", **form}
        if attached:
            body["media_ids"] = [Pending("media", str(position)) for position, _ in enumerate(attached, start=1)]
        if number > 1:
            body["in_reply_to_id"] = Pending("in_reply_to_id")
        parts.append(RenderedPart(text, len(text), 500, body, media=attached))
    return Rendered("posts/a.md", "here", "mastodon", tuple(parts))


def bluesky_post(
    *texts: str, media: Sequence[Attachment] = (), facets: Sequence[Facet] = (), **record: Body
) -> Rendered:
    """A thread of these texts, the first with the attachments and the facets."""
    parts = []
    for number, text in enumerate(texts, start=1):
        attached = tuple(media) if number == 1 else ()
        body: dict[str, Body] = {
            "$type": "app.bsky.feed.post",
            "text": text,
            "createdAt": Pending("created_at"),
            "langs": ["en"],
            **record,
        }
        if facets and number == 1:
            body["facets"] = [_facet(facet) for facet in facets]
        if attached:
            body["embed"] = {"$type": "app.bsky.embed.images", "images": _images(attached)}
        if number > 1:
            body["reply"] = {"root": Pending("root"), "parent": Pending("parent")}
        parts.append(RenderedPart(text, len(text), 300, body, media=attached))
    return Rendered("posts/a.md", "here", "bluesky", tuple(parts))


Render = Callable[..., Rendered]
POSTS: Mapping[str, Render] = {"mastodon": mastodon_post, "bluesky": bluesky_post}


def facet(text: str, piece: str, kind: str, value: str) -> Facet:
    """A facet on the first place of `piece` in a text."""
    start = len(text[: text.index(piece)].encode())
    assert kind in ("link", "mention", "tag")
    return Facet(start, start + len(piece.encode()), kind, value)  # type: ignore[arg-type]


def _facet(facet: Facet) -> Mapping[str, Body]:
    value: Body = Pending("did", facet.value) if facet.kind == "mention" else facet.value
    field = {"mention": "did", "link": "uri", "tag": "tag"}[facet.kind]
    index: Mapping[str, Json] = {"byteStart": facet.start, "byteEnd": facet.end}
    return {"index": index, "features": [{"$type": f"app.bsky.richtext.facet#{facet.kind}", field: value}]}


def _images(media: Sequence[Attachment]) -> list[Mapping[str, Body]]:
    return [
        {
            "alt": attachment.alt,
            "image": Pending("blob", str(position)),
            "aspectRatio": {"width": attachment.width, "height": attachment.height},
        }
        for position, attachment in enumerate(media, start=1)
    ]


def picture(alt: str = "a red square", path: str = "red.png") -> Attachment:
    return Attachment(path, alt, "image/png", len(png()), 4, 4)


def png(colour: tuple[int, int, int] = (200, 0, 0)) -> bytes:
    """A small picture, as a real file."""
    rows = (b"\0" + bytes(colour) * 4) * 4
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
