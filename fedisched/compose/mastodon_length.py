"""How Mastodon's server weighs a text: what it takes for an address, and for a mention.

The server runs twitter-text with rules of its own (mastodon/mastodon: app/lib/extractor.rb,
config/initializers/twitter_regex.rb, app/validators/status_length_validator.rb). An address counts as 23 characters
if it has a scheme and a listed top-level domain, and a mention without its domain; the rest counts as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from fedisched.compose.domains import tlds_in
from fedisched.compose.traced import Edit, Span, Traced

if TYPE_CHECKING:
    from regex import Match, Pattern

_LONGEST_ADDRESS = 4096
_LONGEST_LABEL = 63
_LONGEST_MENTIONED_DOMAIN = 253

_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_NO_CHARACTERS = r"\ufffe\ufeff\uffff"
_ACCENTED = (
    r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289"
    r"\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_IN_DOMAIN = (
    r"[^!-/:-@\[-`{-~\x00-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    rf"{_DIRECTIONS}{_NO_CHARACTERS}]"
)
_BEYOND_ASCII = r"\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\uffef\U00010000-\U0010fffd"
_IN_QUERY = rf"[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^{_BEYOND_ASCII}]"
_ENDS_QUERY = rf"[a-z0-9_&=#/\-{_BEYOND_ASCII}]"
_IN_PATH = r"[^\p{White_Space}<>()?]"
# What a path may end in is built from twitter-text's own parentheses, before Mastodon widens what they may hold.
_IN_NARROW_PATH = rf"[a-z0-9\p{{Cyrillic}}!*';:=+,.$/%#\[\]\p{{Pd}}_~&|@{_ACCENTED}]"
_ENDS_PATH = r"""[^\p{White_Space}()?!*"'「」<>;:=,.$%\[\]~&|@]"""

_TAG = re.compile(r"(?<![\w/])[#＃][\w·\u200c\u0900-\u0dff]*\w")


class _Weight(NamedTuple):
    start: int
    end: int
    counts_as: str


def counted(text: Traced, per_url: int) -> Traced:
    """The text as the server counts it, a placeholder for each address and mention."""
    edits: list[Edit] = []
    for found in sorted([*_addresses(text.text, per_url), *_mentions(text.text)]):
        if not edits or found.start >= edits[-1].end:
            edits.append(Edit(*found))
    return text.edited(edits)


def meanings(text: str) -> Iterator[Span]:
    """What the server finds in a text: links, mentions and tags, in order and apart. Of tags a little more than it
    does: they are told so that nobody splits them."""
    found = [Span(link.start, link.end, "link", text[link.start : link.end]) for link in _addresses(text, 0)]
    found += [Span(name.start, name.end, "mention", text[name.start : name.end]) for name in _mentions(text)]
    found += [Span(tag.start(), tag.end(), "tag", tag[0]) for tag in _TAG.finditer(text)]
    end = 0
    for span in sorted(found):
        if span.start >= end:
            yield span
            end = span.end


def _addresses(text: str, per_url: int) -> Iterator[_Weight]:
    # No address goes over white space, and what may stand before one includes it: so word by word is the same.
    for word in re.finditer(r"[^\t-\r ]+", text):
        if "://" not in word[0]:
            continue
        for match in _address_pattern(tlds_in(word[0])).finditer(word[0]):
            address = _address(match)
            if address is not None:
                start = word.start() + match.start("address")
                yield _Weight(start, start + len(address), "x" * per_url)


def _address(match: Match[str]) -> str | None:
    """The address of a match as the server takes it; None if it takes none."""
    address = str(match["address"])
    if not match["scheme"]:
        return None
    shortener = re.match(r"https?://t\.co/([a-z0-9]+)", address, re.IGNORECASE)
    if shortener:
        return shortener[0] if len(shortener[1]) <= 40 else None
    domain = str(match["domain"])
    labels = [_encoded(label) for label in domain.split(".")]
    grown = max(0, len(".".join(labels)) - len(domain))
    fits = max(map(len, labels)) <= _LONGEST_LABEL and len(address) + grown <= _LONGEST_ADDRESS
    return address if fits else None


def _encoded(label: str) -> str:
    return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()


def _mentions(text: str) -> Iterator[_Weight]:
    if "@" not in text:
        return
    for match in _mention_pattern().finditer(text):
        if len(match["domain"] or "") <= _LONGEST_MENTIONED_DOMAIN:
            yield _Weight(match.start(), match.end(), f"@{match['name']}")


@cache
def _mention_pattern() -> Pattern[str]:
    import regex

    word = r"[\p{L}\p{M}\p{Nd}\p{Pc}]"
    return regex.compile(
        rf"(?<![=/\p{{L}}\p{{M}}\p{{Nd}}\p{{Pc}}])@(?P<name>[a-zA-Z0-9_]++(?:[.-]+[a-zA-Z0-9_]++)*+)"
        rf"(?:@(?P<domain>{word}++(?:[.-]+{word}++)*+))?+(?![@＠{_ACCENTED}]|://)"
    )


@lru_cache
def _address_pattern(tlds: frozenset[str]) -> Pattern[str]:
    """What an address looks like, with the few top-level domains that may be in it: to compile all takes 50 ms."""
    import regex

    def parentheses(inner: str) -> str:
        return rf"\((?:{inner}+|{inner}*\({inner}+\){inner}*)\)"

    subdomain = rf"{_IN_DOMAIN}(?:{_IN_DOMAIN}|[_-]+(?={_IN_DOMAIN}))*+\."
    domain = rf"{_IN_DOMAIN}(?:{_IN_DOMAIN}|-+(?={_IN_DOMAIN}))*+\."
    path = rf"/(?:(?:{_IN_PATH}|{parentheses(_IN_PATH)})*(?:{_ENDS_PATH}|{parentheses(_IN_NARROW_PATH)}))?"
    return regex.compile(
        rf"(?:\A|[^a-z0-9@＠$#＃{_NO_CHARACTERS}]|[{_DIRECTIONS}])"
        rf"(?P<address>(?P<scheme>(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://)?"
        rf"(?P<domain>(?:{subdomain})*{domain}(?:\L<tlds>(?=[^0-9a-z@+-]|\Z)|xn--[0-9a-z]+))"
        rf"(?::[0-9]+)?(?:{path})?(?:\?{_IN_QUERY}*{_ENDS_QUERY})?)",
        regex.IGNORECASE,
        tlds=tlds,
    )
