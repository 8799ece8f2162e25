"""Which of the files that a push changes are to be examined. Apart from the examining, which imports much: fedisched's
own pushes hold results alone, and pass quickly."""

from __future__ import annotations

from collections.abc import Iterable

from fedisched.content.fences import FILE_CAP
from fedisched.content.said import PostWording
from fedisched.git.pushed import Change, File, Pushed, batches
from fedisched.model.said import WRITTEN
from fedisched.model.settings import Settings


def posts_to_check(pushed: Pushed, changes: Iterable[Change], settings: Settings) -> list[str]:
    """The changed files among the posts, but for those in which only results are new: fedisched wrote them, and what
    they say has happened already."""
    below = "" if settings.posts == "." else f"{settings.posts.rstrip('/')}/"
    posts = {
        change.path: change
        for change in changes
        if change.after and change.path.startswith(below) and is_text(change.path)
    }
    sizes = pushed.sizes(name for change in posts.values() for name in (change.before, change.after) if name)
    # Both versions of a file are needed at once, so they count as one that is as large as both.
    both = {
        path: File("", change.after, sizes[change.before] + sizes[change.after])
        for path, change in posts.items()
        if {change.before, change.after} <= sizes.keys() and max(sizes[change.before], sizes[change.after]) <= FILE_CAP
    }
    passed: set[str] = set()
    for batch in batches(both):
        found = pushed.contents(name for path in batch for name in (posts[path].before, posts[path].after))
        passed |= {path for path in batch if _is_result(found[posts[path].before], found[posts[path].after])}
    return [path for path in posts if path not in passed]


def _is_result(before: bytes, after: bytes) -> bool:
    """Whether nothing but results is new, and no post is scheduled by it that was not."""
    if b"results" not in after:
        return False
    wording = PostWording()
    was, said = wording.read(before), wording.read(after)
    if was is None or said is None or (said.status not in WRITTEN and said.status is not was.status):
        return False
    return wording.write(before, said) == after


def is_text(path: str) -> bool:
    """Whether a file may be a post by its ending, and not a picture beside one."""
    return path.lower().rpartition(".")[2] in ("md", "markdown", "mdown", "mkd", "mkdn", "mdwn", "mdtext")
