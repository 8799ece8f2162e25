"""A short way through files that are plainly published, which in an old folder are nearly all.

It knows a small part of YAML exactly: one `key: value` a line, values that are plain words, simply quoted or lists of
names, and `results` as fedisched itself writes them. Anything else, and any status but `published`, is None and takes
the long way; so the short way can be slow to recognise a file, but cannot misread one.
"""

from __future__ import annotations

import re
from datetime import datetime

from fedisched.content.fences import FILE_CAP, FRONT_CAP
from fedisched.content.keys import KEYS
from fedisched.content.times import as_rfc3339, microseconds, read_time
from fedisched.content.tree import NULLS
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.settings import Settings

# What `fences` refuses or reads in its own way; a NUL is not printable and so found in the front matter, but the body
# has to be searched, too.
_ODD_ANYWHERE = ("\r", "\0", "<<<<<<<", "=======", ">>>>>>>", "|||||||")
# Tabs, control characters, and what YAML takes for a line break or for no character at all.
_ODD_IN_FRONT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# The same for ASCII, which is most of it: five times as fast as looking for the odd.
_PLAIN_BYTES = b"\n" + bytes(range(0x20, 0x7F))

_NAMES = re.compile(r"\[[A-Za-z0-9][A-Za-z0-9_-]*(?:, ?[A-Za-z0-9][A-Za-z0-9_-]*)*\]")
_TEXT = r'((?!(?:null|Null|NULL)\n)[A-Za-z0-9](?:[A-Za-z0-9_./:@+?=&%~-]*[A-Za-z0-9_./@+?=&%~-])?|"[^"\\\n]+")\n'
# One target as the write-back puts it, in its order of keys; a block with an error in it takes the long way.
_RESULT = re.compile(
    rf"  (?!(?:null|Null|NULL):)([A-Za-z0-9][A-Za-z0-9_-]*):\n    key: {_TEXT}    url: {_TEXT}"
    rf"(?:    id: {_TEXT})?(?:    uri: {_TEXT})?(?:    cid: {_TEXT})?(?:    at: {_TEXT})?(?:    parts:\n"
    rf"((?:      - url: {_TEXT}(?:        id: {_TEXT})?(?:        uri: {_TEXT})?(?:        cid: {_TEXT})?)+))?"
)
_PART_ID = re.compile(rf"        (?:id|uri): {_TEXT}")

_HEAD_KEYS = frozenset(KEYS) - {"results"}

_Value = str | tuple[str, ...]


def settled(data: bytes, path: str, digest: str, settings: Settings) -> Entry | None:
    """The entry of a plainly published file; None where that takes a closer look."""
    front = _front(data)
    if front is None or "\nstatus: published\n" not in front:
        return None
    head, _, block = front.partition("\nresults:\n")
    keys = _head(head.removeprefix("\n").removesuffix("\n"))
    if keys is None or keys.get("status") != "published":
        return None
    claims = _claims(block)
    if claims is None:
        return None
    time, targets, title = keys.get("time"), keys.get("targets"), keys.get("title", "")
    if isinstance(time, tuple):
        return None
    moment = read_time(time, settings.timezone) if time else None
    return Entry(
        path=path,
        digest=digest,
        status=Status.PUBLISHED,
        due=microseconds(moment) if isinstance(moment, datetime) else None,
        time=as_rfc3339(moment) if isinstance(moment, datetime) else "",
        targets=(targets,) if isinstance(targets, str) else targets,
        title=title if isinstance(title, str) else "",
        claims=claims,
    )


def _front(data: bytes) -> str | None:
    """The front matter with the line break before it, if the file is as most are."""
    if not data.startswith(b"---\n") or len(data) > FILE_CAP:
        return None
    end = data.find(b"\n---\n", 3)
    if end < 0 or end > FRONT_CAP:
        return None
    front = data[3 : end + 1]
    try:
        text = data.decode("utf-8")
        words = front.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if any(odd in text for odd in _ODD_ANYWHERE):
        return None
    if front.isascii():
        return None if front.translate(None, _PLAIN_BYTES) else words
    return None if _ODD_IN_FRONT.search(words) else words


def _head(head: str) -> dict[str, _Value] | None:
    found: dict[str, _Value] = {}
    lines = iter(head.split("\n"))
    for line in lines:
        key, colon, raw = line.partition(": ")
        value = _value(raw) if colon else None
        if value is None or key not in _HEAD_KEYS or key in found:
            return None
        found[key] = value
    return found


def _value(raw: str) -> _Value | None:
    if raw[:1] == '"':
        inner = raw[1:-1]
        return inner if inner and raw[-1] == '"' and '"' not in inner and "\\" not in inner else None
    if raw[:1] == "[":
        names = raw[1:-1].replace(",", " ").split()
        return tuple(dict.fromkeys(names)) if _NAMES.fullmatch(raw) and NULLS.isdisjoint(names) else None
    if not raw[:1].isalnum() or raw[-1] in ": " or ": " in raw or " #" in raw or raw in NULLS:
        return None
    return raw


def _claims(block: str) -> tuple[Claim, ...] | None:
    found: dict[str, Claim] = {}
    place = 0
    while place < len(block):
        result = _RESULT.match(block, place)
        if result is None or result[1] in found:
            return None
        target, key, url, number, uri = result.group(1, 2, 3, 4, 5)
        ids = [_unquoted(name) for name in (number, uri) if name]
        if parts := result[8]:
            ids += map(_unquoted, _PART_ID.findall(parts))
        found[target] = Claim(target, _unquoted(key), tuple(dict.fromkeys(ids)), published=True, url=_unquoted(url))
        place = result.end()
    return tuple(found.values())


def _unquoted(text: str) -> str:
    return text[1:-1] if text[0] == '"' else text
