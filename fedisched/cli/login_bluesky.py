"""Logging in on Bluesky: a handle, the server that it leads to, and an app password."""

from __future__ import annotations

import re
import sys

import click

from fedisched.cli.here import Here
from fedisched.cli.login import failed
from fedisched.cli.secret import secret
from fedisched.cli.words import doubtful, faint, underlined
from fedisched.model.command import typed
from fedisched.model.errors import FedischedError
from fedisched.model.login import Home
from fedisched.model.outcome import NotSent
from fedisched.model.settings import Account
from fedisched.networks import home_of
from fedisched.publisher.admission import Admission, Admitted

APP_PASSWORDS = "https://bsky.app/settings/app-passwords"
_APP_PASSWORD = re.compile(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}")


def log_in_on_bluesky(here: Here, account: Account, admission: Admission) -> Admitted:
    """Let the account in. Raises FedischedError where that fails; nothing is changed then."""
    _at_home(here, account)
    here.voice.remark(faint("You need an app password, made at "), underlined(_where(account)))
    password = secret(here, f"the app password of {account.handle} on {account.server}", may_be_words=True)
    other = admission.belongs_elsewhere(account, password)
    if other:
        hint = f"Make an app password for {account.handle} on {account.server}."
        raise FedischedError(f"this password belongs to {other}, and was not sent anywhere else", hint)
    if not is_app_password(password):
        _warn(here, account)
    admitted = admission.admit(account, password, None)
    if isinstance(admitted, Admitted):
        return admitted
    if isinstance(admitted, NotSent):
        raise failed(admitted)
    again = typed("login", account.name)
    raise FedischedError(admitted.reason, f"{admitted.hint} Then type: {again}")


def is_app_password(password: str) -> bool:
    """Whether it has the look of an app password: `abcd-efgh-ijkl-mnop`."""
    return _APP_PASSWORD.fullmatch(password) is not None


def _at_home(here: Here, account: Account) -> None:
    """Make sure that the account lives on the configured server, before a password goes there."""
    home = home_of(account, here.clock.now)
    match home:
        case NotSent():
            raise failed(home)
        case Home(server=server) if server == account.server:
            return
        case Home(server=server):
            file = here.settings.source.name
            table = f"[{'tool.fedisched.' if file == 'pyproject.toml' else ''}accounts.{account.name}]"
            raise FedischedError(
                f"{account.handle} lives on {server}, and not on {account.server}",
                f'Write into {file}, under {table}, the line `server = "{server}"`, and log in again.',
            )
        case refused:
            raise FedischedError(refused.reason, refused.hint)


def _warn(here: Here, account: Account) -> None:
    """The main password can do everything, and cannot be taken back for fedisched alone."""
    words = "this does not look like an app password (xxxx-xxxx-xxxx-xxxx), but like the account's own, which opens "
    here.voice.complain(doubtful("warning: "), words, f"everything. Make one for fedisched at {_where(account)}")
    if (
        sys.stdin is not None
        and sys.stdin.isatty()
        and not click.confirm("Use it all the same?", err=here.voice.as_json)
    ):
        raise FedischedError("the password was not used", f"With an app password, type: {typed('login', account.name)}")


def _where(account: Account) -> str:
    """Where app passwords are made: the app does that for accounts on any server."""
    return APP_PASSWORDS if account.web == "https://bsky.app" else f"{account.web}/settings/app-passwords"
