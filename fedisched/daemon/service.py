"""What systemd is told of the daemon, and asks of it: `sd_notify(3)`, which is a datagram to a socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from fedisched.clock import SECOND

PATIENT = 1.0
"""Seconds for a datagram that the service manager has no room for just now."""


class ServiceManager:
    """Whoever started the daemon and wants to hear of it; nobody, if the environment names none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watches_every = _interval(environ) if self._address else None
        """How long it waits for a sign of life, in microseconds; None if it does not watch."""

    def say(self, **assignments: str | int) -> None:
        """Tell it, as `READY=1`. Never raises, and waits a second at most: posts go out, whoever listens."""
        if not self._address:
            return
        lines = "\n".join(f"{name}={str(value).replace(chr(10), ' ')}" for name, value in assignments.items())
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(PATIENT)
            out.connect(self._address)
            out.send(lines.encode("utf-8", "replace"))


def without_manager(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for children, which are not the service."""
    return {name: value for name, value in environ.items() if name not in ("NOTIFY_SOCKET", *_WATCHDOG)}


_WATCHDOG = ("WATCHDOG_USEC", "WATCHDOG_PID")


def _address(named: str) -> str:
    """A path, or a name in Linux's abstract namespace, which is written with an `@` for its first byte."""
    if named.startswith("@"):
        return "\0" + named[1:]
    return named if named.startswith("/") else ""


def _interval(environ: Mapping[str, str]) -> int | None:
    asked, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not asked.isdecimal() or int(asked) == 0 or (whose and whose != str(os.getpid())):
        return None
    return max(int(asked), SECOND // 10)
