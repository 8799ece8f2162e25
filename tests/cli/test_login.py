"""`login` on Mastodon: by the browser that comes back, by a pasted code, with a token; and what can go wrong."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fedisched.cli import login_mastodon
from fedisched.cli.login_mastodon import code_in, why_not_a_browser
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.model.errors import FedischedError
from fedisched.model.login import Asked, Registered
from fedisched.sandbox import Fault, What
from fedisched.vault import bind
from tests.cli.folder_with_server import rows
from tests.cli.logging_in import Newcomer, Person, code_from
from tests.sandbox.browser import Browser
from tests.stage import TOKEN

LEAST = {"profile", "write:statuses", "write:media", "read:statuses", "read:search"}


def tokens(newcomer: Newcomer) -> dict[str, frozenset[str] | None]:
    found = newcomer.sandbox.tokens_of(newcomer.served.mastodon_id)
    return {token: scopes for token, scopes in found.items() if token != TOKEN}


def test_the_browser_comes_back_and_what_a_newcomer_needs_next_is_said(newcomer: Newcomer, person: Person) -> None:
    newcomer.sandbox.rules.max_characters = 7000
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 0, done.output
    host = newcomer.sandbox.url.partition("//")[2]
    assert f"✓ mastodon is @me@{host}\n" in done.output
    assert "up to 7000 characters and 4 pictures\n" in done.output
    assert "fedisched new 'Hello!' --to mastodon" in done.output and "fedisched check" in done.output
    assert f"Not logged in yet: bluesky (fedisched login bluesky -C {newcomer.folder})" in done.output
    assert person.asked[0] in done.output
    person.is_done()
    assert f"You are logged in as @me@{host}" in person.pages[0]


def test_what_it_asks_for_is_the_least_with_a_proof_and_a_fresh_state(newcomer: Newcomer, person: Person) -> None:
    newcomer.runs("login", "mastodon")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(person.asked[0]).query).items()}
    assert set(asked["scope"].split()) == LEAST
    assert (asked["code_challenge_method"], len(asked["code_challenge"]), len(asked["state"])) == ("S256", 43, 32)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", asked["redirect_uri"])
    assert list(tokens(newcomer).values()) == [frozenset(LEAST)]


def test_the_token_is_kept_encrypted_with_its_application_and_publishes(newcomer: Newcomer, person: Person) -> None:
    newcomer.runs("login", "mastodon")
    kept = newcomer.kept("mastodon")
    assert kept is not None and kept.app is not None
    assert (kept.network, kept.server, kept.account) == (
        "mastodon",
        newcomer.sandbox.url,
        f"{newcomer.sandbox.url}#{newcomer.served.mastodon_id}",
    )
    (token,) = tokens(newcomer)
    assert kept.secret == token
    for secret in (token, kept.app.client_secret):
        assert secret.encode() not in newcomer.everything_written()
    newcomer.served.post("a.md", targets="[mastodon]")
    published = newcomer.runs("publish", "--json")
    assert [row["outcome"] for row in rows(published.stdout)] == ["published"], published.output
    assert newcomer.served.texts()[0] == ["Hello!"]


@pytest.mark.parametrize(
    ("rules", "scopes"),
    [
        ({"pkce": False}, LEAST),
        ({"oauth_metadata": False, "pkce": False}, (LEAST - {"profile"}) | {"read:accounts"}),
        ({"oauth_metadata": False, "pkce": False, "granular_scopes": False}, {"read", "write"}),
    ],
)
def test_servers_that_know_less_are_logged_in_to_as_well(
    newcomer: Newcomer, person: Person, rules: dict[str, bool], scopes: set[str]
) -> None:
    for rule, value in rules.items():
        setattr(newcomer.sandbox.rules, rule, value)
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 0, done.output
    assert list(tokens(newcomer).values()) == [frozenset(scopes)]
    assert "code_challenge" not in person.asked[0]


def test_who_does_not_agree_is_told_so_on_the_page_and_in_the_terminal(newcomer: Newcomer, person: Person) -> None:
    person.decision = "deny"
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 1
    assert "you did not let fedisched in. Nothing was changed. To be asked again" in done.stderr
    person.is_done()
    assert "You did not let fedisched in." in person.pages[0]
    assert newcomer.kept("mastodon") is None


def test_what_does_not_come_with_the_state_is_turned_away(newcomer: Newcomer, person: Person) -> None:
    seen: list[int] = []

    def comes_back(browser: Browser) -> None:
        seen.append(httpx.get(browser.left_for.replace("state=", "state=x"), verify=False).status_code)
        seen.append(browser.go_on().status_code)

    person.comes_back = comes_back
    assert newcomer.runs("login", "mastodon").exit_code == 0
    person.is_done()
    assert seen == [404, 200]


def test_a_code_that_the_server_does_not_know_is_explained(newcomer: Newcomer, person: Person) -> None:
    def comes_back(browser: Browser) -> None:
        browser.left_for = re.sub("code=[^&]+", "code=another", browser.left_for)
        browser.go_on()

    person.comes_back = comes_back
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 1
    assert "does not accept the code: it was used already" in done.stderr
    person.is_done()
    assert "That did not work out" in person.pages[0] and "does not accept the code" in person.pages[0]


def test_nobody_is_waited_for_for_ever(newcomer: Newcomer, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_mastodon, "PATIENCE", 0.01)
    person.comes_back = lambda browser: None
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 1
    assert "nothing came back from the browser" in done.stderr and "fedisched login mastodon --paste" in done.stderr


# A pasted code


def logs_in_by_paste(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, *options: str, whole: bool = False) -> str:
    """The person reads the address off the terminal and pastes what the page shows."""
    addresses: list[str] = []

    def typed() -> str:
        shown = code_from(addresses[0])
        return shown if whole else parse_qs(urlsplit(shown).query)["code"][0] + "\n"

    ask = login_mastodon._asked

    def asked(*arguments: object) -> Asked:
        found = ask(*arguments)  # type: ignore[arg-type]
        addresses.append(found.url)
        return found

    monkeypatch.setattr(login_mastodon, "_asked", asked)
    monkeypatch.setattr(login_mastodon, "_typed_code", typed)
    done = newcomer.runs("login", "mastodon", *options)
    assert done.exit_code == 0, done.output
    assert addresses[0] in done.output
    return done.output


@pytest.mark.parametrize("whole", [False, True], ids=["the code", "the page's address"])
def test_a_code_is_pasted(newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    said = logs_in_by_paste(newcomer, monkeypatch, "--paste", whole=whole)
    assert "✓ mastodon is @me@" in said
    assert "urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob" in said
    assert list(tokens(newcomer).values()) == [frozenset(LEAST)]


def test_from_afar_a_code_is_pasted_without_being_asked_for(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer.environ = {**newcomer.environ, "BROWSER": "", "SSH_CONNECTION": "a b c d", "DISPLAY": ":0"}
    assert "You are on this machine from afar, so you paste a code" in logs_in_by_paste(newcomer, monkeypatch)


@pytest.mark.parametrize(
    ("environ", "system", "why"),
    [
        ({"BROWSER": "firefox", "SSH_TTY": "/dev/pts/1"}, "linux", ""),
        ({"SSH_TTY": "/dev/pts/1", "DISPLAY": ":0"}, "linux", "from afar"),
        ({"SSH_CLIENT": "x"}, "darwin", "from afar"),
        ({}, "linux", "no screen"),
    ],
)
def test_why_no_browser_is_opened(environ: dict[str, str], system: str, why: str) -> None:
    said = why_not_a_browser(environ, system)
    assert why in said and bool(why) == bool(said)


ASKED = Asked("https://a.example/oauth/authorize", "", Registered("id", "secret"), "s1")


@pytest.mark.parametrize(
    "text",
    ["", "https://a.example/", "two words", "käse", "x" * 5000, "https://a.example/?state=s1", "http://[x?state=s1"],
)
def test_what_is_no_code_is_not_sent(text: str) -> None:
    with pytest.raises(FedischedError, match="that is no code"):
        code_in(text, ASKED)


def test_the_answer_to_another_login_is_not_sent() -> None:
    with pytest.raises(FedischedError, match="another login"):
        code_in("https://a.example/oauth/authorize/native?code=c1&state=s2", ASKED)
    assert code_in(' "https://a.example/oauth/authorize/native?code=c1&state=s1" \n', ASKED) == "c1"


# A token


def test_a_token_comes_by_standard_input(newcomer: Newcomer) -> None:
    done = newcomer.runs("login", "mastodon", "--token", "-", typed=f"  {TOKEN}\n")
    assert done.exit_code == 0, done.output
    kept = newcomer.kept("mastodon")
    assert kept is not None and (kept.secret, kept.app) == (TOKEN, None)
    assert TOKEN not in done.output


@pytest.mark.parametrize("options", [("--token", "s3cret-t0ken"), ("--password", "s3cret-t0ken")])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(newcomer: Newcomer, options: tuple[str, str]) -> None:
    done = newcomer.runs("login", "mastodon", *options)
    assert done.exit_code == 2
    assert f"write `{options[0]} -`" in done.stderr and "s3cret" not in done.output


@pytest.mark.parametrize("typed", ["", "\n", "two words\n", "käse\n", "x" * 5000])
def test_what_is_no_token_is_not_sent(newcomer: Newcomer, typed: str) -> None:
    done = newcomer.runs("login", "mastodon", "--token", "-", typed=typed)
    assert done.exit_code == 1 and "the access token of mastodon" in done.stderr
    assert not newcomer.sandbox.requests()


def test_a_token_that_the_server_does_not_know_changes_nothing(newcomer: Newcomer) -> None:
    newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    done = newcomer.runs("login", "mastodon", "--token", "-", typed="another")
    assert done.exit_code == 1 and "does not let the account in" in done.stderr
    kept = newcomer.kept("mastodon")
    assert kept is not None and kept.secret == TOKEN


def test_a_token_of_another_server_is_not_sent(newcomer: Newcomer) -> None:
    from fedisched.model.settings import Account

    newcomer.state.mkdir(mode=0o700)
    bind(newcomer.state, Account("mastodon", "mastodon", "https://a.example"), TOKEN, "https://a.example")
    done = newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    assert done.exit_code == 1 and "belongs to https://a.example, and was not sent anywhere else" in done.stderr
    assert not newcomer.sandbox.requests()


# Again


def test_a_second_login_keeps_the_name_and_ends_the_first_token(newcomer: Newcomer, person: Person) -> None:
    newcomer.runs("login", "mastodon")
    (first,) = tokens(newcomer)
    person.is_done()
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 0 and "another account" not in done.output
    (second,) = tokens(newcomer)
    kept = newcomer.kept("mastodon")
    assert first != second and kept is not None and kept.secret == second


def test_a_second_login_with_the_same_token_does_not_end_it(newcomer: Newcomer) -> None:
    for _ in range(2):
        assert newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN).exit_code == 0
    assert TOKEN in newcomer.sandbox.tokens_of(newcomer.served.mastodon_id)


def test_somebody_elses_account_under_the_same_name_is_pointed_out(newcomer: Newcomer, person: Person) -> None:
    newcomer.sandbox.add_mastodon("you", "token-of-yours")
    newcomer.runs("login", "mastodon")
    person.is_done()
    person.name = "you"
    done = newcomer.runs("login", "mastodon")
    host = newcomer.sandbox.url.partition("//")[2]
    assert f"✓ mastodon is @you@{host}" in done.output
    assert f"this is another account than the one that mastodon was before (@me@{host})" in done.output


def test_a_login_ends_a_pause(newcomer: Newcomer, person: Person) -> None:
    newcomer.runs("login", "mastodon")
    person.is_done()
    (token,) = tokens(newcomer)
    newcomer.sandbox.revoke(token)
    newcomer.served.post("a.md", targets="[mastodon]")
    assert newcomer.runs("publish").exit_code == 1
    assert newcomer.runs("login", "mastodon").exit_code == 0
    journal = Journal(newcomer.state / "journal.sqlite3")
    state = Accounts(journal).all()["mastodon"]
    journal.close()
    assert (state.paused, state.next_try) == ("", None) and state.account_id
    assert newcomer.runs("publish").exit_code == 0
    assert newcomer.served.texts()[0] == ["Hello!"]


def test_a_variable_that_wins_over_the_login_is_pointed_out(newcomer: Newcomer) -> None:
    newcomer.environ["FEDISCHED_MASTODON_TOKEN"] = TOKEN
    done = newcomer.runs("login", "mastodon", "--token", "-", typed=TOKEN)
    assert "FEDISCHED_MASTODON_TOKEN is set and wins" in done.output


# What is not there


def test_a_name_that_is_not_configured_gets_the_lines_to_write(newcomer: Newcomer) -> None:
    done = newcomer.runs("login", "nastodon")
    assert done.exit_code == 1
    assert '[accounts.nastodon]\nnetwork = "mastodon"\nserver = "https://mastodon.social"\n' in done.stderr
    assert '[accounts.nastodon]\nnetwork = "bluesky"\nhandle = "me.bsky.social"\n' in done.stderr
    assert "there is no account `nastodon` in fedisched.toml. Did you mean `mastodon`?" in done.stderr


@pytest.mark.parametrize("how", ["--paste", "--token"])
def test_what_does_not_belong_together_is_refused(newcomer: Newcomer, how: str) -> None:
    arguments = [how, *(["-"] if how == "--token" else [])]
    assert newcomer.runs("login", "bluesky", *arguments).exit_code == 2
    assert newcomer.runs("login", "mastodon", "--paste", "--token", "-").exit_code == 2
    assert newcomer.runs("login", "mastodon", "--password", "-").exit_code == 2


def test_a_server_that_is_not_there_is_told_and_nothing_is_kept(newcomer: Newcomer) -> None:
    newcomer.sandbox.stop()
    done = newcomer.runs("login", "mastodon", "--paste")
    assert done.exit_code == 1 and "was not reached" in done.stderr and "Traceback" not in done.output
    assert newcomer.kept("mastodon") is None


def test_a_token_that_cannot_be_verified_is_ended_at_once(newcomer: Newcomer, person: Person) -> None:
    newcomer.sandbox.faults.add(Fault(What.FORBIDDEN, "/api/v1/accounts/verify_credentials"))
    done = newcomer.runs("login", "mastodon")
    assert done.exit_code == 1
    assert not tokens(newcomer) and newcomer.kept("mastodon") is None
