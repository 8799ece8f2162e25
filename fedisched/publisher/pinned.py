"""A server that the environment names for a credential: `FEDISCHED_<NAME>_SERVER`.

Where nothing is kept from one run to the next, as in GitHub Actions, nobody remembers which server a credential first
worked with. Whoever sets the credential can say it beside it; a configuration that was pushed then leads it nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedisched.model.outcome import Refused
from fedisched.model.settings import Account
from fedisched.publisher.desk import Open, Opened


def variable_of(account: Account) -> str:
    """The variable that names an account's server, beside the one that has its credential."""
    return f"{account.variable.rpartition('_')[0]}_SERVER"


def pinned(open_account: Open, environ: Mapping[str, str]) -> Open:
    """Opens accounts, but none whose server is another than the environment names for it."""

    def opened(account: Account) -> Opened | Refused:
        server = environ.get(variable_of(account), "").strip().rstrip("/")
        if server and server.lower() != account.server:
            return Refused(
                f"{variable_of(account)} says {server}, but the configuration says {account.server}",
                "Put the one right that is wrong; until then the credential is not used.",
            )
        return open_account(account)

    return opened
