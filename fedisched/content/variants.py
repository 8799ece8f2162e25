"""What a post's front matter says for one account: its own keys, with what `override` puts in their place, and of
`reply_to` and `quote` what they say for it. The reader and the glance both ask here, so that they agree.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

from fedisched.content.tree import Entries, Node, Scalar, Tree
from fedisched.model.post import Need
from fedisched.model.settings import Settings

RELATIONS = ("reply_to", "quote")
_ADDRESS = re.compile(r"(?:https?|at)://", re.IGNORECASE)


def front_of(tree: Tree, account: str, settings: Settings) -> dict[str, Node]:
    """The values of the keys for an account; `text` among them where the body is another there."""
    front = {key: node for key, node in tree.root.values.items() if key != "text"}
    override = front.pop("override", None)
    names = settings.names_of(account)
    if isinstance(override, Entries):
        for name in names:
            block = override.values.get(name)
            if isinstance(block, Entries):
                front |= block.values
    for key in RELATIONS:
        if isinstance(node := front.get(key), Entries):
            said = [node.values[name] for name in names if name in node.values]
            if said:
                front[key] = said[-1]
            else:
                del front[key]
    return front


def is_address(text: str) -> bool:
    """Whether a post is named by its address, and not by its file."""
    return _ADDRESS.match(text) is not None


def path_named(text: str, post: str) -> str:
    """The path of the file that a post names, relative to the content folder; empty if it leads out of it."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(post), text))
    return "" if path.startswith(("../", "/")) or path in ("..", ".") else path


def needs_of(tree: Tree, targets: Iterable[str], settings: Settings) -> tuple[Need, ...]:
    """Which other posts have to be published first, for each of these accounts."""
    if not any(key in tree.root.values for key in (*RELATIONS, "override")):
        return ()
    found: dict[Need, None] = {}
    for target in targets:
        for text in _named(front_of(tree, target, settings)):
            if not is_address(text) and (path := path_named(text, tree.path)) and path != tree.path:
                found[Need(target, path)] = None
    return tuple(found)


def _named(front: Mapping[str, Node]) -> Iterable[str]:
    for key in RELATIONS:
        node = front.get(key)
        if isinstance(node, Scalar) and not node.missing:
            yield node.text
