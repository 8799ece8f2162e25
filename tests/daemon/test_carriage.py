"""When the daemon goes to git: soon after results, at its interval, never in the seconds before something is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Condition

from fedisched.clock import SECOND
from fedisched.daemon.carriage import Carriage
from fedisched.daemon.events import Event, Said
from fedisched.model.settings import GitSettings, Settings
from fedisched.publisher.carrier import LONGEST, Again, Carried, Carrier

START = 1_800_000_000 * SECOND


class QuickClock:
    """A clock that is there as soon as somebody waits; what happens at a second is called then."""

    def __init__(self, until: int, happens: dict[int, Callable[[], None]]) -> None:
        self.moment, self._until, self._happens = START, until, dict(sorted(happens.items()))
        self.end: Callable[[], None] = lambda: None

    def now(self) -> int:
        return self.moment

    @property
    def second(self) -> int:
        return (self.moment - START) // SECOND

    def wait(self, condition: Condition, until: int | None) -> None:
        self.moment = min(self.moment + SECOND, self.moment + SECOND if until is None else until)
        for second in [second for second in self._happens if second <= self.second]:
            self._happens.pop(second)()
        if self.second >= self._until:
            self.end()


class Recorder(Carrier):
    """A carrier that only writes down when it was asked for what."""

    def __init__(self, clock: QuickClock, answers: Sequence[Carried] = (), remote: str = "origin") -> None:
        super().__init__(Settings(Path("/x"), Path("/x"), git=GitSettings(remote=remote)), Path("/x"), {})
        self._clock, self._answers = clock, list(answers)
        self.asked: list[tuple[int, str]] = []
        self.meanwhile: list[Callable[[], None]] = []

    def commit(self) -> Carried:
        return self._note("commit")

    def sync(self, ready: Callable[[], bool] = lambda: True, limit: float = LONGEST) -> Carried:
        return self._note("sync" if ready() else "sync, not ready")

    def deliver(self, ready: Callable[[], bool] = lambda: True, limit: float = LONGEST) -> Carried:
        return self._note("deliver")

    def _note(self, what: str) -> Carried:
        self.asked.append((self._clock.second, what))
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if not self.has_remote:
            # Nothing is left that would wake it.
            self._clock.end()
        return self._answers.pop(0) if self._answers else Carried()


class Evening:
    """A carriage that works through some minutes at once."""

    def __init__(self, until: int, answers: Sequence[Carried] = (), remote: str = "origin") -> None:
        self._happens: dict[int, Callable[[], None]] = {}
        self._until, self._answers, self._remote = until, answers, remote
        self.told: list[Event] = []
        self.pulled: list[int] = []
        self.answered: list[str] = []
        self.meanwhile: list[Callable[[Carriage], None]] = []
        """What happens while the carrier is at its first work, its second, …"""

    def at(self, second: int, what: Callable[[Carriage], None]) -> Evening:
        self._happens[second] = lambda: what(self.carriage)
        return self

    def asked(self) -> list[tuple[int, str]]:
        clock = QuickClock(self._until, self._happens)
        carrier = Recorder(clock, self._answers, self._remote)
        self.carriage = Carriage(
            carrier, clock, 60, self.told.append, lambda: self.pulled.append(clock.second), self.answered.append
        )
        clock.end = self.carriage.retire
        carrier.meanwhile = [partial(what, self.carriage) for what in self.meanwhile]
        if 0 in self._happens:
            self._happens[0]()
        self.carriage._work()
        return carrier.asked


def due(second: int) -> Callable[[Carriage], None]:
    return lambda carriage: carriage.due(START + second * SECOND)


def changed(carriage: Carriage) -> None:
    carriage.files_changed()


def test_the_remote_is_asked_at_once_and_then_at_the_interval() -> None:
    assert Evening(130).asked() == [(0, "sync"), (60, "sync"), (120, "sync")]


def test_results_are_carried_soon_several_together_and_put_off_no_meeting() -> None:
    evening = Evening(61)
    for second in (10, 11, 40):
        evening.at(second, changed)
    assert evening.asked() == [(0, "sync"), (11, "deliver"), (41, "deliver"), (60, "sync")]


def test_without_a_remote_there_is_only_what_changed() -> None:
    evening = Evening(100, remote="").at(0, changed)
    assert evening.asked() == [(1, "deliver")]


def test_nothing_is_begun_in_the_seconds_before_something_is_due() -> None:
    asked = Evening(75).at(0, due(65)).at(66, due(500)).at(56, changed).asked()
    assert asked == [(0, "sync"), (66, "sync")]


def test_where_something_is_due_all_the_time_a_short_rest_is_enough_at_last() -> None:
    evening = Evening(140)
    for second in range(0, 140, 5):
        evening.at(second, due(second + 5))
    (first, *_) = evening.asked()
    assert 60 < first[0] < 70


def test_a_remote_that_is_away_is_asked_less_and_less_and_results_are_committed_meanwhile() -> None:
    away = Carried(words="no answer", again=Again.LATER)
    evening = Evening(500, [away, Carried(), away, away]).at(20, changed)
    assert evening.asked() == [(0, "sync"), (21, "commit"), (60, "sync"), (180, "sync"), (420, "sync"), (480, "sync")]
    assert evening.told == [Said("no answer", wrong=True)]


def test_a_lock_is_looked_at_again_soon_and_told_of_only_if_it_stays() -> None:
    busy = Carried(words="a merge is under way", again=Again.SOON)
    evening = Evening(14, [busy] * 9)
    assert [second for second, _ in evening.asked()] == [0, 2, 6]
    assert evening.told == []
    evening = Evening(60, [busy] * 9)
    assert [second for second, _ in evening.asked()] == [0, 2, 6, 14, 30]
    assert evening.told == [Said("a merge is under way", wrong=True)]


def test_what_a_person_has_to_mend_is_said_once_until_it_is() -> None:
    waits = Carried(words="push yours", again=Again.NEXT_TIME)
    evening = Evening(250, [waits, waits, Carried(), waits])
    assert [second for second, _ in evening.asked()] == [0, 60, 120, 180, 240]
    assert evening.told == [Said("push yours", wrong=True)] * 2


def test_a_push_elsewhere_is_fetched_at_once_and_the_folder_read() -> None:
    evening = Evening(30, [Carried(), Carried(pulled=True)]).at(20, lambda carriage: carriage.sync_now())
    assert evening.asked() == [(0, "sync"), (20, "sync")]
    assert evening.pulled == [20]


def test_another_publisher_is_told_of_once_however_often_it_is_seen() -> None:
    answers = [Carried(pulled=True, others="Another publisher is at work"), *[Carried()] * 2] * 3
    evening = Evening(600, answers)
    evening.asked()
    assert [event.words for event in evening.told if isinstance(event, Said)] == ["Another publisher is at work"]


def called(carriage: Carriage) -> None:
    carriage.sync_now()


def test_a_push_that_comes_while_the_remote_is_met_is_not_lost_until_the_next_interval() -> None:
    evening = Evening(61)
    evening.meanwhile = [called]
    assert evening.asked() == [(0, "sync"), (0, "sync"), (60, "sync")]


def test_a_push_that_comes_while_the_remote_is_away_is_looked_for_once_more_and_no_more() -> None:
    away = Carried(words="no answer", again=Again.LATER)
    evening = Evening(130, [away, away])
    evening.meanwhile = [called]
    assert evening.asked() == [(0, "sync"), (0, "sync"), (120, "sync")]


def test_whoever_calls_is_answered_and_nobody_else() -> None:
    waits = Carried(words="push yours", again=Again.NEXT_TIME)
    evening = Evening(70, [waits, waits]).at(20, called)
    assert [second for second, _ in evening.asked()] == [0, 20]
    assert evening.answered == ["push yours"]
    evening = Evening(130).at(20, called)
    evening.asked()
    assert evening.answered == [""]
