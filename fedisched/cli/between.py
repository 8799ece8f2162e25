"""Posts that answer or quote other posts of the folder: whether these are there, go to the same targets, and do not
wait for each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fedisched.cli.here import Here
from fedisched.cli.survey import Examined
from fedisched.content.folder import read_file
from fedisched.content.glance import glance
from fedisched.engine.needs import Other, waits_for
from fedisched.model.post import Entry, Need, Post, Status
from fedisched.model.problem import Problem

_RELATIONS = ("reply_to", "quote")


def between(here: Here, examined: Iterable[Examined]) -> list[Problem]:
    """The problems that only show when posts are held against those that they name. What is published has none."""
    look = _Look(here)
    found: dict[Problem, None] = {}
    for each in examined:
        if each.post is not None and each.post.status is not Status.PUBLISHED and each.post.variants:
            found |= dict.fromkeys(_of(each.post, look))
    return list(found)


def waiting(here: Here, post: Post) -> dict[str, list[str]]:
    """For each target, which posts this one waits for and why, as far as their files tell; nothing of what is
    published."""
    if post.status is Status.PUBLISHED:
        return {}
    look = _Look(here)
    return {target: list(_waiting(post, target, look)) for target in post.targets}


def _waiting(post: Post, target: str, look: _Look) -> Iterator[str]:
    for path in dict.fromkeys(_named(post.for_target(target)).values()):
        entry = Entry(post.path, post.digest, post.status, None, "", post.targets, needs=(Need(target, path),))
        if why := waits_for(entry, target, None, {path: Other(look.entry(path))}, look.here.settings):
            yield why


@dataclass(slots=True)
class _Look:
    """The entries of the posts that are named, each read once."""

    here: Here
    known: dict[str, Entry | None] = field(default_factory=dict)

    def entry(self, path: str) -> Entry | None:
        """None for a file that is not there, or cannot be read at all."""
        if path not in self.known:
            read = read_file(self.here.folder, path)
            self.known[path] = None if isinstance(read, Problem) else glance(read[0], path, self.here.settings)
        return self.known[path]

    def targets(self, entry: Entry) -> tuple[str, ...]:
        return self.here.settings.accounts_named(entry.targets)

    def needed(self, path: str, target: str) -> list[str]:
        entry = self.entry(path)
        return [need.path for need in entry.needs if need.target == target] if entry else []


def _of(post: Post, look: _Look) -> Iterator[Problem]:
    for target in post.targets:
        variant = post.for_target(target)
        for key, path in _named(variant).items():
            mark = variant.mark(key)
            problem = _of_one(post, key, path, target, look)
            if problem is not None:
                yield replace(problem, line=mark.line, column=mark.column)


def _named(variant: Post) -> Mapping[str, str]:
    named = {key: str(getattr(variant, key)) for key in _RELATIONS}
    return {key: name for key, name in named.items() if name and "://" not in name}


def _of_one(post: Post, key: str, path: str, target: str, look: _Look) -> Problem | None:
    """What is wrong with the post that another one names, by the place of nothing in particular."""
    does = "answers" if key == "reply_to" else "quotes"
    other = look.entry(path)
    if other is None:
        hint = f"Correct the path, which is seen from this file's folder, or take `{key}` out."
        return Problem(post.path, 1, 1, "no-such-post", f"there is no post {path}", hint)
    if target not in look.targets(other):
        hint = f"Add {target} to its targets, or name posts by network: `{key}: {{{_one_of(other, look)}: …}}`."
        message = f"{path} does not go to {target}, where this post {does} it"
        return Problem(post.path, 1, 1, "not-on-target", message, hint)
    if cycle := _cycle(post.path, path, target, look):
        message = f"these posts wait for each other: {' → '.join(cycle)}"
        return Problem(post.path, 1, 1, "circular", message, f"Take `{key}` out of one of them.")
    if other.status is Status.DRAFT:
        message = f"{path} is a draft, and this post waits until it is published"
        hint = "Give that one a `time`, and" if other.due is None else "It has a time: in that one,"
        hint += " write `status: scheduled`."
        return Problem(post.path, 1, 1, "waits-for-draft", message, hint, "warning")
    if other.status is Status.SCHEDULED and _is_later(other, post):
        message = f"{path} falls due after this post, which waits until then"
        return Problem(
            post.path, 1, 1, "waits-for-later", message, "Give the one or the other another time.", "warning"
        )
    return None


def _one_of(other: Entry, look: _Look) -> str:
    return next(iter(look.targets(other)), "TARGET")


def _is_later(other: Entry, post: Post) -> bool:
    return other.due is not None and post.time is not None and other.due > post.time.timestamp() * 1_000_000


def _cycle(start: str, path: str, target: str, look: _Look) -> list[str]:
    """The way from a post back to itself, empty if there is none."""
    ways = [[start, path]]
    seen = {path}
    while ways:
        way = ways.pop()
        for following in look.needed(way[-1], target):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []
