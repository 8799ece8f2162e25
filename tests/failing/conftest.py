from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.sandbox import Sandbox
from tests.failing.lacking import Lacking


@pytest.fixture
def lacking(tmp_path: Path) -> Iterator[Lacking]:
    """A content folder with one post that is due, and a server for it."""
    with Sandbox() as sandbox:
        yield Lacking(tmp_path / "content", sandbox)
