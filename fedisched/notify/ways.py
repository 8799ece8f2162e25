"""Send a message by every way there is. No way's failure hinders another, and none of them raises."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

import fedisched
from fedisched.model.telling import Answer, Message, Ways

LAST_WORDS = 0.5
"""Seconds for reading what a process that has ended still had to say."""
_KEPT = 65536
"""Bytes that are kept of what a process says."""
_LONGEST_REASON = 200
_NOT_FOR_OTHERS = ("FEDISCHED_", "NOTIFY_SOCKET", "WATCHDOG_", "CREDENTIALS_DIRECTORY", "LISTEN_")


def send(ways: Ways, message: Message, environ: Mapping[str, str]) -> list[Answer]:
    """Send by the command, then by Apprise; an answer for each command and each address."""
    outside = {name: value for name, value in environ.items() if not name.startswith(_NOT_FOR_OTHERS)}
    answers = []
    if ways.command:
        answers.append(_by_command(ways, message, outside))
    if ways.urls:
        answers += _by_apprise(ways, message, outside)
    return answers


def _by_command(ways: Ways, message: Message, environ: Mapping[str, str]) -> Answer:
    told = {
        "FEDISCHED_TITLE": message.title,
        "FEDISCHED_EVENTS": " ".join(message.kinds),
        "FEDISCHED_FOLDER": message.folder,
    }
    # Not in the content folder: what is looked for beside it could have been pushed.
    done = _run(ways.command, message.body.encode(), {**environ, **told}, Path("/"), ways.timeout)
    return Answer(Path(ways.command[0]).name, done.reason)


def _by_apprise(ways: Ways, message: Message, environ: Mapping[str, str]) -> list[Answer]:
    asked = {"urls": ways.urls, "title": message.title, "body": message.body}
    # -P, and beside the package: nothing that lies in the content folder may be imported.
    command = [sys.executable, "-P", "-m", "fedisched.notify"]
    home = Path(fedisched.__file__).parent.parent
    done = _run(command, json.dumps(asked).encode(), environ, home, ways.timeout)
    answers = []
    with suppress(ValueError, TypeError):
        for line in done.said.splitlines():
            way, error = json.loads(line)
            answers.append(Answer(str(way), str(error)))
    if done.reason or len(answers) < len(ways.urls):
        answers.append(Answer("Apprise", done.reason or "it gave no answer"))
    return answers


@dataclass(frozen=True, slots=True)
class _Done:
    """What a process said on standard output, as far as it is kept, and what went wrong (empty: nothing)."""

    said: bytes = b""
    reason: str = ""


def _how_it_ended(code: int, complained: bytes) -> str:
    if code == 0:
        return ""
    lines = complained.decode("utf-8", "replace").strip().splitlines()
    how = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"{how}: {lines[-1][:_LONGEST_REASON]}" if lines else how


def _run(command: Sequence[str], said: bytes, environ: Mapping[str, str], folder: Path, timeout: float) -> _Done:
    """Run a process with `said` on its standard input, for so many seconds at most."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return _Done(reason=f"could not be started ({getattr(error, 'strerror', None) or error})")
    # A thread each: whatever it started may hold its pipes open, or never read what it is told.
    heard, complained = bytearray(), bytearray()
    threads = [
        Thread(target=_write, args=(process.stdin, said), daemon=True),
        Thread(target=_read, args=(process.stdout, heard), daemon=True),
        Thread(target=_read, args=(process.stderr, complained), daemon=True),
    ]
    for thread in threads:
        thread.start()
    late = ""
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        late = f"took longer than {timeout:g} s, and was ended"
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    for thread in threads[1:]:
        thread.join(LAST_WORDS)
    return _Done(bytes(heard), late or _how_it_ended(code, bytes(complained)))


def _write(pipe: IO[bytes] | None, said: bytes) -> None:
    if pipe is not None:
        with suppress(OSError), pipe:
            pipe.write(said)


def _read(pipe: IO[bytes] | None, kept: bytearray) -> None:
    if pipe is not None:
        with suppress(OSError, ValueError), pipe:
            # As it comes: who waits for all of it waits for whoever holds the pipe open.
            while some := os.read(pipe.fileno(), _KEPT):
                kept += some[: _KEPT - len(kept)]
