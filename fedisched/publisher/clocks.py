"""This machine's clock against a server's: one that is wrong sends nothing."""

from __future__ import annotations

from fedisched.model.outcome import NotSent

APART = 60.0
"""How many seconds they may differ."""


def clock_is_wrong(offset: float | None) -> NotSent | None:
    """Why nothing is sent by a clock that is `offset` seconds behind a server's; None if it may be, or if the server
    did not tell its time."""
    if offset is None or abs(offset) <= APART:
        return None
    words = f"this machine's clock is {abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the server's"
    return NotSent(f"{words}. Set the clock (for example: timedatectl set-ntp true)", 60.0, account=True)
