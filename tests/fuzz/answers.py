"""What a server can answer: both networks' adapters as they read it, what an instance tells of itself, and pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from random import Random
from typing import Any, NamedTuple, cast

from fedisched import compose
from fedisched.compose.as_json import as_json
from fedisched.content.reader import read_post
from fedisched.model.network import Identity, Prepared, Sessions, Task
from fedisched.model.outcome import Absent, CannotTell, Found, NotSent, Perhaps, Published, Refused, Unsure
from fedisched.model.post import Post
from fedisched.model.rendered import Limits
from fedisched.model.settings import Account
from fedisched.networks.bluesky import Bluesky
from fedisched.networks.bluesky_session import BlueskySession
from fedisched.networks.cards import cards_for
from fedisched.networks.mastodon import Mastodon
from fedisched.networks.mastodon_instance import limits_of, locks_keys
from fedisched.networks.page import has_said_enough, read_page
from fedisched.networks.wire import Answer, Heard, NoAnswer
from tests.fuzz.mutation import (
    bytes_changed,
    json_bytes,
    json_changed,
    number_of_changes,
    text_changed,
)
from tests.fuzz.surface import SETTINGS, Place, Surface
from tests.networks.rendering import bluesky_post, mastodon_post

_AT = 1_800_000_000_000_000
_DID = "did:plc:abcdefghijklmnopqrstuvwx"
_KEY = "3m4ohihg2s22a"


class Said(NamedTuple):
    """A server's answer, and which of an adapter's calls gets it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


_HEADERS = ("date", "retry-after", "ratelimit-reset", "x-ratelimit-reset", "ratelimit-limit", "ratelimit-remaining")
_HEADER_VALUES = (
    *(
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "2026-01-01T00:00:00Z",
        "0",
        "-1",
        "1e308",
        "nan",
        "inf",
        "9" * 400,
        "",
        "never",
    ),
    *("Thu, 99 Foo 99999 00:00:00 +9999", "9999-12-31T23:59:59-23:59", "0001-01-01", "300", "1800000100", "\u0663"),
)
_STATUSES = (200,) * 12 + (201, 202, 206, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503, 302, 999)


def _said(random: Random, examples: Sequence[Any]) -> Said:
    value = random.choice(examples)
    for _ in range(number_of_changes(random)):
        value = json_changed(random, value)
    headers = {random.choice(_HEADERS): random.choice(_HEADER_VALUES) for _ in range(random.randrange(4))}
    return Said(random.choice(_STATUSES), headers, json_bytes(random, value))


def _heard(said: Said) -> Heard:
    return Answer(said.status, said.headers, said.body, _AT)


def _is_json(said: Said) -> bool:
    return Answer(200, {}, said.body, _AT).json() is not None


# What a caller may be given. Each text in it goes into a journal, a file or a terminal, so it has to be one.
_OUTCOMES = (Identity, Prepared, NotSent, Refused, Unsure, Published, Found, Absent, Perhaps, CannotTell, Limits)


def _assert_usable(outcome: object) -> None:
    assert isinstance(outcome, _OUTCOMES), outcome
    _assert_texts(outcome)
    if isinstance(outcome, Identity):
        assert outcome.account_id
        _assert_sane(outcome.limits)
    if isinstance(outcome, NotSent) and outcome.retry_after is not None:
        assert 0 <= outcome.retry_after <= 86400, outcome


def _assert_texts(value: object) -> None:
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _assert_texts(key)
            _assert_texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _assert_texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            _assert_texts(getattr(value, field.name))


def _assert_sane(limits: Limits) -> None:
    """Numbers that a person can be told and a database can keep, and with which something can still be written."""
    for field in fields(limits):
        value = getattr(limits, field.name)
        if isinstance(value, int) and not isinstance(value, bool):
            assert 0 <= value < 2**63, (field.name, value)
    assert limits.characters > 0


# --- Mastodon ------------------------------------------------------------------------------------------------------

