"""Marked secrets in every place where a person may keep one, and a look at everything that was written afterwards."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from fedisched.cli.commands import command
from fedisched.cli.here import Surroundings
from fedisched.clock import SECOND, SystemClock
from fedisched.model.credential import AppRegistration, Credential
from fedisched.sandbox import Sandbox
from fedisched.vault import Vault, make_key_file
from tests.cli.folder_with_server import CONFIG
from tests.git.places import NOBODY, SOMEBODY
from tests.stage import as_text

TOKEN = "Zq7vKp2xNw8rTb4mLc6yHd9s/+="
PASSWORD = "vqzx-kjwp-mnbt-ryfd"
CLIENT_ID = "Cw5tUe1oRa8nGi3k"
CLIENT_SECRET = "Bf2hJs7dXe9qMu4z"
ENVIRON_TOKEN = "Yn6gWk3vDp8sFa1t"
HANDLE = "planted.test"

VERBOSITIES = (("-q",), (), ("-v",), ("-vv",))


def accounts_on(sandbox: Sandbox) -> None:
    sandbox.add_mastodon("planted", TOKEN)
    sandbox.add_bluesky(HANDLE, PASSWORD)


def told_tokens(sandbox_tokens: list[str]) -> list[str]:
    """What is secret of a session's tokens: each whole, its claims and its signature."""
    return [piece for token in sandbox_tokens for piece in (token, *token.split(".")[1:])]


def forms_of(secret: str) -> dict[str, str]:
    """What a secret may look like where somebody was careless, by the name of the form."""
    data = secret.encode()
    forms = {"plain": secret, "beginning": secret[:8], "escaped": quote(secret, safe=""), "hexadecimal": data.hex()}
    for before in range(3):
        coded = base64.b64encode(b"x" * before + data).decode().rstrip("=")[4:-2]
        forms |= {f"base64 {before}": coded, f"base64url {before}": coded.replace("+", "-").replace("/", "_")}
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, data)
        forms |= {name: digest.hexdigest()[:12], f"{name} base64": base64.b64encode(digest.digest()).decode()[:12]}
    return forms


class Planted:
    """A content folder in a repository, a home and a state folder, with secrets in the vault and in the environment."""

    def __init__(self, root: Path, url: str, in_vault: bool = True, repository: bool = False) -> None:
        self.root = root
        self.folder, self.home, self.state = root / "content", root / "home", root / "state"
        for each in (self.folder / "posts", self.home, self.state):
            each.mkdir(parents=True)
        (self.folder / "fedisched.toml").write_text(CONFIG.format(url=url, bluesky=url, handle=HANDLE))
        self.environ = {**NOBODY, **SOMEBODY, "HOME": str(self.home), "PATH": os.environ["PATH"]}
        self.environ |= {"FEDISCHED_STATE": str(self.state), "FEDISCHED_UNUSED_TOKEN": ENVIRON_TOKEN, "EDITOR": "true"}
        self.key = make_key_file(self.environ, self.folder)
        self.tokens: list[str] = []
        self.said: list[bytes] = []
        self.started: list[tuple[Any, Any]] = []
        made = datetime.now(UTC)
        app = AppRegistration(CLIENT_ID, CLIENT_SECRET)
        if in_vault:
            vault = Vault.open(self.state, self.folder, self.environ)
            vault.put("mastodon", Credential("mastodon", url, TOKEN, None, "planted", app, made))
            vault.put("bluesky", Credential("bluesky", url, PASSWORD, None, HANDLE, None, made))
        else:
            self.environ |= {"FEDISCHED_MASTODON_TOKEN": TOKEN, "FEDISCHED_BLUESKY_PASSWORD": PASSWORD}
        if repository:
            subprocess.run(["git", "init", "-q", "-b", "main"], cwd=self.folder, env=self.environ, check=True)

    def post(self, name: str, seconds: int = -5, body: str = "Hello!", front: str = "") -> Path:
        due = as_text((SystemClock().now() // SECOND + seconds) * SECOND)
        path = self.folder / "posts" / name
        path.write_text(f"---\ntime: {due}\n{front}---\n{body}\n")
        return path

    def run(self, *arguments: str, typed: str = "") -> Result:
        """Run a command here, and keep what it said."""
        surroundings = Surroundings(SystemClock(), self.environ)
        words = [*arguments, "-C", str(self.folder)]
        done = CliRunner().invoke(command, words, obj=surroundings, prog_name="fedisched", input=typed)
        self.said.append(done.output_bytes if hasattr(done, "output_bytes") else done.output.encode())
        self.said.append(done.stdout_bytes)
        return done

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Keep what other programs are started with."""
        start = subprocess.Popen.__init__

        def started(process: subprocess.Popen[bytes], command: Any, *more: Any, **named: Any) -> None:
            self.started.append((command, named.get("env") if named.get("env") is not None else dict(os.environ)))
            start(process, command, *more, **named)

        patch.setattr(subprocess.Popen, "__init__", started)

    def leaks(self) -> list[str]:
        """Where a secret shows, and in which form."""
        key = self.key.read_text().strip()
        secrets = [TOKEN, PASSWORD, CLIENT_ID, CLIENT_SECRET, ENVIRON_TOKEN, key]
        wanted = [
            (f"{secret[:3]}… {name}", form.encode()) for secret in secrets for name, form in forms_of(secret).items()
        ]
        # All tokens of a session begin alike, so that their beginnings tell nothing.
        wanted += [
            (f"session {name}", form.encode())
            for piece in told_tokens(self.tokens)
            for name, form in forms_of(piece).items()
            if name in ("plain", "hexadecimal", "base64 0", "base64 1", "base64 2", "sha256")
        ]
        return [f"{name} in {place}" for place, data in self._written() for name, form in wanted if form in data]

    def _written(self) -> Iterator[tuple[str, bytes]]:
        yield "what was said", b"\n".join(self.said)
        yield "command lines", repr([command for command, _ in self.started]).encode()
        yield "environments", repr([environ for command, environ in self.started if _is_foreign(command)]).encode()
        for path in self.root.rglob("*"):
            if path.is_file() and not path.is_relative_to(self.key.parent):
                yield str(path.relative_to(self.root)), path.read_bytes()
        if (self.folder / ".git").exists():
            objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
            done = subprocess.run(objects, cwd=self.folder, env=self.environ, capture_output=True, check=True)
            yield "git's objects", done.stdout


def _is_foreign(command: object) -> bool:
    """Whether a program is none of ours, so that it has no business with credentials."""
    return not (isinstance(command, list) and "fedisched" in command)
