from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

import frontmatter
import pytest

from fedisched.content.fences import Fenced, split
from fedisched.content.handler import TreeHandler, metadata
from fedisched.content.reader import read_post
from fedisched.content.tree import Tree, parse
from fedisched.model.post import Post, Status
from fedisched.model.problem import Mark, Problem
from fedisched.model.results import PartResult
from tests.content.conftest import SETTINGS


def reading(front: str, body: str = "Hello\n") -> tuple[Post | None, list[Problem]]:
    result = read_post(f"---\n{front}---\n{body}".encode(), "posts/a.md", SETTINGS)
    return result.post, list(result.problems)


def post(front: str, body: str = "Hello\n") -> Post:
    found, problems = reading(front, body)
    assert found is not None, problems
    return found


def codes(front: str, body: str = "Hello\n") -> list[tuple[str, int, int]]:
    _, problems = reading(front, body)
    return [(problem.code, problem.line, problem.column) for problem in problems]


def test_everything_a_post_can_say() -> None:
    data = (
        "\ufeff---\r\ntime: 2026-12-01 09:00\r\ntargets: [everywhere, work]\r\ntitle: 'For me'\r\nlang: no\r\n"
        "visibility: unlisted\r\ncw: food\r\nsensitive: Yes\r\nlabels: [porn, nudity, porn]\r\nx-mine: {a: b}\r\n"
        "mood: good\r\n---\r\n\r\nHello\r\n\r\nWorld\r\n"
    ).encode()
    result = read_post(data, "posts/a.md", SETTINGS)
    assert result.problems == ()
    assert result.post is not None
    assert result.digest == result.post.digest == hashlib.sha256(data).hexdigest()
    found = result.post
    assert (found.status, found.targets) == (Status.SCHEDULED, ("mastodon", "bluesky", "work"))
    assert found.time is not None
    assert found.time.isoformat() == "2026-12-01T09:00:00+01:00"
    assert (found.title, found.lang, found.visibility, found.cw) == ("For me", "no", "unlisted", "food")
    assert (found.sensitive, found.labels) == (True, ("porn", "nudity"))
    assert (found.body, found.body_line) == ("\nHello\n\nWorld\n", 13)
    assert found.mark("cw") == Mark(7, 5)
    assert found.mark("status") == Mark(1, 1)


def test_the_status_follows_from_the_time_where_it_is_left_out() -> None:
    assert post("time: 2026-12-01 09:00\n").status is Status.SCHEDULED
    assert post("").status is Status.DRAFT
    assert post("time:\nstatus: ''\n").status is Status.DRAFT
    assert post("time: 2026-12-01 09:00\nstatus: draft\n").status is Status.DRAFT


def test_scheduled_without_a_time_is_a_problem() -> None:
    assert codes("status: scheduled\n") == [("no-time", 2, 9)]


def test_targets_may_be_a_list_in_any_style_or_one_name() -> None:
    assert post("targets: work\n").targets == ("work",)
    assert post("targets: [work, bluesky]\n").targets == ("work", "bluesky")
    assert post("targets:\n- everywhere\n- mastodon\n").targets == ("mastodon", "bluesky")
    assert post("title: x\n").targets == ("mastodon", "bluesky")


def test_wrong_targets_are_problems_at_their_own_places() -> None:
    front = "time: 2026-12-01 09:00\ntargets:\n  - mastodno\n  - work\n  - work\n  - ''\n  - [a]\n"
    found, problems = reading(front)
    assert found is None
    assert [(p.code, p.line, p.column) for p in problems] == [
        ("unknown-target", 4, 5),
        ("duplicate-target", 6, 5),
        ("no-targets", 7, 5),
        ("unknown-target", 8, 5),
    ]
    assert "Did you mean `mastodon`?" in problems[0].hint
    assert "everywhere" in problems[0].hint
    assert codes("targets: []\n") == [("no-targets", 2, 10)]
    assert codes("targets:\n") == [("no-targets", 2, 9)]
    assert "[mastodon, work]" in reading("targets: mastodon, work\n")[1][0].hint


def test_no_target_anywhere_is_a_problem_unless_it_is_a_draft() -> None:
    lonely = replace(SETTINGS, default_targets=())
    scheduled = read_post(b"---\ntime: 2026-12-01 09:00\n---\nHi\n", "a.md", lonely)
    assert [(p.code, p.line) for p in scheduled.problems] == [("no-targets", 2)]
    assert read_post(b"---\ntitle: a\n---\nHi\n", "a.md", lonely).problems == ()


def test_an_unknown_key_says_which_was_meant() -> None:
    _, problems = reading("Time: x\ntargts: work\ncontent_warning: y\ndate: z\nzzz: 1\n")
    assert [p.code for p in problems] == ["unknown-key"] * 5
    for problem, meant in zip(problems, ("time", "targets", "cw", "time"), strict=False):
        assert f"Did you mean `{meant}`?" in problem.hint
    assert "Did you mean" not in problems[4].hint
    assert "extra_keys" in problems[4].hint


