"""Problems of the keys that speak of other posts and of single targets: `reply_to`, `quote`, `override`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from fedisched.content.keys import KEYS, NOTHING, did_you_mean
from fedisched.content.media_key import read_media_key
from fedisched.content.schema import Mistyped, type_details
from fedisched.content.tree import Entries, Listing, Node, Scalar, Tree, plain, short
from fedisched.content.values import REPLIES
from fedisched.content.variants import RELATIONS, is_address, path_named
from fedisched.model.problem import Problem
from fedisched.model.settings import Settings

_PERSON = re.compile(
    r"https?://[^/]+/(?:@[^/]+|users/[^/]+|profile/[^/]+)/?(?:[?#].*)?|at://[^/]+(?:/app\.bsky\.actor\.profile/self)?/?",
    re.IGNORECASE,
)
"""The address of who posts, on Mastodon and on Bluesky."""
_NOT_FOR_ONE = ("time", "targets", "status", "title", "override", "results")
OVERRIDABLE = ("text", *(key for key in KEYS if key not in _NOT_FOR_ONE))
NETWORKS = ("mastodon", "bluesky")


def relation_problems(tree: Tree, settings: Settings) -> Iterator[Problem]:
    """What is wrong with `reply_to` and `quote`, at the top."""
    for key in RELATIONS:
        if (node := tree.get(key)) is not None:
            yield from _relation(tree, settings, key, node)


def override_problems(tree: Tree, settings: Settings, targets: Collection[str]) -> Iterator[Problem]:
    """What is wrong with `override`."""
    node = tree.get("override")
    if node is None:
        return
    if not isinstance(node, Entries):
        hint = "Write a target, and below it what it gets: `override: {bluesky: {text: …}}`."
        yield tree.problem(node.offset, "bad-override", "`override` is not a block for each target", hint)
        return
    asked = {name for target in targets for name in settings.names_of(target)}
    for name, block in node.values.items():
        if (problem := _unknown_name(tree, settings, "override", name, node.keys[name])) is not None:
            yield problem
        elif isinstance(block, Entries):
            if name not in asked:
                message = f"`override` speaks of `{short(name)}`, and the post does not go there"
                hint = f"Add it to targets, or delete the block. The post goes to {', '.join(targets) or 'nobody'}."
                yield tree.problem(node.keys[name], "override-unused", message, hint, "warning")
            yield from _block(tree, settings, block)
        elif not (isinstance(block, Scalar) and block.missing):
            hint = "Write keys and values: `{text: …}`."
            yield tree.problem(block.offset, "bad-override", f"what `{short(name)}` gets is not a block of keys", hint)


def _block(tree: Tree, settings: Settings, block: Entries) -> Iterator[Problem]:
    for key, node in block.values.items():
        if key not in OVERRIDABLE:
            all_have = f"`{short(key)}` is the same for all targets" if key in KEYS else ""
            meant = "" if key in KEYS else did_you_mean(key, OVERRIDABLE)
            hint = f"{meant}A block of `override` may have {', '.join(OVERRIDABLE)}."
            yield tree.problem(block.keys[key], "bad-override", all_have or f"there is no key `{short(key)}`", hint)
        elif key in RELATIONS and not (isinstance(node, Scalar) and node.missing):
            yield from _relation(tree, settings, key, node)
        elif key == "text" and (not isinstance(node, Scalar) or not node.text.strip()):
            hint = "Write it as `text: |`, with the lines below it, indented."
            yield tree.problem(node.offset, "bad-override", "`text` is not a text", hint)
    yield from read_media_key(replace(tree, root=block))[1]
    _, mistakes = type_details({key: plain(node) for key, node in block.values.items()})
    for mistake in mistakes:
        yield mistyped(tree, block, mistake)


def _relation(tree: Tree, settings: Settings, key: str, node: Node) -> Iterator[Problem]:
    if isinstance(node, Scalar):
        yield from _reference(tree, key, node)
        return
    if not isinstance(node, Entries):
        hint = f"Write one file or address, or one for each network: `{key}: {{mastodon: …, bluesky: …}}`."
        yield tree.problem(node.offset, "bad-reference", f"`{key}` does not name one post", hint)
        return
    for name, value in node.values.items():
        if (problem := _unknown_name(tree, settings, key, name, node.keys[name])) is not None:
            yield problem
        elif isinstance(value, Scalar):
            yield from _reference(tree, key, value)
        else:
            message = f"`{key}` does not name one post for `{short(name)}`"
            yield tree.problem(value.offset, "bad-reference", message, "Write one file or address.")


def _reference(tree: Tree, key: str, node: Scalar) -> Iterator[Problem]:
    if node.missing:
        return
    if is_address(node.text):
        if _PERSON.fullmatch(node.text):
            hint = (
                "Open the post itself, and take its address: `https://mastodon.social/@alice/113587` or `…/post/3k…`."
            )
            message = f"`{short(node.text)}` is a person's address, not a post's"
            yield tree.problem(node.offset, "bad-reference", message, hint)
        return
    path = path_named(node.text, tree.path)
    if key == "quote" and node.text in REPLIES:
        hint = f"Did you mean `quotes: {node.text}`? That says who may quote the post; `quote` names a post."
        yield tree.problem(node.offset, "bad-reference", f"`{short(node.text)}` is no post", hint)
    elif node.plain and node.text.lower() in NOTHING:
        hint = f'To name none, write `{key}: ""`, or take the key out.'
        yield tree.problem(node.offset, "bad-reference", f"`{short(node.text)}` is no post", hint)
    elif not path or not path.endswith(".md"):
        hint = "Write the path of its file from this one's folder (`hello.md`), or its address (`https://…`, `at://…`)."
        why = "is no post's file" if path else "leads out of the content folder"
        yield tree.problem(node.offset, "bad-reference", f"`{short(node.text)}` {why}", hint)
    elif path == tree.path:
        hint = "Name another file. The parts of one thread stand in one file, with a line `---` between them."
        yield tree.problem(node.offset, "bad-reference", "the post names itself", hint)


def _unknown_name(tree: Tree, settings: Settings, key: str, name: str, offset: int) -> Problem | None:
    known = [*settings.accounts, *settings.groups, *(n for n in NETWORKS if n not in settings.accounts)]
    if name in known:
        return None
    hint = f"{did_you_mean(name, known)}`{key}` knows {', '.join(known)}."
    return tree.problem(offset, "bad-override", f"there is no account, group or network `{short(name)}`", hint)


def mistyped(tree: Tree, of: Entries, mistake: Mistyped) -> Problem:
    """The problem of a mistyped value in a block of keys: where it is, or as near to it as the file has it."""
    node: Node = of.values[mistake.key]
    offset = node.offset
    for number, step in enumerate(mistake.place, 1):
        if isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            offset = node.offset
        elif isinstance(node, Entries) and isinstance(step, str) and step in node.values:
            is_it = mistake.is_key and number == len(mistake.place)
            offset, node = (node.keys if is_it else {step: node.values[step].offset})[step], node.values[step]
        elif not isinstance(node, Listing):  # a poll may be the list of its options alone
            break
    return tree.problem(offset, mistake.code, mistake.message, mistake.hint)
