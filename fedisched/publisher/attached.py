"""The publisher's end of the daemon's pipe."""

from __future__ import annotations

from threading import Thread
from typing import TextIO

from fedisched.publisher.desk import Desk


def follow(desk: Desk, pipe: TextIO) -> None:
    """Each line says that the folder changed, and that the daemon has read what did. When the pipe closes, the daemon
    is gone or wants us to end: nothing new begins, what is being sent is finished."""

    def listen() -> None:
        for _ in pipe:
            desk.folder_was_read()
        desk.stop()

    Thread(target=listen, name="daemon's pipe", daemon=True).start()
