"""Nothing that is known to be secret is shown, however it comes."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from fedisched.model.secret import HIDDEN, discreet, is_credential, keep_secret, without_credentials

SECRET = "zQ9/x+Vb 7ülw~Kp03mN"
keep_secret(SECRET, "short", "")


@pytest.mark.parametrize("before", ["", "a", "ab", "Bearer ", '{"password": "'])
@pytest.mark.parametrize("behind", ["", "z", '"}', "yz"])
def test_it_is_taken_out_in_every_form(before: str, behind: str) -> None:
    whole = f"{before}{SECRET}{behind}"
    data = whole.encode()
    assert discreet(whole) == f"{before}{HIDDEN}{behind}"
    forms = [
        quote(whole, safe=""),
        data.hex(),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
    ]
    for form in forms:
        kept = discreet(f"it said {form}, I think")
        assert HIDDEN in kept and kept.startswith("it said ") and kept.endswith(", I think")
        assert len(kept.replace(HIDDEN, "")) < len("it said , I think") + len(form) - len(SECRET) + 8


def test_a_beginning_that_is_long_enough_is_taken_out_too() -> None:
    assert discreet(f"Bearer {SECRET[:12]}…") == f"Bearer {HIDDEN}…"
    assert discreet(f"{SECRET[:8]}, {SECRET[:8]}") == f"{HIDDEN}, {HIDDEN}"
    assert discreet(SECRET[:7]) == SECRET[:7]


def test_what_is_left_when_it_was_cut_off_in_front_or_broken_into_lines_is_taken_out_too() -> None:
    keep_secret("tok-A1b2C3d4E5f6G7h8I9j0")
    assert discreet("…4E5f6G7h8I9j0 is bad") == f"…{HIDDEN} is bad"
    for at in range(4, 20):
        broken = discreet(f"bad: {'tok-A1b2C3d4E5f6G7h8I9j0'[:at]}\n  {'tok-A1b2C3d4E5f6G7h8I9j0'[at:]}!")
        left = broken.replace(HIDDEN, "").removeprefix("bad:").removesuffix("!").split()
        assert sum(map(len, left)) < 8, broken
    # In a person's own password there may be words that messages have, and numbers.
    keep_secret("my-password-is-20261126-Passphrase")
    said = "this password of 20261126 is a Passphrase"
    assert discreet(said) == said


def test_another_token_of_the_same_kind_is_taken_out_whole() -> None:
    keep_secret("eyJ0eXAiOiJKV1Qi.first.signature")
    assert discreet("Bearer eyJ0eXAiOiJKV1Qi.second.Another_1 x") == f"Bearer {HIDDEN} x"


def test_what_is_too_short_hides_nothing() -> None:
    assert discreet("in short: it is short") == "in short: it is short"


def test_an_answer_in_json_stays_json() -> None:
    said = discreet(json.dumps({"error": f"bad token {SECRET}"}, ensure_ascii=False))
    assert json.loads(said) == {"error": f"bad token {HIDDEN}"}


def test_other_programs_get_no_credentials() -> None:
    environ = {
        "FEDISCHED_KEY": "k",
        "FEDISCHED_KEY_FILE": "/k",
        "FEDISCHED_MASTODON_TOKEN": "t",
        "FEDISCHED_A_PASSWORD": "p",
        "FEDISCHED_STATE": "/s",
        "GH_TOKEN": "theirs",
    }
    assert without_credentials(environ) == {"FEDISCHED_KEY_FILE": "/k", "FEDISCHED_STATE": "/s", "GH_TOKEN": "theirs"}
    assert not is_credential("MY_PASSWORD")
