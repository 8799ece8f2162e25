"""Telling a person, by the ways that the machine's own configuration names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from fedisched.cli.here import Here
from fedisched.cli.words import doubtful
from fedisched.model.errors import ConfigError, FedischedError, StateUnusable

if TYPE_CHECKING:
    from fedisched.model.telling import Trouble, Ways
    from fedisched.publisher.telling import Telling

OF_THE_DAEMON = "daemon "
"""How the keys of troubles begin that only the daemon knows to be over."""


def ways_here(here: Here) -> Ways | None:
    """The ways by which a person is told of this folder; None if there are none. Raises ConfigError."""
    from fedisched.config.machine import ways_for

    return ways_for(here.folder, here.environ) or None


def tell_what_is_new(here: Here, ways: Ways, own: Sequence[Trouble] = (), of_daemon: bool = False) -> Telling:
    """Look at where everything stands, and tell what was not told yet. `own` are troubles that whoever asks knows of;
    only `of_daemon` knows whether the daemon's are over. Where the folder cannot be looked at, what was told of its
    posts stays told. Raises StateUnusable."""
    from fedisched.cli.standing import all_standing
    from fedisched.cli.troubles import Found, message_for, troubles_in
    from fedisched.config import make_state_folder
    from fedisched.engine.telling import News
    from fedisched.model.telling import Answer
    from fedisched.notify.ways import send
    from fedisched.publisher.telling import tell

    state = make_state_folder(here.state)
    now = here.clock.now()
    try:
        found, is_known = troubles_in(here, all_standing(here, now), now), True
    except FedischedError:
        found, is_known = Found(), False

    def judged(key: str) -> bool:
        if key.startswith(OF_THE_DAEMON):
            return of_daemon
        return is_known

    def by_all_ways(news: News) -> list[Answer]:
        return send(ways, message_for(here, news, found.steps, timezone_here(here), now), here.environ)

    done = tell(state, here.clock, ways, [*own, *found.troubles], judged, by_all_ways)
    moments = [moment for moment in (done.again, found.again) if moment is not None]
    return replace(done, again=min(moments, default=None))


def timezone_here(here: Here) -> str:
    """The folder's timezone; the machine's, an empty name, where its configuration cannot be used."""
    try:
        return here.settings.timezone
    except ConfigError:
        return ""


def say_what_failed(here: Here, telling: Telling) -> bool:
    """Log the ways that did not work; whether one of them did not."""
    for answer in telling.answers:
        if answer.error:
            here.voice.complain(doubtful(f"{answer.way} could not tell you: {answer.error}"))
    if telling.error:
        here.voice.complain(doubtful(telling.error))
    return any(answer.error for answer in telling.answers)


@contextmanager
def told_at_the_end(here: Here, wanted: bool) -> Iterator[None]:
    """What a one-shot run leaves is told when it is over, and what kept it from running, too. Whatever goes wrong with
    telling is logged, and that is all."""
    try:
        yield
    except (ConfigError, StateUnusable) as error:
        if wanted:
            _tell_at_the_end(here, error)
        raise
    if wanted:
        _tell_at_the_end(here, None)


def _tell_at_the_end(here: Here, error: FedischedError | None) -> None:
    from fedisched.model.telling import Trouble

    try:
        if (ways := ways_here(here)) is None:
            return
        own = []
        if error is not None:
            name = "config" if isinstance(error, ConfigError) else "state"
            own = [Trouble("daemon", f"folder {name}", str(error), "fedisched", str(error))]
        say_what_failed(here, tell_what_is_new(here, ways, own))
    except FedischedError as wrong:
        here.voice.complain(doubtful(f"Nobody can be told: {wrong}"))
