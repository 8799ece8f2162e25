"""From a part to a Bluesky record (app.bsky.feed.post): rich text, labels, images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedisched.compose.bluesky_keys import gates, labels_of, unfit, with_quote
from fedisched.compose.body import Link, Person
from fedisched.compose.draft import Composed, Draft, overrun_in_bytes, overrun_in_characters, size_of
from fedisched.compose.facets import SPACES, detected
from fedisched.compose.links import says_the_same, shortened
from fedisched.compose.media.shown import Shows
from fedisched.compose.traced import NOWHERE, Edit, Traced, Tracing
from fedisched.model import usual
from fedisched.model.rendered import Attachment, Body, Facet, Pending, RenderedPart

SHOWS = Shows(
    images=frozenset(("image/png", "image/jpeg", "image/webp")),
    videos=frozenset(("video/mp4",)),
    films_gifs=True,
    video_alt_characters=1000,
    video_alt_bytes=10_000,
)
_MOST_IMAGES = 4
"""What `embed.images` takes; more are an `embed.gallery`."""
_UNSEEN = rf"[{SPACES}\xad\u2060\u200b-\u200d]*"
_BLANK_LINES = re.compile(rf"\n{_UNSEEN}\n{_UNSEEN}\n")


def compose(draft: Draft) -> Composed:
    """The record of one part, and what is wrong with it on Bluesky."""
    text = _written(draft)
    facets = tuple(_facets(text))
    length, size = size_of(text.text)
    overruns = (
        *overrun_in_characters(text, length, draft.limits.characters, draft.tail),
        *overrun_in_bytes(text, size, draft.limits.bytes or usual.BLUESKY.bytes or 0, draft.tail),
    )
    problems = (*draft.strangers(), *(unfit(draft) if draft.number == 1 else ()))
    body = _record(draft, text.text, facets)
    part = RenderedPart(
        text.text,
        length,
        draft.limits.characters,
        body,
        size,
        facets,
        draft.media,
        captions=draft.captions,
        gates=gates(draft),
    )
    return Composed(part, text, overruns, problems, tuple(_mentions(text)))


def _mentions(text: Traced) -> Iterator[tuple[str, int]]:
    for span in text.spans:
        if span.kind == "mention" and text.origins[span.start] != NOWHERE:
            yield span.value, text.origins[span.start]


def _written(draft: Draft) -> Traced:
    """The text as it is posted and counted, with all its spans."""

    def add_link(tracing: Tracing, link: Link) -> None:
        start = len(tracing)
        label = "".join(words.text for words in link.label)
        if label.strip():
            for words in link.label:
                tracing.typed(words.text, words.offset)
        else:
            tracing.written(link.url, link.offset)
        tracing.mean(start, "link", link.url)

    def add_person(tracing: Tracing, person: Person) -> None:
        start = len(tracing)
        handle = draft.handle(person)
        tracing.written(f"@{handle or person.name}", person.offset)
        if handle:
            tracing.mean(start, "mention", handle)

    text = draft.text(add_link, add_person)
    if draft.post.cw.strip() and not labels_of(draft):
        text = text.with_head(f"CW: {draft.post.cw.strip()}\n\n")
    text = _tidied(text).with_tail(draft.tail)
    text = text.with_spans([*text.spans, *detected(text)])
    return text.edited(list(_shortened_links(text)))


def _tidied(text: Traced) -> Traced:
    """Leading blank lines and trailing space are gone, and more than one blank line is one, as the app does."""
    end = len(text.text.rstrip(SPACES))
    indented = min(len(text.text) - len(text.text.lstrip(SPACES)), end)
    start = text.text.rfind("\n", 0, indented) + 1
    text = text.edited([Edit(0, start, ""), Edit(end, len(text.text), "")])
    return text.edited([Edit(match.start(), match.end(), "\n\n") for match in _BLANK_LINES.finditer(text.text)])


def _shortened_links(text: Traced) -> Iterator[Edit]:
    for span in text.spans:
        shown = text.text[span.start : span.end]
        if span.kind == "link" and (short := shortened(shown)) != shown and says_the_same(shown, span.value):
            yield Edit(span.start, span.end, short)


def _facets(text: Traced) -> Iterator[Facet]:
    offset = position = 0
    for span in text.spans:
        if span.kind == "plain":
            continue
        start = offset + len(text.text[position : span.start].encode())
        offset, position = start + len(text.text[span.start : span.end].encode()), span.end
        yield Facet(start, offset, span.kind, span.value)


def _record(draft: Draft, text: str, facets: tuple[Facet, ...]) -> dict[str, Body]:
    post = draft.post
    record: dict[str, Body] = {"$type": "app.bsky.feed.post", "text": text}
    if facets:
        record["facets"] = [_facet(facet) for facet in facets]
    if draft.number > 1:
        record["reply"] = {"root": Pending("root"), "parent": Pending("parent")}
    elif post.reply_to:
        record["reply"] = {"root": Pending("root", post.reply_to), "parent": Pending("parent", post.reply_to)}
    if draft.media:
        record["embed"] = _embed(draft)
    if embed := with_quote(record.get("embed"), draft):
        record["embed"] = embed
    if post.lang:
        record["langs"] = [post.lang]
    if post.tags:
        record["tags"] = list(post.tags)
    if labels := labels_of(draft):
        values = [{"val": label} for label in labels]
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    record["createdAt"] = Pending("created_at")
    return record


def _facet(facet: Facet) -> Body:
    feature: dict[str, Body] = {"$type": f"app.bsky.richtext.facet#{facet.kind}"}
    match facet.kind:
        case "link":
            feature["uri"] = facet.value
        case "mention":
            feature["did"] = Pending("did", facet.value)
        case "tag":
            feature["tag"] = facet.value
    return {
        "$type": "app.bsky.richtext.facet",
        "index": {"byteStart": facet.start, "byteEnd": facet.end},
        "features": [feature],
    }


def _embed(draft: Draft) -> dict[str, Body]:
    """Pictures, or the video, with its captions."""
    first = draft.media[0]
    if first.mime.startswith("video/"):
        video: dict[str, Body] = {"$type": "app.bsky.embed.video", **_described("video", 1, first)}
        if draft.captions:
            numbered = enumerate(draft.captions, len(draft.media) + 1)
            video["captions"] = [{"lang": each.alt, "file": Pending("blob", str(number))} for number, each in numbered]
        return video
    images = [_described("image", number, attachment) for number, attachment in enumerate(draft.media, 1)]
    if len(images) <= _MOST_IMAGES:
        return {"$type": "app.bsky.embed.images", "images": images}
    return {
        "$type": "app.bsky.embed.gallery",
        "items": [{"$type": "app.bsky.embed.gallery#image", **image} for image in images],
    }


def _described(name: str, number: int, attachment: Attachment) -> dict[str, Body]:
    """A file, by the number of its upload, with its description and its shape."""
    described: dict[str, Body] = {name: Pending("blob", str(number)), "alt": attachment.alt}
    if attachment.width and attachment.height:
        described["aspectRatio"] = {"width": attachment.width, "height": attachment.height}
    return described
