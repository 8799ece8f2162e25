"""Which folder is the content folder, and where its state is kept."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from fedisched.config import find_folder, make_state_folder, seconds, state_folder
from fedisched.model.errors import StateUnusable


def git(*arguments: str, cwd: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, env=clean)


def repository(at: Path) -> Path:
    at.mkdir(parents=True)
    git("init", "-q", cwd=at)
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=at)
    return at


def test_the_nearest_parent_with_a_configuration_is_the_content_folder(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "posts" / "2026"
    deep.mkdir(parents=True)
    (tmp_path / "fedisched.toml").write_text("")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.fedisched]\n")
    assert find_folder(deep) == tmp_path / "a"
    assert find_folder(tmp_path) == tmp_path


def test_a_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "fedisched.toml").write_text("")
    (inner / "pyproject.toml").write_text('[project]\nname = "about-fedisched"\n')
    assert find_folder(inner) == tmp_path
    (inner / "pyproject.toml").write_text("fedisched = [broken\n")
    assert find_folder(inner) == tmp_path


def test_no_configuration_anywhere_is_no_content_folder(tmp_path: Path) -> None:
    assert find_folder(tmp_path) is None


def test_the_environment_names_the_state_folder(tmp_path: Path) -> None:
    assert state_folder(tmp_path, {"FEDISCHED_STATE": f"{tmp_path}/x/../y"}) == tmp_path / "y"


def test_without_git_the_state_is_hidden_in_the_content_folder(tmp_path: Path) -> None:
    assert state_folder(tmp_path, {}) == tmp_path / ".fedisched"


def test_each_content_folder_of_a_repository_has_its_own_state(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    for name in ("a-b", "a/b"):
        (top / name).mkdir(parents=True)
    folders = [top, top / "a-b", top / "a" / "b"]
    states = [state_folder(folder, {}) for folder in folders]
    assert len(set(states)) == 3
    assert all(state.parent == top / ".git" / "fedisched" for state in states)


def test_the_state_keeps_its_name_when_the_repository_moves(tmp_path: Path) -> None:
    top = repository(tmp_path / "old")
    (top / "content").mkdir()
    before = state_folder(top / "content", {})
    top.rename(tmp_path / "new")
    assert state_folder(tmp_path / "new" / "content", {}).name == before.name


def test_two_ways_to_one_folder_have_one_state(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    (tmp_path / "link").symlink_to(top)
    assert state_folder(tmp_path / "link", {}) == state_folder(top, {})


def test_git_dir_of_a_hook_is_not_followed(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    other = repository(tmp_path / "other")
    assert state_folder(top, {"GIT_DIR": str(other / ".git")}).is_relative_to(top)


def test_a_worktree_keeps_its_state_in_its_own_git_directory(tmp_path: Path) -> None:
    top = repository(tmp_path / "repo")
    git("worktree", "add", "-q", str(tmp_path / "tree"), cwd=top)
    assert state_folder(tmp_path / "tree", {}) == top / ".git" / "worktrees" / "tree" / "fedisched" / "top"


def test_a_submodule_keeps_its_state_in_its_own_git_directory(tmp_path: Path) -> None:
    top, posts = repository(tmp_path / "repo"), repository(tmp_path / "posts")
    git("submodule", "add", "-q", str(posts), "content", cwd=top)
    assert state_folder(top / "content", {}) == top / ".git" / "modules" / "content" / "fedisched" / "top"


@pytest.mark.parametrize("content", ["gitdir: /nowhere", "nonsense", ""])
def test_a_git_file_that_leads_nowhere_is_no_repository(tmp_path: Path, content: str) -> None:
    (tmp_path / ".git").write_text(content)
    assert state_folder(tmp_path, {}) == tmp_path / ".fedisched"


def test_the_state_folder_is_private_at_every_level(tmp_path: Path) -> None:
    state = make_state_folder(tmp_path / "one" / "two")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (state, state.parent)] == [0o700, 0o700]


def test_a_state_folder_that_others_can_read_is_closed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o755)
    make_state_folder(state)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_state_folder_among_the_posts_is_never_committed(tmp_path: Path) -> None:
    state = make_state_folder(state_folder(tmp_path, {}))
    assert (state / ".gitignore").read_text() == "*\n"


def test_a_state_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "state", Path("/proc/fedisched")):
        with pytest.raises(StateUnusable, match="FEDISCHED_STATE"):
            make_state_folder(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("1m", 60),
        ("12h", 43200),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172800),
        ("", None),
        ("12", None),
        ("0s", None),
        ("-1h", None),
        ("1.5h", None),
        ("30m1h", None),
        ("٣h", None),
        ("999999999d", None),
    ],
)
def test_durations_are_read_as_written_or_not_at_all(text: str, expected: float | None) -> None:
    assert seconds(text) == expected
