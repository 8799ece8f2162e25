"""What a file's bytes say of its publishing, and the same bytes saying something else: for git and for merges, which
see versions of a file that are not on disk."""

from __future__ import annotations

from fedisched.content.essentials import results_in
from fedisched.content.fences import split
from fedisched.content.splice import splice
from fedisched.content.tree import Scalar, Tree, parse
from fedisched.model.errors import CannotSplice
from fedisched.model.post import Status
from fedisched.model.problem import Problem
from fedisched.model.said import Said


class PostWording:
    """`fedisched.model.said.Wording` for post files."""

    def read(self, data: bytes) -> Said | None:
        """What the bytes say; None where they cannot be cut and parsed, or the status is no word of ours."""
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
        try:
            return splice(data, said.status, said.results)
        except CannotSplice:
            return None


def _status(tree: Tree) -> Status | None:
    """Raises ValueError for what is no status."""
    node = tree.get("status")
    if node is None:
        return None
    if not isinstance(node, Scalar):
        raise ValueError("not one word")
    return Status(node.text)
