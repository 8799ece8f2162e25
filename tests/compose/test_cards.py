"""The link card: which link gets it, on which part, and what the author says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fedisched.compose import as_json
from fedisched.engine.sent import from_text, to_text
from fedisched.model.post import LinkCard, Post
from fedisched.model.problem import Mark
from fedisched.model.rendered import Card, Pending, Rendering
from tests.oracle.atproto_api import Oracle

from .posts import NOWHERE, PNG, codes, only_part, post, render

URL = "https://example.com/a"
OTHER = "https://example.org/b"
POST = "app.bsky.feed.post"


def wished(body: str, link: LinkCard, **how: Any) -> Post:
    written = post(body, **how)
    return replace(written, link=link, marks={**written.marks, "link": Mark(4, 7)})


def cards(rendering: Rendering) -> list[str | None]:
    """The address of each part's card."""
    return [part.card.url if part.card else None for part in rendering.rendered.parts]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("No link", [None]),
        (f"See {URL} and {OTHER}", [URL]),
        (f"See [this]({URL})", [URL]),
        ("See example.com/x.", ["https://example.com/x"]),
        (f"One\n---\nTwo {URL}\n---\nThree {OTHER}", [None, URL, None]),
        (f"@alice #tag {URL}", [URL]),
        (f"{URL} `{OTHER}`", [URL]),
        ("mailto:a@example.com", [None]),
    ],
)
def test_the_first_link_gets_the_card(body: str, expected: list[str | None]) -> None:
    assert cards(render(body, "bluesky")) == expected


def test_a_part_with_pictures_has_no_room_for_a_card(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.png").write_bytes(PNG)
    alone = render(f"{URL}\n![x](a.png)", "bluesky", tmp_path)
    assert (cards(alone), codes(alone)) == ([None], [])
    assert cards(render(f"{URL}\n![x](a.png)\n---\n{OTHER}", "bluesky", tmp_path)) == [None, OTHER]


def test_a_split_text_has_its_card_where_the_link_is() -> None:
    rendering = render(post("Word. " * 60 + f"See {URL}.", thread="auto"), "bluesky")
    assert cards(rendering) == [None, URL]


def test_what_only_the_page_can_tell_is_pending() -> None:
    part = only_part(render(URL, "bluesky"))
    assert part.card == Card(URL)
    assert part.body["embed"] == {
        "$type": "app.bsky.embed.external",
        "external": {
            "uri": URL,
            "title": Pending("title", URL),
            "description": Pending("description", URL),
            "thumb": Pending("thumb", URL),
        },
    }
    plain: Any = as_json(render(URL, "bluesky").rendered)
    assert plain["parts"][0]["record"]["embed"]["external"]["title"] == {"pending": f"title of {URL}"}
    assert plain["parts"][0]["card"] == {"url": URL, "title": None, "description": None}


def test_the_author_may_say_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "posts" / "media").mkdir(parents=True)
    (tmp_path / "posts" / "media" / "a.png").write_bytes(PNG)
    written = wished("Text", LinkCard(URL, "Mine", "My words", "media/a.png"))
    rendering = render(written, "bluesky", tmp_path)
    part = only_part(rendering)
    assert codes(rendering) == []
    assert part.card is not None
    assert part.card.is_known
    assert part.card.thumb is not None
    assert part.card.thumb.path == "posts/media/a.png"
    assert part.body["embed"] == {
        "$type": "app.bsky.embed.external",
        "external": {
            "uri": URL,
            "title": "Mine",
            "description": "My words",
            "thumb": Pending("thumb", "posts/media/a.png"),
        },
    }
    assert part.media == ()


def test_no_card_is_made_where_none_is_wanted() -> None:
    part = only_part(render(wished(URL, LinkCard(wanted=False)), "bluesky"))
    assert (part.card, part.body.get("embed")) == (None, None)


def test_another_link_can_be_chosen_and_goes_to_where_it_stands() -> None:
    assert cards(render(wished(f"{URL} {OTHER}", LinkCard(OTHER)), "bluesky")) == [OTHER]
    assert cards(render(wished(f"{URL}\n---\n{OTHER}", LinkCard(OTHER)), "bluesky")) == [None, OTHER]
    assert cards(render(wished(f"One\n---\n{URL}", LinkCard("https://else.test/")), "bluesky")) == [
        "https://else.test/",
        None,
    ]


