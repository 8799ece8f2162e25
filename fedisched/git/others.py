"""Result commits that another publisher made, seen from one that has sent something itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from fedisched.git.message import TRAILER
from fedisched.git.objects import records
from fedisched.git.repository import Repository

_KEY = re.compile(r"""^\+\s+(?:key: |.*[{,] *key: )["']?([2-7a-j][2-7a-z]{12})\b""", re.MULTILINE)
_MOST = "200"


def others_commits(
    repository: Repository, since: int, sent_here: Collection[str], tips: Callable[[], Collection[str]]
) -> tuple[str, ...]:
    """The subjects of result commits, the last one first, that were made after `since` (seconds since 1970) and whose
    results have none of the keys that were sent from here; so they are another's. `tips` are the commits to begin at.
    Raises GitError."""
    starts = [tip for tip in tips() if tip]
    if not starts:
        return ()
    words = ("log", "-z", f"--max-count={_MOST}", f"--since={since}", "--fixed-strings", f"--grep={TRAILER}")
    shown = ("--format=%x01%s", "-p", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    out = repository.git(*words, *shown, *starts, "--", settings=("log.showSignature=false",), limit=_WITHIN)
    found = []
    for record in "".join(f"{part}\n" for part in records(out)).split("\x01")[1:]:
        subject, _, changes = record.partition("\n")
        keys = set(_KEY.findall(changes))
        if keys and not keys & set(sent_here):
            found.append(subject.strip())
    return tuple(found)


_WITHIN = 10.0
"""Seconds: a person waits for it."""
