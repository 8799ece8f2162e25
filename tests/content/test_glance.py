from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fedisched.content.essentials import claims
from fedisched.content.glance import glance
from fedisched.content.reader import read_post
from fedisched.content.settled import settled
from fedisched.content.splice import splice
from fedisched.content.times import microseconds
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.results import PartResult, Result
from tests.content.conftest import SETTINGS

PUBLISHED = """---
time: 2026-11-02 09:00
targets: [mastodon, bluesky]
status: published
title: Good morning
results:
  mastodon:
    key: "3m4ohihg2s22a"
    url: https://mastodon.social/@me/113587
    id: "113587"
    at: "2026-11-02T09:00:00+01:00"
  bluesky:
    key: "3m4ohihg2s22b"
    url: https://bsky.app/profile/me.bsky.social/post/3m4ohihg2s22b
    uri: at://did:plc:abc/app.bsky.feed.post/3m4ohihg2s22b
    cid: bafyreid
    at: "2026-11-02T09:00:00+01:00"
    parts:
      - url: https://bsky.app/profile/me.bsky.social/post/3m4ohihg2s22b
        uri: at://did:plc:abc/app.bsky.feed.post/3m4ohihg2s22b
        cid: bafyreid
      - url: https://bsky.app/profile/me.bsky.social/post/3m4ohihg2s22c
        uri: at://did:plc:abc/app.bsky.feed.post/3m4ohihg2s22c
        cid: bafyreie
---
Good morning!
"""


_ONLY_FOR_RENDERING = {
    *(
        "comment",
        "lang-form",
        "not-text",
        "not-yes-or-no",
        "unknown-label",
        "unknown-visibility",
        "not-a-list",
        "empty-item",
    ),
    *("bad-duration", "poll-form", "poll-key", "poll-options", "replies-mixed", "tag-form"),
    *("unknown-quotes", "unknown-replies", "bad-override", "bad-reference"),
}


def assert_agrees(data: bytes) -> None:
    entry = glance(data, "posts/a.md", SETTINGS)
    reading = read_post(data, "posts/a.md", SETTINGS)
    assert entry.digest == reading.digest
    errors = [problem for problem in reading.problems if problem.is_error and problem.code not in _ONLY_FOR_RENDERING]
    assert entry.problem == (errors[0] if errors else None)
    if reading.post is None:
        return
    post = reading.post
    assert entry.status is post.status
    assert entry.due == (None if post.time is None else microseconds(post.time))
    assert SETTINGS.accounts_named(entry.targets) == post.targets
    assert entry.claims == claims(post.results)
    assert entry.title == post.title


def test_a_published_file_gives_its_claims_the_short_way() -> None:
    entry = settled(PUBLISHED.encode(), "posts/a.md", "d", SETTINGS)
    assert entry == Entry(
        path="posts/a.md",
        digest="d",
        status=Status.PUBLISHED,
        due=1793606400000000,
        time="2026-11-02T09:00:00+01:00",
        targets=("mastodon", "bluesky"),
        title="Good morning",
        claims=(
            Claim("mastodon", "3m4ohihg2s22a", ("113587",), True, "https://mastodon.social/@me/113587"),
            Claim(
                "bluesky",
                "3m4ohihg2s22b",
                (
                    "at://did:plc:abc/app.bsky.feed.post/3m4ohihg2s22b",
                    "at://did:plc:abc/app.bsky.feed.post/3m4ohihg2s22c",
                ),
                published=True,
                url="https://bsky.app/profile/me.bsky.social/post/3m4ohihg2s22b",
            ),
        ),
    )
    assert_agrees(PUBLISHED.encode())


def test_a_scheduled_file_gives_its_due_moment_and_its_names_as_written() -> None:
    entry = glance(b"---\ntime: 2026-12-01 09:00 # early\ntargets: everywhere\n---\nHi\n", "posts/a.md", SETTINGS)
    assert (entry.status, entry.due, entry.targets) == (Status.SCHEDULED, 1796112000000000, ("everywhere",))
    assert entry.time == "2026-12-01T09:00:00+01:00"


def test_targets_that_are_left_out_are_none() -> None:
    assert glance(b"---\ntime: 2026-12-01 09:00\n---\nHi\n", "posts/a.md", SETTINGS).targets is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"Hello\n", "no-front-matter"),
        (b"---\na: b: c\n---\nHi\n", "unquoted-colon"),
        (b"---\ntitle: a\ntitle: b\n---\nHi\n", "duplicate-key"),
        (b"---\ntime: tomorrow\n---\nHi\n", "time-relative"),
        (b"---\ntime: 2026-03-29 02:30\n---\nHi\n", "time-gap"),
        (b"---\nstatus: schedulled\ntime: 2026-12-01 09:00\n---\nHi\n", "unknown-status"),
        (b"---\nstauts: draft\ntime: 2026-12-01 09:00\n---\nHi\n", "unknown-key"),
        (b"---\ntargets: [nobody]\ntime: 2026-12-01 09:00\n---\nHi\n", "unknown-target"),
        (b"---\ntime: 2026-12-01 09:00\n---\n\n", "empty-body"),
    ],
)
def test_a_broken_file_is_an_entry_with_its_first_problem(data: bytes, code: str) -> None:
    entry = glance(data, "posts/a.md", SETTINGS)
    assert entry.problem is not None
    assert entry.problem.code == code


