from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.sandbox import Sandbox
from tests.cli.folder_with_server import FolderWithServer
from tests.cli.logging_in import Newcomer, person

__all__ = ["person"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FolderWithServer]:
    with Sandbox() as sandbox:
        yield FolderWithServer(tmp_path / "content", sandbox)


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    with Sandbox() as sandbox:
        yield Newcomer(tmp_path, sandbox)
