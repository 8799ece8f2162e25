from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.sandbox import Sandbox
from tests.daemon.service import configure
from tests.stage import Stage


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def stage(tmp_path: Path, sandbox: Sandbox) -> Stage:
    stage = Stage(tmp_path, sandbox)
    configure(stage)
    return stage
