from __future__ import annotations

from pathlib import Path

import pytest

from tests.vault.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """The vault is in the state folder."""
    return Places(tmp_path)


@pytest.fixture
def pushed(tmp_path: Path) -> Places:
    """The vault is a file of the content folder, where whoever can push may put another."""
    return Places(tmp_path, "fedisched.vault")
