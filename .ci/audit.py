"""Holds what is installed against the Python advisory database, by pip-audit.

Ends with 1 if something that is installed is known to be vulnerable. Where the database cannot be reached, it says so
and ends with 0: an audit that could not be made is no reason to stop the tests, and none to call it made.
"""

from __future__ import annotations

import json
import subprocess
import sys

WITHIN = 180
"""Seconds for all of it."""
LEAST = 20
"""Packages that have to have been audited: the prescribed libraries alone bring more."""


def told(output: str) -> tuple[list[str], list[str], int]:
    """The packages that were audited, what is known against them, and how many were passed over, from pip-audit's
    JSON."""
    audited, found, skipped = [], [], 0
    for package in json.loads(output)["dependencies"]:
        if "skip_reason" in package:
            skipped += 1
            continue
        name = f"{package['name']} {package['version']}"
        audited.append(name)
        for known in package["vulns"]:
            mended = ", ".join(known.get("fix_versions", ())) or "nothing yet"
            found.append(f"{name}: {known['id']}, mended by {mended}")
    return audited, found, skipped


def verdict(code: int, output: str, said: str) -> tuple[int, str]:
    """How to end, and what to say: from pip-audit's exit code and its two outputs."""
    try:
        audited, found, skipped = told(output)
    except (ValueError, KeyError, TypeError):
        if "No module named pip_audit" in said:
            return 1, "audit: pip-audit is not installed: pip install -e '.[dev]'"
        why = (said.strip().splitlines() or [f"pip-audit ended with {code}"])[-1]
        return 0, f"audit: blocked here, nothing was audited ({why[:300]})"
    if not audited and skipped >= LEAST:
        # A mirror without advisories knows no package, which pip-audit calls "no known vulnerabilities found".
        return 0, f"audit: blocked here, nothing was audited (the database knows none of {skipped} packages)"
    if len(audited) < LEAST:
        return 1, f"audit: only {len(audited)} packages were audited, and there are more: look at how pip-audit is run"
    if found:
        return 1, "\n".join(["audit: known to be vulnerable:", *found])
    return 0, f"audit: {len(audited)} packages audited, nothing known against them"


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False)
    except subprocess.TimeoutExpired:
        print(f"audit: blocked here, nothing was audited (no answer within {WITHIN} seconds)")
        return 0
    code, words = verdict(done.returncode, done.stdout, done.stderr)
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
