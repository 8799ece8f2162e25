"""The tiers of the tests: everything that pip and npm can bring runs by default, `--system` runs the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Processes that tests start run this checkout, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
# Nothing of the machine's own configuration reaches a test.
for name in [name for name in os.environ if name.startswith(("FEDISCHED_", "GIT_")) and "_TEST_" not in name]:
    del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--system", action="store_true", help="run the tests that need system packages, and only these")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = bool(config.getoption("--system"))
    chosen = [item for item in items if (item.get_closest_marker("system") is not None) == wanted]
    if len(chosen) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen
