"""A push as git's hooks see it: objects in a quarantine, read and laid out without anything in them taking effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.git.pushed import Pushed, Update, updates
from tests.git.places import Clone, bare, environ, git


@pytest.fixture
def ann(tmp_path: Path) -> Clone:
    return Clone.new(tmp_path / "ann", "social")


def pushed_to(at: Path, ann: Clone, place: str = "social/") -> Pushed:
    """The bare repository has the objects only in a quarantine, as a hook is told of it: relative to where it runs."""
    repository = bare(at / "posts.git")
    quarantine = repository / "objects" / "incoming"
    quarantine.mkdir()
    git(ann.top, "repack", "-a", "-d", "-q")
    (ann.top / ".git" / "objects" / "pack").rename(quarantine / "pack")
    named = {
        "GIT_OBJECT_DIRECTORY": "objects/incoming",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repository / "objects"),
    }
    return Pushed(repository, place, environ(**named))


def test_the_lines_that_git_gives_to_its_hooks() -> None:
    zero, one = b"0" * 40, b"1" * 40
    found = updates([zero + b" " + one + b" refs/heads/a b\xff\n", one + b" " + zero + b" refs/tags/v1\n"])
    assert found == [Update("refs/heads/a b\udcff", "", "1" * 40), Update("refs/tags/v1", "1" * 40, "")]
    assert [update.branch for update in found] == ["a b\udcff", ""]


def test_what_changed_in_the_content_folder_and_nowhere_else(tmp_path: Path, ann: Clone) -> None:
    before = ann.head()
    ann.git("mv", "social/posts/a.md", "social/posts/b.md")
    (ann.top / "elsewhere.md").write_text("Not ours")
    (ann.folder / "posts" / "line\nbreak.md").write_text("Odd")
    (ann.folder / "posts" / "link.md").symlink_to("b.md")
    after = ann.save("Change")
    pushed = pushed_to(tmp_path, ann)
    changes = pushed.changes(before, after, ["posts"])
    assert {(each.path, bool(each.before), bool(each.after)) for each in changes} == {
        ("posts/a.md", True, False),
        ("posts/b.md", False, True),
        ("posts/line\nbreak.md", False, True),
        ("posts/link.md", False, True),
    }
    assert {each.path for each in pushed.changes("", after, ["posts"])} == set(pushed.files(after))


def test_it_is_laid_out_as_it_is_whatever_attributes_say(tmp_path: Path, ann: Clone) -> None:
    ann.folder.joinpath(".gitattributes").write_text("* text eol=crlf ident export-subst\n")
    ann.folder.joinpath("ident.txt").write_bytes(b"$Id$\n$Format:%H$\n")
    ann.folder.joinpath("large.bin").write_bytes(bytes(17_000_000))
    ann.folder.joinpath("there").symlink_to("/etc")
    commit = ann.save("All")
    pushed = pushed_to(tmp_path, ann)
    files = pushed.files(commit)
    folder = tmp_path / "laid out"
    folder.mkdir()
    assert pushed.lay_out(files, folder, {"posts/a.md": 3}) == {}
    assert (folder / "ident.txt").read_bytes() == b"$Id$\n$Format:%H$\n"
    assert (folder / "large.bin").stat().st_size == 17_000_000
    assert (folder / "posts" / "a.md").read_bytes() == bytes(3)
    assert (folder / "there").readlink() == Path("/etc")


def test_a_tree_made_by_hand_does_not_leave_the_folder(tmp_path: Path, ann: Clone) -> None:
    blob = bytes.fromhex(ann.git("hash-object", "-w", "--stdin", data="Out"))
    inner = raw_tree(ann, b"100644 out.md\0" + blob)
    top = raw_tree(ann, b"40000 ..\0" + bytes.fromhex(inner) + b"100644 in.md\0" + blob)
    commit = ann.git("commit-tree", top, "-m", "Hostile")
    ann.git("update-ref", "refs/heads/main", commit)
    pushed = pushed_to(tmp_path, ann, "")
    assert list(pushed.files(commit)) == ["in.md"]


def raw_tree(ann: Clone, data: bytes) -> str:
    path = ann.top.parent / "tree"
    path.write_bytes(data)
    return ann.git("hash-object", "-t", "tree", "-w", "--literally", str(path))
