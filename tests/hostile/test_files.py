"""Files that somebody pushed: none is read outside of the folder, waited for, held in memory or expanded, and each is
a problem with its place, on a terminal too."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from fedisched.cli.problems import _lines_of
from fedisched.config import load_settings
from fedisched.config.folder import CAP, find_folder
from fedisched.config.reader import read_settings
from fedisched.content.folder import FoundFile, read_file, scan
from fedisched.content.reader import read_post
from fedisched.content.replace import remove_stale_temporaries
from fedisched.model.errors import ConfigError
from fedisched.model.post import Reading
from fedisched.model.problem import Problem
from tests.cli.own_server import OwnServer
from tests.cli.support import call, content_folder
from tests.compose.posts import PNG, render
from tests.compose.posts import post as composed
from tests.content.conftest import SETTINGS
from tests.git.places import environ
from tests.hostile.pushed import write

SECRET = "SECRET-THAT-LIES-OUTSIDE"
GOOD = "---\nstatus: draft\n---\nHello\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder, beside which lies a secret: a post, a picture and captions of somebody else's."""
    write(tmp_path, "secret.md", f"---\nstatus: draft\ntitle: {SECRET}\n---\n{SECRET}\n")
    write(tmp_path, "secret.vtt", f"WEBVTT\n\n{SECRET}\n")
    write(tmp_path, "secret.toml", f'{SECRET} = "x"\n')
    (tmp_path / "secret.png").write_bytes(PNG)
    return content_folder(tmp_path / "content")


def read(front: str, body: str = "Hello") -> Reading:
    return read_post(f"---\n{front}\n---\n{body}\n".encode(), "posts/a.md", SETTINGS)


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def check(folder: Path) -> str:
    done = call("check", "-C", str(folder), environ=environ())
    assert done.exit_code == 1, done.output
    return done.output


def quick(run: Callable[..., object], *arguments: object) -> None:
    begun = time.thread_time()
    run(*arguments)
    assert time.thread_time() - begun < 1


# --- what YAML and TOML can be made to do --------------------------------------------------------------------------


def test_yaml_bombs() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    merges = "a: &a {k: v}\n" + "".join(f"m{n}: {{<<: [*a, *a]}}\n" for n in range(30))
    for bomb, code in ((laughs, "anchor"), (merges, "anchor"), ("x: !!python/object/apply:os.system [id]", "tag")):
        quick(read, bomb)
        assert code in codes(read(bomb)), bomb


def test_deep_nesting() -> None:
    for deep in (
        "[" * 5000 + "]" * 5000,
        "{a: " * 5000 + "1" + "}" * 5000,
        "\n".join("  " * n + "a:" for n in range(99)),
    ):
        quick(read, f"x-a: {deep}" if deep[0] in "[{" else f"x-a:\n {deep}")
        assert read(f"x-a: {deep}" if deep[0] in "[{" else f"x-a:\n  {deep}").post is None
    for body in (
        "[" * 50_000,
        "(" * 50_000,
        "![](" * 2000,
        "\\<!--" * 4000,
        "https://a.example " * 500,
        "> " * 20_000,
    ):
        quick(render, composed(body), "mastodon")
        quick(render, composed(body), "bluesky")
    assert codes(read("status: draft", "<!--" * 25_001)) == ["body-too-long"]
    for toml in ("x = " + "[" * 3000 + "]" * 3000, "x = " + "{a=" * 3000 + "1" + "}" * 3000):
        with pytest.raises(ConfigError, match="mistake"):
            read_settings(toml.encode(), Path("/x/fedisched.toml"), Path("/x"))


@pytest.mark.parametrize("digits", [19, 400, 5000, 50_000])
def test_huge_integers(digits: int) -> None:
    number = "9" * digits
    for front in (
        f"time: {number}",
        f"poll: {{options: [a, b], duration: {number}d}}",
        f"results: {{mastodon: {{key: a, attempts: {number}}}}}",
        f"media: [{{file: a.png, focus: '{number},{number}'}}]",
    ):
        quick(read, f"status: draft\n{front}")
    for line in (f"x = {number}", f"late_after = {number}", f'late_after = "{number}d"', f"x = {number}.0e{number}"):
        with pytest.raises(ConfigError):
            read_settings(line.encode(), Path("/x/fedisched.toml"), Path("/x"))


