from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.content.fences import FILE_CAP
from fedisched.content.folder import FoundFile, read_file, scan
from fedisched.model.problem import Problem


@pytest.fixture
def folder() -> Iterator[Path]:
    """A content folder that another user may enter, with a short path (a socket's may have 100 bytes)."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        root.chmod(0o755)
        (root / "posts").mkdir()
        yield root


def put(folder: Path, path: str, text: str = "x") -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def paths(folder: Path, posts: str = "posts") -> list[str]:
    return [found.path for found in scan(folder, posts) if isinstance(found, FoundFile)]


def problems(folder: Path, posts: str = "posts") -> list[tuple[str, str]]:
    found = [problem for problem in scan(folder, posts) if isinstance(problem, Problem)]
    assert all(problem.hint.endswith(".") and (problem.line, problem.column) == (1, 1) for problem in found)
    return [(problem.path, problem.code) for problem in found]


def read_problem(folder: Path, path: str) -> str:
    result = read_file(folder, path)
    assert isinstance(result, Problem), result
    assert result.path == path
    return result.code


def test_posts_are_found_at_every_depth_in_order_of_path(folder: Path) -> None:
    names = ["posts/a.md", "posts/a/b.md", "posts/a-b.md", "posts/a/c/d.md", "posts/ä.md", "posts/Z.md"]
    for name in names:
        put(folder, name)
    assert paths(folder) == sorted(names)
    assert problems(folder) == []


def test_a_found_file_carries_what_tells_whether_it_changed(folder: Path) -> None:
    stat = put(folder, "posts/a.md", "hello").stat()
    assert list(scan(folder, "posts")) == [
        FoundFile("posts/a.md", 5, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
    ]


def test_what_is_no_post_is_passed_over(folder: Path) -> None:
    for name in (
        ".a.md",
        "#a.md#",
        "#a.md",
        "a.md~",
        "README.md",
        "README-de.md",
        "a.png",
        "4913",
        ".hid/a.md",
        "a.md.swp",
    ):
        put(folder, f"posts/{name}")
    assert list(scan(folder, "posts")) == []


def test_other_spellings_are_warned_about(folder: Path) -> None:
    for name in ("a.markdown", "b.MD", "c.mdown"):
        put(folder, f"posts/{name}")
    found = list(scan(folder, "posts"))
    assert [(p.path, p.code, p.severity) for p in found if isinstance(p, Problem)] == [
        ("posts/a.markdown", "other-ending", "warning"),
        ("posts/b.MD", "other-ending", "warning"),
        ("posts/c.mdown", "other-ending", "warning"),
    ]
    assert isinstance(found[1], Problem)
    assert "`b.md`" in found[1].hint


def test_what_looks_like_a_post_and_is_none_is_a_problem(folder: Path) -> None:
    put(folder, "posts/x.md/inside.md")
    os.mkfifo(folder / "posts/fifo.md")
    (folder / "posts/dangling.md").symlink_to("nowhere")
    (folder / "posts/loop.md").symlink_to("loop.md")
    (folder / "posts/out.md").symlink_to("/etc/hostname")
    (folder / "posts/device.md").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "posts/socket.md"))
    assert paths(folder) == ["posts/x.md/inside.md"]
    assert problems(folder) == [
        ("posts/dangling.md", "no-such-file"),
        ("posts/device.md", "outside-folder"),
        ("posts/fifo.md", "not-a-file"),
        ("posts/loop.md", "link-loop"),
        ("posts/out.md", "outside-folder"),
        ("posts/socket.md", "not-a-file"),
        ("posts/x.md", "not-a-file"),
    ]


def test_odd_file_names_are_problems_that_can_be_shown(folder: Path) -> None:
    put(folder, "posts/line\nbreak.md")
    put(folder, "posts/esc\x1b[31m.md")
    put(folder, "posts/é😀\u200d.md")
    Path(os.fsdecode(os.fsencode(folder) + b"/posts/latin-\xe9.md")).write_text("x")
    assert paths(folder) == ["posts/é😀\u200d.md"]
    assert problems(folder) == [
        ("posts/esc\\x1b[31m.md", "file-name"),
        ("posts/latin-\\xe9.md", "file-name"),
        ("posts/line\\nbreak.md", "file-name"),
    ]


def test_links_inside_the_content_folder_are_followed_once(folder: Path) -> None:
    put(folder, "other/a.md")
    put(folder, "other/deep/b.md")
    put(folder, "single.md")
    put(folder, "posts/own.md")
    (folder / "posts/archive").symlink_to("../other")
    (folder / "posts/single.md").symlink_to("../single.md")
    assert paths(folder) == ["posts/archive/a.md", "posts/archive/deep/b.md", "posts/own.md", "posts/single.md"]
    (folder / "posts/again.md").symlink_to("own.md")
    (folder / "posts/twice").symlink_to("../other/deep")
    assert problems(folder) == [("posts/again.md", "found-twice"), ("posts/twice", "found-twice")]


def test_link_loops_end(folder: Path) -> None:
    put(folder, "posts/a.md")
    put(folder, "other/b.md")
    (folder / "posts/up").symlink_to("..")
    (folder / "posts/self").symlink_to(".")
    (folder / "posts/other").symlink_to("../other")
    (folder / "other/back").symlink_to("../other")
    (folder / "posts/spin").symlink_to("spin")
    assert paths(folder) == ["posts/a.md", "posts/other/b.md"]
    assert {code for _, code in problems(folder)} == {"found-twice"}


def test_the_posts_folder_may_be_the_content_folder_but_not_outside_it(folder: Path) -> None:
    put(folder, "posts/a.md")
    put(folder, "b.md")
    assert paths(folder, ".") == ["b.md", "posts/a.md"]
    assert paths(folder, "./posts/") == ["posts/a.md"]
    (folder / "elsewhere").symlink_to("/etc")
    assert problems(folder, "elsewhere") == [("elsewhere", "outside-folder")]
    assert problems(folder, "../x") == [("../x", "outside-folder")]
    assert problems(folder, "missing") == [("missing", "no-such-folder")]


def test_a_file_is_read_with_its_stat(folder: Path) -> None:
    file = put(folder, "posts/a.md", "hello")
    result = read_file(folder, "posts/a.md")
    assert not isinstance(result, Problem)
    assert (result[0], result[1].st_ino) == (b"hello", file.stat().st_ino)


def test_reading_never_leaves_the_content_folder_or_opens_what_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "posts/fifo.md")
    (folder / "posts/dir.md").mkdir()
    (folder / "posts/out.md").symlink_to("/etc/hostname")
    (folder / "posts/outer").symlink_to("/etc")
    (folder / "posts/dangling.md").symlink_to("nowhere")
    (folder / "posts/loop.md").symlink_to("loop.md")
    put(folder, "elsewhere.md")
    (folder / "posts/in.md").symlink_to("../elsewhere.md")
    assert read_problem(folder, "posts/fifo.md") == "not-a-file"
    assert read_problem(folder, "posts/dir.md") == "not-a-file"
    assert read_problem(folder, "posts/out.md") == "outside-folder"
    assert read_problem(folder, "posts/outer/hostname") == "outside-folder"
    assert read_problem(folder, "../../etc/hostname") == "outside-folder"
    assert read_problem(folder, "posts/dangling.md") == "no-such-file"
    assert read_problem(folder, "posts/missing.md") == "no-such-file"
    assert read_problem(folder, "posts/loop.md") == "link-loop"
    assert not isinstance(read_file(folder, "posts/in.md"), Problem)


def test_a_folder_whose_name_starts_alike_is_outside(folder: Path) -> None:
    beside = folder.with_name(folder.name + "-secret")
    beside.mkdir()
    try:
        put(beside, "a.md")
        (folder / "posts/a.md").symlink_to(beside / "a.md")
        assert problems(folder) == [("posts/a.md", "outside-folder")]
        assert read_problem(folder, "posts/a.md") == "outside-folder"
    finally:
        (beside / "a.md").unlink()
        beside.rmdir()


def test_a_file_above_the_cap_is_not_read_whole(folder: Path) -> None:
    with (folder / "posts/big.md").open("wb") as file:
        file.truncate(20_000_000_000)
    assert read_problem(folder, "posts/big.md") == "file-too-large"
    put(folder, "posts/just.md", "x" * FILE_CAP)
    assert not isinstance(read_file(folder, "posts/just.md"), Problem)


def test_what_may_not_be_read_is_a_problem(folder: Path) -> None:
    put(folder, "posts/a.md").chmod(0)
    put(folder, "posts/closed/b.md")
    (folder / "posts/closed").chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        assert read_problem(folder, "posts/a.md") == "not-readable"
        assert problems(folder) == [("posts/closed", "not-readable")]
    finally:
        if root:
            os.seteuid(0)
        (folder / "posts/closed").chmod(0o755)
