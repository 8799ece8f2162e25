"""The interpreter, set for being on time: several accounts may be due at one instant, and share it."""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL = 0.0005
"""Seconds, a tenth of what Python has by itself: who computes gives way sooner to whoever has a request to send."""


def share_fairly() -> None:
    """For the whole process: threads that wait for a moment are not kept waiting by threads that compute."""
    sys.setswitchinterval(SWITCH_INTERVAL)


def settle_down() -> None:
    """Once what was imported and opened stays: clear it up now, and leave it alone from here on. A collection that goes
    through the libraries' hundreds of thousands of objects just at a due moment would take it 60 ms."""
    gc.collect()
    gc.freeze()
