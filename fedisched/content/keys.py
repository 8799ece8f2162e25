"""The keys a post's front matter may have, and what to say about those it may not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from fedisched.content.tree import Tree, short
from fedisched.model.problem import Problem
from fedisched.model.settings import Settings

KEYS = (
    *(
        "time",
        "targets",
        "status",
        "title",
        "lang",
        "visibility",
        "cw",
        "sensitive",
        "labels",
        "thread",
        "media",
        "link",
    ),
    *("tags", "poll", "replies", "quotes", "reply_to", "quote", "override", "results"),
)

NOTHING = frozenset(("false", "no", "off", "none"))
"""What people write for a key that is to say nothing."""

# What other tools call the same thing, as far as no spelling checker could guess it.
_ELSEWHERE = {
    "date": "time",
    "at": "time",
    "when": "time",
    "publish_at": "time",
    "scheduled": "time",
    "to": "targets",
    "accounts": "targets",
    "networks": "targets",
    "platforms": "targets",
    "draft": "status",
    "language": "lang",
    "content_warning": "cw",
    "spoiler": "cw",
    "spoiler_text": "cw",
    "warning": "cw",
    "nsfw": "sensitive",
    "name": "title",
    "hashtags": "tags",
    "in_reply_to": "reply_to",
    "reply": "reply_to",
    "replyto": "reply_to",
    "quoted": "quote",
    "overrides": "override",
    "threadgate": "replies",
    "reply_policy": "replies",
    "postgate": "quotes",
    "quote_policy": "quotes",
    "quote_approval_policy": "quotes",
    "options": "poll",
    "images": "media",
    "image": "media",
    "pictures": "media",
    "photos": "media",
    "video": "media",
    "attachments": "media",
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence, with a space after it, that names the likeliest of the known words; empty if none is like it."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.strip().lower(), by_lower, 1)
    return f"Did you mean `{by_lower[close[0]]}`? " if close else ""


def key_problems(tree: Tree, settings: Settings) -> Iterator[Problem]:
    """A problem for each key that is not known."""
    for key, offset in tree.root.keys.items():
        if key not in KEYS and not key.startswith("x-") and key not in settings.extra_keys:
            yield tree.problem(offset, "unknown-key", f"there is no key `{short(key)}`", _other_key(key))


def _other_key(key: str) -> str:
    elsewhere = _ELSEWHERE.get(key.lower().replace("-", "_"))
    meant = f"Did you mean `{elsewhere}`? " if elsewhere else did_you_mean(key, KEYS)
    return f"{meant}The keys are {', '.join(KEYS)}; start a key of your own with `x-`, or list it in `extra_keys`."
