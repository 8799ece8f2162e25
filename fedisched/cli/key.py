"""`fedisched key`: the key that opens the vault."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import verb
from fedisched.cli.words import plural, strong
from fedisched.model.command import typed
from fedisched.model.errors import FedischedError

if TYPE_CHECKING:
    from fedisched.vault import Vault


@verb
@click.argument("act", type=click.Choice(["new", "rotate"]))
@click.option("--print", "only_print", is_flag=True, help="With new: show a key, for FEDISCHED_KEY, and keep nothing.")
@click.option("--lost", is_flag=True, help="With new: put the vault aside that no key opens any more.")
def key(here: Here, act: str, only_print: bool, lost: bool) -> Exit:
    """Make the key that opens the vault, or replace it by another.

    The vault keeps what you log in with, encrypted; `login` makes its key by itself. `new` makes one beforehand, and
    after a lost one. `rotate` makes another one and encrypts everything with it; the old one is taken out of use.

    Examples:
    fedisched key new
    fedisched key rotate
    fedisched key new --print | gh secret set FEDISCHED_KEY
    """
    if act == "rotate" and (only_print or lost):
        raise click.UsageError("--print and --lost belong to `fedisched key new`")
    if only_print and lost:
        raise click.UsageError("--print keeps nothing, so there is nothing to put aside with --lost")
    if only_print:
        from fedisched.vault.key import new_key

        here.voice.result(new_key())
    elif act == "rotate":
        _rotate(here, here.vault)
    else:
        _new(here, here.vault, lost)
    return Exit.DONE


def tell_of_new_key(here: Here, file: Path) -> None:
    """Where a key is that was just made, and what becomes of a person who loses it."""
    here.voice.result("made a key  ", strong(str(file)))
    here.voice.remark("Keep a copy of it in a safe place: without it you log in again to every account.")
    if here.settings.vault:
        here.voice.remark(f"In Actions: gh secret set FEDISCHED_KEY < {shlex.quote(str(file))}")


def _new(here: Here, vault: Vault, lost: bool) -> None:
    from fedisched.daemon.wake import wake
    from fedisched.vault.key import VARIABLE, make_key_file
    from fedisched.vault.rotation import renew_key_file, set_aside

    is_set = bool(here.environ.get(VARIABLE, "").strip())
    if is_set and not lost:
        raise FedischedError(
            f"the key is set by {VARIABLE} already", f"`{typed('key', 'rotate')}` says how to replace it."
        )
    if is_set:
        # What it begins with has to be a key.
        vault.keys()
    names = vault.names()
    if not lost:
        _refuse_lost(vault, names)
        tell_of_new_key(here, make_key_file(here.environ, here.folder))
        return
    aside = set_aside(vault)
    if is_set:
        here.voice.remark(f"The key in {VARIABLE} is used from now on.")
    else:
        tell_of_new_key(here, renew_key_file(vault))
    if aside is not None:
        here.voice.remark(f"The vault that no key opens is kept as {aside}; delete it when you are sure.")
    for name in names:
        here.voice.result("log in again  ", strong(typed("login", name)))
    wake(here.state)


def _refuse_lost(vault: Vault, names: tuple[str, ...]) -> None:
    """A new key beside a vault that was made with another one opens nothing: the person has to say that it is lost."""
    from fedisched.vault.key import key_file

    if names and not key_file(vault.environ).exists():
        raise FedischedError(
            f"the vault {vault.path} was made with a key that is not here",
            f"If you have a copy of the key, put it at {key_file(vault.environ)}. If it is lost, "
            f"`{typed('key', 'new', '--lost')}` begins a new vault, and you log in again; nothing else is lost.",
        )


def _rotate(here: Here, vault: Vault) -> None:
    from fedisched.daemon.wake import wake
    from fedisched.vault.rotation import rotate

    done = rotate(vault)
    entries = plural(done.entries, "account")
    if not done.is_new:
        here.voice.result(f"brought up to date: {entries}, with the key in ", strong(done.place))
    else:
        here.voice.result(f"another key, with which everything was encrypted anew, {entries}: ", strong(done.place))
    if done.is_new and done.old is None:
        here.voice.remark(f"Take the old key out of {done.place} now, wherever you set it.")
    elif done.is_new:
        here.voice.remark("Keep a copy of it in a safe place, in the stead of the old one.")
        here.voice.remark(
            f"The old one is in {done.old}, for other content folders of yours and older copies of the vault:"
        )
        here.voice.remark(f"type `{typed('key', 'rotate')}` in each of these folders, then delete that file.")
    if vault.committed:
        here.voice.remark(f"Commit {here.settings.vault} and push it. In Actions, set FEDISCHED_KEY to the new key.")
    wake(here.state)
