"""Characters that nobody sees, and that do something all the same: controls, and turns of direction without an end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from fedisched.content.tree import Entries, Listing, Node, Scalar, Tree
from fedisched.content.written import offsets
from fedisched.model.problem import Problem

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""All of C0 and C1 but tabs and line breaks."""
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\n]")
_EMBEDDINGS, _END_OF_EMBEDDING = "\u202a\u202b\u202d\u202e", "\u202c"
_ISOLATES, _END_OF_ISOLATE = "\u2066\u2067\u2068", "\u2069"
_MOST = 3
"""So many of one text are told."""
_NOT_SHOWN = ("title", "time", "targets", "status", "results")


def control_characters(tree: Tree) -> Iterator[Problem]:
    """The control characters of the body; the front matter cannot have any as they are."""
    for found, _ in zip(CONTROLS.finditer(tree.fenced.body), range(_MOST), strict=False):
        yield _control(tree, tree.fenced.body_start + found.start(), found[0], "the text")


def unseen(tree: Tree) -> Iterator[Problem]:
    """Control characters that the front matter writes as escapes; changes of direction that do not end, in all that is
    shown: a line that is turned around may read as another."""
    for key, node in tree.root.values.items():
        if key not in _NOT_SHOWN and not key.startswith("x-"):
            for scalar in _scalars(node):
                yield from _in_value(tree, scalar)
    for at in _without_end(tree.fenced.body):
        yield _direction(tree, tree.fenced.body_start + at, tree.fenced.body[at])


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
        return
    for inner in node.items if isinstance(node, Listing) else node.values.values() if isinstance(node, Entries) else ():
        yield from _scalars(inner)


def _in_value(tree: Tree, node: Scalar) -> Iterator[Problem]:
    if node.text.isprintable():
        return
    controls = [found.start() for found in CONTROLS.finditer(node.text)][:_MOST]
    turns = _without_end(node.text)
    places = offsets(tree.fenced.text, node) if controls or turns else None
    for at in controls:
        yield _control(tree, places[at] if places else node.offset, node.text[at], "this value")
    for at in turns:
        yield _direction(tree, places[at] if places else node.offset, node.text[at])


def _without_end(text: str) -> list[int]:
    """Where the direction of the text is changed without an end on the same line."""
    found: list[int] = []
    begun: list[int] = []
    for sign in _DIRECTIONS.finditer(f"{text}\n"):
        if sign[0] in _EMBEDDINGS + _ISOLATES:
            begun.append(sign.start())
        elif sign[0] == "\n":
            found += begun
            begun.clear()
        else:
            begun = _ended(text, begun, sign[0])
    return found[:_MOST]


def _ended(text: str, begun: list[int], end: str) -> list[int]:
    """What is still open after an end. That of an isolate ends all embeddings inside it; an embedding is not ended from
    within an isolate (https://www.unicode.org/reports/tr9/#Explicit_Levels_and_Directions)."""
    opening = _ISOLATES if end == _END_OF_ISOLATE else _EMBEDDINGS
    for number in range(len(begun) - 1, -1, -1):
        if text[begun[number]] in opening:
            return begun[:number]
        if end == _END_OF_EMBEDDING:
            break
    return begun


def _control(tree: Tree, offset: int, character: str, where: str) -> Problem:
    message = f"{where} has a control character (U+{ord(character):04X})"
    return tree.problem(offset, "control-character", message, "Delete it.")


def _direction(tree: Tree, offset: int, character: str) -> Problem:
    name, end = unicodedata.name(character), _END_OF_ISOLATE if character in _ISOLATES else _END_OF_EMBEDDING
    message = f"U+{ord(character):04X} ({name}) changes the direction of the rest of this line"
    hint = f"Delete it, or end it with U+{ord(end):04X} ({unicodedata.name(end)})."
    return tree.problem(offset, "direction", message, hint, "warning")
