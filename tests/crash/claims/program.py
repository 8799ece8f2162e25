"""fedisched as the contest runs it: `python -m tests.crash.claims.program`, with the same arguments.

It is the same program, but for how long it waits: what takes minutes between machines takes seconds here.
"""

from __future__ import annotations

from fedisched import cli
from fedisched.cli import carrying
from fedisched.clock import SECOND
from fedisched.daemon import carriage, lead
from fedisched.engine import pace
from fedisched.git import claims
from fedisched.publisher import claimant, publisher
from tests.crash.process.program import hurry_the_daemon, hurry_the_networks

MODULE = "tests.crash.claims.program"

SETTLE = 2.0
"""Seconds after which a request whose connection died has landed or never will."""
HOLDS, SKEW = 4 * SECOND, 2 * SECOND


def main() -> None:
    hurry_the_daemon(MODULE)
    hurry_the_networks(SETTLE)
    claims.SKEW, claimant.HOLDS = SKEW, HOLDS
    claimant.LOOK_AFTER, claimant.ENOUGH = SECOND, SECOND // 2
    claimant.FIRST_PAUSE, claimant.LONGEST_PAUSE = SECOND // 2, 2 * SECOND
    for module in (lead, publisher):
        vars(module)["CLAIM_LEAD"] = SECOND
    pace.LEAD = pace.MARGIN = 2 * SECOND
    carriage.GATHER, carriage.QUIET, carriage.SHORT_QUIET = SECOND // 4, SECOND, SECOND // 2
    carriage.SOON, carriage.LATEST_SOON = SECOND // 2, 2 * SECOND
    carrying.NOT_BEFORE = 2 * SECOND
    cli.main()


if __name__ == "__main__":
    main()
