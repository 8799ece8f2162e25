"""Replacing a file: whole, synced, and never over somebody's save."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fedisched.content import replace
from fedisched.content.replace import remove_stale_temporaries, replace_file
from fedisched.model.errors import CannotWrite, FileChanged

SECOND = 1_000_000


def linux_only(test: Callable[..., None]) -> Callable[..., None] | None:
    """Leave out, elsewhere, what rests on renameat2 and leases."""
    return test if sys.platform == "linux" else None


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def post(tmp_path: Path) -> Path:
    path = tmp_path / "a.md"
    path.write_bytes(b"old")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_bytes_are_there_and_nothing_else_is(post: Path) -> None:
    replace_file(post, digest(b"old"), b"new")
    assert post.read_bytes() == b"new"
    assert names(post.parent) == ["a.md"]


def test_without_a_swap_the_rename_does_it(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replace, "_renameat2", lambda: None)
    replace_file(post, digest(b"old"), b"new")
    assert post.read_bytes() == b"new"
    assert names(post.parent) == ["a.md"]


def test_a_file_that_changed_is_left_alone(post: Path) -> None:
    post.write_bytes(b"edited")
    with pytest.raises(FileChanged):
        replace_file(post, digest(b"old"), b"new")
    assert post.read_bytes() == b"edited"
    assert names(post.parent) == ["a.md"]


@pytest.mark.parametrize("gone", ["file", "folder", "directory-instead", "fifo-instead"])
def test_a_file_that_is_gone_counts_as_changed(post: Path, gone: str) -> None:
    post.unlink()
    match gone:
        case "folder":
            post.parent.rmdir()
        case "directory-instead":
            post.mkdir()
        case "fifo-instead":
            os.mkfifo(post)
    with pytest.raises(FileChanged):
        replace_file(post, digest(b"old"), b"new")
    assert gone == "folder" or not [name for name in names(post.parent) if name != "a.md"]


def test_mode_owner_and_attributes_stay(post: Path) -> None:
    post.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(post, 12345, 23456)
    attributes = {"user.note": b"mine"} if sys.platform == "linux" else {}
    for name, value in attributes.items():
        os.setxattr(post, name, value)
    before = post.stat()
    replace_file(post, digest(b"old"), b"new")
    after = post.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert {name: os.getxattr(post, name) for name in attributes} == attributes


def test_a_link_stays_a_link_and_its_file_is_replaced(post: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "b.md"
    link.symlink_to("../a.md")
    replace_file(link, digest(b"old"), b"new")
    assert link.is_symlink()
    assert post.read_bytes() == b"new"
    assert names(elsewhere) == ["b.md"]


def test_a_link_in_a_circle_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("b.md")
    (tmp_path / "b.md").symlink_to("a.md")
    with pytest.raises(CannotWrite):
        replace_file(tmp_path / "a.md", digest(b"old"), b"new")


def test_the_other_hard_links_keep_the_old_content(post: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.hardlink_to(post)
    replace_file(post, digest(b"old"), b"new")
    assert (post.read_bytes(), other.read_bytes()) == (b"new", b"old")


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_cut_short_leaves_nothing_behind(post: Path) -> None:
    with files_at_most(1000), pytest.raises(CannotWrite) as caught:
        replace_file(post, digest(b"old"), b"x" * 5000)
    assert "Make room" in str(caught.value)
    assert post.read_bytes() == b"old"
    assert names(post.parent) == ["a.md"]


def in_a_namespace(script: str, *arguments: str) -> None:
    """Run Python in a user and mount namespace of its own, where even mounts need no rights and touch nobody."""
    assert shutil.which("unshare"), "this test needs unshare: install util-linux"
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.system
def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    in_a_namespace(
        """
        import hashlib, os, subprocess, sys
        from pathlib import Path
        from fedisched.content.replace import replace_file
        from fedisched.model.errors import CannotWrite
        folder = Path(sys.argv[1])
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], check=True)
        (folder / "a.md").write_bytes(b"old")
        try:
            replace_file(folder / "a.md", hashlib.sha256(b"old").hexdigest(), b"x" * 100_000)
        except CannotWrite as error:
            assert "Make room" in error.hint, error
        else:
            raise AssertionError("a full disk took it")
        assert os.listdir(folder) == ["a.md"] and (folder / "a.md").read_bytes() == b"old"
        """,
        str(tmp_path),
    )


@pytest.mark.system
def test_a_read_only_disk_is_said(post: Path) -> None:
    in_a_namespace(
        """
        import hashlib, os, subprocess, sys
        from pathlib import Path
        from fedisched.content.replace import replace_file
        from fedisched.model.errors import CannotWrite
        folder = Path(sys.argv[1])
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        try:
            replace_file(folder / "a.md", hashlib.sha256(b"old").hexdigest(), b"new")
        except CannotWrite as error:
            assert "mount it for writing" in error.hint, error
        else:
            raise AssertionError("a read-only disk took it")
        assert os.listdir(folder) == ["a.md"] and (folder / "a.md").read_bytes() == b"old"
        """,
        str(post.parent),
    )


@linux_only
def test_a_save_in_place_that_has_begun_is_not_lost(post: Path) -> None:
    with post.open("r+b") as editor:
        with pytest.raises(FileChanged):
            replace_file(post, digest(b"old"), b"new")
        editor.write(b"typed")
    assert post.read_bytes() == b"typed"
    assert names(post.parent) == ["a.md"]


def test_a_reader_does_not_disturb(post: Path) -> None:
    with post.open("rb") as reader:
        replace_file(post, digest(b"old"), b"new")
        assert reader.read() == b"old"
    assert post.read_bytes() == b"new"


def swapped(post: Path, out: bytes, new: bytes) -> Path:
    """The moment right after the swap: `new` under the post's name, `out` under the hidden one."""
    swap = post.with_name(f".fedisched-{'0' * 16}-{digest(b'old')[:16]}-{digest(new)[:16]}.swap")
    swap.write_bytes(out)
    post.write_bytes(new)
    return swap


