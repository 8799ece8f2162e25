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


def message(changes: Sequence[Change]) -> str:
    """`published: posts/a.md → mastodon, bluesky`; for several posts a line that counts them, and a list."""
    lines = [_line(change) for change in changes]
    if len(lines) == 1:
        return f"{lines[0]}\n\n{TRAILER}\n"
    counts: dict[str, int] = {}
    for change in changes:
        counts[_word(change)] = counts.get(_word(change), 0) + 1
    summary = ", ".join(f"{word}: {count} {'post' if count == 1 else 'posts'}" for word, count in counts.items())
    return "\n".join((summary, "", *(f"- {line}" for line in lines), "", TRAILER, ""))


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
