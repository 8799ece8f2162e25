"""What the command line's tests share: a content folder, a clock that stands still, and ways to run a verb."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from threading import Condition

from click.testing import CliRunner, Result

from fedisched.cli.commands import command
from fedisched.cli.here import Surroundings

ROOT = Path(__file__).parent.parent.parent

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]

[accounts.mastodon]
network = "mastodon"
server = "https://mastodon.social"

[accounts.bluesky]
network = "bluesky"
handle = "me.bsky.social"

[groups]
everywhere = ["mastodon", "bluesky"]
"""


class StandingClock:
    """A clock at one moment, in microseconds since 1970 UTC."""

    def __init__(self, moment: str) -> None:
        self.moment = int(datetime.fromisoformat(moment).timestamp()) * 1_000_000

    def now(self) -> int:
        return self.moment

    def wait(self, condition: Condition, until: int | None) -> None:
        raise AssertionError("this verb does not wait")


def content_folder(at: Path, config: str = CONFIG) -> Path:
    """A content folder with an empty `posts/`."""
    (at / "posts").mkdir(parents=True)
    (at / "fedisched.toml").write_text(config, encoding="utf-8")
    return at


def write_post(folder: Path, name: str, text: str) -> Path:
    """Write a post's file, with its line breaks as they are."""
    path = folder / "posts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def call(
    *arguments: str, now: str = "2026-11-20T12:00:00+01:00", environ: Mapping[str, str] | None = None, typed: str = ""
) -> Result:
    """Run a verb in this process."""
    surroundings = Surroundings(StandingClock(now), environ or {})
    return CliRunner().invoke(command, list(arguments), obj=surroundings, input=typed, prog_name="fedisched")


def start(
    *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, **options: object
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own, as a shell does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FEDISCHED_", "GIT_"))}
    run = [sys.executable, "-m", "fedisched", *arguments]
    clean = {**inherited, "PYTHONPATH": str(ROOT), **(environ or {})}
    settings = {"capture_output": True, "timeout": 60, **options}
    return subprocess.run(run, cwd=cwd, env=clean, check=False, **settings)  # type: ignore[call-overload, no-any-return]
