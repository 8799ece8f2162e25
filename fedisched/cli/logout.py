"""`fedisched logout`: fedisched forgets an account's credential, and ends it at the server."""

from __future__ import annotations

import click

from fedisched.cli.account_named import account_named
from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import verb
from fedisched.cli.words import doubtful, faint, good, strong
from fedisched.model.command import typed
from fedisched.model.errors import FedischedError
from fedisched.publisher.admission import Admission, Dismissed


@verb
@click.argument("name", metavar="NAME")
def logout(here: Here, name: str) -> Exit:
    """End and forget an account's credential.

    The token or session is ended at the server; if that cannot be reached, it is forgotten here all the same, and you
    are told where to end it yourself. Posts that wait for the account go on waiting.

    Examples:
    fedisched logout mastodon
    """
    admission = Admission(here.settings, here.state, here.environ, here.clock, here.voice.complain)
    gone = admission.dismiss(name)
    if gone is None:
        # A name that was taken out of the configuration is still one that can be logged out, if it is kept.
        account = account_named(here, name)
        _say_environment(here, name)
        hint = f"{typed('accounts')} shows where each credential is."
        raise FedischedError(f"{account.name} has no credential in the vault", hint)
    who = f" (@{gone.handle} on {gone.server})" if gone.handle else ""
    here.voice.result(good("✓ "), strong(name), who, " is logged out: fedisched has no credential of it any more")
    _say_what_is_left(here, name, gone)
    _say_environment(here, name)
    return Exit.DONE


def _say_what_is_left(here: Here, name: str, gone: Dismissed) -> None:
    account = here.settings.accounts.get(name)
    is_bluesky = account is not None and account.network == "bluesky"
    if gone.left:
        where = gone.server or (account.server if account else "its server")
        place = "app passwords" if is_bluesky else "authorized apps"
        words = f"it was not ended at the server: {gone.left}. End it in the account's settings on {where} ({place})."
        here.voice.complain(doubtful("warning: "), words)
    elif is_bluesky:
        from fedisched.cli.login_bluesky import APP_PASSWORDS

        here.voice.remark(
            faint(f"  The session is ended. The app password itself is deleted by you, at {APP_PASSWORDS}")
        )


def _say_environment(here: Here, name: str) -> None:
    from fedisched.vault import credential

    account = here.settings.accounts.get(name)
    if account is not None and credential(account, here.environ) is not None:
        words = f"{account.variable} is set, and fedisched goes on publishing with it: take it out of the environment."
        here.voice.result(doubtful("note: "), words)