# --- what is no file, or no file of ours ----------------------------------------------------------------------------


def test_a_file_of_a_gigabyte(folder: Path) -> None:
    for name in ("posts/big.md", "big.toml", "posts/big.png", "posts/big.vtt"):
        with (folder / name).open("wb") as file:
            file.truncate(1 << 30)
    write(folder, "posts/a.md", "---\nstatus: draft\nmedia: [{file: big.png, alt: x}]\n---\nHello\n")
    tracemalloc.start()
    said = check(folder)
    assert "posts/big.md:1:1: error: " in said and "posts/a.md:3:" in said
    (folder / "big.toml").replace(folder / "fedisched.toml")
    assert f"larger than any configuration ({CAP:,} bytes)" in check(folder)
    (folder / "fedisched.toml").replace(folder / "pyproject.toml")
    assert find_folder(folder) is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 60_000_000


def test_fifos_sockets_and_devices(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "posts" / "pipe.md")
    os.mkfifo(folder / "pipe.png")
    (folder / "posts" / "zero.md").symlink_to("/dev/zero")
    (folder / "posts" / "fifo.md").symlink_to("pipe.md")
    write(
        folder,
        "posts/a.md",
        "---\nstatus: draft\nreply_to: pipe.md\nmedia: [{file: ../pipe.png, alt: x}]\n---\nHello\n",
    )
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder / "posts")
        listening.bind("socket.md")
        os.chdir(tmp_path)
        said = check(folder)
    assert "posts/pipe.md:1:1: error: this is a FIFO" in said and "posts/socket.md:1:1: error: this is a socket" in said
    assert "posts/zero.md:1:1: error: " in said and "posts/fifo.md:1:1: error: " in said and "posts/a.md:4:" in said


def test_fifos_and_links_on_a_terminal_that_shows_the_line(folder: Path) -> None:
    """Where a problem is shown with its line, the file is opened once more."""
    os.mkfifo(folder / "posts" / "pipe.md")
    (folder / "posts" / "out.md").symlink_to("../../secret.md")
    (folder / "posts" / "zero.md").symlink_to("/dev/zero")
    write(folder, "posts/a.md", GOOD)
    for name in ("pipe.md", "out.md", "zero.md", "none.md", "\0"):
        assert _lines_of(folder, f"posts/{name}") == []
    assert _lines_of(folder, "posts/a.md")[3] == "Hello"


def test_fifos_and_devices_as_configuration(folder: Path) -> None:
    (folder / "fedisched.toml").unlink()
    os.mkfifo(folder / "pyproject.toml")
    assert find_folder(folder) is None
    os.mkfifo(folder / "fedisched.toml")
    with pytest.raises(ConfigError):
        load_settings(folder)


# --- links out, and other ways out ---------------------------------------------------------------------------------


def test_links_out_as_posts_and_folders_of_posts(folder: Path, tmp_path: Path) -> None:
    (folder / "posts" / "out.md").symlink_to("../../secret.md")
    (folder / "posts" / "absolute.md").symlink_to(tmp_path / "secret.md")
    (folder / "posts" / "all").symlink_to(tmp_path)
    (folder / "inner").symlink_to(tmp_path)
    (folder / "posts" / "by-way.md").symlink_to("../inner/secret.md")
    found = list(scan(folder, "posts"))
    assert not [one for one in found if isinstance(one, FoundFile)]
    assert SECRET not in check(folder)
    for path in (
        "posts/out.md",
        "posts/../../secret.md",
        "../secret.md",
        str(tmp_path / "secret.md"),
        "inner/secret.md",
    ):
        assert isinstance(read_file(folder, path), Problem), path


def test_the_folder_of_posts_as_a_link_out(folder: Path, tmp_path: Path) -> None:
    (folder / "posts").rmdir()
    (folder / "posts").symlink_to(tmp_path)
    assert SECRET not in check(folder)
    for posts in ("..", "../content/..", "/etc", "a/../..", "~", "posts/../../.."):
        with pytest.raises(ConfigError):
            read_settings(f"posts = {posts!r}".encode(), folder / "fedisched.toml", folder)