def test_only_the_title_can_be_given() -> None:
    card = only_part(render(wished(URL, LinkCard(title="Mine", image="")), "bluesky")).card
    assert card == Card(URL, title="Mine", with_thumb=False)


def test_a_card_that_was_asked_for_and_has_no_room_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.png").write_bytes(PNG)
    rendering = render(wished(f"{URL}\n![x](a.png)", LinkCard(URL)), "bluesky", tmp_path)
    (problem,) = rendering.problems
    assert (problem.code, problem.line, problem.column, problem.is_error) == ("no-place-for-card", 4, 7, True)
    assert "link: false" in problem.hint


def test_a_card_of_no_link_is_a_problem() -> None:
    (problem,) = render(wished("Text", LinkCard(title="Mine")), "bluesky").problems
    assert (problem.code, problem.line, problem.column) == ("no-link", 4, 7)


@pytest.mark.parametrize(
    ("image", "code"),
    [("no.png", "missing-image"), ("../../x.png", "outside-folder"), ("/etc/passwd", "absolute-path"),
     ("a.txt", "unknown-image"), ("empty.png", "empty-image")],
)  # fmt: skip
def test_a_picture_that_cannot_be_is_a_problem_of_the_key(tmp_path: Path, image: str, code: str) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.txt").write_text("text")
    (tmp_path / "posts" / "empty.png").write_bytes(b"")
    (problem,) = render(wished(URL, LinkCard(image=image)), "bluesky", tmp_path).problems
    assert (problem.code, problem.line, problem.column) == (code, 4, 7)


def test_mastodon_makes_its_own_from_the_text() -> None:
    rendering = render(wished(f"{URL}", LinkCard(URL, "Mine")), "mastodon")
    assert (cards(rendering), codes(rendering)) == ([None], [])
    (problem,) = render(wished("Text", LinkCard(URL)), "mastodon").problems
    assert (problem.code, problem.severity) == ("link-not-in-text", "warning")


def test_a_card_is_kept_in_the_journal(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.png").write_bytes(PNG)
    for link in (LinkCard(), LinkCard(URL, "Mine", "My words", "a.png")):
        rendered = render(wished(URL, link), "bluesky", tmp_path).rendered
        assert from_text(to_text(rendered)) == rendered


def test_what_was_sent_before_there_were_cards_is_still_read() -> None:
    rendered = render("Text", "bluesky").rendered
    assert from_text(to_text(rendered).replace(', "card": null', "")) == rendered


@pytest.mark.node
@pytest.mark.parametrize(
    "link",
    [
        LinkCard(),
        LinkCard(URL, "", ""),
        LinkCard(URL, "T" * 5000, "D" * 9000),
        LinkCard("https://例え.test/ä?ü#ö", image=""),
        LinkCard("https://example.com/" + "a" * 3900),
    ],
    ids=range(5),
)
def test_the_record_of_a_card_is_valid(oracle: Oracle, link: LinkCard) -> None:
    oracle.assert_valid(POST, only_part(render(wished(f"See {URL}", link), "bluesky", NOWHERE)).body)


@pytest.mark.node
def test_the_validator_knows_what_a_card_needs(oracle: Oracle) -> None:
    blob = {"$type": "blob", "ref": {"$link": "bafkreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"}}
    thumb = {**blob, "mimeType": "image/jpeg", "size": 1_000_000}
    full: dict[str, Any] = {"uri": URL, "title": "T", "description": "", "thumb": thumb}

    def problem(external: dict[str, Any]) -> str | None:
        embed = {"$type": "app.bsky.embed.external", "external": external}
        record = {"$type": POST, "text": "x", "createdAt": "2026-12-01T08:00:00.000Z", "embed": embed}
        return oracle.problem(POST, record)

    assert problem(full) is None
    for name in ("uri", "title", "description"):
        assert problem({key: value for key, value in full.items() if key != name}) is not None
    assert problem({**full, "uri": "example.com"}) is not None
    assert problem({**full, "thumb": "a.png"}) is not None
