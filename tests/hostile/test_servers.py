"""Servers that lie, do not end, or lead elsewhere. What goes over a real connection is tried out at length in
`tests/networks/test_hostile.py`, `test_wire.py` and `test_safe_fetch.py`; here each case stands under its name."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from fedisched.model.network import Network
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.rendered import Limits
from fedisched.model.settings import Account
from fedisched.networks import open_network
from fedisched.networks.addresses import is_public
from fedisched.networks.mastodon_instance import limits_of
from fedisched.networks.safe_fetch import Address, NotFetched, SafeFetch
from fedisched.networks.wire import Answer
from tests.compose.posts import post, render
from tests.networks.hostile import Drip, Endless, answering, whole
from tests.networks.places import KeptSession, now

SECRET = "a-secret-that-must-not-show"
LIES: tuple[object, ...] = (
    0,
    -1,
    -(10**18),
    10**18,
    10**30,
    10**400,
    "500",
    "-1",
    None,
    True,
    [],
    {},
    float("inf"),
    1.5,
)


def network(kind: str, url: str) -> Network:
    account = Account("here", "mastodon" if kind == "mastodon" else "bluesky", url, "me.test")
    return open_network(account, SECRET, KeptSession(), now)


def said_by(kind: str, reply: Any) -> NotSent | Refused:
    with answering(reply) as url:
        asked = network(kind, url)
        said = asked.identify()
        asked.close()
    assert isinstance(said, NotSent | Refused) and SECRET not in repr(said)
    return said


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
def test_endless_bodies(kind: str) -> None:
    """Read no further than any answer is long."""
    said_by(kind, Endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b" " * 65536))


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
def test_huge_headers(kind: str) -> None:
    said_by(kind, Endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 60_000 + b"\r\n"))


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
def test_html_instead_of_json(kind: str) -> None:
    said_by(kind, whole("200 OK", b"<html><script>alert(1)</script></html>", mime="text/html"))


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Go", "308 Go"])
def test_redirects_to_loopback(kind: str, status: str) -> None:
    """No credential follows a redirect, wherever it leads."""
    got: list[bytes] = []

    class Kept:
        def __iter__(self) -> Iterator[bytes]:
            got.append(b"asked")
            return iter([whole("200 OK", b"{}")])

    with answering(Kept()) as there:
        said_by(kind, whole(status, b"", f"Location: {there}/"))
    assert got == []


def test_slow_drip_bodies() -> None:
    """A page that comes byte by byte is over when its time is; for the networks see `test_wire.py`."""
    drip = Drip(b"HTTP/1.1 200 OK\r\n\r\n")
    begun = monotonic()
    with answering(drip) as url:
        port = int(url.rpartition(":")[2])
        fetch = SafeFetch(lambda host, _: [Address(2, ("127.0.0.1", port))], lambda address: True)
        with pytest.raises(NotFetched, match="took too long"):
            fetch("http://page.example/", 1 << 30, monotonic() + 0.3, "*/*")
        drip.done.set()
    assert monotonic() - begun < 10


# --- lies in instance limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: repr(lie)[:12])
def test_lies_in_instance_limits(lie: object) -> None:
    """Negative, zero, 10^18, texts, nothing: no number that is none comes further, and no text is laid out by it."""
    names: dict[str, tuple[str, ...]] = {
        "statuses": ("max_characters", "max_media_attachments", "characters_reserved_per_url"),
        "media_attachments": ("image_size_limit", "description_limit", "image_matrix_limit", "video_size_limit"),
        "polls": ("max_options", "max_characters_per_option", "min_expiration", "max_expiration"),
    }
    for section, keys in names.items():
        for key in keys:
            told: dict[str, dict[str, object]] = {"statuses": {"max_characters": 500}}
            told.setdefault(section, {})[key] = lie
            limits = limits_of({"version": "4.5.0", "configuration": told})
            if limits is None:
                assert key == "max_characters"
                continue
            for name in Limits.__slots__:
                value = getattr(limits, name)
                assert not isinstance(value, int) or isinstance(value, bool) or 0 <= value <= 10**12, (name, value)
            assert limits.characters > 0 and limits.characters_per_url <= 1000
            rendering = render(post("Hello https://example.org/ " * 9, thread="auto"), "mastodon", limits=limits)
            assert len(rendering.rendered.parts) < 100


def test_no_limits_at_all() -> None:
    told: tuple[dict[str, object], ...] = ({}, {"configuration": None}, {"configuration": {"statuses": []}})
    for instance in told:
        assert limits_of(instance) is None


# --- cards: where a page is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["::ffff:127.0.0.1", "::ffff:a00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%eth0", "0.0.0.0"],
)
def test_ipv6_mapped_and_translated_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost", "127.0.0.1.", "①②⑦.0.0.1"],
)
def test_decimal_octal_and_other_spellings_of_loopback(host: str) -> None:
    """Judged is what the resolver makes of a spelling."""
    with pytest.raises(NotFetched):
        SafeFetch()(f"http://{host}/", 1000, monotonic() + 3, "*/*")


@pytest.mark.parametrize(
    "url", ["http://user@example.org/", "http://a:b@example.org/", "http://127.0.0.1@example.org/"]
)
def test_userinfo(url: str) -> None:
    with pytest.raises(NotFetched, match="user name"):
        SafeFetch()(url, 1000, monotonic() + 1, "*/*")


def test_dns_rebinding() -> None:
    """A name that leads to a public address when it is judged and to loopback when it is connected to."""
    answers = iter([[Address(2, ("127.0.0.1", 80))]])
    fetch = SafeFetch(lambda host, port: next(answers))
    with pytest.raises(NotFetched, match="not a public address"):
        fetch("http://rebinding.example/", 1000, monotonic() + 1, "*/*")
    with answering(whole("200 OK", b"secret")) as url:
        port = int(url.rpartition(":")[2])
        judged = iter([True, False])
        fetch = SafeFetch(lambda host, _: [Address(2, ("127.0.0.1", port))], lambda address: next(judged))
        with pytest.raises(NotFetched):
            fetch("http://rebinding.example/", 1000, monotonic() + 1, "*/*")


def test_redirects_of_a_page_to_loopback() -> None:
    with answering(whole("302 Found", b"", "Location: http://127.0.0.1:80/")) as url:
        port = int(url.rpartition(":")[2])

        def resolve(host: str, asked: int) -> list[Address]:
            return [Address(2, ("127.0.0.1", port if host == "page.example" else asked))]

        first = iter([True, True])
        fetch = SafeFetch(resolve, lambda address: next(first, False))
        with pytest.raises(NotFetched, match=r"127\.0\.0\.1 is not a public address"):
            fetch("http://page.example/", 1000, monotonic() + 2, "*/*")


def test_headers_that_lie() -> None:
    for value in ("-1", "1e999", "nan", "9" * 400, "never", "9999-12-31T23:59:59-23:59", ""):
        answer = Answer(429, dict.fromkeys(("retry-after", "date", "x-ratelimit-reset"), value), b"{}", 0)
        assert answer.retry_after is None or 0 <= answer.retry_after <= 86400
        assert answer.allowance is None and (answer.clock_offset is None or answer.clock_offset == answer.clock_offset)
