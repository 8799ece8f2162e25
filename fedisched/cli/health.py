"""`fedisched health`: whether the daemon lives, for people, for Docker and for cron. Quick: it reads one small file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import json_option, verb
from fedisched.cli.when import from_now
from fedisched.cli.words import bad, good, pad
from fedisched.daemon.health import Health, read_health

if TYPE_CHECKING:
    from collections.abc import Iterator


@verb
@click.option("--notify", "tells", is_flag=True, help="If it is dead, also tell you so, once; for cron.")
@json_option
def health(here: Here, tells: bool, as_json: bool) -> Exit:
    """Say whether the daemon lives, works, and what is next.

    Ends with 0 if it does, else with 1: it is not running, its loop hangs, or it cannot work.

    Examples:
    fedisched health
    fedisched health --json
    fedisched health --notify
    """
    from fedisched.publisher.locks import daemon_lock

    now = here.clock.now()
    # The lock is the kernel's word; the file is the daemon's own, and may be an earlier one's.
    lives = not daemon_lock(here.folder).is_free()
    known = read_health(here.state)
    wrong = list(_what_is_wrong(lives, known, now))
    if as_json:
        here.voice.json(_plain(lives, known, wrong))
    elif wrong:
        for words in wrong:
            here.voice.result(bad(pad("unwell", 8)), words)
    else:
        here.voice.result(good(pad("well", 8)), _how_it_is(known, now))
    if tells and wrong:
        _tell(here, " ".join(wrong))
    return Exit.NEEDS_YOU if wrong else Exit.DONE


def _what_is_wrong(lives: bool, known: Health | None, now: int) -> Iterator[str]:
    if not lives:
        if known is None or known.stopped:
            ended = "" if known is None else f"; it ended in order {from_now(known.beat, now)}"
            yield f"No daemon runs for this folder{ended}. Start one with `fedisched run`."
        else:
            last = f"its last sign of life was {from_now(known.beat, now)}"
            yield f"The daemon died: {last}. Start it with `fedisched run`."
    elif known is not None and not known.stopped:
        if known.is_stale(now):
            last = f"the last sign of life of the daemon, process {known.pid}, was {from_now(known.beat, now)}"
            yield f"It hangs, or cannot write into its state folder: {last}. Look at its log, and restart it."
        yield from known.troubles


def _how_it_is(known: Health | None, now: int) -> str:
    """Of one that lives. Without a word of its own, or with one from before it, it is just starting."""
    if known is None or known.stopped:
        return "The daemon is starting."
    words = [f"The daemon runs, process {known.pid}"]
    if known.publishing:
        words.append("a publisher is at work")
    elif known.next_due is None:
        words.append("nothing is scheduled")
    elif known.next_due > now:
        words.append(f"the next post is due {from_now(known.next_due, now)}")
    else:
        words.append("a post is due now")
    if known.paused:
        words.append(f"paused: {', '.join(known.paused)} (`fedisched queue` says why)")
    return "; ".join(words) + "."


def _plain(lives: bool, known: Health | None, wrong: list[str]) -> dict[str, object]:
    from fedisched.publisher.posts import as_text

    def text(moment: int | None) -> str | None:
        return None if moment is None else as_text(moment, "")

    current = known if lives and known is not None and not known.stopped else None
    return {
        "well": not wrong,
        "problems": wrong,
        "pid": current.pid if current else None,
        "started": text(current.started if current else None),
        "beat": text(known.beat if known else None),
        "next_due": text(current.next_due if current else None),
        "publishing": bool(current and current.publishing),
        "paused": list(current.paused) if current else [],
    }


def _tell(here: Here, words: str) -> None:
    """Once, until a daemon runs again and says so."""
    from fedisched.cli.telling import say_what_failed, tell_what_is_new, ways_here
    from fedisched.model.telling import Trouble

    ways = ways_here(here)
    if ways is not None:
        gone = Trouble("daemon", "daemon gone", "gone", "the daemon", words)
        say_what_failed(here, tell_what_is_new(here, ways, [gone]))
