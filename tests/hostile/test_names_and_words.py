"""Names of files, titles and servers' words, with anything in them: on a terminal, in a log, in a commit's message, in
a workflow's commands and in a job's summary each is a text on its own line, and no more."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fedisched.cli import github
from fedisched.cli.words import clean_line, paint
from fedisched.content.folder import FoundFile, scan
from fedisched.content.glance import glance
from fedisched.content.results_yaml import block_lines, plain_results
from fedisched.content.splice import splice
from fedisched.git.message import Change, is_ours, message
from fedisched.model.post import Status
from fedisched.model.results import Result
from fedisched.model.said import Said
from fedisched.networks.wire import Answer, shortened
from tests.cli.support import call, content_folder, write_post
from tests.content.conftest import SETTINGS
from tests.git.places import Clone, environ

EVIL = (
    "a\x1b[2J\x1b]0;title\x07b\r\n::error file=x::pwned\n::set-output name=a::b\u202egpj.\u2066\u2028c\x9b31md\x00"
    "|<b>[x](y)`"
)
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
ODD_NAMES = (
    b"new\nline.md",
    b"\xff\xfe.md",
    b"esc\x1b[2J.md",
    b"cr\rx.md",
    b"del\x7f.md",
    "nel\x85.md".encode(),
    "line\u2028separator.md".encode(),
    "fdp.\u202edm.md".encode(),
    "isolated\u2067.md".encode(),
)
TURNED = "fdp.\u202edm.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = content_folder(tmp_path / "content")
    for name in ODD_NAMES:
        Path(os.fsdecode(os.fsencode(folder / "posts") + b"/" + name)).write_text("---\nstatus: draft\n---\nHello\n")
    write_post(folder, "::error::x %0A ${{ 1 }}.md", "---\nstatus: broken\n---\nHello\n")
    write_post(folder, "titled.md", f"---\ntime: 2030-12-01 09:00\ntitle: {json.dumps(EVIL)}\n---\nHello\n")
    return folder


def test_odd_and_non_utf8_file_names(folder: Path) -> None:
    found = [one.path for one in scan(folder, "posts") if isinstance(one, FoundFile)]
    assert sorted(found) == sorted(["posts/titled.md", "posts/::error::x %0A ${{ 1 }}.md"])
    for words in (("check",), ("check", "--json"), ("queue",), ("render",), ("publish", "--dry-run")):
        done = call(*words, "-C", str(folder), environ=environ())
        assert done.exit_code in (0, 1), (words, done.output)
        if "--json" not in words:
            assert not STEERING.search(done.output), words


def test_newlines_in_names_and_titles_in_a_list_of_problems(folder: Path) -> None:
    """Each line of a list is one problem's: none can write a line of its own."""
    done = call("check", "-C", str(folder), environ=environ())
    for line in done.output.splitlines():
        assert re.match(r"posts/|fedisched\.toml|\d+ (error|problem|post)|  |$|[a-z]+: |[A-Z0-9]", line), line


def test_escape_sequences_and_workflow_commands_in_a_log(folder: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    for words in (("check", "--format", "github"), ("render", "--format", "github")):
        done = call(*words, "-C", str(folder), environ=environ(GITHUB_STEP_SUMMARY=str(summary)))
        assert not STEERING.search(done.output.replace("\n", "")), words
        stopped = ""
        for line in done.output.splitlines():
            if line.startswith("::stop-commands::"):
                stopped = line.removeprefix("::stop-commands::")
            elif stopped and line == f"::{stopped}::":
                stopped = ""
            elif line.startswith("::") and not stopped:
                assert re.match(r"::(error|warning|notice) (file|title)=", line), line
                assert "::set-output" not in line and "\r" not in line


@pytest.mark.parametrize("say", [github.inline, github.code, github.block, lambda text: github.link(text, text)])
def test_newlines_and_markup_in_a_job_summary(say: Callable[[str], str]) -> None:
    said = say(EVIL)
    assert not STEERING.search(said.replace("\n", ""))
    assert "<b>" not in said
    assert "[x](y)" not in said or said.startswith("<pre>")  # where Markdown means nothing
    assert "javascript:" not in github.link("x", "javascript:alert(1)")


def test_escape_sequences_in_an_annotation() -> None:
    runner = CliRunner()
    with runner.isolation() as (out, _, _):
        github.annotate("error", EVIL, file=EVIL, title=EVIL)
        lines = out.getvalue().decode().splitlines()
    assert len(lines) == 1 and lines[0].startswith("::error file=") and not STEERING.search(lines[0])


def test_newlines_and_right_to_left_overrides_in_a_commit_message(tmp_path: Path) -> None:
    before, now = Said(Status.SCHEDULED, {}), Said(Status.PUBLISHED, {"m": Result(key="k", url="u")})
    for name in (EVIL, TURNED, "x\n\nResults-By: somebody"):
        said = message([Change(f"posts/{name}", before, now)])
        assert len(said.splitlines()) == 3 and is_ours(said) and not STEERING.search(said.replace("\n", ""))
    clone = Clone.new(tmp_path / "top")
    clone.post(TURNED, "Hello")
    clone.save("Odd")
    clone.publish(TURNED)
    assert clone.commit_results() is not None
    assert clone.git("log", "-1", "--format=%s") == "published: posts/fdp.?dm.md → mastodon"


def test_right_to_left_overrides_on_a_terminal() -> None:
    """`fdp.exe` must not be read as `exe.pdf`."""
    assert clean_line(TURNED) == "fdp.dm.md"
    assert not STEERING.search(paint((EVIL,), coloured=False))


def test_escape_sequences_in_a_servers_answer() -> None:
    """What a server says goes into logs, journals and files: as words on one line, each of which can be written."""
    body = json.dumps({"error": EVIL + "\ud800", "url": "https://x.example/\udfff", "\ud800": [{"a": "\ud83d\ude00"}]})
    answer = Answer(422, {}, body.encode(), 0)
    words = shortened(answer.object()["error"])
    assert not STEERING.search(words) and "\n" not in words and len(words) <= 301
    assert answer.json()["url"] == "https://x.example/\ufffd" and answer.json()["\ufffd"] == [{"a": "😀"}]
    json.dumps(answer.json(), ensure_ascii=False).encode()
    data = b"---\nstatus: scheduled\ntime: 2030-12-01T09:00:00Z\n---\nHello\n"
    hostile = {"mastodon": Result(key="k", url=f"https://x.example/{EVIL}", id=EVIL, error=EVIL)}
    written = splice(data, Status.PUBLISHED, hostile)
    assert written.startswith(b"---\nstatus: published\n") and written.endswith(b"\n---\nHello\n")
    assert not STEERING.search("\n".join(block_lines(plain_results(hostile))))
    assert glance(written, "posts/a.md", SETTINGS).problem is None


def test_escape_sequences_in_what_git_says() -> None:
    from fedisched.git.command import in_short

    assert not STEERING.search(clean_line(in_short(f"fatal: {EVIL}")))
