"""What a surface of the fuzz run is: how its inputs are made, and what is done with one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from fedisched.cli.words import clean_line
from fedisched.model.problem import Problem
from fedisched.model.settings import Settings
from tests.content import conftest

SETTINGS = replace(
    conftest.SETTINGS, people={"alice": {"mastodon": "@alice@hachyderm.io", "bluesky": "@alice.example.com"}}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where inputs are worked on: a content folder in a folder of its own, which is all that may be written to."""

    root: Path
    folder: Path
    settings: Settings


@contextmanager
def place() -> Iterator[Place]:
    """A content folder with a picture and a post in it, and beside it what nobody may read."""
    from tests.compose.posts import PNG

    with TemporaryDirectory(prefix="fedisched-fuzz-") as name:
        root = Path(name).resolve()
        folder = root / "content"
        (folder / "posts").mkdir(parents=True)
        (folder / "cat.png").write_bytes(PNG)
        (folder / "posts" / "first.md").write_text("---\nstatus: draft\n---\nFirst\n")
        (root / "secret.md").write_text("---\nstatus: draft\n---\nSecret\n")
        os.mkfifo(root / "pipe")
        yield Place(root, folder, replace(SETTINGS, folder=folder, source=folder / "fedisched.toml"))


@dataclass(frozen=True, slots=True)
class Surface:
    """`make` gives an input for a seed; `run` works on it and says whether it got past the first parser, and raises
    whatever must not be. `share` is its part of all inputs. `reads_only_inside`: it may read in the folder alone."""

    name: str
    share: int
    make: Callable[[Random], Any]
    run: Callable[[Any, Place], bool]
    reads_only_inside: bool = False

    def readable(self, where: Place) -> tuple[str, ...] | None:
        """Where its inputs may make files be read; Python's own modules are."""
        if not self.reads_only_inside:
            return None
        python = {sys.prefix, sys.base_prefix, os.path.dirname(yaml.__file__), os.path.dirname(os.__file__)}  # noqa: PTH120
        return (str(where.folder), *python, str(Path(__file__).parent.parent.parent), "/usr/share/zoneinfo")


def assert_can_be_told(problems: tuple[Problem, ...] | list[Problem], text: str = "") -> None:
    """A problem stands somewhere in the file, says what to do, and cannot steer a terminal or break a file."""
    for problem in problems:
        assert problem.line >= 1 and problem.column >= 1, problem
        assert problem.message and problem.hint, problem
        assert_harmless(clean_line(str(problem)))
        if text:
            assert problem.line <= text.count("\n") + 2, problem


def assert_harmless(text: str) -> None:
    """One line, in which nothing steers a terminal; that it has nothing that is no character is seen by saying it."""
    bad = [c for c in text if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u2029\u202a\u202e\u2066\u200f"]
    assert not bad, (bad, text)
    text.encode("utf-8", "backslashreplace")
