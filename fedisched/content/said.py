"""What a file's bytes say of its publishing, and the same bytes saying something else: for git and for merges, which
see versions of a file that are not on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedisched.model.errors import CannotSplice
from fedisched.model.post import Status
from fedisched.model.problem import Problem
from fedisched.model.said import Said

if TYPE_CHECKING:
    from fedisched.content.tree import Tree


class PostWording:
    """`fedisched.model.said.Wording` for post files. Where nothing changed, nothing is asked, and no YAML imported."""

    def read(self, data: bytes) -> Said | None:
        """What the bytes say; None where they cannot be cut and parsed, or the status is no word of ours."""
        from fedisched.content.essentials import results_in
        from fedisched.content.fences import split
        from fedisched.content.tree import parse

        fenced = split(data, "")
        tree = fenced if isinstance(fenced, Problem) else parse(fenced, "")
        if isinstance(tree, Problem) or any(problem.is_error for problem in tree.problems):
            return None
        try:
            return Said(_status(tree), results_in(tree))
        except ValueError:
            return None

    def write(self, data: bytes, said: Said) -> bytes | None:
        """The same bytes saying this; None where the splice refuses."""
        from fedisched.content.splice import splice

        try:
            return splice(data, said.status, said.results)
        except CannotSplice:
            return None


def _status(tree: Tree) -> Status | None:
    """Raises ValueError for what is no status."""
    from fedisched.content.tree import Scalar

    node = tree.get("status")
    if node is None:
        return None
    if not isinstance(node, Scalar):
        raise ValueError("not one word")
    return Status(node.text)
