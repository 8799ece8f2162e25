"""What a record may be: a small reader of the lexicons that publishing needs, with the real server's messages.

Only what a real server refuses is refused: it takes facets that point nowhere and replies to nothing
(https://github.com/bluesky-social/atproto/tree/main/lexicons).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[str, Any], "str | None"]
"""Takes where a value stands and the value; gives what is wrong with it, or None."""

_TID = re.compile(r"[234567a-j][2-7a-z]{12}")
_RECORD_KEY = re.compile(r"[A-Za-z0-9_~.:-]{1,512}")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_AT_URI = re.compile(r"at://[^\s/]+(/[A-Za-z0-9.-]+(/[A-Za-z0-9_~.:-]+)?)?")


def text(*, longest: int | None = None, graphemes: int | None = None, pattern: tuple[str, str] | None = None) -> Check:
    """A text of at most `longest` bytes of UTF-8 and so many grapheme clusters; `pattern` with the name of the form."""

    def check(at: str, value: Any) -> str | None:
        if not isinstance(value, str):
            return f"{at} must be a string"
        if longest is not None and len(value.encode("utf-8", "surrogatepass")) > longest:
            return f"{at} must not be longer than {longest} characters"
        if graphemes is not None and len(value) > graphemes and _graphemes(value) > graphemes:
            return f"{at} must not be longer than {graphemes} graphemes"
        if pattern is not None and not re.fullmatch(pattern[0], value):
            return f"{at} must be a valid {pattern[1]}"
        return None

    return check


def _graphemes(value: str) -> int:
    import regex

    return len(regex.findall(r"\X", value))


def whole(least: int = 0) -> Check:
    """An integer that is not below `least`."""

    def check(at: str, value: Any) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{at} must be an integer"
        return f"{at} can not be less than {least}" if value < least else None

    return check


def many(item: Check, most: int | None = None) -> Check:
    """A list of at most `most`."""

    def check(at: str, value: Any) -> str | None:
        if not isinstance(value, list):
            return f"{at} must be an array"
        if most is not None and len(value) > most:
            return f"{at} must not have more than {most} elements"
        return next((wrong for index, one in enumerate(value) if (wrong := item(f"{at}/{index}", one))), None)

    return check


def thing(needed: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields; others are let through."""
    optional = optional or {}

    def check(at: str, value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"{at} must be an object"
        missing = next((name for name in needed if name not in value), None)
        if missing is not None:
            return f'{at} must have the property "{missing}"'
        fields = {**needed, **optional}
        return next(
            (wrong for name in value if name in fields and (wrong := fields[name](f"{at}/{name}", value[name]))), None
        )

    return check


def one_of(kinds: Mapping[str, Check]) -> Check:
    """An object that `$type` tells apart; types that are not known are let through, for lexicons grow."""

    def check(at: str, value: Any) -> str | None:
        if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
            return f'{at} must be an object which includes the "$type" property'
        kind = kinds.get(value["$type"].removesuffix("#main"))
        return kind(at, value) if kind else None

    return check


def moment(at: str, value: Any) -> str | None:
    """A time. As on the real server its shape counts, and not whether there is such a day."""
    fits = isinstance(value, str) and _DATETIME.fullmatch(value)
    return None if fits else f"{at} must be an valid atproto datetime (both RFC-3339 and ISO-8601)"


def blob(at: str, value: Any) -> str | None:
    link = value.get("ref") if isinstance(value, dict) else None
    fits = isinstance(value, dict) and value.get("$type") == "blob" and isinstance(link, dict) and "$link" in link
    return None if fits else f"{at} should be a blob ref"


def _did(at: str, value: Any) -> str | None:
    fits = isinstance(value, str) and re.fullmatch(r"did:[a-z]+:[A-Za-z0-9._:%-]+", value)
    return None if fits else f"{at} must be a valid did"


AT_URI = text(pattern=(_AT_URI.pattern, "at-uri"))
URI = text(pattern=(r"[a-z][a-z0-9.+-]*:\S+", "uri"))
LANGUAGE = text(pattern=(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", "BCP 47 language tag"))
TAG = text(longest=640, graphemes=64)
STRONG_REF = thing({"uri": AT_URI, "cid": text()})
RATIO = thing({"width": whole(1), "height": whole(1)})
IMAGE = thing({"image": blob, "alt": text()}, {"aspectRatio": RATIO})
GALLERY_IMAGE = thing({"image": blob, "alt": text(), "aspectRatio": RATIO})
CAPTIONS = thing({"lang": LANGUAGE, "file": blob})
FEATURE = one_of(
    {
        "app.bsky.richtext.facet#mention": thing({"did": _did}),
        "app.bsky.richtext.facet#link": thing({"uri": URI}),
        "app.bsky.richtext.facet#tag": thing({"tag": TAG}),
    }
)
FACET = thing({"index": thing({"byteStart": whole(), "byteEnd": whole()}), "features": many(FEATURE)})
CARD = thing({"uri": URI, "title": text(), "description": text()}, {"thumb": blob})
MEDIA = {
    "app.bsky.embed.images": thing({"images": many(IMAGE, 4)}),
    "app.bsky.embed.gallery": thing({"items": many(one_of({"app.bsky.embed.gallery#image": GALLERY_IMAGE}), 20)}),
    "app.bsky.embed.video": thing(
        {"video": blob},
        {"alt": text(longest=10000, graphemes=1000), "aspectRatio": RATIO, "captions": many(CAPTIONS, 20)},
    ),
    "app.bsky.embed.external": thing({"external": CARD}),
}
QUOTE = thing({"record": STRONG_REF})
EMBEDS = {
    **MEDIA,
    "app.bsky.embed.record": QUOTE,
    "app.bsky.embed.recordWithMedia": thing({"record": QUOTE, "media": one_of(MEDIA)}),
}
SELF_LABEL = thing({"val": text(longest=128)})
LABELS = one_of({"com.atproto.label.defs#selfLabels": thing({"values": many(SELF_LABEL, 10)})})

ALLOWED = one_of({"app.bsky.feed.threadgate#listRule": thing({"list": AT_URI})})
RECORDS: Mapping[str, Check] = {
    "app.bsky.feed.post": thing(
        {"text": text(longest=3000, graphemes=300), "createdAt": moment},
        {
            "facets": many(FACET),
            "reply": thing({"root": STRONG_REF, "parent": STRONG_REF}),
            "embed": one_of(EMBEDS),
            "langs": many(LANGUAGE, 3),
            "labels": LABELS,
            "tags": many(TAG, 8),
        },
    ),
    "app.bsky.feed.threadgate": thing(
        {"post": AT_URI, "createdAt": moment}, {"allow": many(ALLOWED, 5), "hiddenReplies": many(AT_URI, 300)}
    ),
    "app.bsky.feed.postgate": thing({"post": AT_URI, "createdAt": moment}, {"embeddingRules": many(one_of({}), 5)}),
}
_TID_COLLECTIONS = frozenset({"app.bsky.feed.post", "app.bsky.feed.threadgate", "app.bsky.feed.postgate"})


def wrong_record(collection: str, record: Mapping[str, Any]) -> str | None:
    """Why a record cannot be in a collection, in the real server's words; None if it can."""
    kind = record.get("$type")
    if kind != collection:
        return f"Invalid $type: expected {collection}, got {kind}"
    check = RECORDS.get(collection)
    wrong = check("Record", record) if check else None
    return f"Invalid {collection} record: {wrong}" if wrong else None


def wrong_key(collection: str, rkey: Any) -> str | None:
    """Why a record key cannot be used; posts and their gates are keyed by TIDs."""
    if not isinstance(rkey, str) or not _RECORD_KEY.fullmatch(rkey) or rkey in {".", ".."}:
        return "Input/rkey must be a valid Record Key"
    if collection in _TID_COLLECTIONS and not _TID.fullmatch(rkey):
        return f"Invalid record key: {collection} needs a TID"
    return None
