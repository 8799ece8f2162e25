from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.engine.journal import FILE_NAME, Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / FILE_NAME)
    yield opened
    opened.close()
