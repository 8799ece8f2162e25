"""Letting an account in, and out: a credential is verified with its server before it is kept, what was wrong with the
account is over then, and what it replaces is ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.clock import SECOND, Clock
from fedisched.config import make_state_folder
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import open_journal
from fedisched.model.credential import AppRegistration, Credential
from fedisched.model.errors import KeyMissing, VaultUnusable, WrongKey
from fedisched.model.login import Registered
from fedisched.model.network import Identity
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.settings import Account, Settings
from fedisched.publisher.clocks import clock_is_wrong
from fedisched.publisher.locks import account_lock

if TYPE_CHECKING:
    from fedisched.vault import Vault

_LOCK_WITHIN, _LOCK_EVERY = 5.0, 0.1


@dataclass(frozen=True, slots=True)
class Admitted:
    """An account that its server knows. `before` is what was kept under its name, `is_another` whether that was
    somebody else's; `remarks` are what a person should know, as sentences."""

    identity: Identity
    before: Credential | None
    is_another: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dismissed:
    """An account whose credential is gone from here. `left` says what is not over at the server, and what to do about
    it; empty where everything is."""

    server: str
    handle: str
    left: str


@dataclass(frozen=True, slots=True)
class Admission:
    """One content folder's accounts. Nothing is imported, read or asked before it is needed."""

    settings: Settings
    state: Path
    environ: Mapping[str, str]
    clock: Clock
    notice: Callable[[str], None]

    @property
    def vault(self) -> Vault:
        from fedisched.vault import Vault

        return Vault.open(self.state, self.settings.folder, self.environ, self.settings.vault)

    def make_ready(self) -> Path | None:
        """Make sure, before anybody types anything, that a credential can be kept. Gives the file of the key, if the
        first one had to be made. Raises VaultUnusable, KeyMissing and WrongKey among them."""
        from fedisched.vault import make_key_file

        make_state_folder(self.state)
        vault = self.vault
        try:
            vault.keys()
        except KeyMissing:
            # With entries there is a key somewhere, and another one would shut them away.
            if vault.names():
                raise
            return make_key_file(self.environ, self.settings.folder)
        for name in vault.names()[:1]:
            self.kept(name)  # the wrong key is told now, and not after a person has done their part
        return None

    def kept(self, name: str) -> Credential | None:
        """What is kept under a name; None if there is nothing, or it is damaged: a new login takes its place. Raises
        KeyMissing and WrongKey, for then nothing can be put in either."""
        try:
            return self.vault.get(name)
        except (KeyMissing, WrongKey):
            raise
        except VaultUnusable:
            return None

    def belongs_elsewhere(self, account: Account, secret: str) -> str:
        """The other server that a credential first verified with; empty if there is none. It must not be sent."""
        from fedisched.vault import bound_server

        bound = bound_server(self.state, account, secret)
        return bound if bound and bound != account.server else ""

    # --- in --------------------------------------------------------------------------------------------------

    def admit(self, account: Account, secret: str, app: Registered | None) -> Admitted | NotSent | Refused:
        """Verify a credential with its server, then keep it under the account's name, in the place of what was there.

        The account's lock is held meanwhile, if no publisher has it: one that works with the credential before could
        note down last that it is refused.
        """
        before = self.kept(account.name)
        with self._locked(account) as is_ours:
            identity = self._identity(account, secret)
            if not isinstance(identity, Identity):
                return identity
            known_as = self._noted(account, secret, identity)
            made = datetime.fromtimestamp(self.clock.now() / SECOND, UTC)
            own_app = AppRegistration(app.client_id, app.client_secret) if app else None
            self.vault.put(
                account.name,
                Credential(
                    account.network, account.server, secret, identity.account_id, identity.handle, own_app, made
                ),
            )
            earlier = {before.account if before else None, known_as} - {None, ""}
            remarks = list(self._remarks(account, identity))
            if before is not None and before.secret != secret:
                remarks += self._ended(before, is_ours)
            return Admitted(identity, before, bool(earlier - {identity.account_id}), tuple(remarks))

    def _identity(self, account: Account, secret: str) -> Identity | NotSent | Refused:
        """Who the server says that we are. On Bluesky this opens the session that the publisher goes on with."""
        from fedisched.networks import open_network
        from fedisched.vault import SessionStore

        network = open_network(account, secret, SessionStore(self.state, account, secret), self.clock.now)
        try:
            return network.identify()
        finally:
            network.close()

    def _noted(self, account: Account, secret: str, identity: Identity) -> str:
        """Note that the account is who it is: its pause is over, its limits are known, its credential belongs to its
        server. Gives the account id that was known under its name before."""
        from fedisched.vault import bind
        from fedisched.vault.binding import fingerprint

        journal = open_journal(self.state, self.clock.now(), self.notice)
        try:
            accounts = Accounts(journal)
            state = accounts.all().get(account.name)
            mark = fingerprint(self.state, account, secret)
            bind(self.state, account, secret, account.server)
            accounts.verified(account.name, account.server, mark, identity)
        finally:
            journal.close()
        return state.account_id if state else ""

    def _remarks(self, account: Account, identity: Identity) -> Iterator[str]:
        from fedisched.vault import credential

        if credential(account, self.environ) is not None:
            yield (
                f"{account.variable} is set and wins over what was kept now: take it out of the environment, and "
                "restart a daemon that runs."
            )
        if (wrong := clock_is_wrong(identity.clock_offset)) is not None:
            yield f"Nothing will be sent yet: {wrong.reason}."
        if account.network == "bluesky" and identity.handle not in (account.handle, "handle.invalid"):
            yield f"The account's handle is {identity.handle} by now: change `handle` in {self.settings.source.name}."

    def _ended(self, before: Credential, is_ours: bool) -> list[str]:
        """End the token that was replaced, unless a publisher is at work with it. A person is told if it lives on."""
        if before.network != "mastodon":
            return []
        left = self._revoked(before) if is_ours else "a publisher is at work with it"
        if not left:
            return []
        return [
            f"The token from before is still good ({left}). End it at {before.server}/oauth/authorized_applications."
        ]

    # --- out -------------------------------------------------------------------------------------------------

    def dismiss(self, name: str) -> Dismissed | None:
        """End an account's credential at its server as far as that goes, and forget it here in any case. None if
        nothing is kept under its name. Raises WrongKey where another key may still open it, VaultUnusable where the
        vault cannot be written."""
        vault = self.vault
        if name not in vault.names():
            return None
        try:
            kept = vault.get(name)
        except WrongKey:
            raise
        except VaultUnusable as error:
            # A lost key must not keep a person from taking out what nobody can read any more.
            vault.remove(name)
            return Dismissed("", "", f"what was kept could not be read ({error.message}), so it was not ended")
        vault.remove(name)
        if kept is None:
            return None
        return Dismissed(kept.server, kept.handle, self._session_ended(name, kept) or self._revoked(kept))

    def _revoked(self, kept: Credential) -> str:
        """Revoke a Mastodon token; says why it lives on, if it does."""
        if kept.network != "mastodon":
            return ""
        if kept.app is None:
            return "only whoever made it can end it"
        from fedisched.networks import open_oauth

        oauth = open_oauth(Account("", "mastodon", kept.server), self.clock.now)
        try:
            failed = oauth.revoke(Registered(kept.app.client_id, kept.app.client_secret), kept.secret)
        finally:
            oauth.close()
        return failed.reason if failed else ""

    def _session_ended(self, name: str, kept: Credential) -> str:
        """End a Bluesky account's session; says why it lives on, if it does."""
        if kept.network != "bluesky":
            return ""
        from fedisched.networks import end_session
        from fedisched.vault import SessionStore

        account = self.settings.accounts.get(name)
        if account is None or (account.network, account.server) != ("bluesky", kept.server):
            account = Account(name, "bluesky", kept.server, kept.handle)
        sessions = SessionStore(self.state, account, kept.secret)
        failed = end_session(account, kept.secret, sessions, self.clock.now)
        sessions.remove()
        return failed.reason if failed else ""

    @contextmanager
    def _locked(self, account: Account) -> Iterator[bool]:
        """The account's lock, if it can be had within a few seconds: a publisher that has done its work goes soon."""
        lock = account_lock(self.state, account.network, account.server, account.name)
        until = time.monotonic() + _LOCK_WITHIN
        while not (held := lock.try_acquire()) and time.monotonic() < until:
            time.sleep(_LOCK_EVERY)
        try:
            yield held
        finally:
            lock.release()
