"""Every configured account: where its credential is, and whether its server takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, assert_never

from fedisched.clock import SECOND, Clock
from fedisched.config import make_state_folder
from fedisched.engine.accounts import Accounts, AccountState
from fedisched.engine.journal import FILE_NAME, open_journal
from fedisched.model.network import Identity
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.settings import Account, Settings
from fedisched.publisher.desk import Open, Opened

_AT_ONCE = 8

Place = Literal["vault", "environment", "missing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One account. `verified`: whether its server took the credential when it was last asked; None if it was not asked
    with this credential. `error` says what is wrong, as sentences; empty where nothing is known to be."""

    name: str
    network: str
    server: str
    handle: str
    credentials: Place
    verified: bool | None
    paused: bool
    error: str

    @property
    def is_well(self) -> bool:
        return self.credentials != "missing" and self.verified is not False and not self.paused and not self.error


def roster(
    settings: Settings,
    state: Path,
    environ: Mapping[str, str],
    clock: Clock,
    notice: Callable[[str], None],
    *,
    verify: bool,
) -> list[Standing]:
    """The accounts in the order of the configuration. With `verify` every server is asked, all at once, and what they
    say is noted: a pause begins or ends."""
    from fedisched.publisher.opening import open_from_environment
    from fedisched.vault import Vault

    if not verify and not (state / FILE_NAME).exists():
        known: Mapping[str, AccountState] = {}
    else:
        journal = open_journal(make_state_folder(state), clock.now(), notice)
        try:
            known = Accounts(journal).all()
        finally:
            journal.close()
    vault = Vault.open(state, settings.folder, environ, settings.vault)
    kept = vault.names()
    open_account = open_from_environment(state, environ, clock, vault)
    standings = [_standing(one, _place(one, environ, kept), open_account, known) for one in settings.accounts.values()]
    if not verify:
        return standings
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [
            pool.submit(_asked, one, settings, open_account, known.get(one.name))
            for one in standings
            if one.credentials != "missing"
        ]
    found = {answer.result().standing.name: answer.result() for answer in asked}
    _note(found.values(), settings, state, clock, notice)
    return [found[one.name].standing if one.name in found else one for one in standings]


def _place(account: Account, environ: Mapping[str, str], kept: tuple[str, ...]) -> Place:
    from fedisched.vault import credential

    if credential(account, environ) is not None:
        return "environment"
    return "vault" if account.name in kept else "missing"


def _standing(account: Account, place: Place, open_account: Open, known: Mapping[str, AccountState]) -> Standing:
    """As far as it is known without asking anybody."""
    base = Standing(account.name, account.network, account.server, account.handle, place, None, False, "")
    opened = open_account(account)
    if isinstance(opened, Refused):
        error = "" if place == "missing" else f"{opened.reason}. {opened.hint}".strip()
        return replace(base, error=error, paused=place != "missing")
    opened.network.close()
    state = known.get(account.name)
    if state is None or (state.server, state.credential) != (account.server, opened.fingerprint):
        return base
    verified = False if state.paused else True if state.account_id else None
    return replace(
        base,
        handle=state.handle or base.handle,
        verified=verified,
        paused=bool(state.paused),
        error=state.paused or state.error,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a server said just now, and how it is noted."""

    standing: Standing
    state: AccountState
    answer: Identity | NotSent | Refused | None
    verified: Callable[[], None] = lambda: None


def _asked(standing: Standing, settings: Settings, open_account: Open, state: AccountState | None) -> _Asked:
    account = settings.accounts[standing.name]
    opened = open_account(account)
    if not isinstance(opened, Opened):
        return _Asked(standing, AccountState(account.name, account.server, ""), None)
    if state is None or (state.server, state.credential) != (account.server, opened.fingerprint):
        state = AccountState(account.name, account.server, opened.fingerprint)
    try:
        answer = opened.network.identify()
    finally:
        opened.network.close()
    match answer:
        case Identity():
            well = replace(standing, handle=answer.handle, verified=True, paused=False, error="")
            return _Asked(well, state, answer, opened.verified)
        case Refused():
            error = f"{answer.reason}. {answer.hint}"
            return _Asked(replace(standing, verified=False, paused=True, error=error), state, answer)
        case NotSent():
            return _Asked(replace(standing, error=f"{answer.reason}."), state, answer)
        case _:
            assert_never(answer)


def _note(
    found: Iterable[_Asked], settings: Settings, state: Path, clock: Clock, notice: Callable[[str], None]
) -> None:
    """Note what the servers said, as a publisher would. One that was not reached says nothing new."""
    journal = open_journal(state, clock.now(), notice)
    try:
        accounts = Accounts(journal)
        for asked in found:
            match asked.answer:
                case Identity() as identity:
                    asked.verified()
                    accounts.verified(asked.state.name, asked.state.server, asked.state.credential, identity)
                case Refused():
                    next_try = clock.now() + int(settings.retry.longest * SECOND)
                    accounts.paused(asked.state, asked.standing.error, next_try)
                case _:
                    pass
    finally:
        journal.close()
