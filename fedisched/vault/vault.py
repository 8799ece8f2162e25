"""The vault: credentials encrypted at rest, each bound to its account's name and its server.

It is one JSON file, an entry a line so that git merges it well; what is of an entry stands inside its encrypted text,
so that whoever can write the file can take entries away or put older ones back, and nothing else: an entry under
another name is refused here, and one for another server by whoever is about to use it. Nothing is read before it is
asked for, and nothing is imported for that before an entry has to be opened.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fedisched.model.credential import Credential
from fedisched.model.errors import VaultUnusable, WrongKey
from fedisched.vault.entry import credential_from_text, credential_to_text
from fedisched.vault.key import Keys, find_keys
from fedisched.vault.private import locked, write_private

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

STATE_NAME = "vault.json"

_FORMAT = 1
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Vault:
    """The vault of one content folder; `path` is its file. It holds no secret itself: each call reads what is there."""

    path: Path
    state: Path
    folder: Path
    committed: bool
    environ: Mapping[str, str]

    @classmethod
    def open(cls, state: Path, folder: Path, environ: Mapping[str, str], committed: str = "") -> Vault:
        """The vault in a state folder; with `committed` (the config's `vault`), the file of that name in the content
        folder. Nothing is read yet, and no key is needed yet."""
        path = folder / PurePosixPath(committed) if committed else state / STATE_NAME
        return cls(path, state, folder, bool(committed), environ)

    def names(self) -> tuple[str, ...]:
        """The accounts that have an entry. Needs no key. Raises VaultUnusable."""
        return tuple(self._entries())

    def get(self, name: str) -> Credential | None:
        """The credential of an account, None if it has no entry: then no key is needed.

        Whoever uses it compares its `server` with the account's first. Raises KeyMissing, WrongKey, or VaultUnusable.
        """
        entries = self._entries()
        if name not in entries:
            return None
        text = self._opened(entries[name], self.keys())
        if text is None:
            raise self._cannot_open(name, entries)
        return credential_from_text(text, name, self.path)

    def put(self, name: str, credential: Credential) -> None:
        """Keep a credential under an account's name, in the place of what was there.

        Raises as `get` does: where the key opens nothing of what is there, nothing is written.
        """
        with self.writing():
            entries = self._entries()
            keys = self.keys()
            if entries and not any(self._opened(entry, keys) is not None for entry in entries.values()):
                raise self._wrong_key()
            token = _fernet(keys.current).encrypt(credential_to_text(name, credential).encode("utf-8"))
            self.write(entries | {name: token.decode("ascii")})

    def remove(self, name: str) -> bool:
        """Take an account's entry out; false if there was none. Needs no key. Raises VaultUnusable."""
        with self.writing():
            entries = self._entries()
            if name not in entries:
                return False
            self.write({other: entry for other, entry in entries.items() if other != name})
            return True

    def keys(self) -> Keys:
        """The keys that this vault is opened with. Raises KeyMissing or VaultUnusable."""
        return find_keys(self.environ, self.folder)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nobody else changes the vault meanwhile. Raises VaultUnusable."""
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self.state / f"{STATE_NAME}.lock"):
                yield
        except OSError as error:
            hint = "Make room on the disk and the folder writable for you, then try again."
            raise VaultUnusable(f"the vault {self.path} cannot be written ({error.strerror})", hint) from error

    def write(self, entries: Mapping[str, str]) -> None:
        """Write the whole file at once. Only within `writing`."""
        self._refuse_links()
        kept = {"format": _FORMAT, "entries": dict(sorted(entries.items()))}
        write_private(self.path, (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))

    def _opened(self, entry: str, keys: Keys) -> str | None:
        """An entry's text, None if no key opens it. Where others can put a file, a key that was replaced, perhaps since
        others had it, opens nothing any more."""
        from cryptography.fernet import InvalidToken

        usable = keys.current if self.committed else keys.current + keys.old
        try:
            return _fernet(usable).decrypt(entry).decode("utf-8")
        except (InvalidToken, ValueError):
            return None

    def _cannot_open(self, name: str, entries: Mapping[str, str]) -> VaultUnusable:
        keys = self.keys()
        if not any(self._opened(entry, keys) is not None for entry in entries.values()):
            return self._wrong_key()
        message = f"the entry `{name}` in the vault {self.path} is damaged, or was made with another key"
        return VaultUnusable(message, f"Log in again: `fedisched login {name}`. The others are well.")

    def _wrong_key(self) -> WrongKey:
        return WrongKey(
            f"the key in {self.keys().place} does not open the vault {self.path}",
            "Nothing was changed. Put back the key that the vault was made with. If that is lost, `fedisched key new "
            "--lost` begins a new vault, and you log in again; nothing else is lost.",
        )

    # --- the file ----------------------------------------------------------------------------------------------

    def _entries(self) -> dict[str, str]:
        self._refuse_links()
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise self._unreadable(error.strerror or "") from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._unreadable("it is not a file")
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise self._unreadable("it is far too large")
        entries = _parsed(data)
        if entries is None:
            raise self._unreadable("it is damaged, or no vault")
        return entries

    def _refuse_links(self) -> None:
        """A pushed link would have us read or write a file anywhere. Only a committed vault can meet one."""
        if not self.committed:
            return
        step = self.folder
        for part in self.path.relative_to(self.folder).parts:
            step /= part
            if step.is_symlink():
                hint = "Replace it by a real folder or file, or name another `vault` in fedisched.toml."
                raise VaultUnusable(f"the vault {self.path} is reached by a symbolic link, {step}", hint)

    def _unreadable(self, reason: str) -> VaultUnusable:
        hint = "Bring it back from a backup or git, or move it away and log in again."
        return VaultUnusable(f"the vault {self.path} cannot be read ({reason})", hint)


def _parsed(data: bytes) -> dict[str, str] | None:
    try:
        kept: Any = json.loads(data)
        entries = kept["entries"]
        if kept["format"] != _FORMAT or not all(isinstance(entry, str) for entry in entries.values()):
            return None
        return dict(entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _fernet(keys: tuple[bytes, ...]) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])
