"""A server of one's own as `init --server` makes it, and a person's clone that pushes to it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from click.testing import Result

from tests.cli.support import call
from tests.git.places import Clone, environ, git


class OwnServer:
    """`content` is the folder that publishes, `bare` what is pushed to, `ann` a person's clone of it."""

    def __init__(self, at: Path) -> None:
        self.content, self.bare = at / "posts", at / "posts.git"
        self.made = self.init()
        assert self.made.exit_code == 0, self.made.output
        self.ann = Clone.of(self.bare, at / "ann")

    def init(self, **more: str) -> Result:
        return call("init", "--server", str(self.content), environ=environ(TZ="Europe/Berlin", **more))

    def fedisched(self, *words: str, typed: str = "") -> Result:
        return call(*words, "-C", str(self.content), environ=environ(GIT_DIR=str(self.bare)), typed=typed)

    def receive(self, ref: str = "refs/heads/main", old: str | None = None) -> Result:
        """What the hook would say of Ann's last commit, as if it came on top of what is there. Without the processes of
        a push, and without taking it."""
        new = self.ann.head()
        git(self.bare, "fetch", "-q", str(self.ann.top), "HEAD")
        before = git(self.bare, "rev-parse", "main") if old is None else old or "0" * 40
        return self.fedisched("receive", typed=f"{before} {new} {ref}\n")

    def take(self) -> None:
        """Ann's last commit is taken, without a check."""
        git(self.bare, "fetch", "-q", str(self.ann.top), "+HEAD:refs/heads/main")

    def push(self, *words: str, clone: Clone | None = None) -> tuple[int, str]:
        """A real push: the exit code, and what the person sees."""
        top = (clone or self.ann).top
        done = subprocess.run(
            ["git", "push", *words], cwd=top, env=environ(), capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, "\n".join(line.rstrip() for line in done.stderr.splitlines())
