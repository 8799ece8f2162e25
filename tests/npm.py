"""What the tests need from npm: installed once for every lock file, by whoever comes first."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

WITHOUT_NODE = (
    "these tests need Node 20 or newer and npm, and there is no {} on this machine. "
    'Install them, or leave these tests out with: pytest -m "not pds and not node"'
)
_OLDEST_NODE = 20
_INSTALLED_WITHIN = 900.0


class Unavailable(Exception):
    """What was wanted cannot be had on this machine; the message says what to do."""


def install(folder: Path) -> None:
    """Install a folder's packages as its lock file has them; a second run and a second process find them there."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(WITHOUT_NODE.format(program))
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        raise Unavailable(WITHOUT_NODE.format(f"newer one than {version}"))
    with (folder / ".install-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "node_modules" / ".installed"
        wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        # A native build takes three times as long with optimisation, and tests do not need it.
        quick = {"CFLAGS": "-O0", "CXXFLAGS": "-O0"}
        done = subprocess.run(
            ["npm", "ci", "--no-progress"],
            cwd=folder,
            env={**os.environ, **quick},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALLED_WITHIN,
        )
        if done.returncode != 0:
            raise Unavailable(f"npm ci failed in {folder.name}. Read what it said, then run it again:\n{done.stdout}")
        stamp.write_text(wanted)
