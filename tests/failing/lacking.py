"""The real program on a machine that lacks something."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fedisched.clock import SECOND, SystemClock
from fedisched.sandbox import Sandbox
from tests.stage import TOKEN, as_text

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon"]

[accounts.mastodon]
network = "mastodon"
server = "{url}"
"""
PUBLISH = f'"{sys.executable}" -m fedisched publish'

_PR_CAPBSET_DROP = 24
_RIGHTS_OF_ROOT = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: https://man7.org/linux/man-pages/man7/capabilities.7.html"""


def full_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every file system says that it has no room left."""
    real = os.statvfs

    def full(path: Any) -> Any:
        found = list(real(path))
        found[4] = 0
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", full)


class Lacking:
    """A content folder with a post that has been due for a while; it goes out whenever somebody can send it."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.state = folder / ".fedisched"
        self.post = folder / "posts" / "a.md"
        self.id = sandbox.add_mastodon("me", TOKEN)
        self.post.parent.mkdir(parents=True)
        (folder / "fedisched.toml").write_text(CONFIG.format(url=sandbox.url))
        self.write(-600)

    def write(self, seconds: int) -> None:
        """Write the post, due so many seconds from now."""
        due = (SystemClock().now() // SECOND + seconds) * SECOND
        self.post.write_text(f"---\ntime: {as_text(due)}\n---\nHello!\n")

    def run(
        self, *words: str, before: Callable[[], None] | None = None, more: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Run the program, after `before` in its process and with `more` in its environment; gives its exit code and
        all that it said."""
        done = subprocess.run(
            [sys.executable, "-m", "fedisched", *words, "-C", str(self.folder)],
            env=self.environ(**(more or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
            preexec_fn=before,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    def environ(self, **more: str) -> dict[str, str]:
        return {**os.environ, "FEDISCHED_MASTODON_TOKEN": TOKEN, **more}

    def texts(self) -> list[str]:
        """What is published."""
        return [status.text for status in self.sandbox.statuses(self.id)]

    def heals(self) -> None:
        """Check that with the lack mended the post goes out, once, and its file says so."""
        code, said = self.run("publish")
        assert code == 0, said
        assert self.texts() == ["Hello!"] and "status: published" in self.post.read_text()

    def in_a_namespace(self, script: str, **more: str) -> str:
        """Run a shell script as the root of a user namespace, which may mount things that nobody else sees; gives what
        was said. `FOLDER` is the content folder."""
        assert shutil.which("unshare"), "this test needs unshare: install util-linux"
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"set -u\n{script}"],
            env=self.environ(FOLDER=str(self.folder), **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=90,
            check=False,
        )
        assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout
        return done.stdout


def with_few_files(most: int) -> Callable[[], None]:
    """As `ulimit -n` does."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    return limit


def as_nobody_special() -> None:
    """Where the tests are root's: without root's right to pass over what a file's mode says."""
    if os.geteuid() == 0:
        for right in _RIGHTS_OF_ROOT:
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)
