"""fedisched as the crash suite runs it: `python -m tests.crash.process.program`, with the same arguments.

It is the same program, but for how long it waits, and for a rule that is taken out of it if one is named. Read from
the environment: CRASH_SETTLE, how many seconds after an unclear end "not there" counts; CRASH_WITHOUT, the rule that
is taken out; CRASH_STARTS, a file that gets a line for each publisher that starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fedisched import cli
from fedisched.clock import SECOND, Clock
from fedisched.daemon import daemon
from fedisched.daemon.daemon import Outside
from fedisched.model.outcome import Refused
from fedisched.model.settings import Account
from fedisched.publisher import opening
from fedisched.publisher.desk import Open, Opened
from fedisched.vault import Vault
from tests.crash.process import without

MODULE = "tests.crash.process.program"


def main() -> None:
    if "run" in sys.argv[1:2]:
        hurry_the_daemon()
    else:
        hurry_the_networks(float(os.environ["CRASH_SETTLE"]))
        without.take_out(os.environ.get("CRASH_WITHOUT", ""))
        if "publish" in sys.argv[1:2]:
            with Path(os.environ["CRASH_STARTS"]).open("a", encoding="utf-8") as starts:
                starts.write("publisher\n")
    cli.main()


def hurry_the_daemon(module: str = MODULE) -> None:
    """Its publishers are this program too, and one that was killed is followed by the next at once."""

    def outside(command: Sequence[str], *rest: Any) -> Outside:
        return Outside([module if word == "fedisched" else word for word in command], *rest)

    daemon.Outside = outside  # type: ignore[assignment, misc]
    daemon.FIRST_PAUSE, daemon.LONGEST_PAUSE = SECOND // 20, SECOND // 5


def hurry_the_networks(settle: float) -> None:
    """A server that has been asked does what it was asked within seconds here, not within minutes."""
    as_it_is = opening.open_from_environment

    def hurried(state: Path, environ: Mapping[str, str], clock: Clock, vault: Vault | None = None) -> Open:
        open_account = as_it_is(state, environ, clock, vault)

        def opened(account: Account) -> Opened | Refused:
            found = open_account(account)
            if isinstance(found, Opened):
                found.network.settle = min(found.network.settle, settle)
            return found

        return opened

    opening.open_from_environment = hurried


if __name__ == "__main__":
    main()
