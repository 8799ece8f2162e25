"""`fedisched check`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from fedisched.cli.problems import problem_lines
from fedisched.cli.words import columns, paint
from fedisched.config import make_state_folder
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import FILE_NAME, Journal
from fedisched.model.network import Identity
from fedisched.model.problem import Problem
from fedisched.model.rendered import Limits
from tests.cli.support import call, content_folder, start, write_post
from tests.cli.test_framework import modules_after, on_a_terminal

GOOD = "---\ntime: 2026-12-01 09:00\n---\nHello 👋\n"
BROKEN = "---\ntime: tomorrow\ntargts: [mastodon]\n---\nHello\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return content_folder(tmp_path / "content")


def checked(folder: Path, *paths: str) -> dict[str, Any]:
    done = call("check", "--json", "-C", str(folder), *paths)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (1 if any(p["severity"] == "error" for p in answer["problems"]) else 0)
    return answer


def test_a_good_post_is_told_with_its_lengths(folder: Path) -> None:
    write_post(folder, "a.md", GOOD)
    assert checked(folder) == {
        "posts": [
            {
                "path": "posts/a.md",
                "status": "scheduled",
                "time": "2026-12-01T09:00:00+01:00",
                "targets": {
                    "mastodon": {
                        "network": "mastodon",
                        "limits": "default",
                        "parts": [{"length": 7, "limit": 500, "line": 4, "column": 1}],
                    },
                    "bluesky": {
                        "network": "bluesky",
                        "limits": "default",
                        "parts": [{"length": 7, "limit": 300, "bytes": 10, "line": 4, "column": 1}],
                    },
                },
            }
        ],
        "problems": [],
    }


def test_a_broken_post_has_every_problem_with_its_place(folder: Path) -> None:
    write_post(folder, "a.md", BROKEN)
    answer = checked(folder)
    assert answer["posts"] == [{"path": "posts/a.md", "status": "broken", "time": None, "targets": {}}]
    assert [(p["path"], p["line"], p["column"], p["code"]) for p in answer["problems"]] == [
        ("posts/a.md", 2, 7, "time-relative"),
        ("posts/a.md", 3, 1, "unknown-key"),
    ]
    assert set(answer["problems"][0]) == {"path", "line", "column", "severity", "code", "message", "hint"}


def test_a_part_that_is_too_long_is_an_error_and_still_counted(folder: Path) -> None:
    write_post(folder, "a.md", GOOD + "long " * 70)
    answer = checked(folder)
    assert [p["severity"] for p in answer["problems"]] == ["error"]
    (part,) = answer["posts"][0]["targets"]["bluesky"]["parts"]
    assert part["length"] > part["limit"] == 300


def test_the_parts_of_a_thread_are_told_with_where_they_begin(folder: Path) -> None:
    write_post(folder, "a.md", GOOD.replace("---\nHello", "thread: auto\n---\nHello") + "\n  A sentence. " * 30)
    answer = checked(folder)
    assert answer["problems"] == []
    parts = answer["posts"][0]["targets"]["bluesky"]["parts"]
    assert len(parts) == 3
    assert all(part["length"] <= part["limit"] for part in parts)
    assert (parts[0]["line"], parts[0]["column"], parts[1]["column"]) == (5, 1, 1)
    assert parts[1]["line"] == 7
    shown = call("check", "-C", str(folder)).stdout
    assert f"+ {parts[1]['length']}/300 at {parts[1]['line']}:1" in shown


def test_limits_that_the_server_told_are_used_and_named(folder: Path) -> None:
    write_post(folder, "a.md", GOOD + "long " * 120)
    assert [p["severity"] for p in checked(folder, "--quiet")["problems"]] == ["error", "error"]
    state = folder / ".fedisched"
    journal = Journal(make_state_folder(state) / FILE_NAME)
    limits = Limits(characters=1000, media=4, source="server")
    Accounts(journal).verified("mastodon", "https://mastodon.social", "f", Identity("id", "me", limits))
    Accounts(journal).verified("bluesky", "https://elsewhere.example", "f", Identity("id2", "me", limits))
    journal.close()
    targets = checked(folder)["posts"][0]["targets"]
    assert [(each["limits"], each["parts"][0]["limit"]) for each in targets.values()] == [
        ("server", 1000),
        ("default", 300),
    ]
    assert "limits: mastodon as its server told, bluesky as usual" in call("check", "-C", str(folder)).stdout
    rendered = [json.loads(line) for line in call("render", "--json", "-C", str(folder)).stdout.splitlines()]
    assert rendered[0]["parts"][0]["limit"] == 1000
    (state / FILE_NAME).write_bytes(b"no database" * 100)
    assert checked(folder)["posts"][0]["targets"]["mastodon"]["limits"] == "default"


def test_a_problem_of_all_targets_is_told_once(folder: Path) -> None:
    write_post(folder, "a.md", GOOD + "![a cat](cat.jpg)\n")
    assert len(checked(folder)["problems"]) == 1


def test_what_is_published_is_never_an_error(folder: Path) -> None:
    write_post(folder, "a.md", GOOD.replace("12-01 09:00", "11-01 09:00\nstatus: published") + "![a cat](gone.jpg)\n")
    assert [p["severity"] for p in checked(folder)["problems"]] == ["warning"]


def test_files_that_cannot_be_posts_are_told(folder: Path) -> None:
    (folder / "posts" / "directory.md").mkdir()
    (folder / "posts" / "dangling.md").symlink_to("nowhere")
    (folder / "posts" / "outside.md").symlink_to("/etc/passwd")
    os.mkfifo(folder / "posts" / "fifo.md")
    write_post(folder, "other.markdown", "x")
    write_post(folder, "README.md", "no post")
    answer = checked(folder)
    broken = {post["path"] for post in answer["posts"]}
    assert broken == {f"posts/{name}.md" for name in ("directory", "dangling", "outside", "fifo")}
    assert [p["path"] for p in answer["problems"] if p["severity"] == "warning"] == ["posts/other.markdown"]


def test_a_named_file_or_folder_is_checked_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.md", "2026/b.md", "2026/12/c.md"):
        write_post(folder, name, GOOD)
    monkeypatch.chdir(folder / "posts" / "2026")
    for named, found in [
        (["b.md"], ["posts/2026/b.md"]),
        (["."], ["posts/2026/12/c.md", "posts/2026/b.md"]),
        (["../a.md", "../a.md", "12"], ["posts/a.md", "posts/2026/12/c.md"]),
        ([str(folder)], ["posts/2026/12/c.md", "posts/2026/b.md", "posts/a.md"]),
    ]:
        assert [post["path"] for post in checked(folder, *named)["posts"]] == found


@pytest.mark.parametrize("named", ["/etc/passwd", "..", "fedisched.toml", "posts/none.md", "posts/README.md"])
def test_a_path_where_no_post_can_be_is_a_usage_error(folder: Path, named: str) -> None:
    write_post(folder, "README.md", "x")
    done = start("check", named, cwd=folder)
    assert done.returncode == Exit.USAGE
    assert named.encode() in done.stderr


def test_problems_are_readable_and_plain_when_piped(folder: Path) -> None:
    write_post(folder, "a.md", BROKEN)
    write_post(folder, "b.md", GOOD)
    done = start("check", cwd=folder)
    first, second, third, limits, last = done.stdout.decode().splitlines()
    assert done.returncode == 1
    assert first.startswith("posts/a.md:2:7: error: `tomorrow` means something else every day. Write the moment")
    assert second.startswith("posts/a.md:3:1: error: ")
    assert third.split() == ["posts/b.md", "scheduled", "mastodon", "7/500", "bluesky", "7/300"]
    assert limits == "limits: mastodon as usual on its network, bluesky as usual on its network"
    assert last == "2 posts (1 scheduled, 1 broken) · mastodon 1 · bluesky 1 · 2 errors"


def test_on_a_terminal_the_line_is_shown_with_a_caret_under_the_place(folder: Path) -> None:
    write_post(folder, "a.md", '---\ntitle: "漢字 é"\ntime: soon\n---\nx\n')
    shown = on_a_terminal("check", cwd=folder, environ={"NO_COLOR": "1"}).decode().replace("\r", "")
    assert "    3 │ time: soon\n      │       ^\n" in shown


@pytest.mark.parametrize("width", [30, 50, 80, 200])
@pytest.mark.parametrize("before", ["", "a" * 30, "漢字" * 40, "e\u0301" * 90, "👩‍👩‍👧" * 30])
@pytest.mark.parametrize("after", ["!", " b" * 60, "漢" * 90, "c" * 5000])
def test_an_excerpt_fits_the_terminal_and_has_its_place_in_it(width: int, before: str, after: str) -> None:
    problem = Problem("posts/a.md", 7, len(before) + 1, "code", "message", "Hint.")
    lines = problem_lines(problem, f"{before}X{after}", width)
    _, line, caret, _ = (paint(tuple(words), coloured=False) for words in lines)
    assert columns(line) <= max(width, 28)
    assert columns(line.partition("X")[0]) == columns(caret) - 1
    assert ("…" in line) == (columns(f"{before}X{after}") > width - 8)


def test_a_terminal_that_is_narrow_gets_short_lines(folder: Path) -> None:
    write_post(folder, "a.md", f"---\ntime: soon\n---\n{'word ' * 120}\n")
    write_post(folder, "b.md", f"---\ntargets: [bluesky]\n---\n{'word ' * 120}\n")
    shown = on_a_terminal("check", cwd=folder, environ={"NO_COLOR": "1", "COLUMNS": "40"}).decode().replace("\r", "")
    excerpts = [line for line in shown.splitlines() if " │ " in line]
    assert len(excerpts) == 8 and max(map(len, excerpts)) == 40


def test_a_post_with_an_error_is_counted_as_broken(folder: Path) -> None:
    write_post(folder, "a.md", f"---\ntime: 2026-12-01 09:00\ntargets: [bluesky]\n---\n{'word ' * 120}\n")
    write_post(folder, "b.md", GOOD)
    assert call("check", "-C", str(folder)).stdout.splitlines()[-1].startswith("2 posts (1 scheduled, 1 broken)")


def test_nothing_in_a_file_or_its_name_can_steer_the_terminal(folder: Path) -> None:
    write_post(folder, "a\x1b[2J.md", "---\n\x1b]0;title\x07: x\n---\n")
    write_post(folder, "b\nposts/fake.md:1:1: error.md", "x")
    write_post(folder, "c\u202egnp.md", "---\n\u202ekey: 1\n---\nx\n")
    for written in (on_a_terminal("check", cwd=folder, environ={"NO_COLOR": "1"}), start("check", cwd=folder).stdout):
        text = written.decode().replace("\r\n", "\n")
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert not any(line.startswith("posts/fake") for line in text.splitlines())


def test_json_on_a_terminal_has_no_character_that_steers_it(folder: Path) -> None:
    write_post(folder, "a.md", "---\n\u202e\x9bkey: 1\n---\nx\n")
    assert on_a_terminal("check", "--json", cwd=folder).isascii()


def test_annotations_on_github_are_escaped(folder: Path, tmp_path: Path) -> None:
    write_post(folder, "100%,a:b.md", "---\nstatus: oops%0A\n---\nx\n")
    done = start("check", "--format", "github", cwd=folder, environ={"GITHUB_WORKSPACE": str(tmp_path)})
    first, stop, *between, go = done.stdout.decode().splitlines()
    assert first.startswith("::error file=content/posts/100%25%2Ca%3Ab.md,line=2,col=9,title=unknown-status::")
    assert "oops%250A" in first
    word = stop.removeprefix("::stop-commands::")
    assert len(word) == 32 and go == f"::{word}::"
    assert between and done.returncode == 1


def test_no_post_can_run_a_workflow_command(folder: Path) -> None:
    write_post(folder, "a.md", "---\nstatus: |\n  x\n  ::set-output name=a::b\n---\n::add-mask::x\n")
    write_post(folder, "\n::error::forged.md", GOOD)
    lines = start("check", "--format", "github", cwd=folder).stdout.decode().splitlines()
    stop = next(number for number, line in enumerate(lines) if line.startswith("::stop-commands::"))
    assert all(line.startswith(("::error file=posts/", "::warning file=posts/")) for line in lines[:stop])
    assert not any(line.lstrip().startswith("::") for line in lines[stop + 1 : -1])


def test_a_broken_configuration_is_part_of_the_answer(folder: Path) -> None:
    (folder / "fedisched.toml").write_text('timezone = "Europe/Berln"\n')
    answer = checked(folder)
    assert answer["posts"] == []
    assert [(p["path"], p["line"], p["column"]) for p in answer["problems"]] == [("fedisched.toml", 1, 12)]


def test_a_missing_posts_folder_is_a_problem(folder: Path) -> None:
    (folder / "posts").rmdir()
    answer = checked(folder)
    assert ([p["code"] for p in answer["problems"]], answer["posts"]) == (["no-such-folder"], [])


def test_checking_loads_no_network_library(folder: Path) -> None:
    write_post(folder, "a.md", GOOD + "#tag https://example.org @someone@example.org\n")
    loaded = modules_after("check", cwd=folder)
    assert "fedisched.compose" in loaded
    heavy = {"atproto", "atproto_client", "mastodon", "watchdog", "httpx", "requests", "aiohttp", "urllib3", "asyncio"}
    assert not loaded & {*heavy, "http.client", "pendulum", "PIL", "cryptography", "sqlite3"}


def test_a_content_folder_that_cannot_be_written_can_be_checked(folder: Path) -> None:
    write_post(folder, "a.md", GOOD)
    done = start("check", cwd=folder, environ={"FEDISCHED_STATE": "/proc/nowhere"})
    assert done.returncode == 0
