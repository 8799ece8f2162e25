from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.config import load_settings
from tests.failing.lacking import Lacking


@pytest.fixture
def without(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without time zone data: neither the system's nor the package's."""
    hidden = tmp_path / "hidden" / "tzdata"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("")
    root = Path(__file__).parent.parent.parent
    return {"PYTHONTZPATH": "", "PYTHONPATH": f"{hidden.parent}:{root}"}


def test_on_a_new_machine_it_says_what_to_install(lacking: Lacking, without: dict[str, str]) -> None:
    code, said = lacking.run("publish", more=without)
    assert code == 1 and "this machine has no time zone data" in said and "pip install tzdata" in said, said
    assert lacking.texts() == []


def test_where_they_went_away_later_it_says_what_to_install(lacking: Lacking, without: dict[str, str]) -> None:
    lacking.state.mkdir(mode=0o700)
    load_settings(lacking.folder, lacking.state)
    code, said = lacking.run("run", more=without)
    assert code == 1 and "no longer has the time zone data for Europe/Berlin" in said, said
    assert "pip install tzdata" in said and lacking.texts() == []
