"""The daemon in this process, on a clock that a test sets: jumps of the clock, and what the publisher's end means."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread

import pytest

from fedisched.clock import SECOND
from fedisched.daemon.daemon import Daemon, Outside
from fedisched.daemon.events import Armed, Event, Said, Started
from fedisched.engine.journal import FILE_NAME, Journal
from fedisched.engine.pace import LEAD, MARGIN, Pace, Paces
from fedisched.model.errors import AlreadyRunning
from fedisched.model.settings import Account, Settings
from fedisched.publisher.locks import daemon_lock
from tests.daemon.service import PATIENT, wait_until
from tests.stage import as_text

NOW = 1_795_000_000 * SECOND
HOUR = 3600 * SECOND


class SetClock:
    """A clock that stands until it is set; who waits for a moment is woken when it may have come."""

    def __init__(self) -> None:
        self._now = NOW
        self._waiting: set[Condition] = set()

    def now(self) -> int:
        return self._now

    def wait(self, condition: Condition, until: int | None) -> None:
        if until is None or until > self._now:
            self._waiting.add(condition)
            # As on the machine's own clock no wait is long: it may be set just before the wait begins.
            condition.wait(0.2)

    def set(self, moment: int) -> None:
        self._now = moment
        for condition in list(self._waiting):
            with condition:
                condition.notify_all()


class Runner:
    """A daemon on a thread of its own. Its publisher is a program that notes its start and ends with a code."""

    def __init__(self, folder: Path, clock: SetClock, program: Sequence[str]) -> None:
        account = Account("mastodon", "mastodon", "https://mastodon.example")
        settings = Settings(
            folder=folder,
            source=folder / "fedisched.toml",
            timezone="Europe/Berlin",
            default_targets=("mastodon",),
            accounts={"mastodon": account},
        )
        self.events: list[Event] = []
        self._condition = Condition()
        self.daemon = Daemon(settings, state(folder), clock, Outside(program, {}, lambda: settings), self._tell)

    def _tell(self, event: Event) -> None:
        with self._condition:
            self.events.append(event)
            self._condition.notify_all()

    def until(self, kind: type[Event], count: int = 1) -> None:
        def there() -> bool:
            return sum(isinstance(event, kind) for event in self.events) >= count

        with self._condition:
            assert self._condition.wait_for(there, PATIENT), self.events


def state(folder: Path) -> Path:
    path = folder / ".fedisched"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@contextmanager
def daemon(folder: Path, clock: SetClock, code: int = 0) -> Iterator[Runner]:
    note = f"open({str(folder / 'starts')!r}, 'a').write('x'); raise SystemExit({code})"
    runner = Runner(folder, clock, [sys.executable, "-c", note])
    thread = Thread(target=runner.daemon.run)
    thread.start()
    try:
        runner.until(Started)
        yield runner
    finally:
        runner.daemon.stop()
        thread.join(PATIENT)
        assert not thread.is_alive()


def starts(folder: Path) -> int:
    """How many publishers were started."""
    noted = folder / "starts"
    return len(noted.read_text()) if noted.exists() else 0


def write(folder: Path, name: str, due: int, body: str = "Hello!") -> None:
    (folder / "posts").mkdir(exist_ok=True)
    (folder / "posts" / name).write_text(f"---\ntime: {as_text(due)}\n---\n{body}\n")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def test_the_publisher_starts_when_the_clock_jumps_over_the_moment(tmp_path: Path, clock: SetClock) -> None:
    write(tmp_path, "a.md", NOW + HOUR)
    with daemon(tmp_path, clock):
        assert starts(tmp_path) == 0
        clock.set(NOW + 2 * HOUR)
        assert wait_until(lambda: starts(tmp_path) == 1)


def starts_at(folder: Path, clock: SetClock, moment: int) -> None:
    """Check that the publisher starts at this moment and not a second earlier."""
    with daemon(folder, clock) as runner:
        clock.set(moment - SECOND)
        # What is told of another post shows that the daemon woke and found nothing to start.
        write(folder, "b.md", NOW + 2 * HOUR)
        runner.until(Armed)
        assert starts(folder) == 0
        clock.set(moment)
        assert wait_until(lambda: starts(folder) == 1)


def test_it_starts_a_little_before_the_moment_and_not_earlier(tmp_path: Path, clock: SetClock) -> None:
    write(tmp_path, "a.md", NOW + HOUR)
    starts_at(tmp_path, clock, NOW + HOUR - LEAD - Pace().opening)


def test_where_starting_was_slow_of_late_it_starts_earlier(tmp_path: Path, clock: SetClock) -> None:
    keep_pace(tmp_path, opening=40 * SECOND)
    write(tmp_path, "a.md", NOW + HOUR)
    starts_at(tmp_path, clock, NOW + HOUR - LEAD - 40 * SECOND)


def test_where_it_was_quick_it_starts_later(tmp_path: Path, clock: SetClock) -> None:
    for _ in range(40):
        keep_pace(tmp_path, opening=2 * SECOND)
    write(tmp_path, "a.md", NOW + HOUR)
    starts_at(tmp_path, clock, NOW + HOUR - LEAD - 2 * SECOND)


def test_what_there_is_to_upload_makes_it_start_earlier(tmp_path: Path, clock: SetClock) -> None:
    write(tmp_path, "a.md", NOW + HOUR, "![1](1.jpg)![2](2.jpg)![3](3.jpg)![4](4.jpg)")
    for number in range(1, 5):
        (tmp_path / f"posts/{number}.jpg").write_bytes(bytes(2_000_000))
    pace = Pace()
    starts_at(tmp_path, clock, NOW + HOUR - MARGIN - pace.post - 8 * pace.megabyte - pace.opening)


def test_many_at_one_moment_make_it_start_earlier(tmp_path: Path, clock: SetClock) -> None:
    for number in range(30):
        write(tmp_path, f"{number}.md", NOW + HOUR)
    starts_at(tmp_path, clock, NOW + HOUR - MARGIN - 30 * Pace().post - Pace().opening)


def keep_pace(folder: Path, opening: int) -> None:
    """What a publisher before would have noted."""
    journal = Journal(state(folder) / FILE_NAME)
    paces = Paces(journal)
    paces.opened("mastodon", opening)
    paces.keep("mastodon")
    journal.close()


def test_a_clock_set_back_does_not_make_a_pause_longer(tmp_path: Path, clock: SetClock) -> None:
    write(tmp_path, "a.md", NOW - HOUR)
    with daemon(tmp_path, clock, code=3) as runner:
        runner.until(Said, 1)
        clock.set(NOW - HOUR)
        assert wait_until(lambda: runner.daemon.pausing_until == NOW - HOUR + 2 * SECOND)
        clock.set(NOW - HOUR + 2 * SECOND)
        assert wait_until(lambda: starts(tmp_path) == 2)


@pytest.mark.parametrize("code", [0, 1, 3, 75, -9])
def test_a_publisher_that_leaves_undone_what_is_due_is_started_again_after_a_pause(
    tmp_path: Path, clock: SetClock, code: int
) -> None:
    write(tmp_path, "a.md", NOW + 5 * SECOND)
    with daemon(tmp_path, clock, code) as runner:
        pause = 2 * SECOND
        for number in range(1, 5):
            assert wait_until(lambda number=number: starts(tmp_path) == number)  # type: ignore[misc]
            over = clock.now() + pause
            assert wait_until(lambda over=over: runner.daemon.pausing_until == over)  # type: ignore[misc]
            clock.set(over)
            pause *= 2


def test_asking_whether_it_is_alive_does_not_keep_it_from_starting(tmp_path: Path, clock: SetClock) -> None:
    asking = daemon_lock(tmp_path, state(tmp_path))
    assert asking.try_acquire()
    answered = Thread(target=asking.release)
    answered.start()
    with daemon(tmp_path, clock):
        answered.join()


def test_a_second_one_is_refused_and_the_first_goes_on(tmp_path: Path, clock: SetClock) -> None:
    with daemon(tmp_path, clock) as runner:
        with pytest.raises(AlreadyRunning):
            Runner(tmp_path, clock, [])
        write(tmp_path, "a.md", NOW + HOUR)
        runner.until(Armed)
