from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.sandbox import Sandbox
from tests.actions.hub import Hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Sandbox() as sandbox:
        yield Hub(tmp_path, sandbox)
