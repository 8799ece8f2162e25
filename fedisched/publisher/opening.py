"""Opening accounts: the credential from the environment, bound to the server it first verified with, and the network
module behind it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from fedisched.clock import Clock
from fedisched.config import make_state_folder
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import open_journal
from fedisched.engine.rules import Rules
from fedisched.model.command import how_to_hand_over
from fedisched.model.outcome import Refused
from fedisched.model.settings import Account, Settings
from fedisched.publisher.desk import Desk, Open, Opened
from fedisched.publisher.pinned import pinned
from fedisched.publisher.posts import Posts


def desk_for(
    settings: Settings, state: Path, environ: Mapping[str, str], clock: Clock, notice: Callable[[str], None]
) -> Desk:
    """A desk for one run on a content folder; whoever asks closes its journal. Raises `StateUnusable`."""
    journal = open_journal(make_state_folder(state), clock.now(), notice)
    return Desk(
        settings=settings,
        state=state,
        journal=journal,
        accounts=Accounts(journal),
        posts=Posts(settings, journal, clock),
        rules=Rules(settings.retry, random.SystemRandom()),
        clock=clock,
        open=open_from_environment(state, environ, clock),
    )


def open_from_environment(state: Path, environ: Mapping[str, str], clock: Clock) -> Open:
    """How this process opens accounts. Nothing is imported, and no server asked, until one is opened."""

    def open_account(account: Account) -> Opened | Refused:
        from fedisched.networks import open_network
        from fedisched.vault.binding import bind, bound_server, fingerprint
        from fedisched.vault.environment import credential
        from fedisched.vault.sessions import SessionStore

        secret = credential(account, environ)
        if secret is None:
            return Refused("there is no credential", how_to_hand_over(account.variable, "one"))
        bound = bound_server(state, account, secret)
        if bound is not None and bound != account.server:
            return Refused(
                f"its credential belongs to {bound}, but the configuration now says {account.server}",
                f"If that is your doing, make a new credential on {account.server}. "
                + how_to_hand_over(account.variable, "it"),
            )
        network = open_network(account, secret, SessionStore(state, account, secret), clock.now)
        return Opened(
            network, fingerprint(state, account, secret), lambda: bind(state, account, secret, account.server)
        )

    return pinned(open_account, environ)
