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
from fedisched.content.times import microseconds
from fedisched.engine.copied import NO_RESULTS_HINT, copied, later_than_its_results, passed_over
from fedisched.model.network import ShownCard
from fedisched.model.post import Entry, Partial, Post, Status
from fedisched.model.problem import Problem
from fedisched.model.rendered import Limits, Rendering
from fedisched.model.settings import Settings
from fedisched.publisher.copies import copied_results, no_results


@dataclass(frozen=True, slots=True)
class Examined:
    """A file, and what came of it. `post` is None for what cannot be read as one; then there is no rendering."""

    path: str
    post: Post | None
    problems: tuple[Problem, ...]
    renderings: dict[str, Rendering] = field(default_factory=dict)
    cards: dict[str, ShownCard] = field(default_factory=dict)
    """The link card of each target, where its page was asked."""
    waits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What the post waits for before it can go to a target, where that was asked."""

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
    what belongs to the old one. A published copy with the old one's time is told as a warning; any other would be
    taken for published, and so is an error."""
    posts = [each.post for each in examined if each.post is not None]
    owners: dict[str, list[Post]] = {}
    for post in posts:
        for key in {result.key for result in post.results.values() if result.key}:
            owners.setdefault(key, []).append(post)
    found: dict[tuple[str, str], Problem] = {}
    for sharing in owners.values():
        for post, other in ((post, other) for post in sharing for other in sharing if post is not other):
            message = f"its results are those of {other.path}, too"
            problem = copied_results(here.folder, post.path, post.status, message)
            if post.status is Status.PUBLISHED and not _is_the_later(post, other):
                problem = replace(problem, severity="warning")
            found[post.path, other.path] = problem
    told = {path for path, _ in found}
    alone = (_of_its_own(here, post) for post in posts if post.path not in told)
    return [*found.values(), *filter(None, alone)]


def _is_the_later(post: Post, other: Post) -> bool:
    """Whether a post was meant for another time than the one that has the same results, and than these."""
    if post.time is None or (other.time is not None and other.time >= post.time):
        return False
    return bool(later_than_its_results(_entry(post)))


def _of_its_own(here: Here, post: Post) -> Problem | None:
    """Why a file's own results or status cannot be what becomes of it now, as far as the file alone tells. A published
    one whose time was changed afterwards may be meant so."""
    entry = _entry(post)
    if why := copied(entry, {}, under_way=False):
        return copied_results(here.folder, post.path, post.status, why)
    why, hint = passed_over(entry, False, here.clock.now())
    if hint == NO_RESULTS_HINT:
        return no_results(here.folder, post.path, why)
    return replace(copied_results(here.folder, post.path, post.status, why), severity="warning") if why else None


def _entry(post: Post) -> Entry:
    due = microseconds(post.time) if post.time else None
    return Entry(post.path, post.digest, post.status, due, "", post.targets, claims=claims(post.results))


def examine(settings: Settings, path: str, limits: Mapping[str, Limits]) -> Examined:
    """Read and compose one post; `path` is relative to the content folder, with `/`, `limits` are by account."""
    read = read_file(settings.folder, path)
    if isinstance(read, Problem):
        return Examined(path, None, (read,))
    reading = read_post(read[0], path, settings)
    if reading.post is not None:
        renderings = _renderings(reading.post, settings, limits)
        composed = _composed_problems(reading.post, renderings)
        return Examined(path, reading.post, _in_order(*reading.problems, *composed), renderings)
    return Examined(path, None, _in_order(*reading.problems, *_more_problems(reading.partial, settings, limits)))


def _renderings(post: Post, settings: Settings, limits: Mapping[str, Limits]) -> dict[str, Rendering]:
    accounts = settings.accounts
    return {target: render(post, target, accounts[target], settings, limits[target]) for target in post.targets}


def _in_order(*problems: Problem) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))


def _more_problems(partial: Partial | None, settings: Settings, limits: Mapping[str, Limits]) -> list[Problem]:
    """What the networks would find wrong with a post that has errors of its own, as far as it does not come of these:
    so that all of it can be mended in one go."""
    if partial is None or "override" in partial.doubtful or (partial.post.results and "status" in partial.doubtful):
        return []
    doubtful = partial.doubtful if "" not in partial.doubtful else frozenset(_FOLLOWS)
    nonsense = {code for key in doubtful for code in _FOLLOWS.get(key, ())}
    found = _composed_problems(partial.post, _renderings(partial.post, settings, limits))
    return [problem for problem in found if problem.code not in nonsense]


_FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "thread": ("too-long",),
    "media": ("empty-part", "sensitive-unused", "labels-unused", "cw-without-text"),
    "labels": ("sensitive-unused", "labels-unused"),
    "sensitive": ("labels-unused",),
    "cw": ("sensitive-unused", "labels-unused"),
    "link": ("no-link", "no-place-for-card", "link-unused", "link-not-in-text"),
    "lang": ("captions", "bad-language"),
    "reply_to": ("other-network", "bad-reference"),
    "quote": ("other-network", "bad-reference"),
    "targets": ("labels-unused", "link-unused", "captions-unused"),
}
"""What may be told of a post only since a key of it could not be read."""


def known_limits(here: Here, settings: Settings | None = None) -> dict[str, Limits]:
    """What each account's server allows: as it last told, else as servers of its network usually do. `settings` where
    they were read already."""
    from fedisched.engine.accounts import limits_told

    told = limits_told(here.state)
    return {
        name: told.get((name, account.server)) or default_limits(account.network)
        for name, account in (settings or here.settings).accounts.items()
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
