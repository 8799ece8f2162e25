"""The networks: one module each behind `fedisched.model.network.Network`. Nothing heavy is imported before the first
request is prepared."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from fedisched.model.login import Home, OAuth
from fedisched.model.network import Enquiry, Network, Sessions
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.settings import Account

# A new network is one line here, one module beside this one, and a green contract suite.
_MODULES = {
    "bluesky": "fedisched.networks.bluesky",
    "mastodon": "fedisched.networks.mastodon",
}


def open_network(account: Account, credential: str, sessions: Sessions, now: Callable[[], int]) -> Network:
    """The network behind an account. `credential` is the access token or app password, `now` tells the time in
    microseconds since 1970 UTC. No I/O happens here."""
    network: Network = import_module(_MODULES[account.network]).connect(account, credential, sessions, now)
    return network


def open_enquiry(account: Account, now: Callable[[], int]) -> Enquiry:
    """What the account's server tells anybody. No I/O happens here."""
    enquiry: Enquiry = import_module(_MODULES[account.network]).enquire(account, now)
    return enquiry


def open_oauth(account: Account, now: Callable[[], int]) -> OAuth:
    """How a person lets fedisched in on a Mastodon account's server. No I/O happens here."""
    from fedisched.networks.mastodon_oauth import MastodonOAuth

    return MastodonOAuth(account.server, now)


def home_of(account: Account, now: Callable[[], int]) -> Home | NotSent | Refused:
    """Where a Bluesky account lives, found out without a password."""
    from fedisched.networks.bluesky_home import home_of

    return home_of(account, now)


def end_session(
    account: Account, credential: str, sessions: Sessions, now: Callable[[], int]
) -> NotSent | Refused | None:
    """End a Bluesky account's kept session at its server; None if there is none any more."""
    from fedisched.networks.bluesky_session import BlueskySession

    return BlueskySession(account, credential, sessions, now).end()
