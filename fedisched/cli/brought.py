"""A text for `fedisched new` that is a whole post already: its front matter is used, and the options add to it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

import click

from fedisched.model.problem import Problem
from fedisched.model.settings import Settings

_OPENING = re.compile(r"---[ \t]*(?:\n|\Z)")
_SAID_BY = {"--at": ("time", "status"), "--to": ("targets",), "--title": ("title",)}


class Brought(NamedTuple):
    """What a text brings along: `front` are its keys as they stand, `body` what follows them."""

    front: str
    body: str
    keys: frozenset[str]
    time: datetime | None
    title: str


def brought(text: str, options: dict[str, bool], settings: Settings) -> Brought | None:
    """The parts of a text that begins with front matter; None for any other. `options` says which ones were given.

    Raises UsageError where the front matter is broken, belongs to a post that is published, or says what an option
    says, too.
    """
    if not _OPENING.match(text):
        return None
    from fedisched.content.essentials import essentials
    from fedisched.content.fences import split
    from fedisched.content.tree import Scalar, parse

    fenced = split(text.encode(), "TEXT")
    tree = fenced if isinstance(fenced, Problem) else parse(fenced, "TEXT")
    if isinstance(tree, Problem):
        raise click.UsageError(f"The text begins with `---`, as a post does, but cannot be read as one: {tree}")
    keys = frozenset(tree.root.keys)
    if "results" in keys:
        raise click.UsageError("The text has the `results` of a post that is published: take these lines out of it.")
    given = [option for option, is_given in options.items() if is_given]
    for option in given:
        if said := next((key for key in _SAID_BY[option] if key in keys), None):
            raise click.UsageError(
                f"The text says its own `{said}`: leave out {option}, or take the key out of the text."
            )
    if given and tree.fenced.text.startswith("{", tree.root.offset):
        raise click.UsageError(f"The text has its keys in braces: leave out {given[0]}, and write that among them.")
    title = tree.root.values.get("title")
    read = essentials(tree, settings)
    name = title.text if isinstance(title, Scalar) else ""
    return Brought(tree.fenced.front, tree.fenced.body.strip("\n"), keys, read.time, name)
