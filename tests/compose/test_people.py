"""`@name` for a name in `[people]`: each network's own mention, and only where one can stand."""

from __future__ import annotations

import pytest

from .posts import only_part, render


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("`@alice`", "`@alice`"),
        ("Write `to @alice now` and @alice", "Write `to @alice now` and @alice@hachyderm.io"),
        ("``` @alice ```", "``` @alice ```"),
        ("a lone ` before @alice", "a lone ` before @alice@hachyderm.io"),
        ("`one` @alice `two`", "`one` @alice@hachyderm.io `two`"),
        ("`\n@alice\n`", "`\n@alice@hachyderm.io\n`"),
        ("@alicex @alic @alice.b @alice-b a@alice", "@alicex @alic @alice.b @alice-b a@alice"),
        ("@alice@host.org /@alice", "@alice@host.org /@alice"),
        ("(@alice) @alice's @alice!", "(@alice@hachyderm.io) @alice@hachyderm.io's @alice@hachyderm.io!"),
        ("[see @alice](https://a.org/@alice)", "see @alice (https://a.org/@alice)"),
        ("https://a.org/@alice?@alice", "https://a.org/@alice?@alice"),
    ],
)
def test_a_person_is_mentioned_only_where_a_mention_can_stand(typed: str, shown: str) -> None:
    assert only_part(render(typed, "mastodon")).text == shown


def test_a_mention_on_bluesky_is_a_facet() -> None:
    part = only_part(render("Hi @alice and `@alice`", "bluesky"))
    assert part.text == "Hi @alice.example.com and `@alice`"
    assert [(facet.kind, facet.value) for facet in part.facets] == [("mention", "alice.example.com")]
