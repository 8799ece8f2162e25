"""Posts looked at from end to end: found, read, and composed for each of their targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fedisched.cli.here import Here
from fedisched.cli.paths import found_at
from fedisched.compose import default_limits, render
from fedisched.content.essentials import claims
from fedisched.content.folder import read_file
from fedisched.content.reader import read_post
from fedisched.content.results_place import where_results_stand
from fedisched.content.times import microseconds
from fedisched.engine.copied import copied, copy_hint
from fedisched.model.network import ShownCard
from fedisched.model.post import Entry, Post, Status
from fedisched.model.problem import Problem, Severity
from fedisched.model.rendered import Limits, Rendering
from fedisched.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Examined:
    """A file, and what came of it. `post` is None for what cannot be read as one; then there is no rendering."""

    path: str
    post: Post | None
    problems: tuple[Problem, ...]
    renderings: dict[str, Rendering] = field(default_factory=dict)
    cards: dict[str, ShownCard] = field(default_factory=dict)
    """The link card of each target, where its page was asked."""

    @property
    def is_broken(self) -> bool:
        """Whether this is a post that cannot be read, and not a remark on a file or folder that is none."""
        return self.post is None and self.path.endswith(".md") and any(problem.is_error for problem in self.problems)


def examine_all(here: Here, paths: Sequence[str], limits: Mapping[str, Limits] | None = None) -> Iterator[Examined]:
    """Examine the posts at the paths that a person named, files or folders; without any, all of the folder's. `limits`
    of each account; left out: as far as they are known here."""
    known = known_limits(here) if limits is None else limits
    for found in found_at(here, paths):
        if isinstance(found, Problem):
            yield Examined(found.path, None, (found,))
        else:
            yield examine(here.settings, found, known)


def copies(here: Here, examined: Iterable[Examined]) -> list[Problem]:
    """Posts whose results are those of another file, or from before their time: the start of a new post, copied with
    what belongs to the old one. A published copy is told as a warning; any other would be taken for published, and so
    is an error."""
    posts = [each.post for each in examined if each.post is not None]
    owners: dict[str, list[Post]] = {}
    for post in posts:
        for key in {result.key for result in post.results.values() if result.key}:
            owners.setdefault(key, []).append(post)
    found: dict[tuple[str, str], Problem] = {}
    for sharing in owners.values():
        for post, other in ((post, other) for post in sharing for other in sharing if post is not other):
            message = f"its results are those of {other.path}, too"
            severity: Severity = "warning" if post.status is Status.PUBLISHED else "error"
            found[post.path, other.path] = _copy(here, post, message, severity)
    told = {path for path, _ in found}
    reused = [(post, why) for post in posts if post.path not in told and (why := _why_reused(post))]
    return [*found.values(), *(_copy(here, post, why, "error") for post, why in reused)]


def _copy(here: Here, post: Post, message: str, severity: Severity) -> Problem:
    line, words = where_results_stand(here.folder, post.path)
    return Problem(post.path, line, 1, "copied-results", message, copy_hint(words), severity)


def _why_reused(post: Post) -> str:
    """Why a file's own results cannot be what becomes of it now, as far as the file alone tells; empty if they can."""
    due = microseconds(post.time) if post.time else None
    entry = Entry(post.path, post.digest, post.status, due, "", post.targets, claims=claims(post.results))
    return copied(entry, {}, under_way=False)


def examine(settings: Settings, path: str, limits: Mapping[str, Limits]) -> Examined:
    """Read and compose one post; `path` is relative to the content folder, with `/`, `limits` are by account."""
    read = read_file(settings.folder, path)
    if isinstance(read, Problem):
        return Examined(path, None, (read,))
    reading = read_post(read[0], path, settings)
    if reading.post is None:
        return Examined(path, None, reading.problems)
    renderings = {
        target: render(reading.post, target, settings.accounts[target], settings, limits[target])
        for target in reading.post.targets
    }
    composed = _composed_problems(reading.post, renderings)
    problems = sorted((*reading.problems, *composed), key=lambda problem: (problem.line, problem.column))
    return Examined(path, reading.post, tuple(problems), renderings)


def known_limits(here: Here) -> dict[str, Limits]:
    """What each account's server allows: as it last told, else as servers of its network usually do."""
    from fedisched.engine.accounts import limits_told

    told = limits_told(here.state)
    return {
        name: told.get((name, account.server)) or default_limits(account.network)
        for name, account in here.settings.accounts.items()
    }


def _composed_problems(post: Post, renderings: dict[str, Rendering]) -> list[Problem]:
    """Each problem once, though every target has it; of a post without a text the reader has told already. What is
    published is done, so nothing in it can be an error any more."""
    if not post.body.strip() and not post.media:
        return []
    found = dict.fromkeys(problem for rendering in renderings.values() for problem in rendering.problems)
    if post.status is Status.PUBLISHED:
        return [replace(problem, severity="warning") for problem in found]
    return list(found)
