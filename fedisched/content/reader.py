"""From a file's bytes to a post, or to every problem that stands in its way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fedisched.content.essentials import Essentials, essentials, in_order, lenient
from fedisched.content.fences import Fenced, split
from fedisched.content.handler import metadata
from fedisched.content.marks import marks_of
from fedisched.content.media_key import read_media_key
from fedisched.content.override import mistyped, override_problems, relation_problems
from fedisched.content.schema import Details, type_details
from fedisched.content.tree import Entries, Node, Scalar, Tree, parse, plain
from fedisched.content.unseen import unseen
from fedisched.content.variants import RELATIONS, front_of, is_address, path_named
from fedisched.content.written import offsets
from fedisched.model.post import Medium, Partial, Post, Reading, Run
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
    targets = settings.accounts_named(read.targets)
    found = [
        *(mistyped(tree, tree.root, mistake) for mistake in mistakes),
        *wrong_media,
        *relation_problems(tree, settings),
        *override_problems(tree, settings, targets),
        *_lost_to_comments(tree),
        *unseen(tree),
    ]
    problems = in_order([*read.problems, *lenient(found, read.status)])
    errors = [problem for problem in problems if problem.is_error]
    if any(problem in errors for problem in tree.problems):
        # Of what was refused nobody knows what it would have said.
        return Reading(path, digest, None, problems)
    post = _post(path, digest, tree, read, details, media, settings)
    if any(key in tree.root.values for key in (*RELATIONS, "override")):
        post = replace(post, variants={target: _variant(post, tree, target, settings) for target in targets})
    if errors:
        return Reading(path, digest, None, problems, Partial(post, frozenset(_keys_of(errors, tree))))
    return Reading(path, digest, post, problems)


def _keys_of(errors: list[Problem], tree: Tree) -> Iterator[str]:
    """The keys that errors are in; empty for one that should not be there and may have been meant as any other."""
    begins = [(tree.mark(offset), key) for key, offset in sorted(tree.root.keys.items(), key=lambda item: item[1])]
    for error in errors:
        if error.code == "unknown-key" and (error.line, error.column) in [
            (mark.line, mark.column) for mark, _ in begins
        ]:
            yield ""
        elif error.line < tree.fenced.body_line:
            yield from [key for mark, key in begins if (mark.line, mark.column) <= (error.line, error.column)][-1:]


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
        media=media,
        results=read.results,
        marks=marks_of(tree, tree.root.values),
        **_typed(details),
    )


def _typed(details: Details) -> dict[str, Any]:
    """The fields of a post that its keys give, and that one target may have otherwise."""
    return {
        "lang": details.lang,
        "visibility": details.visibility,
        "cw": details.cw,
        "sensitive": details.sensitive,
        "labels": details.labels,
        "thread": details.thread,
        "link": details.link,
        "tags": details.tags,
        "poll": details.poll.poll() if details.poll else None,
        "replies": details.replies,
        "quotes": details.quotes,
    }


def _variant(post: Post, tree: Tree, target: str, settings: Settings) -> Post:
    """The post as one target gets it."""
    front = front_of(tree, target, settings)
    details, _ = type_details({key: plain(node) for key, node in front.items()})
    named: dict[str, Any] = {key: _named(front.get(key), post.path) for key in RELATIONS}
    media, _ = read_media_key(replace(tree, root=Entries(front, tree.root.keys, tree.root.offset)))
    variant = replace(post, marks=marks_of(tree, front), media=media, **_typed(details), **named)
    return _with_text(variant, tree, front["text"]) if "text" in front else variant


def _named(node: Node | None, post: str) -> str:
    """The post that a value names: an address as it stands, a file by its path in the content folder."""
    if not isinstance(node, Scalar) or node.missing:
        return ""
    return node.text if is_address(node.text) else path_named(node.text, post)


def _with_text(post: Post, tree: Tree, node: Node) -> Post:
    """The post with a text of the front matter as its body, and where its lines are in the file."""
    if not isinstance(node, Scalar) or node.missing:
        return post
    return replace(post, body=node.text, body_runs=tuple(_runs(tree, node)))


def _runs(tree: Tree, node: Scalar) -> Iterator[Run]:
    """Where the characters of a value stand in the file."""
    places = offsets(tree.fenced.text, node)
    if not places:
        yield Run(0, tree.mark(node.offset), exact=False)
        return
    for number, place in enumerate(places):
        if number == 0 or place != places[number - 1] + 1 or tree.fenced.text[place - 1] == "\n":
            yield Run(number, tree.mark(place))


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