@pytest.mark.parametrize(
    ("front", "code", "column", "hint"),
    [
        ("status: Scheduled\n", "unknown-status", 9, "`scheduled`"),
        ("status: [draft]\n", "unknown-status", 9, "draft"),
        ("time: [2026-12-01]\n", "time-form", 7, "2026-12-01 09:00"),
        ("time: tomorrow\n", "time-relative", 7, "--at"),
        ("visibility: unlistd\n", "unknown-visibility", 13, "`unlisted`"),
        ("visibility: [public]\n", "not-text", 13, "visibility"),
        ("lang: english\n", "lang-form", 7, "`en`"),
        ("thread: yes\n", "thread-form", 9, "`auto`"),
        ("thread: [auto]\n", "thread-form", 9, "`auto`"),
        ("lang: de_DE\n", "lang-form", 7, "`de-DE`"),
        ("lang: [en, de]\n", "not-text", 7, "lang"),
        ("sensitive: maybe\n", "not-yes-or-no", 12, "`true` or `false`"),
        ("sensitive: [true]\n", "not-yes-or-no", 12, "`true` or `false`"),
        ("labels: nudty\n", "unknown-label", 9, "`nudity`"),
        ("labels: [porn, nudty]\n", "unknown-label", 16, "`nudity`"),
        ("labels: [porn, [a]]\n", "not-a-list", 16, "labels"),
        ("cw: {a: b}\n", "not-text", 5, "cw"),
        ("title: [a]\n", "not-text", 8, "title"),
        ("cw: #politics\n", "comment", 5, '`cw: "#…"`'),
        ("results: x\n", "results-shape", 10, "fedisched"),
        ("results: {mastodon: x}\n", "results-shape", 11, "fedisched"),
    ],
)
def test_a_wrong_value_is_a_problem_at_its_place(front: str, code: str, column: int, hint: str) -> None:
    found, problems = reading(front)
    assert found is None
    assert [(p.code, p.line, p.column) for p in problems] == [(code, 2, column)]
    assert hint in problems[0].hint


def test_a_value_that_ends_in_what_may_be_a_tag_is_warned_about() -> None:
    found, problems = reading("cw: food #meat\ntitle: x # my note\n")
    assert found is not None
    assert [(p.code, p.line, p.column, p.severity) for p in problems] == [("comment", 2, 10, "warning")]


def test_all_problems_are_reported_in_order_of_place() -> None:
    front = "labels: x\nsensitive: maybe\ntime: now\nvisibility: y\nfoo: bar\ntargets: [a, b]\nfoo: 2\nstatus: z\n"
    found = codes(front, "")
    assert [line for _, line, _ in found] == [2, 3, 4, 5, 6, 7, 7, 8, 9, 11]
    assert found[-1] == ("empty-body", 11, 1)


def test_an_empty_body_is_an_error_but_for_a_draft() -> None:
    found, problems = reading("time: 2026-12-01 09:00\n", " \n\t\n")
    assert found is None
    assert [(p.code, p.line, p.severity) for p in problems] == [("empty-body", 4, "error")]
    found, problems = reading("status: draft\n", "")
    assert found is not None
    assert [(p.code, p.severity) for p in problems] == [("empty-body", "warning")]


def test_a_published_post_stays_published_whatever_else_its_file_says() -> None:
    front = (
        "status: published\ntime: tomorrow\ntargets: [gone, gone, work]\nvisibility: x\nfoo: 1\npoll: 2\n"
        "lang: english\ncw: #x\ntitle: [a]\nresults:\n  mastodon:\n    key: k\n"
        "    url: https://m/1\n    id: 1\n  bluesky: oops\n"
    )
    found, problems = reading(front, "")
    assert found is not None
    assert {p.severity for p in problems} == {"warning"}
    assert len(problems) == 11
    assert (found.status, found.time, found.targets, found.title) == (Status.PUBLISHED, None, ("work",), "")
    assert found.results["mastodon"].is_published


def test_results_are_read_as_they_are_written() -> None:
    found = post(
        "time: 2026-12-01 09:00\nresults:\n  bluesky:\n    key: 3k\n    url: https://b/1\n    uri: at://1\n    cid: c\n"
        "    parts:\n      - url: https://b/1\n        uri: at://1\n      - url: https://b/2\n        uri: at://2\n"
        "  mastodon:\n    key: 3m\n    error: 'down: 503'\n    attempts: 3\n"
    )
    assert found.results["bluesky"].parts[1] == PartResult(url="https://b/2", uri="at://2")
    assert (found.results["mastodon"].attempts, found.results["mastodon"].error) == (3, "down: 503")
    assert found.status is Status.SCHEDULED


def test_a_time_keeps_the_zone_that_the_author_wrote() -> None:
    found = post("time: 2026-12-01 09:00 America/New_York\n")
    assert isinstance(found.time, datetime)
    assert found.time.isoformat() == "2026-12-01T09:00:00-05:00"


def test_python_frontmatter_reads_a_post_with_our_handler() -> None:
    fenced = split("\n\n---\nlang: no\ntime: 09:30\n---\n\nHello\n".encode(), "a.md")  # noqa: UP012
    assert isinstance(fenced, Fenced)
    tree = parse(fenced, "a.md")
    assert isinstance(tree, Tree)
    assert metadata(tree) == {"lang": "no", "time": "09:30"}
    loaded = frontmatter.loads(fenced.text, handler=TreeHandler(tree))
    assert (loaded["lang"], loaded.content) == ("no", "Hello")
