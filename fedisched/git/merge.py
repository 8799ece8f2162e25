"""The merge driver for post files: git merges what people wrote, and what fedisched wrote is merged by its meaning."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from fedisched.git.command import Git, in_short
from fedisched.model.errors import GitError
from fedisched.model.said import Said, Wording, merged

ATTRIBUTE = "fedisched"
LABELS = ("ours", "base", "theirs")


def merge_posts(
    git: Git, base: bytes, ours: bytes, theirs: bytes, wording: Wording, labels: Sequence[str] = LABELS, marker: int = 7
) -> tuple[bytes, bool]:
    """Two versions of a post that come from one (empty if there was none) as one; and whether people's words are left
    in conflict, between git's usual markers of this length.

    Both versions, and the one they come from, are made to say the same of their publishing first; so whatever is left
    to merge is the person's. Versions that cannot be read as posts are merged as any text.
    """
    whole = _saying_the_same((ours, base, theirs), wording)
    return _merge_file(git, whole or (ours, base, theirs), labels, marker)


def install(git: Git, command: str) -> None:
    """Let this clone merge post files by `command`: the attribute travels with the repository, the driver does not."""
    git("config", f"merge.{ATTRIBUTE}.name", "post files: results are merged by their meaning")
    git("config", f"merge.{ATTRIBUTE}.driver", f"{command} merge-driver %O %A %B %L %P")


def is_asked_for(git: Git, path: str) -> bool:
    """Whether `.gitattributes` names the driver for a path, relative to git's folder."""
    return git.text("check-attr", "merge", "--", path).endswith(f": {ATTRIBUTE}")


def _saying_the_same(versions: Sequence[bytes], wording: Wording) -> list[bytes] | None:
    ours, base, theirs = (wording.read(data) if data.strip() else Said() for data in versions)
    if ours is None or base is None or theirs is None:
        return None
    said = merged(base, ours, theirs)
    written = [wording.write(data, said) if data.strip() else data for data in versions]
    found = [data for data in written if data is not None]
    return found if len(found) == len(versions) else None


def _merge_file(git: Git, versions: Sequence[bytes], labels: Sequence[str], marker: int) -> tuple[bytes, bool]:
    with tempfile.TemporaryDirectory(prefix="fedisched-") as folder:
        paths = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for path, data in zip(paths, versions, strict=True):
            path.write_bytes(data)
        named: list[str] = []
        for label in labels:
            named += ["-L", label]
        words = ["merge-file", "-p", f"--marker-size={marker}", *named, *map(str, paths)]
        code, out, err = git.run(*words)
    if code > 127:
        raise GitError(f"git merge-file failed: {in_short(err)}", "Merge the file by hand.")
    return out, code != 0
