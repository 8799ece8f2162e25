"""To which server a credential from the environment belongs.

Whoever can push posts can also push a `fedisched.toml` that points an account at another server, which would then be
handed the credential. So a credential is bound to the first server it verified with, and a caller that finds it bound
to another server than the account's sends nothing and pauses the account until a person logs in again.

What is kept is a fingerprint: slow to guess (scrypt) and salted for each state folder, so the file does not give the
credential away.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from fedisched.model.errors import StateUnusable
from fedisched.model.lacking import HOW_TO_OPEN_MORE, TOO_MANY_FILES
from fedisched.model.settings import Account
from fedisched.vault.private import locked, write_private

_NAME = "bindings.json"
_WHAT = "which says where your credentials belong"
_SALT_BYTES = 16
# 16 MB and some 40 ms a guess: a login's worth once in a process, and dear for whoever tries passwords.
_COST = {"n": 2**14, "r": 8, "p": 1}


@dataclass(slots=True)
class _Bindings:
    salt: bytes
    servers: dict[str, str] = field(default_factory=dict)


def bound_server(state: Path, account: Account, credential: str) -> str | None:
    """The server (an origin, as in `Account.server`) that this credential first verified with; None if it never did.

    Where that is another server than `account.server`, the caller must not send the credential and pauses the account.
    The account's name plays no part: renaming it in the configuration does not set a credential free. Raises
    StateUnusable when the bindings cannot be read.
    """
    bindings = _read(state)
    return bindings.servers.get(_key(account, credential, bindings.salt)) if bindings else None


def bind(state: Path, account: Account, credential: str, server: str) -> None:
    """Bind a credential that has just verified with a server. One that is bound already stays with its first server.

    Raises StateUnusable when that cannot be written down.
    """
    try:
        with _locked(state):
            bindings = _read(state) or _Bindings(os.urandom(_SALT_BYTES))
            key = _key(account, credential, bindings.salt)
            if key not in bindings.servers:
                bindings.servers[key] = server
                _write(state, bindings)
    except OSError as error:
        raise _unwritable(state, error) from error


def fingerprint(state: Path, account: Account, credential: str) -> str:
    """A text that changes when the credential does, and does not give it away. Raises StateUnusable."""
    try:
        with _locked(state):
            bindings = _read(state)
            if bindings is None:
                bindings = _Bindings(os.urandom(_SALT_BYTES))
                _write(state, bindings)
            return _key(account, credential, bindings.salt)
    except OSError as error:
        raise _unwritable(state, error) from error


def _unwritable(state: Path, error: OSError) -> StateUnusable:
    hint = "Make room on the disk and the folder writable for you, then try again."
    if error.errno in TOO_MANY_FILES:
        hint = HOW_TO_OPEN_MORE
    return StateUnusable(f"{state / _NAME} cannot be written ({error.strerror})", hint)


def _key(account: Account, credential: str, salt: bytes) -> str:
    return f"{account.network}:{_fingerprint(credential, salt)}"


@lru_cache(maxsize=64)
def _fingerprint(credential: str, salt: bytes) -> str:
    try:
        return hashlib.scrypt(credential.encode("utf-8"), salt=salt, dklen=16, **_COST).hex()
    except ValueError as error:
        # OpenSSL's way of saying that it got no memory; the numbers are fit.
        raise MemoryError(str(error)) from error


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Several accounts verify at once, in threads and processes; each adds its line to the same file."""
    state.mkdir(mode=0o700, exist_ok=True)
    with locked(state / f"{_NAME}.lock"):
        yield


def _read(state: Path) -> _Bindings | None:
    path = state / _NAME
    try:
        kept: Any = json.loads(path.read_bytes())
        return _Bindings(
            bytes.fromhex(kept["salt"]), {str(key): str(server) for key, server in kept["servers"].items()}
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        # Nothing is wrong with the file: this process may not, or just now cannot, open it.
        hint = "Let the user who runs fedisched read it."
        if error.errno in TOO_MANY_FILES:
            hint = HOW_TO_OPEN_MORE
        raise StateUnusable(f"{path}, {_WHAT}, cannot be read ({error.strerror})", hint) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # Read as empty, a damaged file would set every credential free.
        hint = "Look whether each `server` in fedisched.toml is the one you chose, then delete that file."
        raise StateUnusable(f"{path}, {_WHAT}, is damaged", hint) from error


def _write(state: Path, bindings: _Bindings) -> None:
    kept = {"salt": bindings.salt.hex(), "servers": bindings.servers}
    write_private(state / _NAME, json.dumps(kept, indent=1).encode("utf-8"))
