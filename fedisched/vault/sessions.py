"""Bluesky sessions between runs, encrypted at rest.

The server allows few logins a day, so a session is kept and refreshed. The key comes from the app password itself:
who has that could log in anyway, and who has only the file has nothing.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.model.settings import Account
from fedisched.vault.private import write_private

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_SALT_BYTES = 16
_LARGEST = 64 * 1024


class SessionStore:
    """Where one account's session is kept, in `sessions/` of the state folder. Implements `model.network.Sessions`.

    The file is named after the server and the handle: a changed `server` never meets the session of the old one.
    """

    def __init__(self, state: Path, account: Account, password: str) -> None:
        self._whose = f"{account.network}\n{account.server}\n{account.handle}".encode()
        self._path = state / "sessions" / f"{hashlib.sha256(self._whose).hexdigest()[:24]}.json"
        self._password = password

    def load(self) -> str | None:
        """The session as it was last saved; None if there is none, it is damaged, or the password is another."""
        from cryptography.fernet import InvalidToken

        try:
            with self._path.open("rb") as file:
                kept = json.loads(file.read(_LARGEST))
            token = self._fernet(base64.b64decode(kept["salt"])).decrypt(kept["session"])
            return token.decode("utf-8")
        except (OSError, ValueError, KeyError, TypeError, RecursionError, InvalidToken):
            return None

    def save(self, session: str) -> None:
        """Keep the session under a fresh salt. Never fails: what cannot be kept costs a login at the next start."""
        salt = os.urandom(_SALT_BYTES)
        token = self._fernet(salt).encrypt(session.encode("utf-8"))
        kept = {"salt": base64.b64encode(salt).decode("ascii"), "session": token.decode("ascii")}
        with contextlib.suppress(OSError):
            write_private(self._path, json.dumps(kept).encode("ascii"))

    def remove(self) -> None:
        """Forget the session. Never fails: what is left opens nothing without the password."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _fernet(self, salt: bytes) -> Fernet:
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        hkdf = HKDF(SHA256(), length=32, salt=salt, info=b"fedisched session\n" + self._whose)
        return Fernet(base64.urlsafe_b64encode(hkdf.derive(self._password.encode("utf-8"))))
