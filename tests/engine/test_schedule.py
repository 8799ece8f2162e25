from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fedisched.engine.schedule import Schedule

names = st.sampled_from([f"posts/{number}.md" for number in range(12)])
moments = st.integers(min_value=-5, max_value=30)


class AgainstADictionary(RuleBasedStateMachine):
    """Whatever is done to a schedule, it answers as a dictionary that is sorted each time."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule()
        self.plain: dict[str, int] = {}

    @rule(name=names, moment=moments)
    def set(self, name: str, moment: int) -> None:
        self.schedule.set(name, moment)
        self.plain[name] = moment

    @rule(name=names)
    def take_out(self, name: str) -> None:
        self.schedule.set(name, None)
        self.plain.pop(name, None)

    @rule(name=names, first=moments, times=st.integers(min_value=1, max_value=60))
    def change_often(self, name: str, first: int, times: int) -> None:
        for moment in range(first, first + times):
            self.schedule.set(name, moment)
        self.plain[name] = first + times - 1

    @rule(now=moments)
    def ask_what_is_due(self, now: int) -> None:
        due = sorted((moment, name) for name, moment in self.plain.items() if moment <= now)
        assert list(self.schedule.due(now)) == [name for _, name in due]

    @invariant()
    def the_next_moment_is_the_least(self) -> None:
        assert self.schedule.next() == min(self.plain.values(), default=None)

    @invariant()
    def the_same_names_are_in_it(self) -> None:
        assert len(self.schedule) == len(self.plain)
        assert all(name in self.schedule for name in self.plain)
        assert "posts/never.md" not in self.schedule

    @invariant()
    def left_overs_are_swept_out(self) -> None:
        assert len(self.schedule._heap) <= 2 * len(self.plain) + 16


TestAgainstADictionary = AgainstADictionary.TestCase
TestAgainstADictionary.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_what_is_due_stays_until_it_is_set_again() -> None:
    schedule = Schedule()
    schedule.set("a", 1)
    assert list(schedule.due(1)) == list(schedule.due(1)) == ["a"]
    schedule.set("a", 9)
    assert (list(schedule.due(1)), schedule.next()) == ([], 9)


def test_a_change_while_what_is_due_is_gone_through_is_no_trouble() -> None:
    schedule = Schedule()
    for name in "abc":
        schedule.set(name, 1)
    for name in schedule.due(1):
        schedule.set(name, None)
    assert (len(schedule), schedule.next()) == (0, None)
