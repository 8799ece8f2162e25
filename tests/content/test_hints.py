"""Hints on their way: what they name, how they add up, and when they are due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fedisched.content.hints import CONFIG, EVERYTHING, POSTS, Pending, may_be_post
from fedisched.content.watch import Change


def test_names_of_posts() -> None:
    assert may_be_post("a.md")
    assert may_be_post("4913.md")
    assert not any(map(may_be_post, ("4913", "a.md~", ".a.md", "#a.md#", "#a.md", "a.MD", "a.markdown", "md")))


def test_hints_add_up() -> None:
    one, two = Change(frozenset({"posts"})), Change(frozenset({"posts/2026"}))
    assert one | two == Change(frozenset({"posts", "posts/2026"}))
    assert one | POSTS == POSTS
    assert one | CONFIG == Change(frozenset({"posts"}), config=True)
    assert POSTS | CONFIG == EVERYTHING


def test_nothing_pending_is_never_due() -> None:
    pending = Pending(quiet=0.15, patience=2.0)
    assert pending.due == float("inf")
    assert pending.take() is None


@given(st.lists(st.floats(0.0, 0.14), max_size=100))
def test_a_stream_without_a_pause_is_due_after_the_patience(pauses: list[float]) -> None:
    pending = Pending(quiet=0.15, patience=2.0)
    now = 100.0
    assert pending.add(POSTS, now)
    for pause in pauses:
        now += pause
        assert not pending.add(CONFIG, now)
    assert pending.due == min(now + 0.15, 102.0)
    assert pending.take() == (EVERYTHING if pauses else POSTS)
    assert pending.due == float("inf")
