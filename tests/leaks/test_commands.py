"""No command leaks anything, at any verbosity, whatever state its secrets are in. A new command needs a row here."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from fedisched.cli import guard
from fedisched.cli.commands import HIDDEN, SUMMARIES, command
from fedisched.cli.demo import _environ as environ_of_demo
from fedisched.networks.mastodon import Mastodon
from fedisched.sandbox import Sandbox
from tests.leaks.planted import PASSWORD, TOKEN, VERBOSITIES, Planted

CASES: dict[str, list[tuple[str, ...]]] = {
    "demo": [("--keep", ".")],
    "init": [("sub",), ()],
    "new": [("Hello", "--at", "tomorrow 09:00", "--edit")],
    "check": [(), ("--json",), ("--online",)],
    "render": [(), ("--json",)],
    "queue": [(), ("--all", "--json"), ("--failed",)],
    "publish": [("--dry-run",), ("--json",), ("posts/failed.md", "--now")],
    "run": [("--is-alive",), ("--wake",)],
    "resolve": [("posts/failed.md", "--drop")],
    "retry": [("--all",), ("posts/a.md",)],
    "login": [("mastodon", "--paste"), ("mastodon", "--token", TOKEN), ("bluesky",), ("nobody",)],
    "accounts": [(), ("--verify", "--json")],
    "logout": [("nobody",), ("mastodon",), ("bluesky",)],
    "key": [("new",), ("rotate",), ("new", "--lost")],
    "merge-driver": [("posts/a.md", "posts/a.md", "posts/a.md", "posts/a.md")],
    "receive": [()],
    "doctor": [(), ("--json",), ("--offline",)],
    "health": [(), ("--json",)],
    "notify": [(), ("--test",)],
}
"""What each command is given: something it does, and something it refuses."""


def broken_key(planted: Planted) -> None:
    planted.environ["FEDISCHED_KEY"] = TOKEN  # the wrong secret was pasted there


def open_key(planted: Planted) -> None:
    planted.key.chmod(0o644)


def lost_key(planted: Planted) -> None:
    planted.key.rename(planted.key.with_name("elsewhere"))
    planted.key = planted.key.with_name("elsewhere")


def broken_vault(planted: Planted) -> None:
    path = planted.state / "vault.json"
    path.write_bytes(path.read_bytes()[:-40])


def wrong_token(planted: Planted) -> None:
    planted.environ["FEDISCHED_MASTODON_TOKEN"] = TOKEN[::-1]
    planted.environ["FEDISCHED_BLUESKY_PASSWORD"] = f"{PASSWORD} and more"


STATES: list[Callable[[Planted], None]] = [broken_key, open_key, lost_key, broken_vault, wrong_token]


def test_every_command_has_a_row() -> None:
    assert set(CASES) == set(SUMMARIES) | set(HIDDEN)
    with click.Context(command) as context:
        assert set(command.list_commands(context)) <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_command_leaks_nothing(
    name: str, sandbox: Sandbox, tmp_path: Path, tokens: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Planted(tmp_path, sandbox.url, repository=name in ("new", "init", "merge-driver"))
    planted.tokens = tokens
    planted.watch(monkeypatch)
    monkeypatch.chdir(planted.folder)
    for arguments in CASES[name]:
        for verbosity in VERBOSITIES:
            _fill(planted)
            assert planted.run(name, *arguments, *verbosity).exit_code != 3, planted.said
    assert planted.leaks() == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_what_is_wrong_with_the_secrets_is_said_without_them(
    state: Callable[[Planted], None], sandbox: Sandbox, tmp_path: Path, tokens: list[str]
) -> None:
    planted = Planted(tmp_path, sandbox.url)
    planted.tokens = tokens
    _fill(planted)
    state(planted)
    for words in (("publish", "-vv"), ("queue", "--json"), ("key", "rotate", "-v"), ("key", "new"), ("check", "-v")):
        done = planted.run(*words)
        assert done.exit_code in (0, 1, 75), done.output
    assert planted.leaks() == []


def test_a_bug_report_shows_no_secret_of_an_exception_that_carries_the_request(
    sandbox: Sandbox, tmp_path: Path, tokens: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(network: Mastodon) -> object:
        client = network._opened()
        request = {"Authorization": f"Bearer {client.access_token}", "password": PASSWORD}
        try:
            raise ValueError(f"<Request headers={request!r}>")
        except ValueError as error:
            raise RuntimeError(f"while sending {request!r}") from error

    monkeypatch.setattr(Mastodon, "identify", broken)
    planted = Planted(tmp_path, sandbox.url)
    planted.tokens = tokens
    planted.post("a.md")
    done = planted.run("publish", "-vv")
    assert done.exit_code == 3 and "RuntimeError: while sending {'Authorization': 'Bearer [hidden]" in done.output
    assert planted.leaks() == []


def test_a_bug_in_a_thread_is_reported_without_secrets_too(
    sandbox: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Planted(tmp_path, sandbox.url)

    def fails() -> None:
        raise RuntimeError(f"Authorization: Bearer {TOKEN}")

    def run() -> object:
        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()
        return 0

    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "argv", ["fedisched", "run"])
    guard.exit_code_of(run, ["run"])
    said = capfd.readouterr()
    planted.said.append((said.out + said.err).encode())
    assert "Bearer [hidden]" in said.err
    assert planted.leaks() == []


def test_the_demo_has_nothing_of_the_persons_own(sandbox: Sandbox, tmp_path: Path) -> None:
    planted = Planted(tmp_path, sandbox.url, in_vault=False)
    planted.said.append(repr(environ_of_demo(planted.environ, tmp_path)).encode())
    assert planted.leaks() == []


def _fill(planted: Planted) -> None:
    """Posts of every kind, one of which failed with words of a server."""
    planted.post("a.md", seconds=3600)
    planted.post("failed.md", front="status: failed\nresults:\n  mastodon: {state: failed, error: 'no'}\n")
