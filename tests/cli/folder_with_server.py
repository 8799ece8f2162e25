"""A content folder whose accounts are on a sandbox server, for the verbs that publish."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from fedisched.cli.commands import command
from fedisched.cli.here import Surroundings
from fedisched.clock import SECOND, SystemClock
from fedisched.sandbox import Sandbox
from tests.cli.support import write_post
from tests.stage import HANDLE, PASSWORD, TOKEN, as_text

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]

[accounts.mastodon]
network = "mastodon"
server = "{url}"

[accounts.bluesky]
network = "bluesky"
handle = "{handle}"
server = "{bluesky}"
web = "{bluesky}"
"""


class FolderWithServer:
    """`environ` has the credentials; `bluesky` is another server's address, if it is not the sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox, bluesky: str = "", handle: str = HANDLE) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.mastodon_id = sandbox.add_mastodon("me", TOKEN)
        self.did = sandbox.add_bluesky(HANDLE, PASSWORD)
        self.environ = {"FEDISCHED_MASTODON_TOKEN": TOKEN, "FEDISCHED_BLUESKY_PASSWORD": PASSWORD}
        config = CONFIG.format(url=sandbox.url, bluesky=bluesky or sandbox.url, handle=handle)
        (folder / "posts").mkdir(parents=True)
        (folder / "fedisched.toml").write_text(config)

    def post(self, name: str, seconds: int | None = -5, body: str = "Hello!", **keys: str) -> Path:
        """A post that is due so many seconds from now, or without a time."""
        due = "" if seconds is None else f"time: {as_text((SystemClock().now() // SECOND + seconds) * SECOND)}\n"
        front = "".join(f"{key}: {value}\n" for key, value in keys.items())
        return write_post(self.folder, name, f"---\n{due}{front}---\n{body}\n")

    def run(self, *arguments: str) -> Result:
        """Run a verb in this process, at the real time."""
        surroundings = Surroundings(SystemClock(), self.environ)
        return CliRunner().invoke(
            command, [*arguments, "-C", str(self.folder)], obj=surroundings, prog_name="fedisched"
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a verb as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "fedisched", *arguments, "-C", str(self.folder)],
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def texts(self) -> tuple[list[str], list[str]]:
        """What is published: the texts on the Mastodon side, and those on the Bluesky side."""
        statuses = [status.text for status in self.sandbox.statuses(self.mastodon_id)]
        return statuses, [str(record.value["text"]) for record in self.sandbox.records(self.did)]


def rows(output: str) -> list[dict[str, Any]]:
    """The objects of an answer with one a line."""
    return [json.loads(line) for line in output.splitlines()]


def by_target(found: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["target"]: row for row in found}
