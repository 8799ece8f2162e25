"""From a file's bytes to a post, or to every problem that stands in its way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from fedisched.content.essentials import Essentials, essentials, in_order, lenient
from fedisched.content.fences import Fenced, split
from fedisched.content.handler import metadata
from fedisched.content.keys import KEYS
from fedisched.content.media_key import read_media_key
from fedisched.content.schema import Details, Mistyped, type_details
from fedisched.content.tree import Entries, Listing, Scalar, Tree, parse
from fedisched.model.post import Medium, Post, Reading
from fedisched.model.problem import Problem
from fedisched.model.settings import Settings

# `cw: #politics`: to YAML a comment; an author who leaves no space after the `#` may have meant a tag.
_TAG_LIKE = re.compile(r"[ \t]+(#[^\s#])")


def read_post(data: bytes, path: str, settings: Settings) -> Reading:
    """Read a post. `path` is relative to the content folder, with `/`. All problems are reported, in order of place;
    there is a post unless one of them is an error."""
    digest = hashlib.sha256(data).hexdigest()
    fenced = split(data, path)
    if isinstance(fenced, Problem):
        return Reading(path, digest, None, (fenced,))
    tree = parse(fenced, path)
    if isinstance(tree, Problem):
        return Reading(path, digest, None, (tree,))
    read = essentials(tree, settings)
    details, mistakes = type_details(metadata(tree))
    media, wrong_media = read_media_key(tree)
    found = [*(_mistype(tree, mistake) for mistake in mistakes), *wrong_media, *_lost_to_comments(tree)]
    problems = in_order([*read.problems, *lenient(found, read.status)])
    if any(problem.is_error for problem in problems):
        return Reading(path, digest, None, problems)
    return Reading(path, digest, _post(path, digest, tree, read, details, media, settings), problems)


def _post(
    path: str,
    digest: str,
    tree: Tree,
    read: Essentials,
    details: Details,
    media: tuple[Medium, ...],
    settings: Settings,
) -> Post:
    fenced: Fenced = tree.fenced
    return Post(
        path=path,
        digest=digest,
        status=read.status,
        time=read.time,
        targets=settings.accounts_named(read.targets),
        body=fenced.body.replace("\r\n", "\n"),
        body_line=fenced.body_line,
        title=details.title,
        lang=details.lang,
        visibility=details.visibility,
        cw=details.cw,
        sensitive=details.sensitive,
        labels=details.labels,
        thread=details.thread,
        media=media,
        link=details.link,
        results=read.results,
        marks={key: tree.mark(node.offset) for key, node in tree.root.values.items() if key in KEYS},
    )


def _mistype(tree: Tree, mistake: Mistyped) -> Problem:
    node = tree.root.values[mistake.key]
    place = node.offset
    if isinstance(node, Listing) and isinstance(mistake.item, int):
        place = node.items[mistake.item].offset
    if isinstance(node, Entries) and isinstance(mistake.item, str):
        place = node.keys.get(mistake.item, place)
    return tree.problem(place, mistake.code, mistake.message, mistake.hint)


def _lost_to_comments(tree: Tree) -> Iterator[Problem]:
    """Texts that YAML takes for comments: an error where nothing else is left of the value, else a warning."""
    for key in ("title", "cw"):
        node = tree.root.values.get(key)
        if not isinstance(node, Scalar) or not node.plain or not tree.fenced.text.startswith(node.text, node.offset):
            continue
        if found := _TAG_LIKE.match(tree.fenced.text, node.offset + len(node.text)):
            message = f"what follows `#` in `{key}` is a comment to YAML"
            hint = (
                f'Put the value in quotes: `{key}: "{node.text}{" " if node.text else ""}#…"`. '
                "If it is a comment, write a space after the `#`."
            )
            yield tree.problem(found.start(1), "comment", message, hint, "warning" if node.text else "error")
