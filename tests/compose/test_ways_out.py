"""What a hint says to write does mend the post."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched import compose
from fedisched.content.reader import read_post
from fedisched.model.problem import Problem
from fedisched.model.settings import Settings
from tests.compose.posts import PNG
from tests.content.conftest import SETTINGS

_OVERRIDE = re.compile(r"`(override: [^`]*)`")


def errors(front: str, body: str = "Hello", settings: Settings = SETTINGS) -> list[Problem]:
    """What stands in the way of a post, read and composed for all its targets."""
    reading = read_post(f"---\n{front}\n---\n{body}\n".encode(), "posts/a.md", settings)
    found = list(reading.problems)
    for target in reading.post.targets if reading.post else ():
        account = settings.accounts[target]
        limits = compose.default_limits(account.network)
        assert reading.post is not None
        found += compose.render(reading.post, target, account, settings, limits).problems
    return [problem for problem in found if problem.is_error]


@pytest.mark.parametrize(
    "front",
    [
        "poll: [Tea, Coffee]",
        "tags: [art]",
        "replies: nobody",
        "quotes: followers",
        "visibility: private",
    ],
)
def test_the_override_that_is_named_is_a_way_out(front: str) -> None:
    (problem,) = errors(front)
    found = _OVERRIDE.search(problem.hint)
    assert found, problem.hint
    assert errors(f"{front}\n{found[1]}") == []


@pytest.mark.parametrize("target", ["mastodon", "bluesky"])
def test_a_post_with_one_target_is_told_of_no_other(target: str) -> None:
    key = "poll: [Tea, Coffee]" if target == "bluesky" else "replies: nobody"
    (problem,) = errors(f"{key}\ntargets: [{target}]")
    assert problem.hint == f"Take `{key.partition(':')[0]}` out."


@pytest.mark.parametrize("nothing", ["false", "none", '""', "[]", ""])
@pytest.mark.parametrize("key", ["media: [{file: no.png, alt: A cat}]", "poll: [Tea, Coffee]"])
def test_a_target_can_be_given_none(key: str, nothing: str) -> None:
    name = key.partition(":")[0]
    if (name, nothing) == ("poll", "[]"):
        assert [problem.code for problem in errors(f"{key}\noverride:\n  bluesky:\n    {name}: []")] == ["poll-options"]
        return
    front = f"{key}\noverride:\n  bluesky:\n    {name}: {nothing}"
    assert errors(f"{front}\ntargets: [bluesky]") == []


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "posts/cat.png").mkdir(parents=True)
    (tmp_path / "posts/cat.png/1.png").write_bytes(PNG)
    here = replace(SETTINGS, folder=tmp_path)
    for front, body in (("media: [{file: cat.png, alt: A cat}]", "x"), ("cw: x", "x ![A cat](cat.png)")):
        found = errors(f"{front}\ntargets: [mastodon]", body, here)
        assert [(problem.code, problem.message) for problem in found] == [("not-a-file", "cat.png is a folder")]
        assert found[0].hint == "Name a file in it: cat.png/…"


@pytest.mark.parametrize("key", ["reply_to", "quote"])
@pytest.mark.parametrize(
    "address",
    [
        "https://mastodon.social/@alice",
        "https://mastodon.social/@alice@hachyderm.io/",
        "https://mastodon.social/users/alice",
        "https://bsky.app/profile/alice.bsky.social",
        "at://did:plc:alice",
        "at://alice.test/app.bsky.actor.profile/self",
    ],
)
def test_the_address_of_a_person_is_none_of_a_post(key: str, address: str) -> None:
    (problem,) = errors(f"{key}: {address}")
    assert (problem.code, problem.line, problem.column) == ("bad-reference", 2, len(key) + 3)
    assert "a person's address" in problem.message and "address" in problem.hint


def test_to_answer_nothing_is_said_with_an_empty_value() -> None:
    (problem,) = errors("override: {mastodon: {reply_to: false}}")
    assert 'write `reply_to: ""`' in problem.hint
    assert errors('override: {mastodon: {reply_to: ""}}') == []


@pytest.mark.parametrize(
    ("front", "hint"),
    [
        ("cw: @food", '`cw: "@food"`'),
        ("tags: [a, @b]", '`"@b"`'),
        ("tags:\n  - `x`\n", '`"`x`"`'),
        ('cw: @say "it"', '`cw: "@…"`'),
    ],
)
def test_a_sign_that_yaml_keeps_for_itself_is_to_be_quoted(front: str, hint: str) -> None:
    (problem,) = errors(front)
    assert hint in problem.hint
