"""The vault: credentials encrypted at rest, each bound to its account's name and its server.

It is one JSON file, an entry a line so that git merges it well; what is of an entry stands inside its encrypted text,
so that whoever can write the file can take entries away or put older ones back, and nothing else: an entry under
another name is refused here, and one for another server by whoever is about to use it. Nothing is read before it is
asked for, and nothing is imported for that before an entry has to be opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fedisched.model.credential import Credential
from fedisched.model.errors import KeyMissing, NoKey, VaultUnusable, WrongKey
from fedisched.model.lacking import FORBIDDEN
from fedisched.vault.entry import credential_from_text, credential_to_text
from fedisched.vault.key import VARIABLE, Keys, find_keys
from fedisched.vault.private import locked, read_file, write_private

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
        keys = self._trusted_keys()
        text = _opened(entries[name], keys)
        if text is None:
            raise self._damaged(name) if self.opens(keys) else self._wrong_key()
        return credential_from_text(text, name, self.path)

    def put(self, name: str, credential: Credential) -> None:
        """Keep a credential under an account's name, in the place of what was there.

        Raises as `get` does: where the key opens nothing of what is there, nothing is written.
        """
        with self.writing():
            entries = self._entries()
            keys = self._trusted_keys()
            if not self.opens(keys):
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

    def opens(self, keys: Keys) -> bool:
        """Whether these keys open anything in the vault, or there is nothing in it. Raises VaultUnusable."""
        entries = self._entries()
        return not entries or any(_opened(entry, keys) is not None for entry in entries.values())

    def key_that_opens(self) -> Keys | None:
        """The keys that open it, wherever they are: those that are used, or those in the key's file, which a key in
        the environment hides; an empty one is opened by any. None where none do. Raises VaultUnusable."""
        without = {name: value for name, value in self.environ.items() if name != VARIABLE}
        for environ in (self.environ, without):
            try:
                keys = find_keys(environ, self.folder)
            except (KeyMissing, NoKey):
                continue
            if self.opens(keys):
                return keys
        return None

    def encrypt_anew(self, keys: Keys) -> int:
        """Encrypt every entry with the first key; gives how many. Only within `writing`. One that no key opens stays as
        it is. Raises WrongKey where none opens."""
        entries = self._entries()
        texts = {name: _opened(entry, keys) for name, entry in entries.items()}
        if entries and not any(text is not None for text in texts.values()):
            raise self._wrong_key()
        fernet = _fernet(keys.current)
        anew = {name: fernet.encrypt(text.encode("utf-8")).decode("ascii") for name, text in texts.items() if text}
        if anew:
            self.write(entries | anew)
        return len(anew)

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

    def _trusted_keys(self) -> Keys:
        """The keys that open an entry for use. A key may have been replaced because others had it: where others can put
        a file, they must not make entries with it."""
        keys = self.keys()
        return keys.without_old() if self.committed else keys

    def _damaged(self, name: str) -> VaultUnusable:
        message = f"the entry `{name}` in the vault {self.path} is damaged, or was made with another key"
        return VaultUnusable(message, f"Log in again: `fedisched login {name}`. The other entries are well.")

    def _wrong_key(self) -> WrongKey:
        keys = self.keys()
        if self.opens(keys):
            message = f"the vault {self.path} was made with a key that has been replaced since"
            return WrongKey(message, "Type `fedisched key rotate` in its folder, which brings it up to date.")
        if (other := self.key_that_opens()) is not None:
            message = f"the key in {keys.place} does not open the vault {self.path}, and that in {other.place} does"
            return WrongKey(message, f"Nothing was changed. Take {keys.place} out of the environment.")
        return WrongKey(
            f"the key in {keys.place} does not open the vault {self.path}",
            "Nothing was changed. Put back the key that the vault was made with. If that is lost, `fedisched key new "
            "--lost` begins a new vault, and you log in again; nothing else is lost.",
        )

    # --- the file ----------------------------------------------------------------------------------------------

    def _entries(self) -> dict[str, str]:
        self._refuse_links()
        try:
            data, _ = read_file(self.path, _LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            if error.errno in FORBIDDEN:
                hint = (
                    f"Let the user who runs fedisched read it: `chmod u+rwx {self.path.parent}`, and the file itself."
                )
                raise VaultUnusable(f"the vault {self.path} may not be read", hint) from error
            raise self._unreadable(error.strerror or "") from error
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


def _opened(entry: str, keys: Keys) -> str | None:
    """An entry's text, None if none of the keys opens it."""
    from cryptography.fernet import InvalidToken

    try:
        return _fernet(keys.current + keys.old).decrypt(entry).decode("utf-8")
    except (InvalidToken, ValueError):
        return None


def _fernet(keys: tuple[bytes, ...]) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])
