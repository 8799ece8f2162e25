"""Opening accounts: the credential from the environment, bound to the server it first verified with, or from the vault,
which knows the server it was made for; and the network module behind it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.clock import Clock
from fedisched.config import make_state_folder
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import open_journal
from fedisched.engine.rules import Rules
from fedisched.model.command import how_to_hand_over, how_to_log_in
from fedisched.model.errors import VaultUnusable
from fedisched.model.outcome import Refused
from fedisched.model.settings import Account, Settings
from fedisched.publisher.desk import Desk, Open, Opened
from fedisched.publisher.pinned import pinned
from fedisched.publisher.posts import Posts

if TYPE_CHECKING:
    from fedisched.vault.vault import Vault


def desk_for(
    settings: Settings, state: Path, environ: Mapping[str, str], clock: Clock, notice: Callable[[str], None]
) -> Desk:
    """A desk for one run on a content folder; whoever asks closes its journal. Raises `StateUnusable`."""
    from fedisched.vault.vault import Vault

    journal = open_journal(make_state_folder(state), clock.now(), notice)
    return Desk(
        settings=settings,
        state=state,
        journal=journal,
        accounts=Accounts(journal),
        posts=Posts(settings, journal, clock),
        rules=Rules(settings.retry, random.SystemRandom()),
        clock=clock,
        open=open_from_environment(state, environ, clock, Vault.open(state, settings.folder, environ, settings.vault)),
    )


def open_from_environment(state: Path, environ: Mapping[str, str], clock: Clock, vault: Vault | None = None) -> Open:
    """How this process opens accounts: with the credential in the environment, else with the one in the vault. Nothing
    is imported or decrypted, and no server asked, until one is opened."""

    def open_account(account: Account) -> Opened | Refused:
        from fedisched.networks import open_network
        from fedisched.vault.binding import bind, fingerprint
        from fedisched.vault.environment import credential
        from fedisched.vault.sessions import SessionStore

        secret = credential(account, environ)
        how_to_renew = how_to_hand_over(account.variable, "it")
        if secret is not None:
            refused = _belongs_elsewhere(state, account, secret)
        else:
            how_to_renew = ""
            secret, refused = _from_vault(vault, account)
        if refused is not None:
            return refused
        network = open_network(account, secret, SessionStore(state, account, secret), clock.now)
        mark = fingerprint(state, account, secret)
        return Opened(network, mark, lambda: bind(state, account, secret, account.server), how_to_renew)

    return pinned(open_account, environ)


def _belongs_elsewhere(state: Path, account: Account, secret: str) -> Refused | None:
    """A refusal, if a credential from the environment was first taken by another server than the account's."""
    from fedisched.vault.binding import bound_server

    bound = bound_server(state, account, secret)
    if bound is None or bound == account.server:
        return None
    return Refused(
        _elsewhere(bound, account),
        f"If that is your doing, make a new credential on {account.server}. "
        + how_to_hand_over(account.variable, "it"),
    )


def _from_vault(vault: Vault | None, account: Account) -> tuple[str, Refused | None]:
    """The credential in the vault, or why it is not to be used: it goes to the server it was made for, or nowhere."""
    try:
        kept = vault.get(account.name) if vault else None
    except VaultUnusable as error:
        return "", Refused(error.message, error.hint)
    if kept is None:
        how = f"Log in with {how_to_log_in(account.name)}. Or set {account.variable}, and restart a daemon that runs."
        return "", Refused("there is no credential", how)
    if (kept.network, kept.server) != (account.network, account.server):
        how = f"If that is your doing, log in there with {how_to_log_in(account.name)}."
        return "", Refused(_elsewhere(kept.server, account), how)
    return kept.secret, None


def _elsewhere(where: str, account: Account) -> str:
    return f"its credential belongs to {where}, but the configuration now says {account.server}"
