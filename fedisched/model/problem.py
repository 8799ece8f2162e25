"""A problem: an author's mistake in a file, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text file. Lines and columns count from 1; columns in code points, a BOM not counted."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file, where, and what to write instead.

    `path` is relative to the content folder, with `/`. `code` is a stable, lower-case, dashed name
    (`unknown-key`, `time-gap`); `message` says what is wrong without a final full stop; `hint` is one or more
    whole sentences that say what to do.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}. {self.hint}"

    @property
    def is_error(self) -> bool:
        return self.severity == "error"
