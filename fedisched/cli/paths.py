"""Posts as a person names them: files or folders, relative to where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from fedisched.cli.here import Here
from fedisched.content.folder import scan
from fedisched.model.problem import Problem

_NO_POST = "posts' names end in `.md`, and do not begin with a dot or README"


def posts_named(here: Here, names: Sequence[str]) -> list[str]:
    """The paths of these posts relative to the content folder, with `/`, each once; of a folder, all posts in it,
    those left out that cannot be read as files. A name where no post can be is a usage error."""
    return [found for found in found_at(here, names) if not isinstance(found, Problem)] if names else []


def found_at(here: Here, names: Sequence[str]) -> Iterator[str | Problem]:
    """The same, and in its place the problem of each file in a folder that can be no post. Without a name, the whole
    folder of posts."""
    seen: set[str] = set()
    for place in [_place(here, name) for name in names] or [here.settings.posts]:
        for found in _below(here, place):
            path = found.path if isinstance(found, Problem) else found
            if path not in seen:
                seen.add(path)
                yield found


def _below(here: Here, place: str) -> Iterator[str | Problem]:
    if not (here.folder / place).is_dir() and place != here.settings.posts:
        yield place
        return
    for found in scan(here.folder, place):
        yield found if isinstance(found, Problem) else found.path


def _place(here: Here, name: str) -> str:
    """What a person named, relative to the content folder; a usage error where no post can be."""
    path = _meant(here, name)
    posts = here.settings.posts_folder
    if not path.is_relative_to(here.folder):
        raise click.BadParameter(f"`{name}` is not in the content folder {here.folder}.", param_hint="PATH")
    if posts.is_relative_to(path):
        return here.settings.posts
    if not path.is_relative_to(posts):
        raise click.BadParameter(f"`{name}` is no post: they are in `{here.settings.posts}/`.", param_hint="PATH")
    if not _is_there(path):
        raise click.BadParameter(f"`{name}` is not there.", param_hint="PATH")
    if not path.is_dir() and (path.suffix != ".md" or path.name.startswith((".", "README"))):
        raise click.BadParameter(f"`{name}` is no post: {_NO_POST}.", param_hint="PATH")
    return path.relative_to(here.folder).as_posix()


def _meant(here: Here, name: str) -> Path:
    """Relative to where the person stands; with `-C`, if there is no such post there, relative to that folder."""
    path = _standing(Path.cwd() / name)
    if here.named and not (_is_there(path) and path.is_relative_to(here.folder)):
        other = _standing(Path.cwd() / here.named / name)
        return path if _is_there(path) and not _is_there(other) else other
    return path


def _standing(path: Path) -> Path:
    """The last step is not resolved: a link among the posts is looked at under its own name."""
    return path.parent.resolve() / path.name if path.name != ".." else path.resolve()


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
