"""Claims over real bare remotes: exactly one publisher wins, and what is over is found out by everybody."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.git.claims import CLAIMS, FORGOTTEN_AFTER, SEEN, SKEW, claim, claim_name, give_back, release
from fedisched.model.claims import Claimed, Granted, NotGranted, Taken, Wanted
from fedisched.model.errors import GitError, Unreachable
from tests.git.places import WORDING, Clone, bare, git
from tests.git.test_sync import Place

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
ACCOUNT = "did:plc:abc"
KEY = "3kaaaaaaaaaaa"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def wanted(path: str = "posts/a.md", **more: object) -> Wanted:
    known = Wanted(ACCOUNT, path, "bluesky", KEY, "digest of " + path, NOW + 60 * SECOND)
    return replace(known, **more)  # type: ignore[arg-type]


def ask(clone: Clone, who: str, *of: Wanted, now: int = NOW) -> tuple[Claimed, ...]:
    return claim(clone.repository(), who, of or (wanted(),), now).answers


def test_one_is_granted_and_the_other_is_told_until_when(place: Place) -> None:
    until = NOW + 60 * SECOND
    assert ask(place.ann, "ann") == (Granted(until, KEY),)
    assert ask(place.daemon, "daemon") == (Taken(until, until + SKEW),)
    assert ask(place.daemon, "daemon", now=until + SKEW - 1) == (Taken(until, until + SKEW),)
    # Its holder may have it for longer.
    later = wanted(until=until + 5)
    assert ask(place.ann, "ann", later) == (Granted(until + 5, KEY),)


def test_of_eight_at_once_exactly_one_wins(place: Place, tmp_path: Path) -> None:
    clones = [Clone.of(place.remote, tmp_path / f"clone{n}", "--depth=1", "--no-local") for n in range(8)]
    posts = (wanted(), wanted("posts/b.md"), wanted("posts/ä.md"))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: ask(clones[n], f"holder {n}", *posts), range(8)))
    for answers in zip(*found, strict=True):
        assert sorted(type(answer).__name__ for answer in answers) == ["Granted"] + ["Taken"] * 7
    git(place.remote, "fsck", "--strict")
    assert git(place.remote, "for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"


def test_a_dead_holders_claim_is_taken_over_after_its_end_with_its_key(place: Place) -> None:
    until = NOW + 60 * SECOND
    ask(place.ann, "ann")
    free_at = until + SKEW
    # Its time was edited meanwhile, so it would have another key.
    again = wanted(key="3kbbbbbbbbbbb", until=free_at + 60 * SECOND)
    assert ask(place.daemon, "daemon", again, now=free_at) == (Granted(again.until, KEY, free_at),)
    # What an earlier holder may have done is known as long as the claim goes on.
    renewed = replace(again, until=again.until + 1)
    assert ask(place.daemon, "daemon", renewed, now=free_at) == (Granted(again.until + 1, KEY, free_at),)
    assert ask(place.ann, "ann", now=free_at) == (Taken(again.until + 1, again.until + 1 + SKEW),)


def test_a_renamed_posts_claim_is_found(place: Place) -> None:
    until = NOW + 60 * SECOND
    ask(place.daemon, "daemon")
    place.ann.git("mv", "posts/a.md", "posts/new.md")
    place.push("Rename it")
    renamed = wanted("posts/new.md", key="3kbbbbbbbbbbb", digest=wanted().digest)
    assert ask(place.ann, "ann", renamed) == (Taken(until, until + SKEW),)
    late = replace(renamed, until=until + SKEW + 9)
    assert ask(place.ann, "ann", late, now=until + SKEW) == (Granted(late.until, KEY, until + SKEW),)
    # Another post of the same bytes is another post as long as the first is there.
    copy = wanted("posts/copy.md", digest="digest of posts/b.md", until=until + SKEW + 9)
    ask(place.daemon, "daemon", wanted("posts/b.md"))
    assert ask(place.ann, "ann", copy) == (Granted(copy.until, KEY),)


def test_claims_are_cleared_away_when_the_branch_says_what_came_of_it(place: Place) -> None:
    both = (wanted(), wanted("posts/b.md"))
    ask(place.daemon, "daemon", *both)
    place.daemon.publish("a.md", "bluesky")
    assert release(place.daemon.repository(), WORDING, NOW) == 0
    place.daemon.sync()
    assert release(place.daemon.repository(), WORDING, NOW) == 1
    left = git(place.remote, "for-each-ref", "--format=%(refname)", CLAIMS).splitlines()
    assert left == [f"{CLAIMS}/{claim_name(place.ann.repository(), both[1])}"]
    assert release(place.daemon.repository(), WORDING, NOW + FORGOTTEN_AFTER + 61 * SECOND) == 1
    assert not git(place.remote, "for-each-ref", CLAIMS)


def test_a_claim_that_is_another_by_now_is_not_cleared_away(place: Place) -> None:
    ask(place.daemon, "daemon")
    ask(place.ann, "ann")
    place.ann.publish("a.md", "bluesky")
    place.ann.sync()
    ask(place.daemon, "daemon", wanted(until=NOW + 61 * SECOND))
    assert release(place.ann.repository(), WORDING, NOW) == 0
    assert git(place.remote, "for-each-ref", CLAIMS)
    # And it is not asked for again and again.
    assert not git(place.ann.top, "for-each-ref", SEEN)


def test_what_was_not_sent_is_given_back_and_nobody_elses(place: Place) -> None:
    ask(place.daemon, "daemon")
    ask(place.ann, "ann")
    assert give_back(place.ann.repository(), "ann", [wanted()]) == 0
    assert give_back(place.daemon.repository(), "daemon", [wanted()]) == 1
    assert ask(place.ann, "ann") == (Granted(NOW + 60 * SECOND, KEY),)


def test_a_claim_that_nobody_can_read_is_not_taken(place: Place) -> None:
    name = claim_name(place.ann.repository(), wanted())
    tree = place.ann.git("mktree", data="")
    for text in ("{}", "not a claim", '{"until": "soon"}', ""):
        when = f"{NOW // SECOND} +0000"
        made = place.ann.git("commit-tree", tree, "-m", text, GIT_COMMITTER_DATE=when)
        place.ann.git("push", "-q", "-f", "origin", f"{made}:{CLAIMS}/{name}")
        assert ask(place.daemon, "daemon") == (Taken(NOW + 3600 * SECOND, NOW + 3600 * SECOND + SKEW),)


def test_branches_stay_as_they_are(place: Place) -> None:
    place.daemon.git("switch", "-q", "-c", "seen/a")
    place.daemon.git("push", "-q", "-u", "origin", "seen/a")
    before = place.daemon.git("for-each-ref", "refs/heads", "refs/remotes")
    assert ask(place.daemon, "daemon") == (Granted(NOW + 60 * SECOND, KEY),)
    assert place.daemon.git("for-each-ref", "refs/heads", "refs/remotes") == before
    assert place.daemon.is_clean()


def away(place: Place) -> None:
    place.remote.rename(place.remote.with_name("away.git"))


def detached(place: Place) -> None:
    place.daemon.git("switch", "-q", "--detach")


@pytest.mark.parametrize(
    ("broken", "error", "words"), [(away, Unreachable, "could not be asked"), (detached, GitError, "git switch")]
)
def test_nobody_can_tell_whose_it_is(
    place: Place, broken: Callable[[Place], None], error: type[GitError], words: str
) -> None:
    broken(place)
    with pytest.raises(error, match=words):
        ask(place.daemon, "daemon")


def test_a_remote_that_takes_no_claims_says_why(place: Place) -> None:
    hook = place.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no such refs here'\nexit 1\n")
    hook.chmod(0o755)
    (answer,) = ask(place.daemon, "daemon")
    assert isinstance(answer, NotGranted) and "no such refs here" in answer.reason


def test_a_remote_without_the_branch_takes_claims_too(place: Place, tmp_path: Path) -> None:
    empty = bare(tmp_path / "empty.git")
    place.daemon.git("remote", "set-url", "origin", str(empty))
    found = claim(place.daemon.repository(), "daemon", [wanted()], NOW)
    assert (found.answers, found.upstream) == ((Granted(NOW + 60 * SECOND, KEY),), "")