def test_a_broken_file_still_says_what_it_claims() -> None:
    data = PUBLISHED.replace("status: published", "status: publishd").encode()
    entry = glance(data, "posts/a.md", SETTINGS)
    assert entry.problem is not None
    assert [claim.key for claim in entry.claims] == ["3m4ohihg2s22a", "3m4ohihg2s22b"]


_ODD_LINES = [
    *("status: scheduled", "status: draft", "status: 'published'", "status:  published", "status: published # x"),
    *(
        "status: Published",
        "status: published ",
        "  status: published",
        "status: held",
        "title: 'a'",
        'title: "a b"',
    ),
    *(
        'title: "a\\n"',
        "title: a: b",
        "title: a #b",
        "title: a:",
        "title: null",
        "title: Übung",
        "title: 😀",
        "title:",
    ),
    *(
        "title: a\tb",
        "title: é\x7f",
        "title: a\u2028b",
        "title: [a, b]",
        "title: a\ufeffb",
        "title: x\x07",
        "time: 2026-12-01 09:00",
    ),
    *(
        "time: 2026-03-29 02:30",
        "time: [2026-12-01 09:00]",
        "time: tomorrow",
        "time:",
        "targets: work",
        "targets: []",
    ),
    *("targets: [work, work]", "targets: [ work ]", "targets: [null]", "targets: [a,b]", "targets:", "  - work"),
    *(
        "- work",
        "results: {}",
        "results:",
        "  null:",
        "  mastodon: {}",
        "    key: null",
        '    key: ""',
        "    id: 7",
    ),
    *(
        "    url: ~",
        "    error: x",
        "    parts:",
        "      - {}",
        "      - url: x",
        "        id: 8",
        "x-a: &b c",
        "---",
    ),
    *(
        "...",
        "--- ",
        "<<: a",
        "=======",
        "  ",
        "# comment",
        "    # comment",
        "  more words",
        "poll: x",
        "lang: x",
        "\r",
    ),
]
_LINES = st.sampled_from([*_ODD_LINES, *PUBLISHED.split("\n")])


@settings(max_examples=300)
@given(st.lists(_LINES, max_size=14), st.sampled_from(["---\n", "---\r\n", "\n---\n", "\ufeff---\n", ""]))
@example(["status: published", "status: published"], "---\n")
@example(["status: published", "  more words"], "---\n")
@example(["status: published", "targets:", "- a", "  - b"], "---\n")
@example(["status: published", "results:", "  mastodon:"], "---\n")
def test_glance_agrees_with_the_reader_on_any_lines(lines: list[str], start: str) -> None:
    assert_agrees((start + "\n".join([*lines, "---", "Hello", ""])).encode())


@settings(max_examples=300)
@given(st.data())
def test_glance_agrees_on_published_files_with_any_edit(data: st.DataObject) -> None:
    lines = PUBLISHED.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                lines[at] = data.draw(_LINES)
            case 1:
                lines.insert(at, data.draw(_LINES))
            case 2:
                del lines[at]
            case _:
                column = data.draw(st.integers(0, len(lines[at])))
                piece = data.draw(st.text(" :#'\"-\\[]{},&*!|>%@`~\t\u2028\x85\ufeff\r\né=", max_size=3))
                lines[at] = lines[at][:column] + piece + lines[at][column:]
    assert_agrees("\n".join(lines).encode())


@given(st.binary(max_size=80) | st.text("-.\n\r :#time2026published", max_size=80).map(str.encode))
def test_glance_agrees_on_any_bytes(data: bytes) -> None:
    assert_agrees(data)


@pytest.mark.parametrize("line", _ODD_LINES)
def test_the_short_way_is_the_long_way_wherever_an_odd_line_stands(line: str) -> None:
    lines = PUBLISHED.split("\n")
    for at in range(len(lines)):
        for rest in (lines[at:], lines[at + 1 :]):
            assert_agrees("\n".join([*lines[:at], line, *rest]).encode())


def test_a_block_that_is_there_twice_takes_the_long_way() -> None:
    block = PUBLISHED[PUBLISHED.index("  mastodon:") : PUBLISHED.index("  bluesky:")]
    assert_agrees(PUBLISHED.replace(block, block + block).encode())


def test_what_the_write_back_writes_takes_the_short_way() -> None:
    scheduled = b"---\ntime: 2026-11-02 09:00\ntargets: [mastodon, bluesky]\nstatus: scheduled\n---\nHi\n"
    url, uri = "https://bsky.app/profile/me.bsky.social/post/3m4ohihg2s22b", "at://did:plc:abc/app.bsky.feed.post/3m4"
    parts = (PartResult(url, uri=uri, cid="bafy1"), PartResult(f"{url}c", uri=f"{uri}c", cid="bafy2"))
    results = {
        "mastodon": Result("3m4ohihg2s22a", "https://m.example/@me/1?a=b", "113", at="2026-11-02T09:00:00+01:00"),
        "bluesky": Result("3m4ohihg2s22b", url, uri=uri, cid="bafy1", at="2026-11-02T08:00:00Z", parts=parts),
    }
    written = splice(scheduled, Status.PUBLISHED, results)
    entry = settled(written, "posts/a.md", "d", SETTINGS)
    assert entry is not None
    assert entry.claims == claims(results)
    assert_agrees(written)


def test_the_glance_imports_nothing_heavy() -> None:
    program = (
        "import sys; import fedisched.content.glance, fedisched.content.folder;"
        "print([m for m in ('pydantic', 'pendulum', 'frontmatter', 'watchdog', 'click') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
