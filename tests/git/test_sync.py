"""Two-way sync over real bare remotes: results travel, people's own work stays where it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fedisched.git.command import Git
from fedisched.git.sync import Synced
from fedisched.model.errors import GitBusy, GitError, Unreachable
from fedisched.model.settings import GitSettings
from tests.git.places import URL, WORDING, Clone, bare, environ, git, said


class Place:
    """A bare remote, a person's clone and the daemon's."""

    def __init__(self, folder: Path) -> None:
        self.remote = bare(folder / "remote.git")
        first = Clone.new(folder / "ann")
        first.post("b.md", "B")
        first.save("B")
        first.git("remote", "add", "origin", str(self.remote))
        first.git("push", "-q", "-u", "origin", "main")
        self.ann = Clone(first.top, remote="origin")
        self.daemon = Clone.of(self.remote, folder / "daemon")

    def on_remote(self, name: str) -> str:
        return git(self.remote, "show", f"main:posts/{name}") + "\n"

    def push(self, message: str) -> None:
        self.ann.save(message)
        self.ann.git("push", "-q")

    def agree(self) -> bool:
        return git(self.remote, "rev-parse", "main") == self.daemon.head() and self.daemon.is_clean()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_others_push_comes_in_and_results_go_out(place: Place) -> None:
    place.ann.post("new.md", "New")
    place.push("New")
    assert place.daemon.sync() == Synced(pulled=True, moved=True)
    place.daemon.publish("new.md")
    done = place.daemon.sync()
    assert done.committed and done.pulled and done.pushed and not done.waits
    assert place.agree() and said(place.on_remote("new.md"))
    place.ann.git("pull", "-q")
    assert said(place.ann.path("new.md").read_text())
    before = place.daemon.head()
    assert place.daemon.sync() == Synced(pulled=True)
    assert place.daemon.head() == before


def test_results_are_made_again_on_top_of_what_others_pushed(place: Place) -> None:
    place.daemon.publish("a.md")
    place.daemon.commit_results()
    place.ann.post("a.md", "Hello, better")
    place.ann.post("b.md", "B, better")
    place.push("Better")
    assert place.daemon.sync().pushed
    assert place.agree()
    assert place.daemon.subjects()[:2] == ["published: posts/a.md → mastodon", "Better"]
    assert "better" in place.on_remote("a.md") and said(place.on_remote("a.md"))["mastodon"].url == URL
    assert place.daemon.path("a.md").read_text() == place.on_remote("a.md")
    assert git(place.remote, "fsck", "--strict", "--no-dangling") == ""


def test_several_result_commits_become_one(place: Place) -> None:
    for name in ("a.md", "b.md"):
        place.daemon.publish(name)
        place.daemon.commit_results()
    place.ann.post("c.md", "C")
    place.push("C")
    place.daemon.sync()
    assert place.daemon.subjects()[:2] == ["published: 2 posts", "C"]


def test_a_post_that_was_renamed_meanwhile_gets_its_results_under_its_new_name(place: Place) -> None:
    place.daemon.publish("a.md")
    place.daemon.commit_results()
    place.ann.git("mv", "posts/a.md", "posts/moved.md")
    place.push("Move")
    assert place.daemon.sync().pushed
    assert said(place.on_remote("moved.md")) and not place.daemon.path("a.md").exists()


def test_a_post_that_was_deleted_meanwhile_stays_deleted(place: Place) -> None:
    place.daemon.publish("a.md")
    place.ann.path("a.md").unlink()
    place.push("Delete")
    done = place.daemon.sync()
    assert done.pulled and not done.pushed
    assert place.agree() and not place.daemon.path("a.md").exists()


def test_of_two_who_publish_the_results_come_together(place: Place, tmp_path: Path) -> None:
    other = Clone.of(place.remote, tmp_path / "other")
    other.publish("a.md", "bluesky")
    other.sync()
    place.daemon.publish("a.md", "mastodon")
    place.daemon.sync()
    assert set(said(place.on_remote("a.md"))) == {"bluesky", "mastodon"}
    other.sync()
    assert other.head() == place.daemon.head()


def test_whoever_loses_the_race_for_the_push_tries_again(place: Place, tmp_path: Path) -> None:
    place.daemon.publish("a.md")
    # Between fetch and push somebody else pushes: a hook of the remote's does, once.
    other = Clone.of(place.remote, tmp_path / "other")
    other.post("c.md", "C")
    other.save("C")
    other.git("push", "-q", "origin", "HEAD:refs/heads/waiting")
    hook = place.remote / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\n[ -e raced ] && exit 0\ntouch raced\nunset GIT_QUARANTINE_PATH\n"
        "git update-ref refs/heads/main refs/heads/waiting\n"
    )
    hook.chmod(0o755)
    assert place.daemon.sync().pushed
    assert place.agree() and said(place.on_remote("a.md"))
    assert place.daemon.subjects()[:2] == ["published: posts/a.md → mastodon", "C"]


def test_many_push_at_once_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    clones = [place.daemon, *(Clone.of(place.remote, tmp_path / f"clone{n}") for n in range(2))]
    for number, clone in enumerate(clones):
        clone.publish("a.md", f"target{number}")

    def work(clone: Clone) -> None:
        while True:
            try:
                if clone.sync().pushed:
                    return
            except GitBusy:
                continue

    threads = [Thread(target=work, args=(clone,)) for clone in clones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(said(place.on_remote("a.md"))) == {"target0", "target1", "target2"}
    assert git(place.remote, "fsck", "--strict", "--no-dangling") == ""


def test_unfinished_edits_elsewhere_stay_and_hold_nothing_up(place: Place) -> None:
    place.daemon.post("b.md", "B, unfinished")
    (place.daemon.top / "notes.txt").write_text("staged")
    place.daemon.git("add", "notes.txt")
    before = place.daemon.git("status", "--porcelain")
    place.ann.post("a.md", "Hello, better")
    place.push("Better")
    assert place.daemon.sync() == Synced(pulled=True, moved=True)
    assert place.daemon.git("status", "--porcelain") == before
    assert "better" in place.daemon.path("a.md").read_text()


@pytest.mark.parametrize("staged", [False, True])
def test_an_unfinished_edit_in_the_way_is_waited_for_but_results_travel(place: Place, staged: bool) -> None:
    place.daemon.post("b.md", "B, unfinished")
    if staged:
        place.daemon.git("add", "-A")
    place.daemon.publish("a.md")
    place.ann.post("b.md", "B, better")
    place.push("Better")
    before = place.daemon.git("status", "--porcelain")
    done = place.daemon.sync()
    assert done.pushed and not done.pulled
    assert "posts/b.md" in done.waits and "git stash" in done.waits
    assert said(place.on_remote("a.md"))
    assert "unfinished" in place.daemon.path("b.md").read_text()
    assert place.daemon.git("status", "--porcelain") == before.replace(" M posts/a.md\n", "")
    place.daemon.git("checkout", "-q", "HEAD", "--", "posts/b.md")
    assert place.daemon.sync() == Synced(pulled=True, moved=True)
    assert place.agree()


def test_an_untracked_file_in_the_way_is_not_overwritten(place: Place) -> None:
    (place.daemon.top / ".git" / "info" / "exclude").write_text("ignored.md\n")
    for name in ("c.md", "ignored.md"):
        place.daemon.post(name, "Mine")
        place.ann.post(name, "Theirs")
    place.push("Theirs")
    done = place.daemon.sync()
    assert not done.pulled and "posts/c.md" in done.waits
    assert "Mine" in place.daemon.path("c.md").read_text() and "Mine" in place.daemon.path("ignored.md").read_text()


def test_what_is_there_already_as_it_is_to_be_is_in_nobodys_way(place: Place) -> None:
    for name in ("b.md", "c.md"):
        place.ann.post(name, "The same")
        place.daemon.post(name, "The same")
    place.push("Same")
    assert place.daemon.sync() == Synced(pulled=True, moved=True)
    assert place.agree()


def test_a_persons_own_commits_are_not_moved_nor_pushed(place: Place) -> None:
    place.daemon.post("c.md", "C")
    mine = place.daemon.save("Mine")
    assert place.daemon.sync() == Synced(pulled=True)
    place.daemon.publish("a.md")
    done = place.daemon.sync()
    assert done.committed and not done.pushed and "Type `git push`" in done.waits
    place.ann.post("d.md", "D")
    place.push("D")
    done = place.daemon.sync()
    assert not done.pulled and "Type `git pull --no-rebase`" in done.waits
    assert place.daemon.git("rev-parse", "HEAD~") == mine
    place.daemon.git("pull", "-q", "--no-rebase", "--no-edit")
    place.daemon.git("push", "-q")
    assert place.daemon.sync() == Synced(pulled=True)
    assert said(place.on_remote("a.md"))


def test_a_result_commit_that_somebody_amended_is_theirs(place: Place) -> None:
    place.daemon.publish("a.md")
    place.daemon.commit_results()
    (place.daemon.top / "mine.txt").write_text("mine")
    place.daemon.git("add", "-A")
    place.daemon.git("commit", "-q", "--amend", "--no-edit")
    place.ann.post("b.md", "B, better")
    place.push("Better")
    assert "a commit of yours" in place.daemon.sync().waits
    assert (place.daemon.top / "mine.txt").exists()


def test_history_that_was_rewritten_on_the_remote_is_followed(place: Place) -> None:
    place.ann.post("a.md", "Hello, wrong")
    place.push("Wrong")
    place.daemon.sync()
    place.daemon.publish("b.md")
    place.daemon.commit_results()
    place.ann.post("a.md", "Hello, right")
    place.ann.git("add", "-A")
    place.ann.git("commit", "-q", "--amend", "-m", "Right")
    place.ann.git("push", "-q", "--force")
    assert place.daemon.sync().pushed
    assert place.agree() and place.daemon.subjects()[:2] == ["published: posts/b.md → mastodon", "Right"]


def test_what_was_taken_off_the_remote_is_not_pushed_back(place: Place) -> None:
    place.ann.post("secret.md", "Secret")
    place.push("Secret")
    place.daemon.sync()
    place.daemon.publish("a.md")
    place.daemon.commit_results()
    place.ann.git("reset", "-q", "--hard", "HEAD~")
    place.ann.git("push", "-q", "--force")
    assert place.daemon.sync().pushed
    assert place.agree() and not place.daemon.path("secret.md").exists() and said(place.on_remote("a.md"))


def test_an_unreachable_remote_costs_nothing_but_the_push(place: Place) -> None:
    away = place.remote.with_name("away.git")
    place.remote.rename(away)
    place.daemon.publish("a.md")
    with pytest.raises(Unreachable):
        place.daemon.sync()
    assert place.daemon.is_clean() and said(place.daemon.in_head("a.md"))
    away.rename(place.remote)
    assert place.daemon.sync().pushed


def test_a_remote_that_takes_nothing_from_us_is_followed_all_the_same(place: Place) -> None:
    place.ann.post("c.md", "C")
    place.push("C")
    hook = place.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'not you'\nexit 1\n")
    hook.chmod(0o755)
    place.daemon.publish("a.md")
    done = place.daemon.sync()
    assert done.pulled and not done.pushed and "not you" in done.waits
    assert place.daemon.path("c.md").exists() and said(place.daemon.in_head("a.md"))
    hook.unlink()
    assert place.daemon.sync().pushed
    assert place.agree()


def test_the_work_tree_is_left_alone_until_it_is_time(place: Place) -> None:
    place.ann.post("c.md", "C")
    place.push("C")
    before = place.daemon.head()
    assert place.daemon.sync(ready=lambda: False) == Synced(postponed=True)
    assert place.daemon.head() == before and not place.daemon.path("c.md").exists()


def test_a_shallow_clone_of_one_branch_syncs(place: Place, tmp_path: Path) -> None:
    shallow = Clone.of(place.remote, tmp_path / "shallow", "--depth=1", "--no-local", "--single-branch")
    assert shallow.git("rev-parse", "--is-shallow-repository") == "true"
    shallow.publish("a.md")
    place.ann.post("c.md", "C")
    place.push("C")
    assert shallow.sync().pushed
    assert said(place.on_remote("a.md")) and shallow.subjects()[:2] == ["published: posts/a.md → mastodon", "C"]
    assert git(place.remote, "fsck", "--strict", "--no-dangling") == ""


def test_a_submodule_syncs_with_its_own_remote(place: Place, tmp_path: Path) -> None:
    outer = Clone.new(tmp_path / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(place.remote), "social")
    inner = Clone(outer.top / "social", remote="origin")
    inner.publish("a.md")
    place.ann.post("c.md", "C")
    place.push("C")
    assert inner.sync().pushed and inner.path("c.md").exists()


def test_two_content_folders_in_one_repository_do_not_take_each_other_for_people(place: Place) -> None:
    other = Clone(place.daemon.top, "other", remote="origin")
    Clone(place.ann.top, "other").post("x.md", "X")
    place.push("X")
    place.daemon.sync()
    other.publish("x.md")
    other.commit_results()
    place.ann.post("b.md", "B, better")
    place.push("Better")
    place.daemon.publish("a.md")
    assert place.daemon.sync().pushed
    assert place.agree() and said(place.on_remote("a.md")) and said(other.in_head("x.md"))


def test_a_branch_that_follows_one_of_another_name(place: Place) -> None:
    place.daemon.git("switch", "-q", "-c", "work/here", "--track", "origin/main")
    place.daemon.publish("a.md")
    assert place.daemon.sync().pushed
    assert said(place.on_remote("a.md"))


def test_without_commits_the_remote_is_followed_and_nothing_pushed(place: Place) -> None:
    clone = Clone(place.daemon.top, settings=GitSettings(commit=False, remote="origin"))
    clone.publish("a.md")
    place.ann.post("c.md", "C")
    place.push("C")
    assert clone.sync() == Synced(pulled=True, moved=True)
    assert clone.path("c.md").exists() and said(clone.path("a.md").read_text()) and not said(place.on_remote("a.md"))


def test_a_remote_that_is_not_there_is_said(tmp_path: Path) -> None:
    clone = Clone(Clone.new(tmp_path / "clone").top, remote="origin")
    with pytest.raises(GitError, match=r"git remote add origin"):
        clone.sync()
    clone.git("remote", "add", "origin", str(bare(tmp_path / "empty.git")))
    assert "git push -u origin main" in clone.sync().waits


class PowerCut(Exception):
    """Nothing that is caught on the way."""


class Mortal(Git):
    """git that does so many things that change anything, and then no more."""

    CHANGES = ("fetch", "push", "update-index", "update-ref", "read-tree", "commit-tree")

    def __init__(self, folder: Path, lives: int) -> None:
        super().__init__(folder, environ())
        self.lives = lives

    def run(self, *words: str, **more: Any) -> tuple[int, bytes, str]:
        done = super().run(*words, **more)
        if words[0] in self.CHANGES:
            self.lives -= 1
            if self.lives == 0:
                raise PowerCut
        return done


def test_after_a_power_cut_at_any_point_the_next_sync_brings_everything_together(tmp_path: Path) -> None:
    template = Place(tmp_path / "template")
    template.daemon.publish("a.md")
    template.daemon.commit_results()
    template.ann.post("b.md", "B, better")
    template.push("Better")
    lives, cut = 0, True
    while cut:
        lives += 1
        here = tmp_path / str(lives)
        shutil.copytree(tmp_path / "template", here)
        daemon = Clone(here / "daemon", remote="origin")
        daemon.git("remote", "set-url", "origin", str(here / "remote.git"))
        daemon.post("c.md", "Mine, unfinished")
        daemon.publish("b.md")
        repository = daemon.repository()
        repository.git = Mortal(daemon.top, lives)
        cut = False
        try:
            repository.sync(WORDING)
        except PowerCut:
            cut = True
            daemon.sync()
        remote = here / "remote.git"
        assert daemon.is_clean() and git(remote, "rev-parse", "main") == daemon.head(), lives
        for name, words in (("a.md", "Hello"), ("b.md", "B, better")):
            text = git(remote, "show", f"main:posts/{name}") + "\n"
            assert said(text) and words in text and daemon.path(name).read_text() == text, lives
        assert "unfinished" in daemon.path("c.md").read_text()
    assert lives > 10


def test_a_merge_in_progress_is_waited_for(place: Place) -> None:
    (place.daemon.top / ".git" / "MERGE_HEAD").write_text(place.daemon.head())
    with pytest.raises(GitBusy, match="a merge"):
        place.daemon.sync()


def test_ten_thousand_posts_take_no_longer_than_a_moment(tmp_path: Path) -> None:
    remote = bare(tmp_path / "remote.git")
    text = "---\ntime: 2026-12-01 09:00\nstatus: scheduled\n---\nPost {}\n"
    stream = ["commit refs/heads/main\ncommitter Ann <a@example.org> 1700000000 +0000\ndata 5\nMany\n"]
    for number in range(10_000):
        post = text.format(number)
        stream.append(f"M 100644 inline posts/{number // 100:03}/{number}.md\ndata {len(post)}\n{post}")
    git(remote, "fast-import", "--quiet", data="\n".join(stream) + "\n")
    clone = Clone.of(remote, tmp_path / "clone")
    clone.publish("050/5000.md")
    done = clone.sync()
    assert done.pushed and done.committed and len(done.committed.changes) == 1
    assert said(git(remote, "show", "main:posts/050/5000.md") + "\n")
