"""`fedisched notify`: tell a person what needs them, by the ways of the machine's own configuration."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.telling import say_what_failed, tell_what_is_new, timezone_here, ways_here
from fedisched.cli.verb import verb
from fedisched.cli.words import faint, good, pad, plural
from fedisched.model.errors import ConfigError

if TYPE_CHECKING:
    from fedisched.model.telling import Trouble, Ways


@verb
@click.option("--test", "is_test", is_flag=True, help="Send a test message by every way, and say which of them work.")
@click.option("--died", is_flag=True, hidden=True, help="The daemon of this folder is gone; for systemd's OnFailure=.")
@click.option("--attached", is_flag=True, hidden=True, help="The daemon's own: hear its troubles, answer in JSON.")
def notify(here: Here, is_test: bool, died: bool, attached: bool) -> Exit:
    """Tell you what needs you, by command, ntfy, e-mail, …

    The daemon and `publish` do so by themselves, each thing once, where ~/.config/fedisched/config.toml has a table
    [notify] with a `command`, with `urls` for Apprise, or both. The content folder's own configuration cannot say it,
    since whoever can push posts could have any command run.

    Examples:
    fedisched notify --test
    fedisched notify
    """
    ways = ways_here(here)
    if attached:
        return _for_the_daemon(here, ways)
    if ways is None:
        from fedisched.config.machine import machine_file

        hint = 'Write `[notify]` into it, and below `command = ["…"]` or `urls = ["ntfy://…"]`.'
        raise ConfigError(f"{machine_file(here.environ)} has no way to tell you of {here.folder}", hint)
    if is_test:
        return _test(here, ways)
    telling = tell_what_is_new(here, ways, [_gone(here.environ)] if died else ())
    failed = say_what_failed(here, telling)
    if telling.news is None:
        told = f"; you were told of {plural(telling.remembered, 'thing')} before" if telling.remembered else ""
        here.voice.result(f"Nothing is new{told}.")
    elif not failed:
        here.voice.result(f"Told you of {plural(len(telling.news.new) + len(telling.news.well_again), 'thing')}.")
    return Exit.NEEDS_YOU if failed else Exit.DONE


def _test(here: Here, ways: Ways) -> Exit:
    from fedisched.model.telling import Message
    from fedisched.notify.ways import send

    lines = ("This is a test. If you can read it, fedisched can tell you when something needs you.",)
    where = f"({here.folder} on {platform.node()})"
    answers = send(ways, Message("fedisched: a test", (*lines, where), (), str(here.folder)), here.environ)
    for answer in answers:
        if not answer.error:
            here.voice.result(good(pad("sent", 8)), answer.way, faint("  see whether it arrived"))
        else:
            here.voice.complain(pad("failed", 8), answer.way, f"  {answer.error}")
    return Exit.NEEDS_YOU if any(answer.error for answer in answers) else Exit.DONE


def _gone(environ: Mapping[str, str]) -> Trouble:
    from fedisched.model.telling import Trouble

    unit, how = environ.get("MONITOR_UNIT", ""), environ.get("MONITOR_SERVICE_RESULT", "")
    status = environ.get("MONITOR_EXIT_STATUS", "")
    why = f" ({', '.join(filter(None, (how, status)))})" if how or status else ""
    look = f"`systemctl status {unit}` and `journalctl -u {unit}` say more" if unit else "its log says more"
    words = f"it has ended{why} and is not started again, so nothing goes out: {look}."
    return Trouble("daemon", "daemon gone", "gone", "the daemon", words)


def _for_the_daemon(here: Here, ways: Ways | None) -> Exit:
    """Answer what the daemon has to know: when to look again, of how many troubles a person was told, and whether no
    way worked."""
    asked = json.load(sys.stdin)
    if ways is None:
        here.voice.json({"again": None, "remembered": 0, "failed": False})
        return Exit.DONE
    telling = tell_what_is_new(here, ways, _daemons_own(here, asked), of_daemon=True)
    failed = say_what_failed(here, telling)
    undone = telling.news is not None and all(answer.error for answer in telling.answers)
    here.voice.json({"again": telling.again, "remembered": telling.remembered, "failed": undone})
    return Exit.NEEDS_YOU if failed else Exit.DONE


def _daemons_own(here: Here, asked: Mapping[str, Any]) -> list[Trouble]:
    from fedisched.model.telling import Trouble

    found = [Trouble("daemon", key, words, "the daemon", words) for key, words in asked["own"].items()]
    if asked["died_at"] is not None:
        from fedisched.cli.when import clock_time, day

        at, zone = asked["died_at"], timezone_here(here)
        when = f"{day(at, here.clock.now(), zone)} {clock_time(at // 1_000_000 * 1_000_000, zone)}"
        words = f"it died, or the machine did: its last sign of life was {when}. It works again."
        found.append(Trouble("daemon", "daemon died", str(at), "the daemon", words, passes=True))
    return found
