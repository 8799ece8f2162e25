"""Logging in and out leaks nothing: not of what is typed, nor of a request that a server shows in its answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.sandbox import Fault, Sandbox, What
from tests.leaks.planted import PASSWORD, TOKEN, VERBOSITIES, Planted


@pytest.mark.parametrize("what", [What.ECHO, What.ECHO_HTML])
def test_what_is_typed_is_not_shown_whatever_the_server_says(
    what: What, sandbox: Sandbox, tmp_path: Path, tokens: list[str]
) -> None:
    planted = Planted(tmp_path, sandbox.url, in_vault=False)
    planted.tokens = tokens
    typed = {("mastodon", "--token", "-"): TOKEN, ("bluesky",): PASSWORD}
    for status in (500, 400, 401, 403, 422):
        sandbox.faults.clear()
        sandbox.faults.add(Fault(what, times=None, status=status))
        for words, secret in typed.items():
            for verbosity in VERBOSITIES[2:]:
                assert planted.run("login", *words, *verbosity, typed=secret).exit_code == 1
    assert planted.leaks() == []


def test_a_whole_life_of_credentials_leaves_nothing_behind(sandbox: Sandbox, tmp_path: Path, tokens: list[str]) -> None:
    planted = Planted(tmp_path, sandbox.url, in_vault=False)
    planted.tokens = tokens
    sandbox.faults.clear()
    planted.environ = {name: value for name, value in planted.environ.items() if not name.startswith("FEDISCHED_M")}
    for verbosity in VERBOSITIES:
        done = planted.run("login", "mastodon", "--token", "-", *verbosity, typed=TOKEN)
        assert done.exit_code == 0, done.output
        assert planted.run("login", "bluesky", *verbosity, typed=PASSWORD).exit_code == 0
        planted.run("accounts", "--verify", *verbosity)
        sandbox.faults.add(Fault(What.ECHO, "/oauth/revoke"))
        sandbox.faults.add(Fault(What.ECHO, "*deleteSession"))
        assert planted.run("logout", "mastodon", *verbosity).exit_code == 0
        assert planted.run("logout", "bluesky", *verbosity).exit_code == 0
    assert planted.leaks() == []


@pytest.mark.parametrize("path", ["/api/v1/apps", "/oauth/token", "/oauth/revoke"])
def test_what_a_server_says_of_an_application_and_a_code_shows_neither(
    path: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    from fedisched.model.login import Asked, Registered
    from fedisched.networks.mastodon_oauth import MastodonOAuth
    from tests.leaks.planted import CLIENT_ID, CLIENT_SECRET

    planted = Planted(tmp_path, sandbox.url)
    sandbox.faults.add(Fault(What.ECHO, path, times=None, status=400))
    app = Registered(CLIENT_ID, CLIENT_SECRET)
    oauth = MastodonOAuth(sandbox.url, lambda: 0)
    asked = Asked(f"{sandbox.url}/?client_id={CLIENT_ID}", "http://127.0.0.1:1/callback", app, "state", PASSWORD)
    answers = (oauth.ask(asked.redirect_uri), oauth.exchange(asked, TOKEN), oauth.revoke(app, TOKEN), asked)
    oauth.close()
    sandbox.faults.clear()
    planted.said.append(repr(answers).encode())
    assert planted.leaks() == []
