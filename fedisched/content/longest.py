"""Which posts can be vouched for without reading them whole, as most can: those that say nothing but text, when and
where. The idle daemon and `queue` ask this of each file that changed, so it is light."""

from __future__ import annotations

import re

from fedisched.content.keys import KEYS
from fedisched.content.tree import Scalar, Tree
from fedisched.model.settings import Settings

_PLAIN_KEYS = frozenset(("time", "targets", "status", "title", "results"))
# What a body says beyond its text, and what could be a part of nothing.
_MORE_THAN_TEXT = re.compile(r"!\[|\]\(|<!--|^\\*---[ \t]*\r?$", re.MULTILINE)
_ADDRESS = 40
"""More than any server counts an address as."""


def longest(tree: Tree, settings: Settings) -> int | None:
    """How long the post can be at most, as any network counts it; None where only reading it whole tells whether it can
    be sent: it attaches files, has a poll, speaks of people, and so on. Asked of files whose essentials are right."""
    if any(key in KEYS and key not in _PLAIN_KEYS for key in tree.root.values):
        return None
    title = tree.root.values.get("title")
    if title is not None and (not isinstance(title, Scalar) or title.missing):
        return None
    body = tree.fenced.body
    if _MORE_THAN_TEXT.search(body) or (settings.people and "@" in body):
        return None
    return len(body) + _ADDRESS * body.count("://")
