from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.sandbox import Sandbox
from tests.cli.folder_with_server import FolderWithServer


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FolderWithServer]:
    with Sandbox() as sandbox:
        yield FolderWithServer(tmp_path / "content", sandbox)
