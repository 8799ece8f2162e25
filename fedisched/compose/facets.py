"""What Bluesky's app finds in plain text: mentions, links, tags and cashtags.

The rules are the app's own (https://github.com/bluesky-social/atproto, packages/api/src/rich-text), so that a post
reads as if it had been written there. Three differences, on purpose: a bare domain that begins with `http` gets a whole
address (httpbin.org), if it is one; an address that the lexicon would refuse (`https://` alone) and a handle that
cannot exist are plain text; what overlaps is left out here, not by each reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from fedisched.compose.domains import ends_in_known_tld, is_handle
from fedisched.compose.traced import Span, Traced

# What JavaScript's \s matches; Python's own differs (it has \x1c to \x1f and \x85, but no \ufeff).
SPACES = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_BARRIER = "\uffff"
_NOT_SPACE = rf"[^{SPACES}{_BARRIER}]"
_AFTER_SPACE = rf"(?<![^{SPACES}])"
_AFTER_SPACE_OR_OPENING = rf"(?<![^{SPACES}(])"
_UNSEEN = "\xad\u2060\u200a-\u200d\u20e2"

_MENTION = re.compile(rf"{_AFTER_SPACE_OR_OPENING}@([a-zA-Z0-9.-]+)\b", re.ASCII)
_LINK = re.compile(
    rf"{_AFTER_SPACE_OR_OPENING}(?:[hH][tT][tT][pP][sS]?://{_NOT_SPACE}+"
    rf"|(?P<domain>[a-zA-Z][a-zA-Z0-9]*(?:\.[a-zA-Z0-9]+)+){_NOT_SPACE}*)"
)
_TAG = re.compile(rf"{_AFTER_SPACE}[#＃](?!\ufe0f)([^{SPACES}{_UNSEEN}{_BARRIER}]+)")
_CASHTAG = re.compile(
    rf"{_AFTER_SPACE_OR_OPENING}\$([A-Za-z][A-Za-z0-9]{{0,4}})(?=[{SPACES}{_BARRIER}.,;:!?)\"'\u2019]|\Z)"
)
_VALID_URI = re.compile(rf"https?://[^{SPACES}/]{_NOT_SPACE}*")
_LONGEST_TAG = 64
"""In units of UTF-16, as the app counts; so it is within the lexicon's limits of 64 characters and 640 bytes, too."""


def detected(text: Traced) -> Iterable[Span]:
    """The spans that the app would find, sorted, not overlapping each other or the spans that the text has."""
    seen = _with_barriers(text)
    found = sorted(chain(_mentions(seen), _links(seen), _tags(seen), _cashtags(seen)))
    end = 0
    for span in found:
        if span.start >= end:
            yield span
            end = span.end


def _with_barriers(text: Traced) -> str:
    pieces: list[str] = []
    position = 0
    for span in text.spans:
        pieces += text.text[position : span.start], _BARRIER * (span.end - span.start)
        position = span.end
    return "".join([*pieces, text.text[position:]])


def _mentions(text: str) -> Iterator[Span]:
    for match in _MENTION.finditer(text):
        handle = match[1]
        if is_handle(handle) and (handle.endswith(".test") or ends_in_known_tld(handle)):
            yield Span(match.start(), match.end(), "mention", handle)


def _links(text: str) -> Iterator[Span]:
    for match in _LINK.finditer(text):
        domain, shown = match["domain"], match[0]
        if domain and not ends_in_known_tld(domain):
            continue
        if not domain and not shown.startswith("http"):
            continue
        if shown[-1] in ".,;:!?":
            shown = shown[:-1]
        if shown.endswith(")") and "(" not in shown:
            shown = shown[:-1]
        url = f"https://{shown}" if domain else shown
        if _VALID_URI.fullmatch(url):
            yield Span(match.start(), match.start() + len(shown), "link", url)


def _tags(text: str) -> Iterator[Span]:
    if not ("#" in text or "＃" in text):
        return
    import regex

    for match in _TAG.finditer(text):
        tag = match[1]
        if not regex.search(r"[^0-9\p{P}]", tag):
            continue
        tag = regex.sub(r"\p{P}+\Z", "", tag)
        if len(tag.encode("utf-16-le", "surrogatepass")) <= 2 * _LONGEST_TAG:
            yield Span(match.start(), match.start() + 1 + len(tag), "tag", tag)


def _cashtags(text: str) -> Iterator[Span]:
    for match in _CASHTAG.finditer(text):
        yield Span(match.start(), match.end(), "tag", f"${match[1].upper()}")
