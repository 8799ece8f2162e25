"""Waking the daemon from outside, and what it answers."""

from __future__ import annotations

from pathlib import Path

from fedisched.cli.exit import Exit
from fedisched.daemon.wake import Wake, answer, call
from fedisched.git.command import AT_WORK
from tests.cli.support import call as typed
from tests.cli.support import content_folder
from tests.daemon.service import PATIENT


def test_nobody_listens(tmp_path: Path) -> None:
    assert call(tmp_path, PATIENT) is None


def test_who_calls_hears_what_holds_the_daemon_up_and_no_older_answer(tmp_path: Path) -> None:
    answer(tmp_path, "an old one")
    words = ["a merge is under way", ""]
    wake = Wake(tmp_path, lambda: answer(tmp_path, words.pop(0)))
    wake.start()
    try:
        assert call(tmp_path, PATIENT) == "a merge is under way"
        assert call(tmp_path, PATIENT) == ""
    finally:
        wake.stop()


def test_a_daemon_that_has_better_to_do_keeps_nobody_waiting(tmp_path: Path) -> None:
    wake = Wake(tmp_path, lambda: None)
    wake.start()
    try:
        answer(tmp_path, "an old one")
        assert call(tmp_path, 0.0) == ""
    finally:
        wake.stop()


def test_the_push_is_told_but_for_our_own_which_waits_for_this_hook(tmp_path: Path) -> None:
    folder = content_folder(tmp_path)
    state = tmp_path / "state"
    state.mkdir()
    wake = Wake(state, lambda: answer(state, "a merge is under way in /x."))
    wake.start()
    try:
        environ = {"FEDISCHED_STATE": str(state)}
        done = typed("run", "--wake", "-C", str(folder), environ=environ)
        assert done.exit_code == Exit.DONE
        assert done.stderr == "The server took your push. Its daemon says: a merge is under way in /x.\n"
        (state / "wake-answer").unlink()
        assert not typed("run", "--wake", "-C", str(folder), environ={**environ, AT_WORK: "1"}).stderr
    finally:
        wake.stop()
