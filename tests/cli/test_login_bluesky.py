"""`login` on Bluesky: where the account lives, the app password, the session that the publisher goes on with."""

from __future__ import annotations

import pytest

from fedisched.cli import login_bluesky
from fedisched.cli.login_bluesky import is_app_password
from fedisched.model.login import Home
from tests.cli.logging_in import Newcomer
from tests.stage import HANDLE, PASSWORD


def sessions_opened(newcomer: Newcomer) -> int:
    return len(newcomer.sandbox.requests("POST", "/xrpc/com.atproto.server.createSession"))


def test_an_app_password_lets_the_account_in_and_no_second_login_is_needed(newcomer: Newcomer) -> None:
    done = newcomer.runs("login", "bluesky", typed=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert f"✓ bluesky is @{HANDLE} on {newcomer.sandbox.url}\n" in done.output
    assert "up to 300 characters and 10 pictures\n" in done.output and "warning" not in done.output
    assert f"{newcomer.sandbox.url}/settings/app-passwords" in done.output  # the account's own app
    kept = newcomer.kept("bluesky")
    assert kept is not None and (kept.secret, kept.account) == (PASSWORD, newcomer.served.did)
    assert PASSWORD.encode() not in newcomer.everything_written()
    newcomer.served.post("a.md", targets="[bluesky]")
    assert newcomer.runs("publish").exit_code == 0
    assert newcomer.served.texts()[1] == ["Hello!"]
    assert sessions_opened(newcomer) == 1
    assert newcomer.runs("logout", "bluesky").exit_code == 0
    assert newcomer.sandbox.requests("POST", "/xrpc/com.atproto.server.deleteSession")[0].status == 200
    assert not list((newcomer.state / "sessions").iterdir())


def test_what_looks_like_the_accounts_own_password_is_warned_of(newcomer: Newcomer) -> None:
    newcomer.sandbox.revoke(PASSWORD)
    newcomer.sandbox.add_bluesky(HANDLE, "my own long password")
    done = newcomer.runs("login", "bluesky", "--password", "-", typed="my own long password")
    assert done.exit_code == 0, done.output
    assert "does not look like an app password (xxxx-xxxx-xxxx-xxxx)" in done.stderr


def test_a_code_by_mail_is_explained(newcomer: Newcomer) -> None:
    newcomer.sandbox.rules.needs_code = True
    done = newcomer.runs("login", "bluesky", typed=PASSWORD)
    assert done.exit_code == 1
    assert "needs a code by mail" in done.stderr and "Then type: fedisched login bluesky" in done.stderr


def test_a_wrong_password_changes_nothing(newcomer: Newcomer) -> None:
    done = newcomer.runs("login", "bluesky", typed="abcd-abcd-abcd-abcd")
    assert done.exit_code == 1 and "Invalid identifier or password" in done.stderr
    assert newcomer.kept("bluesky") is None


def test_an_account_that_lives_elsewhere_is_asked_for_no_password(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_bluesky, "home_of", lambda *_: Home("did:plc:x", "https://pds.example.com"))
    done = newcomer.runs("login", "bluesky", typed=PASSWORD)
    assert done.exit_code == 1
    assert f"me.test lives on https://pds.example.com, and not on {newcomer.sandbox.url}" in done.stderr
    assert 'under [accounts.bluesky], the line `server = "https://pds.example.com"`' in done.stderr
    assert not newcomer.sandbox.requests()


def test_a_handle_that_nobody_has_is_told_before_a_password_is_asked_for(newcomer: Newcomer) -> None:
    config = newcomer.folder / "fedisched.toml"
    config.write_text(config.read_text().replace(HANDLE, "nobody.test"))
    done = newcomer.runs("login", "bluesky", typed=PASSWORD)
    assert done.exit_code == 1 and "nobody has the handle nobody.test" in done.stderr
    assert sessions_opened(newcomer) == 0


@pytest.mark.parametrize(
    ("password", "is_one"),
    [(PASSWORD, True), ("abcd-efgh-ijkl", False), ("Abcd-efgh-ijkl-mnop", False), ("abcd-efgh-ijkl-mnop ", False)],
)
def test_the_look_of_an_app_password(password: str, is_one: bool) -> None:
    assert is_app_password(password) is is_one
