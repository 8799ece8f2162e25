"""Posts as a person names them: files or folders, relative to where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from fedisched.cli.here import Here


def posts_named(here: Here, names: Sequence[str]) -> list[str]:
    """The paths of these posts relative to the content folder, with `/`; of a folder, all posts in it. What is not
    there, or outside of the content folder, is a usage error."""
    from fedisched.content.folder import scan
    from fedisched.model.problem import Problem

    found: dict[str, None] = {}
    for name in names:
        path = _inside(here, name)
        if not path.is_dir():
            found[path.relative_to(here.folder).as_posix()] = None
            continue
        below = path.relative_to(here.folder).as_posix()
        for file in scan(here.folder, here.settings.posts):
            if not isinstance(file, Problem) and (below == "." or file.path.startswith(f"{below}/")):
                found[file.path] = None
    return list(found)


def _inside(here: Here, name: str) -> Path:
    """The file or folder that is meant, by its place and not by what it links to."""
    start = Path.cwd() / name
    if not start.exists() and here.named and (here.named / name).exists():
        # With -C, people name posts as they stand in that folder.
        start = here.named / name
    path = start.parent.resolve() / start.name
    if not path.exists():
        raise click.UsageError(f"there is no {name}")
    if not path.is_relative_to(here.folder):
        raise click.UsageError(f"{name} is outside of the content folder {here.folder}")
    return path
