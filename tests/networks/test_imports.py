"""What costs nothing must stay so: no library of a network is loaded before a request is prepared."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("atproto", "atproto_client", "mastodon", "httpx", "requests", "urllib3", "pydantic", "aiohttp", "libipld")
OPEN = """
import json, sys
from fedisched.networks import open_network
from fedisched.model.settings import Account
{then}
print(json.dumps(sorted(sys.modules)))
"""


def loaded(then: str = "") -> set[str]:
    done = subprocess.run([sys.executable, "-c", OPEN.format(then=then)], stdout=subprocess.PIPE, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_room_loads_no_network() -> None:
    modules = loaded()
    assert not modules & {*HEAVY, "fedisched.networks.mastodon", "fedisched.networks.bluesky"}


@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
def test_opening_a_network_loads_no_library(network: str) -> None:
    modules = loaded(f"open_network(Account('x', '{network}', 'https://x.example', 'x'), 'c', None, lambda: 0)")
    assert f"fedisched.networks.{network}" in modules
    assert not modules & set(HEAVY)


def test_mastodon_does_not_load_what_bluesky_needs() -> None:
    modules = loaded(
        "open_network(Account('x', 'mastodon', 'http://127.0.0.1:9'), 'c', None, lambda: 0).identify()",
    )
    assert "mastodon" in modules
    assert not modules & {"atproto", "httpx", "pydantic"}
