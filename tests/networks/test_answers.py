"""What each answer means, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fedisched.model.outcome import CannotTell, NotSent, Refused, Unsure
from fedisched.networks import bluesky_answers, mastodon_answers
from fedisched.networks.verdict import (
    Verdict,
    before_sending,
    of_a_look_up,
    of_an_upload,
    of_the_account,
    upload_failed,
)
from fedisched.networks.wire import Answer, Heard, NoAnswer, shortened

AT = 1_800_000_000_000_000  # 2027-01-15T08:00:00Z


def answer(status: int, body: object = None, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else b"<html>no</html>" if body is None else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, data, AT)


def toot(message: str) -> dict[str, str]:
    return {"error": message}


def xrpc(name: str, message: str = "Said so") -> dict[str, str]:
    return {"error": name, "message": message}


ACCOUNT = "account"
SERVER = "the server as a whole"
BOTH: list[tuple[Heard, type[Verdict] | str]] = [
    (NoAnswer(sent=False, reason="no connection"), SERVER),
    (NoAnswer(sent=True, reason="no answer within the time allowed"), Unsure),
    (answer(200, b""), Unsure),
    (answer(200, []), Unsure),
    (answer(202, {}), Unsure),
    (answer(204, b""), Unsure),
    (answer(301), Unsure),
    (answer(302), Unsure),
    (answer(307), Unsure),
    (answer(401), NotSent),
    (answer(403), NotSent),
    (answer(408), Unsure),
    (answer(409), Unsure),
    (answer(413), Refused),
    (answer(425), Unsure),
    (answer(429), SERVER),
    (answer(500), Unsure),
    (answer(502), Unsure),
    (answer(503), Unsure),
    (answer(504), Unsure),
    (answer(520), Unsure),
    (answer(599), Unsure),
    (answer(404), Refused),
]
MASTODON: list[tuple[Heard, type[Verdict] | str]] = [
    *BOTH,
    (answer(401, toot("The access token is invalid")), ACCOUNT),
    (answer(401, toot("The access token was revoked")), ACCOUNT),
    (answer(403, toot("This action is outside the authorized scopes")), ACCOUNT),
    (answer(403, toot("Your login is currently disabled")), ACCOUNT),
    (answer(404, toot("The post you are trying to reply to does not appear to exist.")), Refused),
    (answer(422, toot("Validation failed: Text character limit of 500 exceeded")), Refused),
    (answer(422, toot("Cannot attach files that have not finished processing. Try again in a moment!")), NotSent),
    (answer(422, toot("Media 1, 2 not found or already attached to another post")), Unsure),
    (answer(503, toot("There was a temporary problem serving your request, please try again")), Unsure),
    (answer(500, toot("Internal Server Error")), Unsure),
]
BLUESKY: list[tuple[Heard, type[Verdict] | str]] = [
    *BOTH,
    (answer(400, xrpc("ExpiredToken")), NotSent),
    (answer(400, xrpc("InvalidToken")), NotSent),
    (answer(401, xrpc("AuthenticationRequired")), ACCOUNT),
    (answer(401, xrpc("AuthMissing")), ACCOUNT),
    (answer(401, xrpc("AccountTakedown")), ACCOUNT),
    (answer(401, xrpc("AccountDeactivated")), ACCOUNT),
    (answer(401, xrpc("AuthFactorTokenRequired")), ACCOUNT),
    (answer(403, xrpc("Forbidden")), ACCOUNT),
    (answer(400, xrpc("InvalidRequest", "Input/text must not be longer than 300 graphemes")), Refused),
    (answer(413, xrpc("PayloadTooLarge", "request entity too large")), Refused),
    (answer(500, xrpc("InternalServerError")), Unsure),
    (answer(502, xrpc("UpstreamFailure")), Unsure),
]


def _name(value: object) -> str | None:
    match value:
        case Answer():
            return f"{value.status}-{value.object().get('message') or value.object().get('error', 'no JSON')}"[:50]
        case NoAnswer():
            return value.reason
        case _:
            return str(getattr(value, "__name__", value))


def _check(verdict: Verdict, meaning: type[Verdict] | str) -> None:
    if meaning is ACCOUNT:
        assert isinstance(verdict, Refused)
        assert verdict.account
    elif meaning is SERVER:
        assert isinstance(verdict, NotSent)
        assert verdict.account
    else:
        assert type(verdict) is meaning
        assert not getattr(verdict, "account", False)
    assert "example.social" in verdict.reason
    assert not verdict.reason.endswith(".")
    if isinstance(verdict, Refused):
        assert verdict.hint.endswith(".")


@pytest.mark.parametrize(("heard", "meaning"), MASTODON, ids=_name)
def test_a_mastodon_servers_answer_means(heard: Heard, meaning: type[Verdict] | str) -> None:
    _check(mastodon_answers.verdict(heard, "example.social"), meaning)


@pytest.mark.parametrize(("heard", "meaning"), BLUESKY, ids=_name)
def test_a_bluesky_servers_answer_means(heard: Heard, meaning: type[Verdict] | str) -> None:
    _check(bluesky_answers.verdict(heard, "example.social"), meaning)


@pytest.mark.parametrize("judge", [mastodon_answers.verdict, bluesky_answers.verdict])
def test_every_status_means_something(judge: Callable[[Heard, str], Verdict]) -> None:
    bodies: tuple[object, ...] = (None, {}, [], toot("x"), 7, "x", {"error": {"a": 1}, "message": [2]})
    for status in range(100, 1000):
        for body in bodies:
            assert isinstance(judge(answer(status, body), "example.social"), NotSent | Refused | Unsure)


def test_no_secret_shows_in_an_answers_name() -> None:
    assert "secret" not in repr(Answer(200, {"set-cookie": "secret"}, b'{"accessJwt": "secret"}', AT))


def test_the_servers_own_words_are_passed_on() -> None:
    verdict = mastodon_answers.verdict(answer(422, toot("Validation failed: Text can't be blank.")), "example.social")
    assert verdict.reason == "example.social refused it: Validation failed: Text can't be blank"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "1e30"}, 86400),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60),
        ({"x-ratelimit-reset": "2027-01-15T08:02:00.000000Z"}, 120),
        ({"ratelimit-reset": "1800000090"}, 90),
        ({"x-ratelimit-reset": "1800000090"}, 90),
        # By the server's clock, which is five minutes behind ours.
        ({"x-ratelimit-reset": "2027-01-15T07:56:00Z", "date": "Fri, 15 Jan 2027 07:55:00 GMT"}, 60),
        ({"retry-after": "7", "ratelimit-reset": "1800000090"}, 7),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert Answer(429, headers, b"", AT).retry_after == seconds


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Jan 2027 08:00:00 GMT", "0", "-1"])
def test_a_date_that_is_none_tells_no_clock(date: str) -> None:
    assert Answer(200, {"date": date}, b"", AT).clock_offset is None


def test_where_nothing_could_be_published_nothing_is_unsure() -> None:
    assert before_sending(Unsure("x")) == NotSent("x")
    assert before_sending(NotSent("x", 3)) == NotSent("x", 3)
    assert before_sending(Refused("x", "y")) == Refused("x", "y")


UNCLEAR: list[tuple[Heard, str]] = [
    (answer(502), "m.example answered 502"),
    (NoAnswer(sent=True, reason="cut off"), "m.example gave no answer: cut off"),
]


@pytest.mark.parametrize("verdict", [mastodon_answers.verdict, bluesky_answers.verdict])
@pytest.mark.parametrize(("heard", "words"), UNCLEAR)
def test_only_who_published_is_told_that_the_post_may_be_there(
    verdict: Callable[[Heard, str], Verdict], heard: Heard, words: str
) -> None:
    said = verdict(heard, "m.example")
    assert isinstance(said, Unsure) and "may have got the post" in said.reason
    assert of_a_look_up(said) == CannotTell(words)
    assert before_sending(said) == of_the_account(said) == NotSent(words)
    assert of_an_upload(said) == upload_failed(said) == NotSent(f"the upload failed: {words}")


def test_who_is_not_let_in_is_refused_as_an_account() -> None:
    assert of_the_account(Refused("x", "y")) == Refused("x", "y", account=True)
    assert of_the_account(Unsure("x")) == NotSent("x")


def test_a_look_up_that_failed_is_never_a_no() -> None:
    assert of_a_look_up(NotSent("x", 3)) == CannotTell("x", 3)
    refused = Refused("x", "y", account=True)
    assert of_a_look_up(refused) == CannotTell("x", refused=refused)
    assert of_a_look_up(refused).account and not of_a_look_up(Refused("x", "y")).account
    assert of_a_look_up(Unsure("x")) == CannotTell("x")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Too long.", "Too long"),
        ("two\nlines\tand a\x1b[31m colour", "two lines and a[31m colour"),
        ("x" * 1000, "x" * 300 + "…"),
        (None, ""),
        ({"a": 1}, ""),
        (7, ""),
    ],
)
def test_a_servers_words_fit_into_a_message(words: object, shown: str) -> None:
    assert shortened(words) == shown
