"""Where a person's own configuration lives on this machine, which no push can reach."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_home(environ: Mapping[str, str]) -> Path:
    """`XDG_CONFIG_HOME`, else `.config` in the home folder. A relative one is passed over, as the XDG base directory
    specification has it."""
    named = environ.get("XDG_CONFIG_HOME", "").strip()
    home = Path(environ.get("HOME", "").strip() or "~").expanduser()
    return Path(named) if named.startswith("/") else home / ".config"
