"""What `publish` does with git: look for what others pushed before it begins, and take the results there at its end."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.words import doubtful, faint, pad
from fedisched.clock import SECOND

if TYPE_CHECKING:
    from fedisched.publisher.carrier import Carried
    from fedisched.publisher.desk import Desk

AT_THE_START = 10.0
"""Seconds for each request to the remote before anything is published; it is published without its answer, too."""
NOT_BEFORE = 25 * SECOND
"""Nothing is asked of the remote if something is due within this: it has to be on time."""
TRIES = 6
"""How often it is looked, a second apart, whether a lock or another process is out of the way."""


def bring(here: Here, desk: Desk) -> None:
    """Bring what others pushed, if there is a remote and time for it; a daemon does that itself."""
    from fedisched.publisher.carrier import Carrier
    from fedisched.publisher.locks import daemon_lock

    carrier = Carrier(here.settings, here.state, here.environ)
    now = here.clock.now()
    due = desk.posts.next_due(now)
    if (
        not carrier.has_remote
        or (due is not None and due < now + NOT_BEFORE)
        or not daemon_lock(here.folder, here.state).is_free()
    ):
        return
    done = carrier.sync(limit=AT_THE_START)
    _tell(here, done)
    if done.pulled:
        desk.posts.refresh()


def deliver(here: Here, code: Exit) -> Exit:
    """Commit and push the results; gives the exit code, which says so if they could not be brought to the remote."""
    from fedisched.publisher.carrier import Again, Carrier
    from fedisched.publisher.locks import daemon_lock

    if not daemon_lock(here.folder, here.state).is_free():
        # It sees what was written.
        return code
    carrier = Carrier(here.settings, here.state, here.environ)
    done = carrier.deliver()
    for _ in range(TRIES):
        if done.again is not Again.SOON:
            break
        _pause(here)
        done = carrier.deliver()
    _tell(here, done)
    return Exit.TRY_LATER if code is Exit.DONE and carrier.has_remote and done.is_left else code


def _tell(here: Here, done: Carried) -> None:
    from fedisched.git.message import summary

    if done.committed:
        here.voice.remark(faint(pad("committed", 10)), summary(done.committed))
    if done.pulled:
        here.voice.remark(faint(pad("pulled", 10)), "what others pushed")
    if done.pushed:
        here.voice.remark(faint(pad("pushed", 10)), "the results")
    if done.others:
        here.voice.complain(doubtful(done.others))
    if done.words:
        here.voice.complain(doubtful(done.words))


def _pause(here: Here) -> None:
    nothing = Condition()
    with nothing:
        here.clock.wait(nothing, here.clock.now() + SECOND)
