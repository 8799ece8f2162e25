"""`fedisched new`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from fedisched.config import load_settings
from fedisched.content.reader import read_post
from fedisched.model.post import Post
from tests.cli.support import CONFIG, call, content_folder, start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return content_folder(tmp_path / "content")


def only_post(folder: Path) -> tuple[str, str]:
    (path,) = (folder / "posts").iterdir()
    return path.name, path.read_bytes().decode()


def read_back(folder: Path) -> Post:
    name, text = only_post(folder)
    reading = read_post(text.encode(), f"posts/{name}", load_settings(folder))
    assert reading.post is not None, reading.problems
    return reading.post


def test_a_text_with_a_time_is_a_scheduled_post(folder: Path) -> None:
    done = call("new", "Good morning, Berlin!", "--at", "tomorrow 09:00", "-C", str(folder))
    assert done.exit_code == 0
    text = "---\ntime: 2026-11-21 09:00\nstatus: scheduled\n---\nGood morning, Berlin!\n"
    assert only_post(folder) == ("2026-11-21-good-morning-berlin.md", text)
    assert "posts/2026-11-21-good-morning-berlin.md" in done.stdout
    assert "Sat 21 Nov 2026 09:00 Europe/Berlin" in done.stdout
    assert "to mastodon, bluesky" in done.stdout


def test_without_a_time_it_is_a_draft_of_today(folder: Path) -> None:
    assert call("new", "Later", "-C", str(folder)).exit_code == 0
    assert only_post(folder) == ("2026-11-20-later.md", "---\nstatus: draft\n---\nLater\n")


def test_nothing_is_ever_overwritten(folder: Path) -> None:
    for _ in range(3):
        call("new", "Same", "-C", str(folder))
    names = sorted(path.name for path in (folder / "posts").iterdir())
    assert names == ["2026-11-20-same-2.md", "2026-11-20-same-3.md", "2026-11-20-same.md"]


def test_targets_may_be_accounts_or_groups(folder: Path) -> None:
    call("new", "x", "--to", "bluesky, everywhere", "-C", str(folder))
    assert "targets: [bluesky, everywhere]\n" in only_post(folder)[1]


def test_an_unknown_target_is_a_usage_error_and_writes_nothing(folder: Path) -> None:
    done = call("new", "x", "--to", "blusky", "-C", str(folder))
    assert done.exit_code == Exit.USAGE
    assert "Did you mean `bluesky`?" in done.stderr
    assert list((folder / "posts").iterdir()) == []


@pytest.mark.parametrize("when", ["yesterday", "2020-01-01 09:00", "tomorrow"])
def test_a_time_that_is_none_is_a_usage_error_with_examples(folder: Path, when: str) -> None:
    done = call("new", "x", "--at", when, "-C", str(folder))
    assert done.exit_code == Exit.USAGE
    assert "--at" in done.stderr
    assert list((folder / "posts").iterdir()) == []


def test_a_time_without_a_text_is_a_usage_error(folder: Path) -> None:
    assert call("new", "--at", "in 2 hours", "-C", str(folder)).exit_code == Exit.USAGE


@pytest.mark.parametrize(
    "title",
    [
        "Plain title",
        'with "quotes": and # colon',
        "- dash",
        "yes",
        "[x]",
        "*star",
        "é 🎉",
        "trailing:",
        "'",
        "\\",
        "1.0",
    ],
)
def test_any_title_comes_back_as_it_was(folder: Path, title: str) -> None:
    call("new", "x", "--title", title, "-C", str(folder))
    assert read_back(folder).title == title


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://example.org only a link", "2026-11-20-only-a-link.md"),
        ("Schöne Grüße, Ærøskøbing!", "2026-11-20-schone-grusse-rskbing.md"),
        ("日本語の テキスト", "2026-11-20-日本語の-テキスト.md"),
        ("../../etc/passwd", "2026-11-20-etc-passwd.md"),
        ("🎉", "2026-11-20-post.md"),
        ("word " * 30, "2026-11-20-word-word-word-word-word-word-word-word.md"),
        ("w" * 300, f"2026-11-20-{'w' * 40}.md"),
    ],
)
def test_the_name_comes_from_the_first_words(folder: Path, text: str, name: str) -> None:
    call("new", text, "-C", str(folder))
    assert only_post(folder)[0] == name


def test_a_dash_reads_the_text_from_standard_input(folder: Path) -> None:
    done = call("new", "-", "-C", str(folder), typed="One\n---\nTwo: ümlaut\n\n")
    assert done.exit_code == 0
    assert read_back(folder).body == "One\n---\nTwo: ümlaut\n"


def test_a_text_that_is_not_utf8_is_a_usage_error(folder: Path) -> None:
    done = start("new", "-", cwd=folder, input=b"\xff\xfe")
    assert done.returncode == Exit.USAGE
    assert list((folder / "posts").iterdir()) == []


def test_what_a_network_would_not_take_is_told_at_once(folder: Path) -> None:
    done = call("new", "long " * 200, "--at", "in 2 hours", "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU
    assert "error:" in done.stderr
    assert len(list((folder / "posts").iterdir())) == 1


def test_json_is_the_posts_row_alone(folder: Path) -> None:
    done = call("new", "Hi", "--at", "2026-12-01 09:00", "--to", "mastodon", "--json", "-C", str(folder))
    assert json.loads(done.stdout) == {
        "path": "posts/2026-12-01-hi.md",
        "title": "",
        "time": "2026-12-01T09:00:00+01:00",
        "targets": ["mastodon"],
        "state": "waiting",
        "attempts": 0,
        "next_try": None,
        "error": None,
        "url": None,
    }
    assert "posts/2026-12-01-hi.md" in done.stderr


def test_the_editor_opens_the_file_and_its_text_is_looked_at(folder: Path, tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text('#!/bin/sh\necho "--flag was $1" >&2\nprintf "typed\\n" >> "$2"\n')
    editor.chmod(0o755)
    environ = {"EDITOR": "false", "VISUAL": f"'{editor}' --flag"}
    done = start("new", "--title", "Trip", "--edit", cwd=folder, environ=environ)
    assert (done.returncode, b"--flag was --flag" in done.stderr) == (0, True)
    assert only_post(folder)[1] == "---\ntitle: Trip\nstatus: draft\n---\ntyped\n"


def test_an_editor_that_is_not_there_loses_nothing(folder: Path) -> None:
    done = call("new", "kept", "--edit", "-C", str(folder), environ={"EDITOR": "/no/such/editor"})
    assert done.exit_code == 1
    assert "EDITOR" in done.stderr
    assert "kept\n" in only_post(folder)[1]


def test_without_a_timezone_the_offset_is_written(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "bare", CONFIG.replace('timezone = "Europe/Berlin"\n', ""))
    assert call("new", "x", "--at", "2026-12-01 09:00", "-C", str(folder)).exit_code == Exit.USAGE
    assert call("new", "x", "--at", "2026-12-01 09:00+01:00", "-C", str(folder)).exit_code == 0
    time = read_back(folder).time
    assert time is not None and time.isoformat() == "2026-12-01T09:00:00+01:00"


def test_a_folder_without_posts_gets_one(folder: Path) -> None:
    (folder / "posts").rmdir()
    assert call("new", "x", "-C", str(folder)).exit_code == 0


def test_a_folder_that_cannot_be_written_is_said(folder: Path) -> None:
    (folder / "posts").rmdir()
    (folder / "posts").write_text("in the way")
    done = start("new", "x", cwd=folder)
    assert done.returncode == Exit.NEEDS_YOU
    assert b"Traceback" not in done.stderr and os.fsencode(folder / "posts") in done.stderr


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_a_text_that_is_empty_is_a_usage_error(folder: Path, text: str) -> None:
    for done in (call("new", text, "-C", str(folder)), call("new", "-", "-C", str(folder), typed=text)):
        assert done.exit_code == Exit.USAGE and "--edit" in done.stderr
    assert list((folder / "posts").iterdir()) == []


def test_front_matter_that_a_text_brings_along_is_its_own(folder: Path) -> None:
    typed = "\ufeff---\r\ntime: 2026-12-01 09:00 # early\r\ncw: Food\r\n---\r\nSoup!\r\n"
    done = call("new", "-", "--to", "mastodon", "-C", str(folder), typed=typed)
    assert done.exit_code == Exit.DONE, done.output
    written = folder / "posts/2026-12-01-soup.md"
    text = "---\ntargets: [mastodon]\ntime: 2026-12-01 09:00 # early\ncw: Food\n---\nSoup!\n"
    assert written.read_text(encoding="utf-8") == text


def test_options_add_to_the_front_matter_of_a_text(folder: Path) -> None:
    typed = "---\ntitle: Lunch\n---\nSoup!\n"
    assert call("new", "-", "--at", "2026-12-01 09:00", "-C", str(folder), typed=typed).exit_code == Exit.DONE
    assert call("new", "-C", str(folder), "--", typed).exit_code == Exit.DONE
    written = {path.name: path.read_text() for path in (folder / "posts").iterdir()}
    assert written == {
        "2026-12-01-lunch.md": "---\ntime: 2026-12-01 09:00\nstatus: scheduled\ntitle: Lunch\n---\nSoup!\n",
        "2026-11-20-lunch.md": "---\ntitle: Lunch\n---\nSoup!\n",
    }


@pytest.mark.parametrize(
    ("typed", "options", "words"),
    [
        ("---\ntime: 2026-12-01 09:00\n---\nHi\n", ("--at", "tomorrow 09:00"), "leave out --at"),
        ("---\nstatus: draft\n---\nHi\n", ("--at", "tomorrow 09:00"), "its own `status`"),
        ("---\ntitle: A\n---\nHi\n", ("--title", "B"), "leave out --title"),
        ("---\n{cw: A}\n---\nHi\n", ("--to", "mastodon"), "in braces"),
        ("---\nresults: {}\n---\nHi\n", (), "`results`"),
        ("---\nHello, all\n---\nHi\n", (), "is plain text, not keys"),
        ("---\nHello\n", (), "never closed"),
        ("---\ncw: @food\n---\nHi\n", (), "TEXT:2:5"),
        ("---\nlang: en\n---\n\n", (), "The text is empty"),
    ],
)
def test_front_matter_that_cannot_be_used_is_refused(
    folder: Path, typed: str, options: tuple[str, ...], words: str
) -> None:
    done = call("new", "-", *options, "-C", str(folder), typed=typed)
    assert done.exit_code == Exit.USAGE
    assert words in " ".join(done.stderr.split())
    assert list((folder / "posts").iterdir()) == []