@linux_only
def test_an_edit_that_came_out_of_the_swap_goes_back(post: Path) -> None:
    swap = swapped(post, out=b"edited", new=b"new")
    with pytest.raises(FileChanged):
        replace._judge(post, post, swap, digest(b"old"), digest(b"new"))
    assert post.read_bytes() == b"edited"
    assert names(post.parent) == ["a.md"]


@linux_only
def test_of_two_edits_the_later_stays(post: Path) -> None:
    swap = swapped(post, out=b"first edit", new=b"new")
    post.write_bytes(b"second edit")
    with pytest.raises(FileChanged):
        replace._judge(post, post, swap, digest(b"old"), digest(b"new"))
    assert post.read_bytes() == b"second edit"
    assert names(post.parent) == ["a.md"]


@linux_only
def test_an_edit_goes_back_even_if_the_name_was_freed_meanwhile(post: Path) -> None:
    swap = swapped(post, out=b"edited", new=b"new")
    post.unlink()
    with pytest.raises(FileChanged):
        replace._judge(post, post, swap, digest(b"old"), digest(b"new"))
    assert post.read_bytes() == b"edited"
    assert names(post.parent) == ["a.md"]


EDITOR = """
import os, sys, time
from pathlib import Path
post, rounds = Path(sys.argv[1]), int(sys.argv[2])
temporary = post.with_name("4913")
for number in range(1, rounds + 1):
    temporary.write_bytes(b"%d" % number)
    os.replace(temporary, post)
    deadline = time.monotonic() + 10
    while int(post.read_bytes().split()[0]) != number:
        if time.monotonic() > deadline:
            sys.exit(f"save {number} was lost: the file holds {post.read_bytes()!r}")
    for _ in range(number * 7919 % 30000):
        pass
"""


@linux_only
def test_no_save_is_lost_to_a_writer_that_never_rests(post: Path) -> None:
    post.write_bytes(b"0")
    editor = subprocess.Popen([sys.executable, "-c", EDITOR, str(post), "1000"], stderr=subprocess.PIPE, text=True)
    written = refused = 0
    while editor.poll() is None:
        read = post.read_bytes()
        try:
            replace_file(post, digest(read), read.split()[0] + b" written back %d" % written)
            written += 1
        except FileChanged:
            refused += 1
    assert editor.stderr is not None
    assert editor.wait() == 0, editor.stderr.read()
    editor.stderr.close()
    assert written > 0
    assert names(post.parent) == ["a.md"]
    assert int(post.read_bytes().split()[0]) == 1000


@linux_only
def test_many_writers_leave_nothing_behind(post: Path) -> None:
    outcomes: list[bool] = []

    def write(number: int) -> None:
        try:
            replace_file(post, digest(b"old"), b"%d" % number)
            outcomes.append(True)
        except FileChanged:
            outcomes.append(False)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(True) == 1
    assert names(post.parent) == ["a.md"]


KILLED = """
import os, sys, signal
from pathlib import Path
from fedisched.content import replace
post = Path(sys.argv[1])
def killed(*_): os.kill(os.getpid(), signal.SIGKILL)
setattr(replace, sys.argv[2], killed)
replace.replace_file(post, sys.argv[3], b"new")
"""


@pytest.mark.parametrize("at", ["_take_after", "_exchange", *(["_judge"] if sys.platform == "linux" else [])])
def test_what_a_kill_leaves_is_removed_once_it_is_old(post: Path, at: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(post), at, digest(b"old")], check=False)
    assert done.returncode == -9
    left = [name for name in names(post.parent) if name != "a.md"]
    assert len(left) == 1
    assert post.read_bytes() == (b"new" if at == "_judge" else b"old")
    now = (post.parent / left[0]).stat().st_ctime_ns // 1000
    assert remove_stale_temporaries(post.parent, now) == ()
    assert left[0] in names(post.parent)
    assert remove_stale_temporaries(post.parent, now + 601 * SECOND) == ()
    assert names(post.parent) == ["a.md"]


def test_a_save_that_a_crash_caught_is_kept_and_reported(post: Path) -> None:
    swap = swapped(post, out=b"edited", new=b"new")
    later = swap.stat().st_ctime_ns // 1000 + 601 * SECOND
    assert remove_stale_temporaries(post.parent, later) == (swap,)
    assert swap.read_bytes() == b"edited"


def test_other_peoples_hidden_files_are_never_removed(post: Path) -> None:
    others = [".fedisched-notes.part", ".fedisched-0123456789abcdef.part.md", ".a.md.swp"]
    for name in others:
        (post.parent / name).write_bytes(b"")
    later = post.stat().st_ctime_ns // 1000 + 10_000 * SECOND
    assert remove_stale_temporaries(post.parent, later) == ()
    assert names(post.parent) == sorted([*others, "a.md"])


def test_the_mode_is_the_old_one_even_under_a_narrow_umask(post: Path) -> None:
    post.chmod(0o664)
    before = os.umask(0o077)
    try:
        replace_file(post, digest(b"old"), b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(post.stat().st_mode) == 0o664
