"""Real repositories for the tests: bare remotes, clones with a content folder in them, and what people do there."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fedisched.content.said import PostWording
from fedisched.git import Repository, open_repository
from fedisched.git.results import Committed, commit_results
from fedisched.git.sync import Synced
from fedisched.model.post import Status
from fedisched.model.results import Result
from fedisched.model.said import Said
from fedisched.model.settings import GitSettings, Settings

NOBODY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""No git configuration of the machine's."""
SOMEBODY = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}
URL = "https://example.social/@me/1"
WORDING = PostWording()


def environ(**more: str) -> dict[str, str]:
    return {**os.environ, **NOBODY, **more}


def git(folder: Path, *words: str, data: str | None = None, **more: str) -> str:
    """A person's git; gives what it printed."""
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env=environ(**{**SOMEBODY, **more}),
        input=data,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.rstrip("\n")


def bare(at: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(at)], check=True, env=environ())
    return at


class Clone:
    """A work tree with a content folder in it, `folder` below its top."""

    def __init__(self, top: Path, inside: str = ".", remote: str = "", settings: GitSettings | None = None) -> None:
        self.top = top
        self.folder = (top / inside).resolve()
        self.settings = Settings(
            self.folder, self.folder / "fedisched.toml", git=settings or GitSettings(remote=remote)
        )

    @classmethod
    def new(cls, top: Path, inside: str = ".") -> Clone:
        """A repository of its own, with one post committed."""
        subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True, env=environ())
        clone = cls(top, inside)
        clone.post("a.md", "Hello")
        clone.save("Begin")
        return clone

    @classmethod
    def of(cls, remote: Path, top: Path, *options: str) -> Clone:
        subprocess.run(["git", "clone", "-q", *options, str(remote), str(top)], check=True, env=environ())
        return cls(top, remote="origin")

    def git(self, *words: str, data: str | None = None, **more: str) -> str:
        return git(self.top, *words, data=data, **more)

    def path(self, name: str) -> Path:
        return self.folder / "posts" / name

    def post(self, name: str, body: str, front: str = "time: 2026-12-01 09:00\nstatus: scheduled") -> Path:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{textwrap.dedent(front).strip()}\n---\n{body}\n")
        return path

    def save(self, message: str, *words: str) -> str:
        """Commit everything, as a person does; gives the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *words)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def subjects(self, what: str = "HEAD") -> list[str]:
        return self.git("log", "--format=%s", what).splitlines()

    def in_head(self, name: str, what: str = "HEAD") -> str:
        path = self.path(name).relative_to(self.top.resolve()).as_posix()
        return self.git("show", f"{what}:{path}") + "\n"

    def repository(self, **more: str) -> Repository:
        found = open_repository(self.settings, environ(**more))
        assert found is not None
        return found

    def publish(self, name: str, *targets: str, url: str = URL) -> None:
        """Write results into a file, as the publisher does."""
        results = {target: Result(key=f"3k{target}", url=url) for target in targets or ("mastodon",)}
        path = self.path(name)
        before = WORDING.read(path.read_bytes())
        assert before is not None
        after = WORDING.write(path.read_bytes(), Said(Status.PUBLISHED, {**before.results, **results}))
        assert after is not None
        path.write_bytes(after)

    def commit_results(self, **more: str) -> Committed | None:
        return commit_results(self.repository(**more), WORDING)

    def sync(self, **more: Any) -> Synced:
        return self.repository().sync(WORDING, **more)

    def is_clean(self) -> bool:
        return not self.git("status", "--porcelain", "-uno")


def said(text: str) -> Mapping[str, Result]:
    """What a file's text says of its publishing."""
    found = WORDING.read(text.encode())
    assert found is not None
    return found.results
