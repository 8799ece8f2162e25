"""The audit says what it looked at, and never takes an audit that was not made for a good one."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

REPOSITORY = Path(__file__).resolve().parent.parent.parent
_AUDIT = runpy.run_path(str(REPOSITORY / ".ci" / "audit.py"))
verdict = cast(Callable[[int, str, str], tuple[int, str]], _AUDIT["verdict"])


def listed(count: int, **vulnerable: list[dict[str, Any]]) -> str:
    packages = [
        {"name": f"p{number}", "version": "1", "vulns": vulnerable.get(f"p{number}", [])} for number in range(count)
    ]
    return json.dumps({"dependencies": [*packages, {"name": "fedisched", "skip_reason": "not on PyPI"}]})


def test_an_audit_that_found_nothing_says_how_many_it_looked_at() -> None:
    assert verdict(0, listed(50), "") == (0, "audit: 50 packages audited, nothing known against them")


def test_what_is_known_against_a_package_ends_it() -> None:
    code, words = verdict(1, listed(50, p7=[{"id": "PYSEC-1", "fix_versions": ["2"]}]), "")
    assert code == 1 and words.endswith("p7 1: PYSEC-1, mended by 2")


def test_an_audit_of_nothing_is_none() -> None:
    """Behind a mirror without advisories all packages are passed over, and pip-audit is content."""
    assert verdict(0, listed(0), "")[0] == 1
    skipped = [{"name": f"p{number}", "skip_reason": "not found on PyPI"} for number in range(90)]
    said = (0, "audit: blocked here, nothing was audited (the database knows none of 90 packages)")
    assert verdict(0, json.dumps({"dependencies": skipped}), "No known vulnerabilities found") == said


def test_without_pip_audit_it_says_what_to_install() -> None:
    assert verdict(1, "", "python: No module named pip_audit")[0] == 1


def test_without_a_network_it_says_that_it_is_blocked() -> None:
    for output in ("", "null", "<html>", "{}"):
        code, words = verdict(1, output, "Traceback\nConnectionError: no route")
        assert code == 0 and words == "audit: blocked here, nothing was audited (ConnectionError: no route)"


def test_continuous_integration_runs_it_last() -> None:
    assert (REPOSITORY / ".ci" / "run").read_text().rstrip().endswith(".venv/bin/python .ci/audit.py")
