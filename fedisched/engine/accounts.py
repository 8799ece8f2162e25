"""What is known of each configured account: who it is on its server, and whether it can be used just now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from fedisched.engine import JOURNAL_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from fedisched.engine.journal import Journal
    from fedisched.model.network import Identity
    from fedisched.model.rendered import Limits


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account as it was last met. `credential` is a fingerprint, never the credential itself.

    `account_id` is empty until the account was verified once; without it no key can be derived. `paused` says why
    its server refuses the account; `error` why it could not be reached. `next_try` in microseconds since 1970 UTC.
    """

    name: str
    server: str
    credential: str
    account_id: str = ""
    handle: str = ""
    limits: Limits | None = None
    paused: str = ""
    error: str = ""
    failures: int = 0
    next_try: int | None = None


_COLUMNS = tuple(field.name for field in fields(AccountState))


class Accounts:
    """The journal's table of accounts. A row counts only for the server and the credential it was made with."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def all(self) -> Mapping[str, AccountState]:
        """Every account that was ever met, by name."""
        rows = self._journal.rows(f"SELECT {', '.join(_COLUMNS)} FROM account")  # noqa: S608
        return {state.name: state for state in map(_state, rows)}

    def verified(self, name: str, server: str, credential: str, identity: Identity) -> None:
        """The server told who the account is; whatever was wrong before is over. Deliveries go by the account's id: an
        account that the config has given another name takes its own along."""
        self._write(AccountState(name, server, credential, identity.account_id, identity.handle, identity.limits))
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET target = :name WHERE account = :id AND target <> :name",
                {"name": name, "id": identity.account_id},
            )

    def told(self, name: str, server: str, limits: Limits) -> None:
        """A server told somebody who asked without a credential what it allows. What else is known of the account
        stays, as far as it is of the same server."""
        known = self.all().get(name)
        if known is None or known.server != server:
            known = AccountState(name, server, "")
        elif known.limits is not None:
            limits = replace(limits, visibility=known.limits.visibility)
        self._write(replace(known, limits=limits))

    def ask_anew(self, now: int) -> None:
        """Whatever kept an account from being used may be mended, by another credential, say: it need not wait."""
        with self._journal.transaction() as connection:
            connection.execute("UPDATE account SET next_try = :now WHERE next_try > :now", {"now": now})

    def unreachable(self, state: AccountState, error: str, next_try: int) -> None:
        """The server could not be asked; what was known of the account stays."""
        self._write(replace(state, error=error, failures=state.failures + 1, next_try=next_try))

    def paused(self, state: AccountState, reason: str, next_try: int) -> None:
        """The server refuses the account: its deliveries wait, none is burnt."""
        self._write(replace(state, paused=reason, failures=state.failures + 1, next_try=next_try))

    def _write(self, state: AccountState) -> None:
        values = [getattr(state, column) for column in _COLUMNS]
        limits = _COLUMNS.index("limits")
        values[limits] = json.dumps(asdict(state.limits)) if state.limits else ""
        with self._journal.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO account ({', '.join(_COLUMNS)}) "  # noqa: S608
                f"VALUES ({', '.join('?' * len(_COLUMNS))})",
                values,
            )


def limits_told(state: Path) -> Mapping[tuple[str, str], Limits]:
    """What servers have told of their limits, by account name and server, out of the journal in a state folder, which
    is only read: empty where it is not there, or of no use."""
    file = state / JOURNAL_FILE
    if not file.exists():
        return {}
    import sqlite3

    from fedisched.engine.looking import looked_at

    try:
        with looked_at(file) as connection:
            rows = connection.execute("SELECT name, server, limits FROM account").fetchall()
        told = {(name, server): _limits(limits) for name, server, limits in rows}
    except (sqlite3.Error, ValueError, TypeError):
        return {}
    return {of: limits for of, limits in told.items() if limits is not None and limits.source == "server"}


def _state(row: tuple[object, ...]) -> AccountState:
    columns: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    columns["limits"] = _limits(columns["limits"])
    return AccountState(**columns)


def _limits(text: str) -> Limits | None:
    from fedisched.model.rendered import Limits

    if not text:
        return None
    plain = json.loads(text)
    return Limits(**plain | {"types": tuple(plain.get("types", ()))})
