from __future__ import annotations

import pytest

from fedisched.engine.address import Elsewhere, Place, place_of
from fedisched.model.settings import Account

MASTODON = Account("m", "mastodon", "https://m.example")
BLUESKY = Account("b", "bluesky", "https://pds.example", handle="me.example")
DID = "did:plc:abcdefghijklmnopqrstuvwx"
URI = "app.bsky.feed.post/3kaaaaaaaaaa2"


@pytest.mark.parametrize(
    ("text", "url", "number"),
    [
        ("https://m.example/@me/113587", "https://m.example/@me/113587", "113587"),
        (" https://M.example/@me/113587/?from=share#top ", "https://M.example/@me/113587", "113587"),
        ("https://m.example/users/me/statuses/113587", "https://m.example/users/me/statuses/113587", "113587"),
        ("https://m.example/@me/statuses/01HW3ZK9", "https://m.example/@me/statuses/01HW3ZK9", "01HW3ZK9"),
        ("https://m.example/notice/AbC1", "https://m.example/notice/AbC1", "AbC1"),
    ],
)
def test_a_status_is_known_by_the_end_of_its_address(text: str, url: str, number: str) -> None:
    assert place_of(MASTODON, text) == Place(url, id=number)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no address"),
        ("113587", "no address"),
        ("javascript:alert(1)", "no address"),
        ("ftp://m.example/@me/113587", "no address"),
        ("https://m.example/@me/11 3587", "no address"),
        ("https://[m.example/@me/1", "no address"),
        ("https://other.example/@me@m.example/113587", "is not on https://m.example"),
        ("https://m.example.evil.example/@me/113587", "is not on https://m.example"),
        (f"at://{DID}/{URI}", "is not on https://m.example"),
        ("https://m.example/@me", "not the address of one post"),
        ("https://m.example/@me/113587/embed", "not the address of one post"),
        ("https://m.example/", "not the address of one post"),
    ],
)
def test_what_cannot_be_a_status_of_the_account_is_told_with_what_would_be_one(text: str, message: str) -> None:
    found = place_of(MASTODON, text)
    assert isinstance(found, Elsewhere)
    assert message in found.message and "https://m.example/@NAME/NUMBER" in found.hint


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("https://bsky.app/profile/me.example/post/3kaaaaaaaaaa2", "me.example"),
        ("https://bsky.app/profile/Me.Example/post/3kaaaaaaaaaa2?ref=x", "Me.Example"),
        (f"https://bsky.app/profile/{DID}/post/3kaaaaaaaaaa2/", DID),
        (f"at://{DID}/{URI}", DID),
        (f"at://me.example/{URI}", "me.example"),
    ],
)
def test_a_record_is_known_by_its_app_s_address_and_by_its_uri(text: str, who: str) -> None:
    assert place_of(BLUESKY, text) == Place(
        f"https://bsky.app/profile/{who}/post/3kaaaaaaaaaa2", uri=f"at://{who}/{URI}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://m.example/@me/113587", "is not on https://bsky.app"),
        ("https://bsky.app/profile/me.example", "not the address of one post"),
        ("https://bsky.app/profile/me.example/feed/3kaaaaaaaaaa2", "not the address of one post"),
        (f"at://{DID}/app.bsky.feed.like/3kaaaaaaaaaa2", "not the address of one post"),
        ("https://bsky.app/profile/you.example/post/3kaaaaaaaaaa2", "a post of you.example"),
    ],
)
def test_what_cannot_be_a_record_of_the_account_is_told(text: str, message: str) -> None:
    found = place_of(BLUESKY, text)
    assert isinstance(found, Elsewhere)
    assert message in found.message and "https://bsky.app/profile/me.example/post/KEY" in found.hint
