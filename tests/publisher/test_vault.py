"""Credentials from the vault: what wins, what pauses an account, and what lets it go on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fedisched.engine.plan import Stand
from fedisched.model.credential import Credential
from fedisched.vault import make_key_file
from tests.stage import HANDLE, PASSWORD, TOKEN, Stage


@pytest.fixture
def stage(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Nothing in the environment but where the home is, and both credentials in the vault."""
    stage.environ = {"HOME": str(tmp_path_factory.mktemp("home"))}
    make_key_file(stage.environ, stage.folder)
    log_in(stage, "mastodon", TOKEN)
    log_in(stage, "bluesky", PASSWORD)
    return stage


def log_in(stage: Stage, name: str, secret: str, server: str = "") -> None:
    account = stage.settings.accounts[name]
    handle = HANDLE if name == "bluesky" else ""
    made = datetime.now(UTC)
    stage.vault.put(name, Credential(account.network, server or account.server, secret, None, handle, None, made))


def errors(stage: Stage) -> dict[str, str]:
    """What stops each account, after a run on a post that is due."""
    stage.post("a.md", stage.soon(-1))
    return {step.target: step.error for step in stage.publish().left if step.stand is Stand.PAUSED}


def test_posts_go_out_with_what_is_in_the_vault_and_a_kept_session_serves_again(stage: Stage) -> None:
    for name in ("a.md", "b.md"):
        stage.post(name, stage.soon(-1))
        stage.publish()
    assert stage.texts() == (["Hello!", "Hello!"], ["Hello!", "Hello!"])
    assert len(stage.sandbox.requests("POST", "/xrpc/com.atproto.server.createSession")) == 1


def test_the_environment_wins(stage: Stage) -> None:
    log_in(stage, "mastodon", "wrong")
    stage.environ["FEDISCHED_MASTODON_TOKEN"] = TOKEN
    assert errors(stage) == {}


def test_without_any_credential_it_says_how_to_log_in(stage: Stage) -> None:
    stage.vault.remove("mastodon")
    (words,) = errors(stage).values()
    assert "Log in with `fedisched login mastodon`. Or set FEDISCHED_MASTODON_TOKEN" in words


def test_a_moved_server_gets_nothing_and_pauses_the_account_until_somebody_logs_in(stage: Stage) -> None:
    own = stage.settings.accounts["mastodon"]
    moved = own.server.replace("127.0.0.1", "localhost")
    stage.settings = replace(
        stage.settings, accounts={**stage.settings.accounts, "mastodon": replace(own, server=moved)}
    )
    words = errors(stage)["mastodon"]
    assert f"belongs to {own.server}, but the configuration now says {moved}" in words
    assert "log in there with `fedisched login mastodon`" in words
    assert not [seen for seen in stage.sandbox.requests() if seen.path.startswith("/api/")]
    log_in(stage, "mastodon", TOKEN)
    assert errors(stage) == {} and stage.texts()[0] == ["Hello!"]


def test_another_networks_credential_is_not_sent(stage: Stage) -> None:
    made = datetime.now(UTC)
    url = stage.sandbox.url
    stage.vault.put("mastodon", Credential("bluesky", url, PASSWORD, None, HANDLE, None, made))
    assert "its credential belongs to" in errors(stage)["mastodon"]
    assert not [seen for seen in stage.sandbox.requests() if seen.path.startswith("/api/")]


def test_a_refused_credential_waits_for_another_one(stage: Stage) -> None:
    log_in(stage, "mastodon", "revoked-token")
    words = errors(stage)["mastodon"]
    assert words.endswith("Log in again with `fedisched login mastodon`.")
    log_in(stage, "mastodon", TOKEN)
    assert errors(stage) == {} and stage.texts()[0] == ["Hello!"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda stage: key_of(stage).unlink(), "`fedisched key new --lost` begins a new vault"),
        (lambda stage: key_of(stage).chmod(0o644), "Type `chmod 600"),
        (lambda stage: key_of(stage).write_text("A" * 43 + "="), "does not open the vault"),
        (lambda stage: stage.vault.path.write_text("{}"), "cannot be read (it is damaged, or no vault)"),
    ],
    ids=["lost", "open", "wrong", "damaged"],
)
def test_a_vault_that_does_not_open_pauses_its_accounts_in_clear_words(
    stage: Stage, broken: object, words: str
) -> None:
    assert callable(broken)
    broken(stage)
    assert all(words in error for error in errors(stage).values()) and errors(stage)
    # One account whose credential is in the environment goes on.
    stage.environ["FEDISCHED_MASTODON_TOKEN"] = TOKEN
    assert list(errors(stage)) == ["bluesky"]


def test_nothing_is_decrypted_and_nothing_imported_for_it_when_nothing_is_due(stage: Stage) -> None:
    stage.post("later.md", stage.soon(86400))
    url = stage.sandbox.url
    (stage.folder / "fedisched.toml").write_text(
        f'timezone = "UTC"\ndefault_targets = ["m"]\n[accounts.m]\nnetwork = "mastodon"\nserver = "{url}"\n'
    )
    key_of(stage).unlink()
    script = (
        "import sys\nfrom fedisched.cli.commands import command\n"
        f"try:\n    command(['publish', '-C', {str(stage.folder)!r}])\n"
        "except SystemExit as ended:\n    print(ended.code, *[m for m in sys.modules if 'cryptography' in m])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\n")[-2] == "0", done.stdout + done.stderr


def key_of(stage: Stage) -> Path:
    return Path(stage.environ["HOME"]) / ".config" / "fedisched" / "key"