@pytest.mark.parametrize(
    "name", ["../../secret", "../out", "{outside}/secret", "..\\..\\secret", "%2e%2e/%2e%2e/secret"]
)
def test_media_captions_and_answers_outside(folder: Path, tmp_path: Path, name: str) -> None:
    for ending in ("png", "vtt", "md"):
        (folder / f"out.{ending}").symlink_to(tmp_path / f"secret.{ending}")
    (folder / "own.mp4").write_bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom")
    where = name.format(outside=tmp_path)
    for text in (
        f"media: [{{file: '{where}.png', alt: x}}]",
        f"media: [{{file: ../own.mp4, alt: x, captions: '{where}.vtt'}}]",
        f"link: {{url: 'https://example.org/', title: x, image: '{where}.png'}}",
        f"reply_to: '{where}.md'",
        f"override: {{mastodon: {{quote: '{where}.md'}}, bluesky: {{media: [{{file: '{where}.png', alt: x}}]}}}}",
    ):
        write(
            folder, "posts/a.md", f"---\nstatus: scheduled\ntime: 2030-12-01T09:00:00Z\nlang: en\n{text}\n---\nHello\n"
        )
        said = check(folder)
        assert "posts/a.md:5:" in said and SECRET not in said, text
    write(folder, "posts/a.md", f"---\nstatus: draft\n---\n![x](<{where}.png>)\n")
    assert "posts/a.md:4:1: error: " in check(folder)


def test_gits_own_files_and_ours_are_nobodys_media_or_posts(folder: Path) -> None:
    for own in (".git", ".fedisched"):
        (folder / own).mkdir(exist_ok=True)
        (folder / own / "cat.png").write_bytes(PNG)
        write(folder, f"{own}/x.md", GOOD)
        write(folder, "posts/a.md", f"---\nstatus: draft\n---\n![x](../{own}/cat.png)\n")
        assert "posts/a.md:4:1: error: " in check(folder)
        (folder / "posts" / "link").symlink_to(folder / own)
        assert not [one for one in scan(folder, "posts") if isinstance(one, FoundFile) and one.path != "posts/a.md"]
        assert isinstance(read_file(folder, "posts/link/x.md"), Problem)
        (folder / "posts" / "link").unlink()
    for name in ("", "/sub"):
        with pytest.raises(ConfigError):
            read_settings(f"posts = '.git{name}'".encode(), folder / "fedisched.toml", folder)


def test_a_configuration_that_is_a_link_out(folder: Path) -> None:
    (folder / "fedisched.toml").unlink()
    (folder / "fedisched.toml").symlink_to("../secret.toml")
    with pytest.raises(ConfigError, match="leads out of the content folder") as caught:
        load_settings(folder)
    assert SECRET not in str(caught.value) and not caught.value.problems


def test_a_pushed_configuration_that_is_a_link_out(tmp_path: Path) -> None:
    """`#` is a comment to TOML and a folder's name to the disk: the link's own text is a valid configuration."""
    server = OwnServer(tmp_path)
    write(tmp_path, "secret.toml", f'{SECRET} = "x"\n')
    write(server.ann.folder, "#/keep", "")
    (server.ann.folder / "fedisched.toml").unlink()
    (server.ann.folder / "fedisched.toml").symlink_to("#/../../secret.toml")
    server.ann.save("Read this for me")
    done = server.receive()
    assert done.exit_code == 75 and "the configuration would be a link" in done.stderr
    server.ann.git("rm", "-qf", "fedisched.toml")
    with (server.ann.folder / "fedisched.toml").open("wb") as file:
        file.truncate(2_000_000)
    server.ann.save("Hold this for me")
    done = server.receive()
    assert done.exit_code == 75 and "no configuration is as large as this" in done.stderr


def test_temporaries_that_somebody_pushed(folder: Path) -> None:
    """Names like those of a write-back that was cut off are looked at when the daemon starts."""
    name = ".fedisched-" + "-".join(("0" * 16, "1" * 16, "2" * 16)) + ".swap"
    (folder / "posts" / name).symlink_to("/dev/zero")
    os.mkfifo(folder / "posts" / name.replace("0", "3"))
    script = (
        "import sys, pathlib; from fedisched.content.replace import remove_stale_temporaries as look;"
        "print(look(pathlib.Path(sys.argv[1]), 2**62, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "()"
    assert remove_stale_temporaries(folder, 0) == ()
