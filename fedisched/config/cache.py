"""Validated settings, kept in the state folder, so that whoever starts often needs neither pydantic nor tomllib."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from fedisched import __version__
from fedisched.config.plain import settings_from_plain, settings_to_plain
from fedisched.config.state import make_state_folder
from fedisched.model.errors import StateUnusable
from fedisched.model.settings import Settings

_NAME = "settings.json"


def fingerprint(data: bytes, source: Path) -> str:
    """What a cached reading is kept under: the file's whole text, where it is, and who read it. No digest of them: to
    import the hashes takes longer than everything else here."""
    return "\0".join((__version__, str(source), data.decode("utf-8", "surrogateescape")))


def recall(state: Path, mark: str) -> Settings | None:
    """The settings kept under a fingerprint; None if there are none, or they are damaged."""
    try:
        kept = json.loads((state / _NAME).read_bytes())
        return settings_from_plain(kept["settings"]) if kept["fingerprint"] == mark else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def keep(state: Path, mark: str, settings: Settings) -> None:
    """Keep settings under a fingerprint. Never fails: without the cache the next start is only slower."""
    with contextlib.suppress(OSError, StateUnusable):
        make_state_folder(state)
        text = json.dumps({"fingerprint": mark, "settings": settings_to_plain(settings)})
        # The process's own name: of two that write at once, the last one wins whole.
        partial = state / f"{_NAME}.{os.getpid()}"
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            partial.replace(state / _NAME)
        except OSError:
            # On a full disk, an empty file would stay.
            partial.unlink()
