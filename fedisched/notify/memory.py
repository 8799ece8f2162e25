"""What was told already, kept in the state folder over restarts."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from fedisched.model.telling import Memory, Told

_NAME = "told.json"
_MOST = 10_000
"""Troubles that are remembered; whoever has more of them has been told."""


def recall(state: Path) -> Memory:
    """What was told; nothing, if nobody knows."""
    try:
        plain = json.loads((state / _NAME).read_bytes())
        told = {str(key): Told(**each) for key, each in plain["told"].items()}
        return Memory(told, int(plain["failures"]), int(plain["next_try"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Memory()


def keep(state: Path, memory: Memory) -> None:
    """Keep it, whole or not at all. Raises OSError."""
    newest = sorted(memory.told.items(), key=lambda item: -item[1].at)[:_MOST]
    plain = {
        "told": {key: asdict(told) for key, told in newest},
        "failures": memory.failures,
        "next_try": memory.next_try,
    }
    partial = state / f"{_NAME}.{os.getpid()}"
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(plain, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(state / _NAME)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
