"""Logging in on the Mastodon side: applications, the pages, codes, proofs, scopes, revoking."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.sandbox.browser import Browser
from tests.sandbox.conftest import Place

BACK = "http://127.0.0.1:9/callback"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def registered(place: Place, redirect: str = BACK, scopes: str = "profile write:statuses") -> dict[str, Any]:
    form = {"client_name": "fedisched", "redirect_uris": redirect, "scopes": scopes}
    return dict(place.tooter.post("/api/v1/apps", data=form).raise_for_status().json())


def asked(place: Place, app: dict[str, Any], **more: str) -> str:
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": BACK, "scope": "profile"}
    return f"{place.sandbox.url}/oauth/authorize?{urlencode({**query, 'state': 's1', **more})}"


def code_for(place: Place, app: dict[str, Any], **more: str) -> str:
    with Browser() as browser:
        browser.opens(asked(place, app, **more))
        browser.signs_in("anna")
        browser.answers("allow")
        return parse_qs(urlsplit(browser.left_for or str(browser.page.url)).query)["code"][0]


def exchanged(place: Place, app: dict[str, Any], code: str, **more: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": BACK,
        "code": code,
    }
    return place.tooter.post("/oauth/token", data={**form, **more})


def test_it_tells_how_one_logs_in_unless_it_plays_a_server_that_does_not(place: Place) -> None:
    path = "/.well-known/oauth-authorization-server"
    told = place.tooter.get(path).json()
    assert told["token_endpoint"] == f"{place.sandbox.url}/oauth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    place.sandbox.rules.pkce = False
    assert "code_challenge_methods_supported" not in place.tooter.get(path).json()
    place.sandbox.rules.oauth_metadata = False
    assert place.tooter.get(path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_name": ""}, "name can't be blank"),
        ({"redirect_uris": ""}, "Redirect URI can't be blank"),
        ({"scopes": "read admin:everything"}, "Scopes doesn't match"),
    ],
)
def test_an_application_that_is_not_well_described_is_refused(place: Place, wrong: dict[str, str], words: str) -> None:
    form = {"client_name": "fedisched", "redirect_uris": BACK, "scopes": "read", **wrong}
    answered = place.tooter.post("/api/v1/apps", data=form)
    assert (answered.status_code, words in answered.text) == (422, True)


def test_a_person_signs_in_agrees_and_the_token_may_do_what_was_agreed_and_no_more(place: Place) -> None:
    app = registered(place)
    with Browser() as browser:
        browser.opens(asked(place, app))
        assert browser.form.labels == {"username", "password"}
        browser.signs_in("anna", "wrong")
        assert "alert" in browser.page.text and browser.form.fields["username"] == "anna"
        browser.signs_in("@anna")
        assert "fedisched" in browser.page.text and "@anna@" in browser.page.text
        assert BACK.removesuffix("/callback") in browser.page.headers["content-security-policy"]
        browser.answers("allow")
        back = urlsplit(browser.left_for)
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    said = parse_qs(back.query)
    assert said["state"] == ["s1"]
    answered = exchanged(place, app, said["code"][0]).json()
    assert (answered["token_type"], answered["scope"]) == ("Bearer", "profile")
    token = {"Authorization": f"Bearer {answered['access_token']}"}
    assert place.tooter.get("/api/v1/accounts/verify_credentials", headers=token).json()["acct"] == "anna"
    assert place.tooter.get("/api/v1/apps/verify_credentials", headers=token).json()["name"] == "fedisched"
    refused = place.tooter.post("/api/v1/statuses", data={"status": "Hello"}, headers=token)
    assert (refused.status_code, refused.json()["error"]) == (403, "This action is outside the authorized scopes")


def test_who_does_not_agree_is_led_back_with_that(place: Place) -> None:
    with Browser() as browser:
        browser.opens(asked(place, registered(place)))
        browser.signs_in("anna")
        browser.answers("deny")
        said = parse_qs(urlsplit(browser.left_for).query)
    assert (said["error"], said["state"], "code" in said) == (["access_denied"], ["s1"], False)


def test_a_code_works_once_for_its_application_and_address(place: Place) -> None:
    app, other = registered(place), registered(place)
    code = code_for(place, app)
    assert exchanged(place, app, code).status_code == 200
    for form in (exchanged(place, app, code), exchanged(place, other, code_for(place, app))):
        assert (form.status_code, form.json()["error"]) == (400, "invalid_grant")
    elsewhere = exchanged(place, app, code_for(place, app), redirect_uri="http://127.0.0.1:10/callback")
    assert elsewhere.json()["error"] == "invalid_grant"
    assert exchanged(place, app, code_for(place, app), client_secret="other").json()["error"] == "invalid_client"
    assert exchanged(place, app, "x", grant_type="password").json()["error"] == "unsupported_grant_type"


def test_with_a_challenge_only_its_verifier_gets_the_token(place: Place) -> None:
    app = registered(place)
    proof = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert exchanged(place, app, code_for(place, app, **proof)).json()["error"] == "invalid_grant"
    wrong = exchanged(place, app, code_for(place, app, **proof), code_verifier="w" * 43)
    assert wrong.json()["error"] == "invalid_grant"
    assert exchanged(place, app, code_for(place, app, **proof), code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "http://127.0.0.1:10/callback"},
        {"scope": "read"},
        {"response_type": "token"},
        {"code_challenge": "x", "code_challenge_method": "plain"},
    ],
)
def test_a_wrong_question_is_shown_and_never_redirected(place: Place, wrong: dict[str, str]) -> None:
    with Browser() as browser:
        browser.opens(asked(place, registered(place), **wrong))
        assert 400 <= browser.page.status_code < 500 and not browser.left_for and "alert" in browser.page.text


def test_no_other_page_can_agree_for_a_person(place: Place) -> None:
    with Browser() as browser:
        browser.opens(asked(place, registered(place)))
        browser.signs_in("anna")
        browser.sends(("decision", "allow"), authenticity_token="guessed")
        assert browser.page.status_code == 422 and not browser.left_for


def test_a_code_to_be_copied_is_shown_on_a_page(place: Place) -> None:
    app = registered(place, OUT_OF_BAND)
    code = code_for(place, app, redirect_uri=OUT_OF_BAND)
    assert exchanged(place, app, code, redirect_uri=OUT_OF_BAND).status_code == 200


def test_only_its_own_application_revokes_a_token(place: Place) -> None:
    app, other = registered(place), registered(place)
    token = exchanged(place, app, code_for(place, app)).json()["access_token"]

    def revoke(by: dict[str, Any], what: str) -> int:
        form = {"client_id": by["client_id"], "client_secret": by["client_secret"], "token": what}
        return place.tooter.post("/oauth/revoke", data=form).status_code

    assert revoke(other, token) == 403
    assert token in place.sandbox.tokens_of(place.account_id)
    assert revoke(app, token) == revoke(app, "nobody's") == 200
    assert token not in place.sandbox.tokens_of(place.account_id)


def test_what_stands_in_a_question_is_text_on_the_page(place: Place) -> None:
    form = {"client_name": "<script>x</script>", "redirect_uris": BACK, "scopes": "profile"}
    app = place.tooter.post("/api/v1/apps", data=form).json()
    with Browser() as browser:
        browser.opens(asked(place, app, state='"><script>y</script>'))
        browser.signs_in("anna")
        assert "<script" not in browser.page.text
