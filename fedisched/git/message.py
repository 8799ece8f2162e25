"""The messages of result commits, and how to know one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fedisched.model.post import Status
from fedisched.model.said import Said, changed_targets

TRAILER = "Results-By: fedisched"
"""The last line of every result commit."""


@dataclass(frozen=True, slots=True)
class Change:
    """A post's file (`path` relative to the content folder) and what it newly says."""

    path: str
    before: Said
    now: Said


def summary(changes: Sequence[Change]) -> str:
    """`published: posts/a.md → mastodon, bluesky`; for several posts `published: 3 posts`."""
    if len(changes) == 1:
        return _line(changes[0])
    counts: dict[str, int] = {}
    for change in changes:
        counts[_word(change)] = counts.get(_word(change), 0) + 1
    return ", ".join(f"{word}: {count} {'post' if count == 1 else 'posts'}" for word, count in counts.items())


def message(changes: Sequence[Change]) -> str:
    """The whole message: the summary, for several posts a list, and the trailer."""
    listed = [f"- {_line(change)}" for change in changes] if len(changes) > 1 else []
    paragraphs = [summary(changes), "\n".join(listed), TRAILER]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def is_ours(body: str) -> bool:
    """Whether a commit's message says that it is a result commit."""
    return TRAILER in (line.strip() for line in body.rstrip().rpartition("\n\n")[2].splitlines())


def _line(change: Change) -> str:
    targets = ", ".join(changed_targets(change.before, change.now))
    path = "".join(c if c.isprintable() else "?" for c in change.path)
    return f"{_word(change)}: {path}" + (f" → {targets}" if targets else "")


def _word(change: Change) -> str:
    status = change.now.status
    return "decided" if status in (None, Status.SCHEDULED, Status.DRAFT) else str(status)
