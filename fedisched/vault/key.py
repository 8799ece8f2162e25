"""The key that opens the vault: where it is, and whether it is fit.

It lies in the machine's own configuration folder and not beside the vault: a vault in the content folder travels with
`git push`, one in the state folder with every copy of the repository's directory, and a key that travels along locks
nothing. For the same reason a key inside the content folder is refused: whoever can push posts could put one there.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fedisched.model.errors import KeyMissing, NoKey, VaultUnusable
from fedisched.model.home import config_home
from fedisched.model.secret import keep_secret
from fedisched.vault.private import locked, read_file, write_private

VARIABLE = "FEDISCHED_KEY"
FILE_VARIABLE = "FEDISCHED_KEY_FILE"
OLD_SUFFIX = ".old"

_LARGEST = 4096
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys at hand. The first of `current` encrypts, each of them opens; `old` are kept from earlier rotations and
    open a vault in the state folder only. `place` is where they are, for messages."""

    current: tuple[bytes, ...] = field(repr=False)
    old: tuple[bytes, ...] = field(repr=False)
    place: str

    def without_old(self) -> Keys:
        """Only those that are in use."""
        return replace(self, old=())


def key_file(environ: Mapping[str, str]) -> Path:
    """Where the key's file is, or would be made: `FEDISCHED_KEY_FILE`, else `fedisched/key` in the machine's own
    configuration folder."""
    if named := environ.get(FILE_VARIABLE, "").strip():
        return Path(os.path.abspath(Path(named).expanduser()))  # noqa: PTH100
    return config_home(environ) / "fedisched" / "key"


def old_key_file(file: Path) -> Path:
    """Where the keys before the last rotations are kept, beside the key's file."""
    return file.with_name(file.name + OLD_SUFFIX)


def find_keys(environ: Mapping[str, str], folder: Path) -> Keys:
    """The keys that open the vault of a content folder.

    Raises KeyMissing where there are none, NoKey where what is there is none, VaultUnusable where others can read it.
    """
    if text := environ.get(VARIABLE, "").strip():
        return Keys(parsed(text, VARIABLE), (), VARIABLE)
    file = key_file(environ)
    found = read_key_file(file, folder)
    if found is None:
        raise KeyMissing(
            f"there is no key to open the vault with: {file} is not there, and {VARIABLE} is not set",
            "If you have a copy of the key, put it there. `fedisched key new` makes the first one; after a lost key, "
            "`fedisched key new --lost` begins a new vault, and you log in again.",
        )
    old = old_key_file(file)
    kept = read_key_file(old, folder)
    return Keys(parsed(found, str(file)), parsed(kept, str(old)) if kept else (), str(file))


def read_key_file(file: Path, folder: Path) -> str | None:
    """The text of a key's file; None if it is not there. Raises VaultUnusable where it must not be trusted."""
    _refuse_inside(file, folder)
    try:
        data, found = read_file(file, _LARGEST, links=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        hint = f"Make it a file that you can read, or set {FILE_VARIABLE} to another."
        raise VaultUnusable(f"the key {file} cannot be read ({error.strerror})", hint) from error
    if found.st_uid not in (os.geteuid(), 0):
        raise VaultUnusable(f"the key {file} belongs to another user", f"Type `sudo chown $USER {file}`.")
    if found.st_mode & 0o077:
        raise VaultUnusable(f"others can read the key {file}", f"Type `chmod 600 {file}`.")
    return data.decode("utf-8", "replace")


@contextmanager
def key_locked(file: Path) -> Iterator[None]:
    """Nobody else makes or changes this key meanwhile. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(file.with_name(f"{file.name}.lock")):
        yield


def new_key() -> str:
    """A key that was never used before, as text."""
    return base64.urlsafe_b64encode(os.urandom(_BYTES)).decode("ascii")


def make_key_file(environ: Mapping[str, str], folder: Path) -> Path:
    """Make a key where none is, and say where. Raises VaultUnusable where it cannot be written, or one is there."""
    file = key_file(environ)
    _refuse_inside(file, folder)
    try:
        with key_locked(file):
            if file.exists():
                hint = "Nothing was changed. `fedisched key rotate` makes another one, and keeps what is in the vault."
                raise VaultUnusable(f"there is a key at {file} already", hint)
            write_private(file, f"{new_key()}\n".encode("ascii"))
    except OSError as error:
        hint = f"Make its folder writable for you, or set {FILE_VARIABLE} to another place."
        raise VaultUnusable(f"the key {file} cannot be written ({error.strerror})", hint) from error
    return file


def parsed(text: str, place: str) -> tuple[bytes, ...]:
    """Keys out of a text: one, or several between commas or white space, the newest first. Raises NoKey."""
    words = text.replace(",", " ").split()
    keep_secret(*words)
    keys = tuple(key for word in words if (key := _as_key(word)) is not None)
    if not words or len(keys) != len(words):
        # Never the text itself: a person may have pasted another secret there.
        raise NoKey(
            f"what is in {place} is no key",
            "A key is the 44 characters that `fedisched key new` made, nothing before or behind them: copy it again. "
            "If it is lost, `fedisched key new --lost` begins a new vault, and you log in again.",
        )
    return keys


def _refuse_inside(file: Path, folder: Path) -> None:
    real = folder.resolve()
    if file.resolve().is_relative_to(real) or file.is_relative_to(folder):
        hint = f"Move it out of there, and set {FILE_VARIABLE} to where it is then."
        raise VaultUnusable(f"the key {file} is in the content folder, from where it travels with the posts", hint)


def _as_key(word: str) -> bytes | None:
    try:
        data = base64.b64decode(word.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return word.encode("ascii") if len(data) == _BYTES else None
