"""Another key for the vault, and another vault where the key is lost.

The order of the steps lets a crash happen anywhere: the new key lies before the old one in the key's file until every
entry is encrypted anew, so the vault opens with what is there at any moment, and the same command goes on where it
stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fedisched.model.errors import NoKey, VaultUnusable, WrongKey
from fedisched.vault.key import (
    FILE_VARIABLE,
    VARIABLE,
    Keys,
    key_file,
    key_locked,
    make_key_file,
    new_key,
    old_key_file,
    parsed,
    read_key_file,
)
from fedisched.vault.private import write_private
from fedisched.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: where the key is, how many entries were encrypted anew, where the keys before it are kept
    (None where they are the person's own to take away), and whether there is a new key, or the vault was only late."""

    place: str
    entries: int
    old: Path | None
    is_new: bool


def rotate(vault: Vault) -> Rotated:
    """Put a new key first, encrypt everything with it, then take the old one out of use.

    A rotation that was broken off is finished, and a vault that a rotation from another content folder left behind is
    brought up to date: neither makes one more key. Raises VaultUnusable; everything is as it was then.
    """
    if vault.environ.get(VARIABLE, "").strip():
        return _rotate_given(vault)
    file = key_file(vault.environ)
    try:
        with key_locked(file), vault.writing():
            return _rotate_file(vault, file)
    except OSError as error:
        raise _unwritable(file, error) from error


def set_aside(vault: Vault) -> Path | None:
    """Move a vault whose key is lost out of the way, into the state folder; gives where to, None if there is none.

    Raises WrongKey where the key at hand does open it.
    """
    try:
        with vault.writing():
            if not vault.path.exists():
                return None
            if (keys := vault.key_that_opens()) is not None:
                hint = "Nothing was changed. `fedisched key rotate` makes a new key and keeps what is there."
                if vault.environ.get(VARIABLE, "").strip() and keys.place != VARIABLE:
                    hint = f"Nothing was changed. Take {VARIABLE} out of the environment, which does not."
                raise WrongKey(f"the key in {keys.place} opens the vault, so it is not lost", hint)
            aside = vault.state / f"vault-lost-{time.time_ns() // 10**6}.json"
            # Written and then taken away, not renamed: a committed vault may be on another disk than the state.
            write_private(aside, vault.path.read_bytes())
            vault.path.unlink()
            return aside
    except OSError as error:
        hint = "Make room on the disk and the folder writable for you, then try again."
        raise VaultUnusable(f"the vault {vault.path} cannot be moved away ({error.strerror})", hint) from error


def renew_key_file(vault: Vault) -> Path:
    """Make a key where the old one is lost or opens nothing; one that is there is kept with the old ones, and what is
    no key beside it. Raises VaultUnusable."""
    file = key_file(vault.environ)
    there = read_key_file(file, vault.folder)
    if there is None:
        return make_key_file(vault.environ, vault.folder)
    try:
        with key_locked(file):
            try:
                parsed(there, str(file))
                _keep_old(file, vault.folder, there.split())
            except NoKey:
                file.replace(file.with_name(f"{file.name}.no-key"))
            _write_keys(file, [new_key()])
    except OSError as error:
        raise _unwritable(file, error) from error
    return file


def _unwritable(file: Path, error: OSError) -> VaultUnusable:
    hint = f"Make its folder writable for you, or set {FILE_VARIABLE} to another place."
    return VaultUnusable(f"the key {file} cannot be written ({error.strerror})", hint)


def _write_keys(file: Path, words: Iterable[str]) -> None:
    """Raises VaultUnusable, which says that it is the key and not the vault."""
    try:
        write_private(file, "".join(f"{word}\n" for word in words).encode("ascii"))
    except OSError as error:
        raise _unwritable(file, error) from error


def _rotate_given(vault: Vault) -> Rotated:
    """The key comes from outside: the person sets the new one before the old one, and this encrypts with the first."""
    keys = vault.keys()
    if len(keys.current) < 2:
        raise VaultUnusable(
            f"the key is set by {VARIABLE}, which fedisched cannot change",
            f"Make another with `fedisched key new --print`, set {VARIABLE} to it, a blank, and the old one behind it, "
            "and type `fedisched key rotate` again; then take the old one away.",
        )
    with vault.writing():
        count = vault.encrypt_anew(keys)
    return Rotated(keys.place, count, None, is_new=True)


def _rotate_file(vault: Vault, file: Path) -> Rotated:
    keys = vault.keys()
    broken_off = len(keys.current) > 1
    # A vault that only an earlier key opens was left behind when the key was rotated from another content folder.
    if not broken_off and not vault.opens(keys.without_old()):
        return Rotated(keys.place, vault.encrypt_anew(keys), old_key_file(file), is_new=False)
    if not broken_off:
        _write_keys(file, (new_key(), *_as_words(keys)))
        keys = vault.keys()
    # Where others can put a file, what only a replaced key opens is not made trustworthy by this.
    count = vault.encrypt_anew(keys.without_old() if vault.committed else keys)
    newest, *older = _as_words(keys)
    _keep_old(file, vault.folder, older)
    _write_keys(file, [newest])
    return Rotated(keys.place, count, old_key_file(file), is_new=True)


def _keep_old(file: Path, folder: Path, keys: list[str]) -> None:
    """Other content folders on this machine, and copies of this vault, may still need them."""
    old = old_key_file(file)
    kept = (read_key_file(old, folder) or "").split()
    words = [*keys, *(word for word in kept if word not in keys)]
    _write_keys(old, words)


def _as_words(keys: Keys) -> list[str]:
    return [key.decode("ascii") for key in keys.current]
