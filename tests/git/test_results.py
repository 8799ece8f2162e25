"""Results as commits, with real git: only ours, whatever else is going on in the repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fedisched.git import open_repository
from fedisched.git.message import is_ours
from fedisched.model.errors import GitBusy, GitError
from fedisched.model.settings import GitSettings, Settings
from tests.git.places import Clone, environ, said


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone.new(tmp_path / "clone")


def test_results_become_a_commit_of_that_file_alone(clone: Clone) -> None:
    before = clone.head()
    clone.publish("a.md", "mastodon", "bluesky")
    done = clone.commit_results()
    assert done is not None and done.id == clone.head()
    assert clone.git("rev-parse", "HEAD~") == before
    assert clone.subjects()[0] == "published: posts/a.md → mastodon, bluesky"
    assert is_ours(clone.git("log", "-1", "--format=%B"))
    assert clone.in_head("a.md") == clone.path("a.md").read_text()
    assert clone.is_clean()
    assert clone.git("log", "-1", "--format=%an <%ae>") == "fedisched <fedisched@localhost>"
    assert clone.git("fsck", "--strict") == ""


def test_there_is_nothing_to_commit_twice(clone: Clone) -> None:
    assert clone.commit_results() is None
    clone.publish("a.md")
    assert clone.commit_results() is not None
    head = clone.head()
    assert clone.commit_results() is None
    assert clone.head() == head


def test_several_results_are_one_commit_with_a_list(clone: Clone) -> None:
    for name in ("b.md", "c.md"):
        clone.post(name, "More")
    clone.save("More")
    for name in ("a.md", "b.md", "c.md"):
        clone.publish(name)
    clone.commit_results()
    subject, _, body = clone.git("log", "-1", "--format=%B").partition("\n")
    assert subject == "published: 3 posts"
    assert "- published: posts/b.md → mastodon" in body and is_ours(body)
    assert clone.subjects() == [subject, "More", "Begin"]


def test_an_unfinished_edit_in_the_same_file_stays_unfinished(clone: Clone) -> None:
    path = clone.post("a.md", "Hello, unfinished")
    clone.publish("a.md")
    written = path.read_text()
    clone.commit_results()
    assert path.read_text() == written
    assert said(clone.in_head("a.md")) and "unfinished" not in clone.in_head("a.md")
    assert clone.git("diff", "--name-only", "--cached") == ""
    diff = clone.git("diff", "-U0").splitlines()[4:]
    assert [line for line in diff if line[0] in "+-"] == ["-Hello", "+Hello, unfinished"]


def test_a_staged_edit_in_the_same_file_stays_staged_and_does_not_take_the_results_back(clone: Clone) -> None:
    path = clone.post("a.md", "Hello, staged")
    clone.git("add", "-A")
    path.write_text(path.read_text() + "and more\n")
    clone.publish("a.md")
    clone.commit_results()
    staged = [line for line in clone.git("diff", "--cached", "-U0").splitlines()[4:] if line[0] in "+-"]
    assert staged == ["-Hello", "+Hello, staged"]
    unstaged = [line for line in clone.git("diff", "-U0").splitlines()[4:] if line[0] in "+-"]
    assert unstaged == ["+and more"]
    clone.git("commit", "-q", "-m", "Mine")
    assert said(clone.in_head("a.md")) and "staged" in clone.in_head("a.md")


def test_other_files_staged_or_not_are_left_alone(clone: Clone) -> None:
    clone.post("b.md", "B")
    clone.save("B")
    clone.post("b.md", "B, edited")
    (clone.top / "notes.txt").write_text("staged")
    clone.git("add", "notes.txt")
    before = clone.git("status", "--porcelain")
    clone.publish("a.md")
    clone.commit_results()
    assert clone.git("status", "--porcelain") == before
    assert clone.git("show", "--format=", "--name-only", "HEAD") == "posts/a.md"


def test_what_people_write_is_theirs(clone: Clone) -> None:
    clone.post("a.md", "Hello", "time: 2026-12-02 09:00\nstatus: draft")
    assert clone.commit_results() is None
    clone.post("a.md", "Hello", "time: 2026-12-02 09:00\nstatus: published")
    assert clone.commit_results() is None


def test_results_taken_out_by_hand_are_not_committed_either(clone: Clone) -> None:
    clone.publish("a.md")
    clone.commit_results()
    clone.post("a.md", "Again")
    assert clone.commit_results() is None


def test_a_post_that_was_never_committed_or_is_ignored_stays_so(clone: Clone) -> None:
    (clone.top / ".gitignore").write_text("posts/private.md\n")
    clone.save("Ignore")
    for name in ("private.md", "untracked.md", "staged.md"):
        clone.post(name, "New")
    clone.git("add", "posts/staged.md")
    before = clone.git("status", "--porcelain", "--ignored")
    for name in ("private.md", "untracked.md", "staged.md"):
        clone.publish(name)
    assert clone.commit_results() is None
    assert clone.git("status", "--porcelain", "--ignored").replace("AM", "A ") == before


def test_a_renamed_post_waits_for_the_person_to_commit_the_rename(clone: Clone) -> None:
    clone.git("mv", "posts/a.md", "posts/b.md")
    clone.publish("b.md")
    assert clone.commit_results() is None
    clone.save("Rename")
    assert said(clone.in_head("b.md"))


def test_line_endings_of_the_work_tree_are_not_committed(clone: Clone) -> None:
    clone.git("config", "core.autocrlf", "true")
    path = clone.path("a.md")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    clone.publish("a.md")
    clone.commit_results()
    assert "\r" not in clone.in_head("a.md") and b"\r\nresults:\r\n" in path.read_bytes()
    assert clone.is_clean()


def test_each_try_of_many_is_no_commit(clone: Clone) -> None:
    for attempts in (1, 2):
        clone.post(
            "a.md",
            "Hello",
            f"""
            time: 2026-12-01 09:00
            status: publishing
            results:
              mastodon:
                key: 3kabc
                error: "time-out"
                attempts: "{attempts}"
            """.replace("            ", ""),
        )
        assert (clone.commit_results() is not None) == (attempts == 1)
    assert clone.subjects()[0] == "publishing: posts/a.md → mastodon"


def test_the_content_folder_may_be_a_part_of_a_larger_repository(tmp_path: Path) -> None:
    clone = Clone.new(tmp_path / "clone", "site/social")
    (clone.top / "posts").mkdir()
    clone.publish("a.md")
    assert clone.commit_results() is not None
    assert clone.subjects()[0] == "published: posts/a.md → mastodon"
    assert clone.git("show", "--format=", "--name-only", "HEAD") == "site/social/posts/a.md"


def test_a_work_tree_and_a_submodule_are_repositories_like_others(tmp_path: Path, clone: Clone) -> None:
    clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    outer = Clone.new(tmp_path / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(clone.top), "social")
    outer.git("-C", "social", "checkout", "-q", "main")
    for place in (Clone(tmp_path / "side"), Clone(tmp_path / "outer" / "social")):
        place.publish("a.md")
        done = place.commit_results()
        assert done is not None and done.id == place.head() and place.is_clean()
    assert clone.subjects("main") == ["Begin"]


def test_signing_and_hooks_of_the_user_are_not_asked(clone: Clone) -> None:
    clone.git("config", "commit.gpgSign", "true")
    clone.git("config", "gpg.program", "/bin/false")
    hooks = clone.top / ".git" / "hooks"
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "reference-transaction", "post-index-change"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    clone.publish("a.md")
    assert clone.commit_results() is not None


def test_the_author_is_who_git_or_the_config_says(clone: Clone) -> None:
    clone.git("config", "user.name", "Bo")
    clone.git("config", "user.email", "bo@example.org")
    clone.publish("a.md")
    clone.commit_results()
    assert clone.git("log", "-1", "--format=%an <%ae> %cn") == "Bo <bo@example.org> Bo"
    clone = Clone(clone.top, settings=GitSettings(author="Robot <robot@example.org>"))
    clone.publish("a.md", "bluesky")
    clone.commit_results()
    assert clone.git("log", "-1", "--format=%an <%ae> %cn") == "Robot <robot@example.org> Robot"


def _merge(clone: Clone) -> None:
    (clone.top / ".git" / "MERGE_HEAD").write_text(clone.head())


def _real_conflict(clone: Clone) -> None:
    notes = clone.top / "notes.txt"
    clone.git("switch", "-q", "-c", "other")
    notes.write_text("Theirs")
    clone.save("Theirs")
    clone.git("switch", "-q", "main")
    notes.write_text("Mine")
    clone.save("Mine")
    with pytest.raises(AssertionError, match="CONFLICT"):
        clone.git("merge", "other")


def _rebase(clone: Clone) -> None:
    (clone.top / ".git" / "rebase-merge").mkdir()


def _bisect(clone: Clone) -> None:
    clone.git("bisect", "start")


def _cherry_pick(clone: Clone) -> None:
    (clone.top / ".git" / "CHERRY_PICK_HEAD").write_text(clone.head())


def _detached(clone: Clone) -> None:
    clone.git("switch", "-q", "--detach")


def _index_lock(clone: Clone) -> None:
    (clone.top / ".git" / "index.lock").touch()


def _branch_lock(clone: Clone) -> None:
    (clone.top / ".git" / "refs" / "heads" / "main.lock").touch()


def _message_open(clone: Clone) -> None:
    log = clone.top / ".git" / "logs" / "HEAD"
    (clone.top / ".git" / "COMMIT_EDITMSG").write_text("Unfinished")
    os.utime(log, (log.stat().st_mtime - 5,) * 2)


@pytest.mark.parametrize(
    "obstacle",
    [_merge, _real_conflict, _rebase, _bisect, _cherry_pick, _detached, _index_lock, _branch_lock, _message_open],
)
def test_what_is_under_way_is_waited_for(clone: Clone, obstacle: Callable[[Clone], None]) -> None:
    obstacle(clone)
    # As long as there is nothing to say, nothing is said.
    assert clone.commit_results() is None
    clone.publish("a.md")
    before = clone.head()
    with pytest.raises(GitBusy) as told:
        clone.commit_results()
    assert told.value.hint
    assert clone.head() == before
    assert not list((clone.top / ".git").glob("index.lock")) or obstacle is _index_lock


def test_after_a_cut_between_index_and_branch_the_next_round_ends_it(clone: Clone) -> None:
    clone.publish("a.md")
    clone.git("add", "posts/a.md")
    assert clone.commit_results() is not None
    assert clone.is_clean()


def test_without_a_repository_or_a_commit_nothing_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    (folder / "posts").mkdir(parents=True)
    assert open_repository(Settings(folder, folder / "fedisched.toml"), environ(PATH="/nowhere")) is None
    clone = Clone(folder)
    clone.git("init", "-q")
    clone.post("a.md", "Hello")
    clone.publish("a.md")
    assert clone.commit_results() is None


def test_without_git_the_error_says_what_to_install(clone: Clone) -> None:
    with pytest.raises(GitError, match="git is not installed"):
        open_repository(clone.settings, environ(PATH="/nowhere"))


def test_a_hooks_environment_leads_to_no_other_repository(tmp_path: Path, clone: Clone) -> None:
    other = Clone.new(tmp_path / "other")
    clone.publish("a.md")
    made = clone.commit_results(GIT_DIR=str(other.top / ".git"), GIT_INDEX_FILE="x", GIT_WORK_TREE=str(other.top))
    assert made is not None and made.id == clone.head()
    assert other.subjects() == ["Begin"]


def test_symbolic_links_among_the_posts_are_not_followed(clone: Clone) -> None:
    elsewhere = clone.top / "elsewhere.md"
    elsewhere.write_text(clone.path("a.md").read_text())
    clone.path("link.md").symlink_to(elsewhere)
    clone.save("Link")
    clone.path("link.md").unlink()
    clone.path("link.md").symlink_to(clone.path("a.md"))
    assert clone.commit_results() is None
