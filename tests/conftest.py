"""The tiers of the tests: everything that pip and npm can bring runs by default, `--system` runs the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import REPOSITORY, npm
from tests.oracle import atproto_api
from tests.oracle.atproto_api import Oracle

# Nothing of the machine's own configuration reaches a test.
for name in [name for name in os.environ if name.startswith(("FEDISCHED_", "GIT_")) and "_TEST_" not in name]:
    del os.environ[name]
os.environ["XDG_CONFIG_HOME"] = str(REPOSITORY / "tests" / "there-is-no-such-folder")

# How long an example takes says what else the machine does, and nothing of the code; the benchmarks measure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--system", action="store_true", help="run the tests that need system packages, and only these")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("node"):  # the first of them installs what it needs
            item.add_marker(pytest.mark.timeout(1200))
    wanted = bool(config.getoption("--system"))
    chosen = [item for item in items if (item.get_closest_marker("system") is not None) == wanted]
    if len(chosen) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Bluesky's own library, to be asked for its opinion."""
    try:
        with atproto_api.running() as running:
            yield running
    except npm.Unavailable as reason:
        pytest.fail(str(reason), pytrace=False)
