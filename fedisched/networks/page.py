"""What a page says of itself: its Open Graph data (https://ogp.me), or its title and description.

A page is a stranger's, so nothing here takes more time than its length allows: one pass from tag to tag without
nesting or backtracking, and only the tags that matter are given to the library's parser, each bounded.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin

LONGEST_TITLE = 300
LONGEST_DESCRIPTION = 1000
"""Characters as people see them. The lexicon names no limit; the app shows two lines of either."""

_MOST_TAGS = 500
_LONGEST_TAG = 8192
_SIGN = re.compile(r"<(?:!--|(/?[a-zA-Z][a-zA-Z0-9]*))")
_REST_OF_TAG = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
# What is inside of these is text, whatever it looks like.
_RAW = frozenset({"script", "style", "noscript", "textarea"})
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
_LOOKED_AT_FOR_CHARSET = 4096
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_TITLES = ("og:title", "twitter:title", "title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
_IMAGES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
_MOST_IMAGES = 2

# The encodings that pages are in, as browsers understand their names (https://encoding.spec.whatwg.org/#names-and-labels).
# No other codec is used: a page does not choose among all that the language has.
_ENCODINGS: Mapping[str, str] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "macintosh": "mac_roman",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"iso-8859-{number}": f"iso8859_{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}


class Page(NamedTuple):
    """What a page says of itself; empty for what it does not say. `images` are whole addresses, the likeliest first."""

    title: str
    description: str
    images: tuple[str, ...]


def read_page(body: bytes, charset: str, url: str) -> Page:
    """What the page at `url` says of itself. `charset` is what its server said. Never fails."""
    said = _said(decoded(body, charset))
    images = dict.fromkeys(_joined(url, image) for name in _IMAGES for image in said.get(name, ()))
    return Page(
        title=_first(said, _TITLES, LONGEST_TITLE),
        description=_first(said, _DESCRIPTIONS, LONGEST_DESCRIPTION),
        images=tuple(filter(None, images))[:_MOST_IMAGES],
    )


def has_said_enough(body: bytes) -> bool:
    """Whether the rest of a page need not be read: its head is over, and had a title in it."""
    end = body.find(b"</head")
    return end >= 0 and b"og:title" in body[:end]


def decoded(body: bytes, charset: str) -> str:
    """A page's text: by its mark, by what its server said, by what it says itself, or by what it looks like."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    named = _CHARSET.search(body[:_LOOKED_AT_FOR_CHARSET])
    own = named[1].decode("ascii", "replace").lower() if named else ""
    # A page that could be read so far is not in UTF-16, whatever it says.
    own = "utf-8" if own.startswith("utf-16") else own
    for label in (charset.lower(), own):
        if label in _ENCODINGS:
            return body.decode(_ENCODINGS[label], "replace")
    try:
        # What was cut may end inside a character.
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _said(text: str) -> dict[str, list[str]]:
    """What the page's head says, by name, each in order."""
    said: dict[str, list[str]] = {}
    for name, value in _named(text):
        if value.strip():
            said.setdefault(name, []).append(value.strip())
    return said


def _named(text: str) -> Iterator[tuple[str, str]]:
    titled = False
    for tag, start, end in _tags(text):
        if tag == "title":
            close = text.find("</", end, end + _LONGEST_TAG)
            title = "" if titled else html.unescape(text[end : close if close >= 0 else end + _LONGEST_TAG])
            titled = titled or bool(title.strip())
            yield "title", title
            continue
        attributes = _attributes(text[start:end])
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        if tag == "meta":
            yield name.strip().lower(), attributes.get("content", "")


def _tags(text: str) -> Iterator[tuple[str, int, int]]:
    """The tags that may say something, with where they begin and end."""
    position = number = 0
    while number < _MOST_TAGS and (sign := _SIGN.search(text, position)):
        name = (sign[1] or "").lower()
        position = sign.end()
        if not name:
            position = _after(text, "-->", position)
        elif name in _RAW:
            position = _after_raw(text, name, position)
        elif name in ("meta", "title"):
            number += 1
            rest = _REST_OF_TAG.match(text, position, min(position + _LONGEST_TAG, len(text)))
            if rest is not None:
                position = rest.end()
                yield name, sign.start(), position


def _after(text: str, what: str, position: int) -> int:
    found = text.find(what, position)
    return len(text) if found < 0 else found + len(what)


def _after_raw(text: str, name: str, position: int) -> int:
    """Where what is no markup ends: before its closing tag."""
    closing = re.compile(f"</{name}", re.IGNORECASE).search(text, position)
    return closing.end() if closing else len(text)


class _Attributes(HTMLParser):
    """One tag's attributes, the first of each name."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.found.setdefault(name.lower(), value or "")


def _attributes(tag: str) -> Mapping[str, str]:
    parser = _Attributes()
    parser.feed(tag)
    return parser.found


def _first(said: Mapping[str, list[str]], names: tuple[str, ...], longest: int) -> str:
    found = (shown(value, longest) for name in names for value in said.get(name, ()))
    return next(filter(None, found), "")


def shown(text: str, longest: int) -> str:
    """A text as a card can carry it: one line, nothing that is not to be seen, at most so many characters as people see
    them, cut between words where that is possible."""
    # Twenty code points to a character are generous, and a bound.
    line = " ".join(text[: longest * 20].split())
    line = "".join(c for c in line if c.isprintable() or c in "\u200c\u200d").strip()
    if len(_first_characters(line, longest)) == len(line):
        return line
    fits = _first_characters(line, longest - 1)
    cut = fits.rfind(" ")
    return (fits[:cut] if cut > len(fits) * 2 // 3 else fits).rstrip(" .,;:") + "…"


def _first_characters(text: str, number: int) -> str:
    import regex

    found = regex.match(rf"\X{{0,{number}}}", text)
    return found[0] if found else ""


def _joined(url: str, image: str) -> str:
    try:
        found = urljoin(url, image.strip())
    except ValueError:
        return ""
    return found if found.lower().startswith(("http://", "https://")) else ""
