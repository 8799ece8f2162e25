"""What the oracle is made of is pinned, and its lock file names no host."""

from __future__ import annotations

import json
import re

from tests.oracle.atproto_api import HERE


def test_its_packages_are_pinned_and_its_lock_names_no_host() -> None:
    lock = (HERE / "package-lock.json").read_text()
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    packages = json.loads(lock)["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert "://" not in lock and '"resolved"' not in lock
    assert all("integrity" in package for name, package in packages.items() if name)