_ACCOUNT = {"id": "1", "username": "me", "acct": "me", "source": {"privacy": "public", "language": "en"}, "bot": False}
_STATUS: dict[str, Any] = {
    "id": "113587", "url": "https://a.example/@me/113587", "uri": "https://a.example/users/me/statuses/113587",
    "created_at": "2027-01-15T08:00:00.000Z", "in_reply_to_id": None, "visibility": "public", "spoiler_text": "",
    "content": "<p>Hello <a href=\"https://example.org\"><span class=\"invisible\">https://</span>example.org</a></p>",
    "media_attachments": [{"id": "5", "type": "image"}], "poll": None, "application": {"name": "fedisched"},
    "account": _ACCOUNT, "reblog": None, "quote": {"state": "accepted"},
}  # fmt: skip
_INSTANCE: dict[str, Any] = {
    "version": "4.6.0", "source_url": "https://github.com/mastodon/mastodon", "api_versions": {"mastodon": 7},
    "configuration": {
        "statuses": {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
        "media_attachments": {
            "supported_mime_types": ["image/png", "image/jpeg"], "image_size_limit": 16777216,
            "description_limit": 1500,
            "image_matrix_limit": 33177600, "video_size_limit": 103809024, "video_matrix_limit": 8294400,
        },
        "polls": {"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2629746},
    },
}  # fmt: skip
_MASTODON_SAYS = (
    _ACCOUNT,
    _STATUS,
    [_STATUS, {**_STATUS, "id": "113588", "in_reply_to_id": "113587"}],
    {**_ACCOUNT, **_STATUS, **_INSTANCE},
    {"error": "The access token is invalid", "error_description": "no"},
    {"error": "Validation failed: Text character limit of 500 exceeded"},
    {"statuses": [_STATUS]},
    {"id": "5", "type": "image", "url": None, "text": "Hello", "name": "fedisched"},
)


class _Answered(Mastodon):
    """A Mastodon account whose every request gets one answer."""

    said: Heard = NoAnswer(sent=False, reason="")

    def _hear(self, call: object) -> Heard:
        return self.said


def _run_mastodon(said: Said, where: Place) -> bool:
    network = _Answered(Account("m", "mastodon", "https://a.example"), "token", lambda: _AT, wait=lambda seconds: None)
    network.said = _heard(said)
    task = _mastodon_task()
    outcomes: list[object] = [network.identify(), network.limits(), network.prepare(task, lambda attachment: b"x")]
    requests = [dict(part.body) for part in task.rendered.parts]
    outcomes.append(network.publish(Prepared(task, (), requests), ()))
    outcomes += network.find([task, task])
    for outcome in outcomes:
        _assert_usable(outcome)
    return _is_json(said)


@cache
def _mastodon_task() -> Task:
    return Task(_KEY, mastodon_post("Hello https://example.org", "Second"), _AT - 60_000_000)


# --- Bluesky -------------------------------------------------------------------------------------------------------

_RECORD = {"$type": "app.bsky.feed.post", "text": "Hello", "langs": ["en"], "createdAt": "2027-01-15T08:00:00.000Z"}
_URI = f"at://{_DID}/app.bsky.feed.post/{_KEY}"
_BLUESKY_SAYS: tuple[Any, ...] = (
    {"did": _DID, "handle": "me.example", "active": True, "status": "takendown"},
    {"uri": _URI, "cid": "bafyreid", "value": _RECORD},
    {"uri": _URI, "cid": "bafyreid", "value": {**_RECORD, "facets": [{"index": {"byteStart": 0, "byteEnd": 5}}]}},
    {"commit": {"rev": "x"}, "results": [{"uri": _URI, "cid": "bafyreid"}], "uri": _URI, "cid": "bafyreid"},
    {"did": _DID, "handle": "me.example", "uri": _URI, "cid": "bafyreid", "value": _RECORD},
    {"error": "RecordNotFound", "message": "Could not locate record"},
    {"error": "InvalidSwap", "message": "Record was at bafyreid"},
    {"error": "ExpiredToken", "message": "Token has expired"},
    {"blob": {"ref": {"$link": "bafkrei"}, "mimeType": "image/png", "size": 5}, "jobStatus": {"state": "x"}},
)


class _Session:
    """A Bluesky session whose every request gets one answer."""

    clock = None

    def __init__(self, said: Heard) -> None:
        self._said = said

    def ask(self, call: object) -> Heard:
        return self._said

    def freshen(self) -> None:
        """Nothing to renew."""

    def server(self) -> str:
        return "https://b.example"

    def close(self) -> None:
        """Nothing to close."""


def _run_bluesky(said: Said, where: Place) -> bool:
    account = Account("b", "bluesky", "https://b.example", "me.example")
    cards = cards_for(is_on_this_machine=True)
    network = Bluesky(account, "password", cast(Sessions, None), lambda: _AT, cards)
    network._session = cast(BlueskySession, _Session(_heard(said)))
    task = _bluesky_task()
    outcomes: list[object] = [network.identify(), network.prepare(task, lambda attachment: b"x")]
    network._did = _DID
    requests = [dict(part.body) for part in task.rendered.parts]
    outcomes.append(network.publish(Prepared(task, (), requests, {"remark": ""}), ()))
    outcomes += network.find([task])
    for outcome in outcomes:
        _assert_usable(outcome)
    return _is_json(said)


@cache
def _bluesky_task() -> Task:
    return Task(_KEY, bluesky_post("Hello", "Second"), _AT - 60_000_000)


# --- what an instance tells of itself -------------------------------------------------------------------------------

_LIES: tuple[Any, ...] = (
    0,
    -1,
    -(10**18),
    10**18,
    10**30,
    10**400,
    1,
    2,
    True,
    None,
    "500",
    "-1",
    1.5,
    float("inf"),
    [],
    {},
    "x" * 1000,
)
_OLD_INSTANCE = {"version": "3.5.0 (compatible; Pleroma 2.5)", "max_toot_chars": 5000, "configuration": {"polls": {}}}


def _instance(random: Random) -> bytes:
    instance = json.loads(json.dumps(random.choice((_INSTANCE, _INSTANCE, _INSTANCE, _OLD_INSTANCE))))
    told = instance["configuration"]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        sections = [value for value in told.values() if isinstance(value, dict) and value]
        section = random.choice(sections or [instance])
        section[random.choice(list(section))] = random.choice(_LIES)
    if random.random() < 0.15:
        instance = json_changed(random, instance)
    return json_bytes(random, instance)


def _run_instance(body: bytes, where: Place) -> bool:
    answer = Answer(200, {}, body, _AT)
    limits = limits_of(answer.object())
    locks_keys(answer.object())
    if limits is None:
        return False
    _assert_sane(limits)
    account = SETTINGS.accounts["mastodon"]
    post = _posts()[len(body) % len(_LIMITED)]
    rendering = compose.render(post, "mastodon", account, where.settings, limits)
    json.dumps(as_json(rendering.rendered))
    for problem in rendering.problems:
        str(problem).encode("utf-8")
    return True


_LIMITED = (
    "status: draft\npoll: [Tea, Coffee]",
    "status: draft\nthread: auto\ncw: Careful",
    "status: draft\nmedia: [{file: ../cat.png, alt: A cat}]\nquotes: nobody",
)


@cache
def _posts() -> tuple[Post, ...]:
    body = "Hello there, https://example.org/ and @alice@example.org. " * 3
    texts = (f"---\n{front}\n---\n{body}\n".encode() for front in _LIMITED)
    read = [read_post(text, "posts/a.md", SETTINGS).post for text in texts]
    return tuple(post for post in read if post is not None)


# --- pages that posts link to ---------------------------------------------------------------------------------------

_PAGES = (
    '<!doctype html><html><head><meta charset="utf-8"><title>A page &amp; more</title>'
    '<meta property="og:title" content="Title"><meta name="description" content=\'What it is\'>'
    '<meta property="og:image" content="/a.png"></head><body><p>Hello',
    "<html><head><base href='https://example.org/'><script>if (a<b) {}</script><style>x{}</style>"
    '<meta name="twitter:title" content="T"/><link rel=image_src href="x.png"><title>Zwei\n Zeilen</title></head>',
)


def _page(random: Random) -> tuple[bytes, str]:
    text = random.choice(_PAGES)
    for _ in range(number_of_changes(random)):
        text = text_changed(random, text)
    charset = random.choice(("", "utf-8", "latin-1", "utf-16", "shift_jis", "zip", "rot13", "utf-7", "idna", "\x00"))
    return bytes_changed(random, text.encode("utf-8", "surrogatepass")), charset


def _run_page(page: tuple[bytes, str], where: Place) -> bool:
    said = [str(text or "") for text in read_page(*page, "https://example.org/a/")]
    has_said_enough(page[0])
    for text in said:
        text.encode("utf-8")
        assert len(text) < 10_000
    return any(said)


def _answers(examples: Sequence[Any]) -> Callable[[Random], Said]:
    return lambda random: _said(random, examples)


MASTODON = Surface("answers of Mastodon servers", 16, _answers(_MASTODON_SAYS), _run_mastodon)
BLUESKY = Surface("answers of Bluesky servers", 15, _answers(_BLUESKY_SAYS), _run_bluesky)
INSTANCE = Surface("what an instance allows", 3, _instance, _run_instance)
PAGES = Surface("linked pages", 5, _page, _run_page)
