"""The bell: when a person is to be told, one process looks at everything; several things close together are one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.clock import SECOND, SystemClock
from fedisched.daemon import bell as bells
from fedisched.daemon.bell import Bell
from fedisched.daemon.events import Armed, Event, Met, Reported, Said, Started
from fedisched.model.post import Entry, Status
from fedisched.publisher.report import AccountNews, Report
from tests.daemon.service import Lines, wait_until

TELLER = """\
import json, pathlib, sys
asked = sys.stdin.read()
# Before it says that it was asked: from then on the test may change the answer for the next time.
answer = pathlib.Path(sys.argv[2]).read_text()
with pathlib.Path(sys.argv[1]).open("a") as file:
    file.write(asked + "\\n")
print(answer, flush=True)
print("no way works", file=sys.stderr)
"""
CALM = {"again": None, "remembered": 0, "failed": False}
ARMED = Armed(Entry("posts/a.md", "x", Status.SCHEDULED, 1, "", None), ("mastodon",), 1)


class Ringing:
    """A bell with a teller that writes down what it was asked."""

    def __init__(self, at: Path) -> None:
        (at / ".config/fedisched").mkdir(parents=True)
        self.machine = at / ".config/fedisched/config.toml"
        self.machine.write_text("[notify]\n")
        self.answers = at / "answers"
        self.answer(CALM)
        self._told = at / "told"
        teller = at / "teller.py"
        teller.write_text(TELLER)
        self.complaints = Lines()
        command = [sys.executable, "-I", str(teller), str(self._told), str(self.answers)]
        self.bell = Bell(command, {"HOME": str(at)}, SystemClock(), self.complaints.add)
        self.passed_on: list[Event] = []
        self.tell = self.bell.listening(self.passed_on.append)

    def answer(self, answer: object) -> None:
        self.answers.write_text(json.dumps(answer))

    def asked(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._told.read_text().splitlines()] if self._told.exists() else []

    def wait_for(self, count: int) -> list[dict[str, object]]:
        assert wait_until(lambda: len(self.asked()) >= count), self.asked()
        return self.asked()


@pytest.fixture
def ringing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ringing]:
    monkeypatch.setattr(bells, "GATHER", SECOND // 5)
    found = Ringing(tmp_path)
    yield found
    found.bell.stop()


def failed(path: str = "posts/a.md") -> Reported:
    return Reported(Report(path, "mastodon", "failed"))


def test_what_happens_close_together_is_looked_at_once_and_everything_is_passed_on(ringing: Ringing) -> None:
    events: list[Event] = [failed(), failed("posts/b.md"), Met(AccountNews("mastodon", "401")), Said("x", wrong=True)]
    for event in events:
        ringing.tell(event)
    assert ringing.wait_for(1) == [{"own": {}, "died_at": None}]
    assert ringing.passed_on == events
    ringing.complaints.until("no way works")


def test_the_daemons_own_troubles_go_along_until_they_are_over(ringing: Ringing) -> None:
    ringing.bell.own("folder config", "fedisched.toml has a mistake")
    ringing.bell.own("folder config", "fedisched.toml has a mistake")
    for _ in range(bells.DIES_AGAIN):
        ringing.bell.publisher_ended(False)
    (asked,) = ringing.wait_for(1)
    own = asked["own"]
    assert isinstance(own, dict) and set(own) == {"folder config", "daemon publisher"}
    assert len(ringing.bell.troubles) == 2
    ringing.bell.own("folder config", "")
    ringing.bell.publisher_ended(True)
    assert ringing.wait_for(2)[1]["own"] == {}


def test_a_death_is_told_until_it_could_be(ringing: Ringing) -> None:
    ringing.answer(CALM | {"failed": True, "again": SystemClock().now()})
    ringing.bell.died(12)
    ringing.tell(Started(0, 0, None))
    ringing.wait_for(1)
    ringing.answer(CALM)
    assert [asked["died_at"] for asked in ringing.wait_for(2)[:2]] == [12, 12]
    assert wait_until(lambda: ringing.bell._died_at is None)


def test_once_nothing_is_wrong_any_more_what_is_saved_and_goes_out_starts_no_process(ringing: Ringing) -> None:
    assert ringing.bell._concerns(ARMED), "before the first answer something may be over"
    ringing.bell.ring()
    assert wait_until(lambda: ringing.bell._remembered == 0)
    assert not ringing.bell._concerns(ARMED)
    assert not ringing.bell._concerns(Reported(Report("posts/a.md", "mastodon", "published")))
    assert ringing.bell._concerns(failed())


def test_without_a_word_in_the_machines_configuration_there_is_not_even_a_thread(ringing: Ringing) -> None:
    ringing.machine.unlink()
    ringing.tell(failed())
    assert ringing.bell._thread is None and ringing.passed_on
    ringing.machine.write_text("[notify]\n")
    ringing.tell(failed())
    ringing.wait_for(1)


def test_a_teller_that_hangs_does_not_keep_the_daemon_from_ending(
    ringing: Ringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "LAST_WORK", 0.1)
    monkeypatch.setattr(ringing.bell, "_command", (sys.executable, "-c", "import time; time.sleep(60)"))
    ringing.bell.ring()
    assert wait_until(lambda: ringing.bell._process is not None)
    process = ringing.bell._process
    ringing.bell.stop()
    assert process is not None and process.wait(10) == -9
