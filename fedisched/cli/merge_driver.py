"""`fedisched merge-driver`: what git calls to merge a post's file. Hidden; `init` tells git of it."""

from __future__ import annotations

from pathlib import Path

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import verb

_FILE = click.Path(dir_okay=False, path_type=Path)


@verb
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
@click.argument("marker", type=int, default=7)
@click.argument("path", default="")
def merge_driver(here: Here, base: Path, ours: Path, theirs: Path, marker: int, path: str) -> Exit:
    """Merge two versions of a post's file into OURS.

    Ends with 1 if a person has to solve a conflict, as git asks of a merge driver. PATH is only for telling.

    Examples:
    git config merge.fedisched.driver "fedisched merge-driver %O %A %B %L %P"
    """
    from fedisched.content.said import PostWording
    from fedisched.git.command import Git
    from fedisched.git.merge import merge_posts

    versions = [file.read_bytes() for file in (base, ours, theirs)]
    git = Git(Path.cwd(), here.environ)
    merged, conflict = merge_posts(git, versions[0], versions[1], versions[2], PostWording(), marker=marker)
    ours.write_bytes(merged)
    if conflict:
        here.voice.detail(f"{path}: both sides changed the same words")
    return Exit.NEEDS_YOU if conflict else Exit.DONE
