"""Our handler for python-frontmatter: its front door, our fences and our tree behind it.

The library's own handler would resolve scalars (`lang: no` becomes False), expand merge-key bombs and find fences
inside text; and its `parse` strips the body. So ours is made for one file that is already cut and parsed: the library
gives the metadata as its users know it, the tree says where everything stands.
"""

from __future__ import annotations

import re
from typing import Any

import frontmatter
from frontmatter.default_handlers import BaseHandler

from fedisched.content.tree import Tree, plain


class TreeHandler(BaseHandler):
    """Splits and loads the one file that a tree was made from."""

    FM_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "---"

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self.tree = tree

    def split(self, text: str) -> tuple[str, str]:
        return self.tree.fenced.front, self.tree.fenced.body

    def load(self, fm: str) -> dict[str, Any]:
        return {key: plain(value) for key, value in self.tree.root.values.items()}


def metadata(tree: Tree) -> dict[str, object]:
    """The front matter as texts, lists and dicts."""
    found, _ = frontmatter.parse(tree.fenced.text, handler=TreeHandler(tree))
    return dict(found)
