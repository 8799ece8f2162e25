"""Whatever a server says, no exception leaves an adapter, nothing is read without end, nothing is taken for a yes."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterable

import pytest

from fedisched.model.network import Network, Prepared
from fedisched.model.outcome import CannotTell, NotSent, Refused, Unsure
from fedisched.model.settings import Account
from fedisched.networks import open_network
from tests.networks.hostile import Endless, answering, whole
from tests.networks.places import KeptSession, Place, now, text_of_its_own
from tests.networks.places import MastodonReader as _AnyReader
from tests.networks.rendering import picture

CREDENTIAL = "secret-that-must-not-show"
DEEP = b'{"a":' * 100_000


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SAID: dict[str, bytes | Iterable[bytes]] = {
    "nothing": b"",
    "no-http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half-a-head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "half-a-body": HEAD + b'Content-Length: 1000\r\n\r\n{"id":',
    "no-status": b"HTTP/1.1\r\n\r\n",
    "status-of-letters": b"HTTP/1.1 OK OK\r\n\r\n",
    "status-999": whole("999 What", b"{}"),
    "status-204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "empty": whole("200 OK", b""),
    "html": whole("200 OK", b"<html></html>", mime="text/html"),
    "html-as-json": whole("200 OK", b"<html></html>"),
    "not-utf-8": whole("200 OK", b'{"id":"\xff\xfe"}'),
    "deep": whole("200 OK", DEEP),
    "long-number": whole("200 OK", b'{"id":' + b"9" * 10_000 + b"}"),
    "null": whole("200 OK", b"null"),
    "number": whole("200 OK", b"7"),
    "text": whole("200 OK", b'"yes"'),
    "list": whole("200 OK", b"[]"),
    "list-of-lists": whole("200 OK", b"[[], 7, null]"),
    "object": whole("200 OK", b"{}"),
    "error": whole("200 OK", b'{"error": "no"}'),
    "wrong-types": whole(
        "200 OK",
        json.dumps(
            {
                "id": {"a": 1}, "username": 7, "content": [], "media_attachments": 7, "did": 7, "handle": None,
                "accessJwt": 1, "refreshJwt": [], "uri": {}, "cid": [], "results": 7, "blob": 7, "value": 7,
                "configuration": 7, "account": [], "application": 7, "reblog": 3, "active": "x",
            }
        ).encode(),
    ),
    "session-without-sense": whole(
        "200 OK", b'{"accessJwt":"a.b.c","refreshJwt":"","did":"did:plc:x","handle":"anna.test"}'
    ),
    "error-of-lists": whole("422 No", b'{"error": [1], "message": {}}'),
    "error-in-latin-1": whole("422 No", b'{"error": "\xe4"}'),
    "wrong-dates": whole("429 No", b"{}", "Date: never", "X-RateLimit-Reset: never", "Retry-After: never"),
    "rate-limit-after-a-yes": whole("200 OK", b"{}", "X-RateLimit-Remaining: x", "X-RateLimit-Reset: never"),
    "redirect-to-nowhere": whole("302 Found", b"", "Location: ftp://["),
    "redirect-to-itself": whole("307 Go", b"", "Location: /"),
    "gzip-that-is-none": whole("200 OK", b"not gzip", "Content-Encoding: gzip"),
    "gzip-bomb": whole("200 OK", gzip.compress(b" " * 200_000_000, 9), "Content-Encoding: gzip"),
    "unknown-encoding": whole("200 OK", b"{}", "Content-Encoding: br"),
    "huge": Endless(HEAD + b"Content-Length: 100000000000\r\n\r\n", b" " * 65536),
    "endless": Endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "endless-head": Endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 60_000 + b"\r\n"),
    "error-that-does-not-end": Endless(b"HTTP/1.1 500 No\r\n\r\n", b"x" * 65536),
}  # fmt: skip


def _network(kind: str, url: str) -> tuple[Place, Network]:
    account = Account("here", "mastodon" if kind == "mastodon" else "bluesky", url, "anna.test")
    place = Place(account, CREDENTIAL, _AnyReader(url, CREDENTIAL))
    return place, open_network(account, CREDENTIAL, KeptSession(), now)


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
@pytest.mark.parametrize("said", SAID)
def test_nothing_that_a_server_says_is_an_exception_or_a_yes(kind: str, said: str) -> None:
    with answering(SAID[said]) as url:
        place, network = _network(kind, url)
        task = place.task(place.post(text_of_its_own(), media=[picture()]))
        seen = [
            network.identify(),
            network.prepare(task, lambda attachment: b"data"),
            *network.find([task, task]),
            network.publish(Prepared(task, (), [{"status": "x", "text": "x"}]), ()),
        ]
        network.warm()
        network.close()
    for one in seen:
        assert isinstance(one, NotSent | Refused | CannotTell | Unsure), one
        assert CREDENTIAL not in repr(one)


@pytest.mark.parametrize("kind", ["mastodon", "bluesky"])
@pytest.mark.parametrize("said", ["huge", "endless", "gzip-bomb"])
def test_an_answer_that_does_not_end_takes_little_memory(kind: str, said: str) -> None:
    with answering(SAID[said]) as url:
        _, network = _network(kind, url)
        network.identify()
        tracemalloc.start()
        network.identify()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        network.close()
    assert most < 40_000_000


def test_a_mastodon_post_is_unsure_after_every_odd_answer() -> None:
    for said in ("nothing", "html", "list", "error", "wrong-types", "rate-limit-after-a-yes", "redirect-to-itself"):
        with answering(SAID[said]) as url:
            place, network = _network("mastodon", url)
            task = place.task(place.post(text_of_its_own()))
            outcome = network.publish(Prepared(task, (), [{"status": "x"}]), ())
            network.close()
        assert isinstance(outcome, Unsure), said
