"""`fedisched key`: the first key, another key, a lost key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from fedisched.cli.exit import Exit
from fedisched.model.credential import Credential
from fedisched.vault import Vault
from tests.cli.support import CONFIG, call, content_folder

KEPT = Credential("mastodon", "https://mastodon.social", "s3cret-token", None, "", None, datetime.now(UTC))


class Home:
    def __init__(self, root: Path, config: str = CONFIG) -> None:
        self.folder = content_folder(root / "content", config)
        self.environ = {"HOME": str(root / "home"), "FEDISCHED_STATE": str(root / "state")}
        self.key = root / "home" / ".config" / "fedisched" / "key"
        self.root = root

    def vault(self, committed: str = "") -> Vault:
        return Vault.open(self.root / "state", self.folder, self.environ, committed)

    def run(self, *arguments: str) -> Result:
        return call("key", *arguments, "-C", str(self.folder), environ=self.environ)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_new_makes_a_key_and_says_where_it_is_and_to_keep_a_copy(home: Home) -> None:
    done = home.run("new")
    assert done.exit_code == Exit.DONE
    assert str(home.key) in done.output and "Keep a copy" in done.output
    assert home.key.read_text().strip() not in done.output


def test_new_changes_no_key_that_is_there(home: Home) -> None:
    home.run("new")
    before = home.key.read_text()
    done = home.run("new")
    assert done.exit_code == Exit.NEEDS_YOU and "fedisched key rotate" in done.output
    assert home.key.read_text() == before


def test_print_shows_a_key_and_keeps_nothing(home: Home) -> None:
    shown = {home.run("new", "--print").output.strip() for _ in range(2)}
    assert len(shown) == 2 and {len(key) for key in shown} == {44}
    assert not home.key.exists()
    home.environ["FEDISCHED_KEY"] = shown.pop()
    home.vault().put("mastodon", KEPT)
    assert home.vault().get("mastodon") == KEPT


def test_rotate_says_what_it_did_and_what_is_to_be_done(home: Home) -> None:
    home.run("new")
    home.vault().put("mastodon", KEPT)
    before = home.key.read_text()
    done = home.run("rotate")
    assert done.exit_code == Exit.DONE
    assert (
        "another key, with which everything was encrypted anew, 1 account" in done.output and "key.old" in done.output
    )
    assert home.key.read_text() != before and home.vault().get("mastodon") == KEPT


def test_rotate_of_a_committed_vault_says_to_push_it(tmp_path: Path) -> None:
    home = Home(tmp_path, f'vault = "my.vault"\n{CONFIG}')
    assert "gh secret set FEDISCHED_KEY < " in home.run("new").output
    home.vault("my.vault").put("mastodon", KEPT)
    assert "Commit my.vault and push it" in home.run("rotate").output
    assert json.loads((home.folder / "my.vault").read_text())["entries"].keys() == {"mastodon"}


def test_without_a_key_there_is_nothing_to_rotate(home: Home) -> None:
    done = home.run("rotate")
    assert done.exit_code == Exit.NEEDS_YOU and "fedisched key new" in done.output


def test_a_lost_key_is_asked_about_before_anything_is_begun_anew(home: Home) -> None:
    home.run("new")
    home.vault().put("mastodon", KEPT)
    home.key.unlink()
    done = home.run("new")
    assert done.exit_code == Exit.NEEDS_YOU and "fedisched key new --lost" in done.output
    assert not home.key.exists()
    done = home.run("new", "--lost")
    assert done.exit_code == Exit.DONE
    assert "fedisched login mastodon" in done.output and "vault-lost-" in done.output
    home.vault().put("mastodon", KEPT)
    assert home.vault().get("mastodon") == KEPT


def test_a_key_that_opens_the_vault_is_not_lost(home: Home) -> None:
    home.run("new")
    home.vault().put("mastodon", KEPT)
    done = home.run("new", "--lost")
    assert done.exit_code == Exit.NEEDS_YOU and "not lost" in done.output
    assert home.vault().get("mastodon") == KEPT


@pytest.mark.parametrize(
    "arguments", [("rotate", "--print"), ("rotate", "--lost"), ("new", "--print", "--lost"), ("x",), ()]
)
def test_what_does_not_fit_together_is_a_usage_error(home: Home, arguments: tuple[str, ...]) -> None:
    assert home.run(*arguments).exit_code == Exit.USAGE


def test_what_is_no_key_in_the_environment_is_told_before_a_vault_is_put_aside(home: Home) -> None:
    home.run("new")
    home.vault().put("mastodon", KEPT)
    home.key.unlink()
    home.environ["FEDISCHED_KEY"] = "garbled"
    done = home.run("new", "--lost")
    assert done.exit_code == Exit.NEEDS_YOU and "what is in FEDISCHED_KEY is no key" in done.output
    assert home.vault().path.exists()
