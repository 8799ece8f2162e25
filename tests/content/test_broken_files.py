"""A folder of broken files: each gives one useful line, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.content.codes import CODES
from fedisched.content.folder import FoundFile, read_file, scan
from fedisched.content.glance import glance
from fedisched.content.reader import read_post
from fedisched.model.problem import Problem
from tests.content.conftest import SETTINGS

TIME = "time: 2026-12-01 09:00\n"


def post(front: str, body: str = "Hello\n") -> bytes:
    return f"---\n{front}---\n{body}".encode()


BOMB = "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

# name: the file, then line, column, code, and words that the hint must have.
BROKEN: dict[str, tuple[bytes, int, int, str, str]] = {
    "no-front-matter": (b"\nHello\n", 2, 1, "no-front-matter", "`---`"),
    "never-closed": (
        b"---\n" + TIME.encode() + b"\nHello\n",
        1,
        1,
        "front-matter-not-closed",
        "`---` after the last key",
    ),
    "toml": (b"+++\ntime = 2026-12-01\n+++\nHello\n", 1, 1, "toml-front-matter", "as YAML"),
    "json": (b'{"time": "2026-12-01 09:00"}\nHello\n', 1, 1, "json-front-matter", "as YAML"),
    "invalid-yaml": (post(TIME + "title: Now: how?\n"), 3, 11, "unquoted-colon", '`title: "Now: how?"`'),
    "invalid-at": (post(TIME + "cw: @alice\n"), 3, 5, "unquoted-value", 'cw: "@'),
    "tab": (post(TIME + "targets:\n\t- mastodon\n"), 4, 1, "tab", "spaces"),
    "duplicate-key": (post(TIME + TIME), 3, 1, "duplicate-key", "Delete one"),
    "unknown-key": (post(TIME + "targts: [mastodon]\n"), 3, 1, "unknown-key", "Did you mean `targets`?"),
    "misspelt-status": (post(TIME + "status: shceduled\n"), 3, 9, "unknown-status", "Did you mean `scheduled`?"),
    "unknown-status": (post(TIME + "status: zzz\n"), 3, 9, "unknown-status", "draft, scheduled, publishing, published"),
    "anchor": (post(TIME + "title: &a x\n"), 3, 8, "anchor", "quotes"),
    "alias": (post(TIME + "title: *bold\n"), 3, 8, "alias", "quotes"),
    "bold": (post(TIME + "title: **bold**\n"), 3, 8, "unquoted-value", "quotes"),
    "merge-key": (post(TIME + "<<: {title: x}\n"), 3, 1, "merge-key", "keys themselves"),
    "tag": (post(TIME + "title: !!python/object:os.system x\n"), 3, 8, "tag", "Delete it"),
    "bomb": (post("a: &a [x, x]\n" + BOMB), 2, 1, "unknown-key", "x-"),
    "deep": (post(f"{TIME}x-a: {'[' * 100}{']' * 100}\n"), 3, 25, "too-deep", "flat"),
    "65-kb": (post(f"{TIME}x-a: {'x' * 65 * 1024}\n"), 2, 1, "front-matter-too-large", "below the closing"),
    "2-mb": (post(TIME, "x" * 2_000_000), 1, 1, "file-too-large", "short text"),
    "binary": (post(TIME, "\x89PNG\0\0"), 4, 5, "binary", "text file"),
    "not-utf-8": (post(TIME, "Gr") + b"\xfc\xdfe\n", 4, 3, "not-utf-8", "UTF-8"),
    "utf-16": (post(TIME).decode().encode("utf-16"), 1, 1, "utf-16", "UTF-8"),
    "utf-16-no-bom": (post(TIME).decode().encode("utf-16-le"), 1, 1, "utf-16", "UTF-8"),
    "cr": (b"---\rtitle: x\r---\rHello\r", 1, 4, "line-endings", "LF"),
    "conflict": (post(f"<<<<<<< HEAD\n{TIME}=======\ntime: x\n>>>>>>> main\n"), 2, 1, "conflict-marker", "merge"),
    "conflict-in-body": (post(TIME, "Hello\n>>>>>>> main\n"), 5, 1, "conflict-marker", "markers"),
    "half-a-conflict": (post(TIME, "Hello\n=======\nBye\n"), 5, 1, "conflict-marker", "six or eight"),
    "empty": (b"", 1, 1, "empty-file", "`---`"),
    "empty-body": (post(TIME, "\n\n"), 4, 1, "empty-body", "below the closing"),
    "bare-date": (post("time: 2026-12-01\n"), 2, 7, "time-bare-date", "`2026-12-01 09:00`"),
    "bare-clock": (post("time: 09:00\n"), 2, 7, "time-bare-clock", "`2026-12-01 09:00`"),
    "30-february": (post("time: 2026-02-30 09:00\n"), 2, 7, "time-no-such-date", "exists"),
    "hour-25": (post("time: 2026-12-01 25:00\n"), 2, 7, "time-no-such-clock", "23:59"),
    "unknown-zone": (post("time: 2026-12-01 09:00 Europe/Berln\n"), 2, 7, "time-unknown-zone", "`Europe/Berlin`"),
    "gap": (post("time: 2026-03-29 02:00\n"), 2, 7, "time-gap", "Write `2026-03-29 03:00`, or add an offset"),
    "overlap": (post("time: '2026-10-25 02:30'\n"), 2, 7, "time-overlap", "02:30 +02:00"),
    "tomorrow": (post("title: a\ntime:   tomorrow\n"), 3, 9, "time-relative", "--at"),
    "number": (post("time: 1796112000\n"), 2, 7, "time-number", "`2026-12-01 09:00`"),
    "unknown-target": (
        post(TIME + "targets: [mastodon, blusky]\n"),
        3,
        21,
        "unknown-target",
        "Did you mean `bluesky`?",
    ),
    "empty-targets": (post(TIME + "targets: []\n"), 3, 10, "no-targets", "Name a target"),
    "duplicate-target": (post(TIME + "targets:\n- work\n- work\n"), 5, 3, "duplicate-target", "Delete one"),
    "no-time": (post("status: scheduled\n"), 2, 9, "no-time", "`time: 2026-12-01 09:00`"),
    "crlf": (post(TIME + "targets: nobody\n").replace(b"\n", b"\r\n"), 3, 10, "unknown-target", "mastodon"),
    "bom-emoji": ("\ufeff---\ncw: 😀😀 \ntitle: {a\n---\nHi".encode(), 3, 8, "open-bracket", "`}`"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    (folder / "posts").mkdir()
    for name, (data, *_) in BROKEN.items():
        (folder / f"posts/{name}.md").write_bytes(data)
    (folder / "posts/directory.md").mkdir()
    (folder / "posts/dangling.md").symlink_to("nowhere.md")
    return folder


def problems_of(folder: Path, path: str) -> tuple[Problem, ...]:
    found = read_file(folder, path)
    return (found,) if isinstance(found, Problem) else read_post(found[0], path, SETTINGS).problems


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gives_a_useful_line(folder: Path, name: str) -> None:
    _, line, column, code, hint = BROKEN[name]
    path = f"posts/{name}.md"
    problem = problems_of(folder, path)[0]
    assert (problem.path, problem.line, problem.column, problem.code) == (path, line, column, code)
    assert hint in problem.hint
    assert problem.is_error
    assert str(problem).startswith(f"{path}:{line}:{column}: ")
    assert "\n" not in str(problem)


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_for_the_reader_is_broken_at_a_glance(folder: Path, name: str) -> None:
    path = f"posts/{name}.md"
    found = read_file(folder, path)
    if isinstance(found, Problem):
        assert found.code == "file-too-large"
        return
    entry = glance(found[0], path, SETTINGS)
    assert entry.problem in problems_of(folder, path)


def test_every_file_of_the_folder_is_accounted_for(folder: Path) -> None:
    found = list(scan(folder, "posts"))
    assert {f"posts/{name}.md" for name in BROKEN} == {file.path for file in found if isinstance(file, FoundFile)}
    others = {(problem.path, problem.code) for problem in found if isinstance(problem, Problem)}
    assert others == {("posts/directory.md", "not-a-file"), ("posts/dangling.md", "no-such-file")}


def test_every_problem_has_an_indexed_code_and_ends_in_what_to_do(folder: Path) -> None:
    for name in BROKEN:
        for problem in problems_of(folder, f"posts/{name}.md"):
            assert problem.code in CODES
            assert problem.hint.endswith(".")
            assert not problem.message.endswith(".")
