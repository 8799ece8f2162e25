"""The child of the daemon: any program at the other end of three pipes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import pytest

from fedisched.daemon.child import Child
from fedisched.model.results import PartResult
from fedisched.publisher.report import AccountNews, Report
from tests.daemon.service import PATIENT, is_gone


class Heard:
    """What a child said, in order of its coming."""

    def __init__(self) -> None:
        self.reports: Queue[Report | AccountNews] = Queue()
        self.words: Queue[str] = Queue()
        self.ended: Queue[int] = Queue()

    def report(self) -> Report | AccountNews:
        return self.reports.get(timeout=PATIENT)

    def word(self) -> str:
        return self.words.get(timeout=PATIENT).rstrip("\n")

    def code(self) -> int:
        return self.ended.get(timeout=PATIENT)


@contextmanager
def child(program: str) -> Iterator[tuple[Child, Heard]]:
    heard = Heard()
    made = Child([sys.executable, "-c", program], {}, heard.reports.put, heard.words.put, heard.ended.put)
    try:
        yield made, heard
    finally:
        made.end(0.0)


def test_reports_and_words_are_told_apart() -> None:
    program = """
import sys
print('{"path": "posts/a.md", "target": "m", "outcome": "published", "parts": [{"url": "u"}], "url": null, "new": 1}')
print("words", file=sys.stderr)
"""
    with child(program) as (_, heard):
        assert heard.report() == Report("posts/a.md", "m", "published", parts=(PartResult("u"),))
        assert heard.word() == "words"
        assert heard.code() == 0


@pytest.mark.parametrize(
    "garbage", ["not JSON", "[]", "7", "null", '{"path": 1', '{"target": "m"}', '{"path": "a", "parts": 7}']
)
def test_what_is_no_report_is_passed_on_as_words(garbage: str) -> None:
    with child(f"print({garbage!r})") as (_, heard):
        assert heard.word() == garbage
        assert heard.code() == 0
        assert heard.reports.empty()


def test_bytes_that_are_no_text_are_shown_by_their_numbers() -> None:
    with child("import os; os.write(1, b'a\\xffb\\n'); os.write(2, b'\\xfe\\n')") as (_, heard):
        assert {heard.word(), heard.word()} == {r"a\xffb", r"\xfe"}


def test_everything_was_heard_when_the_end_is_told() -> None:
    program = 'print(\'{"path": "a", "target": "m", "outcome": "published"}\\n\' * 2000, end="")'
    with child(program) as (_, heard):
        assert heard.code() == 0
        assert heard.reports.qsize() == 2000


def test_it_is_told_of_changes_and_of_the_end() -> None:
    program = """
import sys
for line in sys.stdin:
    print(line, end="", file=sys.stderr, flush=True)
sys.exit(75)
"""
    with child(program) as (made, heard):
        assert made.look_again() and heard.word() == "look"
        assert made.look_again() and heard.word() == "look"
        made.end_soon()
        assert heard.code() == 75
        assert not made.look_again()


def test_one_that_dies_at_once_can_be_told_and_ended() -> None:
    with child("import os; os._exit(3)") as (made, heard):
        assert heard.code() == 3
        assert not made.look_again()
        made.end_soon()
        made.end(PATIENT)
        assert heard.ended.empty()


def test_one_that_was_killed_is_told_by_its_signal() -> None:
    with child("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") as (_, heard):
        assert heard.code() == -signal.SIGKILL


def test_one_that_does_not_end_is_killed_after_the_deadline() -> None:
    program = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", file=sys.stderr, flush=True)
while True:
    signal.pause()
"""
    with child(program) as (made, heard):
        heard.word()
        made.end(0.05)
        assert heard.code() == -signal.SIGKILL


def test_what_it_left_running_does_not_keep_its_end_from_being_told() -> None:
    # It reads the same pipe, so it ends when that is closed.
    with child("import os, subprocess; subprocess.Popen(['cat']); os._exit(0)") as (_, heard):
        assert heard.code() == 0


def test_a_terminals_interrupt_does_not_reach_it() -> None:
    program = """
import os, sys
print(os.getsid(0) == os.getpid(), os.getpid(), file=sys.stderr, flush=True)
sys.stdin.read()
"""
    with child(program) as (made, heard):
        leads_its_own_session, pid = heard.word().split()
        assert leads_its_own_session == "True"
        made.end(PATIENT)
        assert is_gone(int(pid))
