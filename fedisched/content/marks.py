"""Where in the file the values of a post's keys stand, and what is inside them: so that what only a network finds wrong
can be told at its place, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fedisched.content.keys import KEYS
from fedisched.content.tree import Entries, Listing, Node, Scalar, Tree
from fedisched.content.values import bare_tag, reply_rule
from fedisched.model.problem import Mark


def marks_of(tree: Tree, front: Mapping[str, Node]) -> dict[str, Mark]:
    """The places of keys' values, by `key`, `key.name` and `key.number`, numbers as in the post that is read: a thing
    that is named twice is there once."""
    return {
        name: tree.mark(offset) for key, node in front.items() if key in KEYS for name, offset in _places(key, node)
    }


def _places(key: str, node: Node) -> Iterator[tuple[str, int]]:
    yield key, node.offset
    match key:
        case "tags":
            yield from _items(key, node, bare_tag)
        case "labels":
            yield from _items(key, node, str)
        case "replies":
            yield from _items(key, node, reply_rule)
        case "poll":
            options = node.values.get("options") if isinstance(node, Entries) else node
            yield from _inside(key, node)
            if options is not None:
                yield from _items("poll.options", options, str)
        case "link":
            yield from _inside(key, node)


def _inside(key: str, node: Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, Entries):
        for name, value in node.values.items():
            yield f"{key}.{name}", value.offset


def _items(key: str, node: Node, meant: Callable[[str], str]) -> Iterator[tuple[str, int]]:
    found: dict[str, int] = {}
    for item in node.items if isinstance(node, Listing) else ():
        if isinstance(item, Scalar):
            found.setdefault(meant(item.text), item.offset)
    for number, offset in enumerate(found.values()):
        yield f"{key}.{number}", offset
