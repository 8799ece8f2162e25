"""Link cards from end to end: shown beforehand, sent with the post, and what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from fedisched.networks import bluesky
from fedisched.networks.cards import Cards
from fedisched.networks.cards_ahead import AT_ONCE
from fedisched.networks.safe_fetch import Fetched
from fedisched.sandbox import Sandbox
from tests.cli.folder_with_server import FolderWithServer
from tests.networks.pages import URL, Pages, answer, serving_a_post


@pytest.fixture
def pages() -> Iterator[Pages]:
    with serving_a_post() as running:
        yield running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FolderWithServer]:
    with Sandbox() as sandbox:
        yield FolderWithServer(tmp_path / "content", sandbox)


@pytest.fixture
def with_pages(monkeypatch: pytest.MonkeyPatch, pages: Pages) -> Pages:
    """As for a server that is not on this machine, and with pages that are."""
    monkeypatch.setattr(bluesky, "cards_of", lambda account: Cards(pages.fetch()))
    return pages


def embeds(served: FolderWithServer) -> list[Any]:
    return [record.value.get("embed") for record in served.sandbox.records()]


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_post_goes_out_with_its_card(served: FolderWithServer, with_pages: Pages) -> None:
    file = served.post("a.md", -5, f"See {URL}")
    done = served.run("publish", "--json")
    assert done.exit_code == Exit.DONE, done.output
    assert {row["target"]: (row["outcome"], row["error"]) for row in rows(done.stdout)} == {
        "mastodon": ("published", None),
        "bluesky": ("published", None),
    }
    (embed,) = embeds(served)
    assert embed["external"] | {"thumb": ""} == {
        "uri": URL,
        "title": "A title",
        "description": "What it is about",
        "thumb": "",
    }
    assert "status: published" in file.read_text()
    shown = served.sandbox.timeline_html()
    assert 'class="card"' in shown
    assert "data:image/jpeg" in shown


def test_a_card_that_fails_stops_nothing_and_is_said(served: FolderWithServer, with_pages: Pages) -> None:
    with_pages.pages["/post"] = answer(status="500 Broken")
    served.post("a.md", -5, f"See {URL}", targets="bluesky")
    done = served.run("publish")
    assert done.exit_code == Exit.DONE, done.output
    assert f"the page at {URL} gave nothing for its card: its server answered 500" in done.stdout
    assert embeds(served) == [None]


def test_for_the_sandbox_nobody_is_asked_and_nothing_is_said(served: FolderWithServer) -> None:
    served.post("a.md", -5, f"See {URL}", targets="bluesky")
    served.post("b.md", -5, "Hello", targets="bluesky", link=f"{{url: '{URL}', title: Mine}}")
    done = served.run("publish", "--json")
    assert [(row["outcome"], row["error"]) for row in rows(done.stdout)] == [("published", None)] * 2
    shown = {"$type": "app.bsky.embed.external", "external": {"uri": URL, "title": "Mine", "description": ""}}
    assert [embed for embed in embeds(served) if embed] == [shown]


def test_render_shows_what_is_known_and_asks_nobody(served: FolderWithServer, with_pages: Pages) -> None:
    served.post("a.md", 3600, f"See {URL}", targets="bluesky")
    assert f"▤ card of {URL} (the page says the rest)" in served.run("render").stdout
    served.post("a.md", 3600, "Hi", targets="bluesky", link=f"{{url: '{URL}', title: Mine, description: My own words}}")
    assert f"▤ card of {URL} (“Mine”; My own words; " in served.run("render").stdout.replace(" │\n│ ", " ")
    assert with_pages.asked == []


def test_check_shows_what_is_known_and_online_what_the_page_says(served: FolderWithServer, with_pages: Pages) -> None:
    served.post("a.md", 3600, f"See {URL}")
    served.post("old.md", -3600, f"See {URL}2", status="published")
    (before, _) = json.loads(served.run("check", "--json").stdout)["posts"]
    unknown = {"url": URL, "title": None, "description": None, "picture": None}
    assert before["targets"]["bluesky"]["parts"][0]["card"] == unknown
    assert "card" not in before["targets"]["mastodon"]["parts"][0]
    assert with_pages.asked == []
    (then, _) = json.loads(served.run("check", "--online", "--json").stdout)["posts"]
    known = {"url": URL, "title": "A title", "description": "What it is about", "picture": True}
    assert then["targets"]["bluesky"]["parts"][0]["card"] == known
    assert with_pages.paths() == ["/post", "/picture.jpg"]
    assert "card on bluesky  ▤ A title: What it is about" in served.run("check", "--online").output


def test_check_online_warns_of_a_card_that_cannot_be_made(served: FolderWithServer, with_pages: Pages) -> None:
    with_pages.pages["/post"] = answer(status="404 Not Found")
    served.post("a.md", 3600, f"See {URL}")
    done = served.run("check", "--online", "--json")
    assert done.exit_code == Exit.DONE
    assert [(p["code"], p["severity"], p["line"], p["column"]) for p in json.loads(done.stdout)["problems"]] == [
        ("card", "warning", 4, 1)
    ]
    assert "no card on bluesky" in served.run("check", "--online").output


def test_the_pages_of_posts_that_are_due_together_are_asked_together(
    served: FolderWithServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page answers once all of them were asked: one after the other, nobody would get a card."""
    all_asked = Barrier(AT_ONCE)
    asked: list[str] = []

    def fetch(url: str, most: int, until: float, accept: str, enough: object = None) -> Fetched:
        asked.append(url)
        if len(asked) <= all_asked.parties:
            all_asked.wait(60)
        return Fetched(url, "text/html", "utf-8", f"<meta property=og:title content={url[-1]}></head>".encode(), True)

    monkeypatch.setattr(bluesky, "cards_of", lambda account: Cards(fetch))
    for number in range(10):
        served.post(f"{number}.md", -5, f"See https://{number}.test/{number}", targets="[bluesky]")
    done = served.run("publish", "--json")
    assert done.exit_code == Exit.DONE, done.output
    assert sorted(embed["external"]["title"] for embed in embeds(served)) == list("0123456789")
    assert sorted(asked) == [f"https://{number}.test/{number}" for number in range(10)]
