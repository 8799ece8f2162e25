"""The real PDS for the tests is what it says: pinned, from no named host, on loopback, and loud where it cannot be."""

from __future__ import annotations

import json
import re
import urllib.error
from pathlib import Path

import pytest

from tests.networks.pds import server


def test_its_packages_are_pinned_and_its_lock_names_no_host() -> None:
    lock = (server.HERE / "package-lock.json").read_text()
    wanted = json.loads((server.HERE / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert "://" not in lock
    packages = json.loads(lock)["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package for name, package in packages.items() if name)


def test_without_node_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(server.Unavailable, match=r'Node 20.*no node.*Install them.*-m "not pds and not node"'):
        server.install()


def test_with_an_old_node_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for program in ("node", "npm"):
        (tmp_path / program).write_text("#!/bin/sh\necho v18.20.0\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(server.Unavailable, match=r"no newer one than v18\.20\.0"):
        server.install()


@pytest.mark.pds
def test_started_again_on_its_data_and_port_it_knows_its_accounts(tmp_path: Path) -> None:
    with server.running(tmp_path) as first:
        member = first.add_account("anna.test")
        port = int(first.url.rpartition(":")[2])
    with server.running(tmp_path, port) as second:
        assert second.url == first.url
        body = {"identifier": member.handle, "password": member.password}
        assert second.call("com.atproto.server.createSession", body)["did"] == member.did


@pytest.mark.pds
def test_it_asks_nobody_else_about_a_handle(pds: server.Pds) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        pds.get("com.atproto.identity.resolveHandle?handle=somebody.example.com")
    assert refused.value.code == 400
