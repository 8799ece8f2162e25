"""How much there is to upload for a post, guessed from its bytes: a guess is enough to begin early, and light enough
for the daemon, which never reads a post whole."""

from __future__ import annotations

import re
from pathlib import Path

from fedisched.content.folder import read_file
from fedisched.model.problem import Problem

_ENDINGS = "png|jpe?g|webp|avif|heic|heif|gif|mp4|m4v|mov|webm|mkv|mp3|m4a|ogg|oga|opus|aac|wav|flac"
# In `![alt](file)`, with or without angle brackets, and in `media:`, where a name has no blanks unless it is quoted.
_NAMES = re.compile(
    rf"""(?:\]\(<?|["']|[\s:,\[])([^\]\[()<>"'\n:/][^\]\[()<>"'\n:]*?\.(?:{_ENDINGS}))(?=[\s>)"',\]}}]|$)""",
    re.IGNORECASE,
)


def media_bytes(folder: Path, path: str) -> int:
    """The size of the files that a post seems to attach, together; 0 for a post that cannot be read."""
    found = read_file(folder, path)
    if isinstance(found, Problem):
        return 0
    base = (folder / path).parent
    names = {name.strip() for name in _NAMES.findall(found[0].decode("utf-8", "replace"))}
    # In a list of front matter, what precedes a name is no part of it.
    return sum(_size(base / name) or _size(base / name.split()[-1]) for name in names)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except (OSError, ValueError):
        return 0
