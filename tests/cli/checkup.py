"""Asking `fedisched doctor` offline, and finding one line of what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from tests.cli.support import call


@pytest.fixture
def somewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine whose clock is kept right, and a home without a key."""
    monkeypatch.setattr("fedisched.cli.diagnosis.servers.is_kept_in_sync", lambda: True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def rows(folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    done = call("doctor", "--json", "--offline", "-C", str(folder), *words, environ=environ)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.exit_code == (Exit.DONE if all(row["ok"] for row in found) else Exit.NEEDS_YOU)
    return found


def only(found: list[dict[str, Any]], check: str, severity: str = "") -> dict[str, Any]:
    """The one row of a check, or the first of those with this severity."""
    chosen = [row for row in found if row["check"] == check and severity in ("", row["severity"])]
    assert chosen, found
    return chosen[0]
