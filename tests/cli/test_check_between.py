"""`fedisched check` holds posts against those that they answer or quote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from tests.cli.support import call, content_folder, write_post

TIME = "time: 2026-12-01 09:00\n"


def problems(folder: Path, *paths: str) -> list[tuple[str, int, int, str, str]]:
    done = call("check", "--json", "-C", str(folder), *paths)
    found: list[dict[str, Any]] = json.loads(done.stdout)["problems"]
    assert (done.exit_code == Exit.NEEDS_YOU) == any(problem["severity"] == "error" for problem in found)
    return [(p["path"], p["line"], p["column"], p["severity"], p["code"]) for p in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = content_folder(tmp_path)
    write_post(folder, "a.md", f"---\n{TIME}---\nThe question\n")
    return folder


def test_a_post_that_is_there_is_no_problem(folder: Path) -> None:
    write_post(folder, "b.md", f"---\n{TIME}reply_to: a.md\n---\nThe answer\n")
    write_post(folder, "sub/c.md", f"---\n{TIME}quote: ../a.md\n---\nLook\n")
    assert problems(folder) == []


def test_a_post_that_is_not_there_is_one_problem_for_all_targets(folder: Path) -> None:
    write_post(folder, "b.md", f"---\n{TIME}reply_to: nowhere.md\n---\nThe answer\n")
    assert problems(folder) == [("posts/b.md", 3, 11, "error", "no-such-post")]


def test_a_post_that_does_not_go_to_the_same_target_is_a_problem(folder: Path) -> None:
    write_post(folder, "a.md", f"---\n{TIME}targets: [mastodon]\n---\nThe question\n")
    write_post(folder, "b.md", f"---\n{TIME}reply_to: a.md\n---\nThe answer\n")
    write_post(folder, "c.md", f"---\n{TIME}reply_to: {{mastodon: a.md}}\n---\nThe answer\n")
    assert problems(folder) == [("posts/b.md", 3, 11, "error", "not-on-target")]
    assert "`reply_to: {mastodon: …}`" in call("check", "-C", str(folder)).stdout


def test_posts_that_wait_for_each_other_are_a_problem_in_each(folder: Path) -> None:
    write_post(folder, "a.md", f"---\n{TIME}quote: c.md\n---\nThe question\n")
    write_post(folder, "b.md", f"---\n{TIME}reply_to: a.md\n---\nThe answer\n")
    write_post(folder, "c.md", f"---\n{TIME}override: {{mastodon: {{reply_to: b.md}}}}\n---\nMore\n")
    found = [(path, code) for path, *_, code in problems(folder)]
    assert found == [("posts/a.md", "circular"), ("posts/b.md", "circular"), ("posts/c.md", "circular")]
    assert "posts/b.md → posts/a.md → posts/c.md → posts/b.md" in call("check", "-C", str(folder)).stdout


def test_one_that_leads_into_a_circle_is_not_in_it(folder: Path) -> None:
    write_post(folder, "a.md", f"---\n{TIME}reply_to: b.md\n---\nOne\n")
    write_post(folder, "b.md", f"---\n{TIME}reply_to: a.md\n---\nTwo\n")
    write_post(folder, "c.md", f"---\n{TIME}reply_to: a.md\n---\nThree\n")
    assert problems(folder, str(folder / "posts/c.md")) == []


def test_what_makes_it_wait_longer_is_a_warning(folder: Path) -> None:
    write_post(folder, "later.md", "---\ntime: 2026-12-01 09:01\n---\nLater\n")
    write_post(folder, "draft.md", "---\nstatus: draft\n---\nNot yet\n")
    write_post(folder, "b.md", f"---\n{TIME}reply_to: later.md\nquote: draft.md\n---\nThe answer\n")
    assert problems(folder) == [
        ("posts/b.md", 3, 11, "warning", "waits-for-later"),
        ("posts/b.md", 4, 8, "warning", "waits-for-draft"),
    ]


@pytest.mark.parametrize(
    ("front", "hint"),
    [
        ("status: draft", "Give that one a `time`, and write `status: scheduled`."),
        (f"{TIME}status: draft", "It has a time: in that one, write `status: scheduled`."),
    ],
)
def test_it_says_what_the_draft_lacks(folder: Path, front: str, hint: str) -> None:
    write_post(folder, "draft.md", f"---\n{front}\n---\nNot yet\n")
    write_post(folder, "b.md", f"---\n{TIME}quote: draft.md\n---\nThe answer\n")
    shown = call("check", "-C", str(folder)).stdout
    assert f"posts/draft.md is a draft, and this post waits until it is published. {hint}\n" in shown


def test_what_is_published_has_no_such_problems(folder: Path) -> None:
    gone_by = "time: 2020-01-01 09:00\nstatus: published\n"
    write_post(folder, "b.md", f"---\n{gone_by}reply_to: nowhere.md\n---\nThe answer\n")
    assert problems(folder) == []


def test_what_a_target_gets_beside_the_text_is_shown(folder: Path) -> None:
    front = "poll: [Tea, Coffee]\ncw: Drinks\ntargets: [mastodon]\nquote: a.md\nquotes: nobody\n"
    write_post(folder, "b.md", f"---\n{TIME}{front}---\nWhich?\n")
    front = "labels: [nudity]\ntags: [art]\ntargets: [bluesky]\nreplies: [followers, mentioned]\nquotes: nobody\n"
    write_post(folder, "c.md", f"---\n{TIME}{front}---\nLook\n")
    found = json.loads(call("check", "--json", "-C", str(folder)).stdout)["posts"]
    extras = {post["path"]: target.get("extras", []) for post in found for target in post["targets"].values()}
    poll = "poll: Tea / Coffee (1d)"
    assert extras["posts/a.md"] == []
    assert extras["posts/b.md"] == ["warning: Drinks", "quotes posts/a.md", poll, "who may quote: nobody"]
    assert extras["posts/c.md"] == [
        "labels: nudity",
        "tags: #art",
        "who may reply: followers, mentioned",
        "who may quote: nobody",
    ]
    shown = call("render", "-C", str(folder)).stdout
    for lines in extras.values():
        for line in lines:
            assert line in shown
