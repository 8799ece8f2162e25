"""`accounts` and `logout`: where credentials are, whether they work, and how they end."""

from __future__ import annotations

import json
from typing import Any

from fedisched.sandbox import Fault, What
from fedisched.vault import make_key_file
from fedisched.vault.key import new_key
from tests.cli.logging_in import Newcomer, Person
from tests.stage import HANDLE, PASSWORD, TOKEN


def listed(newcomer: Newcomer, *options: str, code: int) -> list[dict[str, Any]]:
    done = newcomer.runs("accounts", "--json", *options)
    assert done.exit_code == code, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_who_has_logged_in_nowhere_is_told_what_to_type(newcomer: Newcomer) -> None:
    url = newcomer.sandbox.url
    nothing = {"credentials": "missing", "verified": None, "paused": False, "error": ""}
    assert listed(newcomer, code=1) == [
        {"name": "mastodon", "network": "mastodon", "server": url, "handle": "", **nothing},
        {"name": "bluesky", "network": "bluesky", "server": url, "handle": HANDLE, **nothing},
    ]
    shown = newcomer.runs("accounts").output
    assert "not logged in" in shown and "mastodon: fedisched login mastodon\n" in shown
    assert not newcomer.sandbox.requests()


def test_a_login_shows_and_the_environment_wins(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    newcomer.environ["FEDISCHED_BLUESKY_PASSWORD"] = PASSWORD
    mastodon, bluesky = listed(newcomer, code=0)
    host = newcomer.sandbox.url.partition("//")[2]
    assert (mastodon["credentials"], mastodon["verified"], mastodon["handle"]) == ("vault", True, f"me@{host}")
    assert (bluesky["credentials"], bluesky["verified"]) == ("environment", None)
    newcomer.environ["FEDISCHED_MASTODON_TOKEN"] = "another"
    assert [one["credentials"] for one in listed(newcomer, code=0)] == ["environment"] * 2
    assert "not verified yet" in newcomer.runs("accounts").output


def test_verify_asks_and_what_the_server_says_is_remembered(newcomer: Newcomer) -> None:
    newcomer.environ |= {"FEDISCHED_BLUESKY_PASSWORD": PASSWORD, "FEDISCHED_MASTODON_TOKEN": TOKEN}
    assert [one["verified"] for one in listed(newcomer, "--verify", code=0)] == [True, True]
    newcomer.sandbox.revoke(TOKEN)
    assert [one["verified"] for one in listed(newcomer, code=0)] == [True, True]  # nobody was asked
    mastodon, bluesky = listed(newcomer, "--verify", code=1)
    assert (mastodon["verified"], mastodon["paused"], bluesky["verified"]) == (False, True, True)
    assert "access token is invalid" in mastodon["error"]
    assert listed(newcomer, code=1)[0]["paused"] is True
    newcomer.environ["FEDISCHED_MASTODON_TOKEN"] = "another-token"
    newcomer.sandbox.add_mastodon("me", "another-token")
    assert [one["paused"] for one in listed(newcomer, "--verify", code=0)] == [False, False]


def test_a_server_that_does_not_answer_says_nothing_of_the_credential(newcomer: Newcomer) -> None:
    newcomer.environ |= {"FEDISCHED_BLUESKY_PASSWORD": PASSWORD, "FEDISCHED_MASTODON_TOKEN": TOKEN}
    newcomer.sandbox.stop()
    mastodon, _ = listed(newcomer, "--verify", code=1)
    assert (mastodon["verified"], mastodon["paused"]) == (None, False) and "was not reached" in mastodon["error"]


def test_a_configuration_that_points_elsewhere_pauses_the_account_and_sends_nothing(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    asked = len(newcomer.sandbox.requests())
    config = newcomer.folder / "fedisched.toml"
    config.write_text(config.read_text().replace(newcomer.sandbox.url, "https://evil.example", 1))
    mastodon = listed(newcomer, "--verify", code=1)[0]
    assert (mastodon["paused"], mastodon["verified"]) == (True, None)
    assert f"belongs to {newcomer.sandbox.url}" in mastodon["error"]
    assert len(newcomer.sandbox.requests()) == asked


# logout


def test_a_logout_ends_the_token_and_forgets_it(newcomer: Newcomer, person: Person) -> None:
    newcomer.runs("login", "mastodon")
    kept = newcomer.kept("mastodon")
    assert kept is not None
    done = newcomer.runs("logout", "mastodon")
    assert done.exit_code == 0 and "is logged out" in done.output and "warning" not in done.output
    assert newcomer.kept("mastodon") is None
    assert kept.secret not in newcomer.sandbox.tokens_of(newcomer.served.mastodon_id)
    again = newcomer.runs("logout", "mastodon")
    assert again.exit_code == 1 and "mastodon has no credential in the vault" in again.stderr


def test_offline_it_is_forgotten_all_the_same_with_a_warning(newcomer: Newcomer, person: Person) -> None:
    newcomer.runs("login", "mastodon")
    person.is_done()
    newcomer.sandbox.faults.add(Fault(What.DROP_REQUEST, "/oauth/revoke"))
    done = newcomer.runs("logout", "mastodon")
    assert done.exit_code == 0 and newcomer.kept("mastodon") is None
    assert "warning: it was not ended at the server" in done.stderr
    assert f"End it in the account's settings on {newcomer.sandbox.url} (authorized apps)" in done.stderr


def test_a_token_from_elsewhere_cannot_be_ended_by_us_and_that_is_said(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    newcomer.environ["FEDISCHED_MASTODON_TOKEN"] = TOKEN
    done = newcomer.runs("logout", "mastodon")
    assert "only whoever made it can end it" in done.stderr
    assert "FEDISCHED_MASTODON_TOKEN is set, and fedisched goes on publishing with it" in done.output


def test_with_a_lost_key_a_person_gets_out_too(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    newcomer.environ["HOME"] = str(newcomer.folder.parent / "another-home")
    assert newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN).exit_code == 1
    done = newcomer.runs("logout", "mastodon")
    assert done.exit_code == 0 and "could not be read" in done.stderr
    assert newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN).exit_code == 0


def test_the_wrong_key_is_told_before_anything_is_asked_for(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    asked = len(newcomer.sandbox.requests())
    newcomer.environ["HOME"] = str(newcomer.folder.parent / "another-home")
    make_key_file(newcomer.environ, newcomer.folder)
    done = newcomer.runs("login", "bluesky", typed=PASSWORD)
    assert done.exit_code == 1 and "does not open the vault" in done.stderr
    assert len(newcomer.sandbox.requests()) == asked


def test_an_account_that_is_no_longer_configured_can_be_logged_out(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    config = newcomer.folder / "fedisched.toml"
    config.write_text(config.read_text().replace("mastodon]", "other]").replace('["mastodon", ', "["))
    assert newcomer.runs("logout", "mastodon").exit_code == 0
    assert "there is no account `nobody`" in newcomer.runs("logout", "nobody").stderr


def test_under_the_wrong_key_nothing_is_logged_out(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    newcomer.environ["FEDISCHED_KEY"] = new_key()
    done = newcomer.runs("logout", "mastodon")
    assert done.exit_code == 1 and "Nothing was changed. Take FEDISCHED_KEY out of the environment." in done.stderr
    del newcomer.environ["FEDISCHED_KEY"]
    assert newcomer.kept("mastodon") is not None
