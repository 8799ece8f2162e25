"""The body as it stands in the file, so that every problem can name its line and column."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from fedisched.model.post import Post
from fedisched.model.problem import Mark, Problem, Severity


@dataclass(frozen=True)
class Source:
    """A post's body with its place in the file. Offsets count code points from the body's start."""

    post: Post

    @property
    def body(self) -> str:
        return self.post.body

    @cached_property
    def _line_starts(self) -> list[int]:
        # Not splitlines(): only \n ends a line of the file, whatever else Unicode calls a line separator.
        return [0, *(i + 1 for i, character in enumerate(self.body) if character == "\n")]

    def mark(self, offset: int) -> Mark:
        """The line and column in the file of an offset into the body."""
        if runs := self.post.body_runs:
            start, place, exact = runs[bisect_right(runs, offset, key=lambda run: run.start) - 1]
            return Mark(place.line, place.column + (offset - start if exact else 0))
        line = bisect_right(self._line_starts, offset) - 1
        return Mark(self.post.body_line + line, offset - self._line_starts[line] + 1)

    def problem(self, offset: int, code: str, message: str, hint: str, severity: Severity = "error") -> Problem:
        """A problem at an offset into the body."""
        return self.problem_at(self.mark(offset), code, message, hint, severity)

    def problem_at(self, mark: Mark, code: str, message: str, hint: str, severity: Severity = "error") -> Problem:
        """A problem at a place in the file, a front matter key for instance."""
        return Problem(self.post.path, mark.line, mark.column, code, message, hint, severity)
