"""A bare repository as GitHub keeps it, the clone of a person who writes there, and the checkouts of runners."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fedisched.sandbox import Sandbox
from tests.actions.runner import Runner
from tests.cli.folder_with_server import FolderWithServer

FOLDER = "my posts"
IDENTITY = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}


def git(folder: Path, *arguments: str) -> str:
    """Run git as the person; what it says."""
    names = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Hub:
    """`person` is a clone with a content folder in it that has its accounts on the sandbox."""

    def __init__(self, top: Path, sandbox: Sandbox) -> None:
        self.top = top
        self.bare = top / "hub.git"
        self.person = top / "person"
        git(top, "init", "-q", "--bare", str(self.bare))
        git(top, "clone", "-q", str(self.bare), str(self.person))
        self.served = FolderWithServer(self.person / FOLDER, sandbox)
        self.served.run("init")

    def push(self, message: str = "write") -> None:
        """The person commits everything and pushes it."""
        git(self.person, "add", "-A")
        git(self.person, "commit", "-q", "-m", message)
        git(self.person, "pull", "-q", "--rebase", "origin", "main") if self._has_main() else None
        git(self.person, "push", "-q", "origin", "HEAD:main")

    def pull(self) -> None:
        git(self.person, "pull", "-q", "--rebase", "origin", "main")

    def runner(self, event: str = "schedule", installs: bool = False, wait: str = "") -> Runner:
        """A machine with a fresh checkout of what is on the branch, as shallow as `actions/checkout` makes it."""
        number = len(list(self.top.glob("job-*")))
        workspace = self.top / f"job-{number}"
        git(self.top, "clone", "-q", "--depth", "1", f"file://{self.bare}", str(workspace))
        runner = Runner(workspace, self.top / f"temp-{number}", event, installs)
        runner.secrets = dict(self.served.environ)
        return runner

    def file(self, name: str) -> str:
        """A file of the content folder as it is on the branch."""
        return git(self.bare, "show", f"main:{FOLDER}/{name}")

    def _has_main(self) -> bool:
        return bool(git(self.bare, "branch", "--list", "main"))
