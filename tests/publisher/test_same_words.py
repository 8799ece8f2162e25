"""Posts with the same words, when nobody knows any more which of them are out."""

from __future__ import annotations

import pytest

from fedisched.model.post import Status
from tests.stage import Stage

WORDS = "Good evening"


def _forget(stage: Stage) -> None:
    """The journal is gone, and so is what it wrote into the files."""
    for name in ("journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm"):
        (stage.state / name).unlink(missing_ok=True)


def _all_are_out_once(stage: Stage, names: tuple[str, ...]) -> bool:
    claims = [stage.entry(name).claims[0] for name in names]
    there = {status.id for status in stage.sandbox.statuses() if status.text == WORDS}
    return {stage.entry(name).status for name in names} == {Status.PUBLISHED} and {claim.ids for claim in claims} == {
        (number,) for number in there
    }


@pytest.mark.parametrize("sent", ["a.md", "b.md"])
def test_of_two_that_are_overdue_the_one_that_is_missing_is_sent(stage: Stage, sent: str) -> None:
    due = {"a.md": stage.soon(-20), "b.md": stage.soon(-10)}
    path = stage.post(sent, due[sent], body=WORDS, targets="mastodon")
    before = path.read_bytes()
    stage.publish()
    _forget(stage)
    path.write_bytes(before)
    for name in due.keys() - {sent}:
        stage.post(name, due[name], body=WORDS, targets="mastodon")
    # Where `b` was sent, the server's copy is taken for `a`, and answers to the key of `b`.
    stage.publish(wait=3.0)
    assert _all_are_out_once(stage, ("a.md", "b.md")) and len(stage.sandbox.statuses()) == 2


def test_the_key_that_a_post_takes_instead_is_the_same_after_another_loss(stage: Stage) -> None:
    due = {"a.md": stage.soon(-20), "b.md": stage.soon(-10)}
    paths = {"b.md": stage.post("b.md", due["b.md"], body=WORDS, targets="mastodon")}
    before = {"b.md": paths["b.md"].read_bytes()}
    stage.publish()
    for _ in range(2):
        _forget(stage)
        paths["a.md"] = stage.post("a.md", due["a.md"], body=WORDS, targets="mastodon")
        paths["b.md"].write_bytes(before["b.md"])
        stage.publish(wait=3.0)
        assert _all_are_out_once(stage, ("a.md", "b.md")) and len(stage.sandbox.statuses()) == 2
