"""What may have changed below the posts folder: hints to look there again, never facts."""

from __future__ import annotations

from dataclasses import dataclass

CONFIG_NAMES = ("fedisched.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Change:
    """Where to look again.

    `folders` are relative to the content folder, with `/` (`posts/2026/12`): their own files may have changed, what
    lies deeper has not. None: everything may have, folders included. `config`: so may the configuration.
    """

    folders: frozenset[str] | None = frozenset()
    config: bool = False

    def __or__(self, other: Change) -> Change:
        both = None if self.folders is None or other.folders is None else self.folders | other.folders
        return Change(both, self.config or other.config)


POSTS = Change(folders=None)
CONFIG = Change(config=True)
EVERYTHING = POSTS | CONFIG


def is_hidden(name: str) -> bool:
    """Whether editors and we ourselves use such names for what is not meant to be seen: `.a.md.swp`, `#a.md#`."""
    return name.startswith((".", "#"))


def may_be_post(name: str) -> bool:
    """Whether a file of this name is worth a look. Backups (`a.md~`) and vim's `4913` are not."""
    return name.endswith(".md") and not is_hidden(name)


class Pending:
    """Hints on their way: worth a look once it has been quiet, or once they have waited long enough.

    `quiet` and `patience` are in seconds; so are all moments, on any clock that only runs forward.
    """

    def __init__(self, quiet: float, patience: float) -> None:
        self._quiet = quiet
        self._patience = patience
        self._change: Change | None = None
        self._first = 0.0
        self._last = 0.0

    def add(self, change: Change, now: float) -> bool:
        """Take a hint; True if it is the first one since `take`."""
        first = self._change is None
        if first:
            self._first = now
        self._last = now
        self._change = change if self._change is None else self._change | change
        return first

    @property
    def due(self) -> float:
        """When to look; infinity if there is nothing to look at."""
        if self._change is None:
            return float("inf")
        return min(self._last + self._quiet, self._first + self._patience)

    def take(self) -> Change | None:
        """All hints in one, and none is left."""
        taken, self._change = self._change, None
        return taken
