"""A Bluesky session: kept between runs, renewed before it ends, opened with the password only when it must be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fedisched.model.network import Sessions
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.secret import keep_secret
from fedisched.model.settings import Account
from fedisched.networks.bluesky_answers import EXPIRED, error_name, verdict
from fedisched.networks.verdict import of_the_account
from fedisched.networks.wire import Answer, Heard, Wire

if TYPE_CHECKING:
    from atproto import Client, Session

RENEWED_BY_LIBRARY = 15 * 60.0
SOON = 60.0
"""Seconds: the library renews a session whose token ends within the first; one that comes to that within the second is
renewed before a send."""

Closed = NotSent | Refused
"""Why there is no session; so nothing was asked of the server."""


class BlueskySession:
    """One account's client. Servers allow few logins a day, so a kept session that still works is always preferred."""

    def __init__(self, account: Account, credential: str, sessions: Sessions, now: Callable[[], int]) -> None:
        self._account = account
        self._credential = credential
        self._sessions = sessions
        self._wire = Wire(now)
        self._client: Client | None = None

    @property
    def clock(self) -> tuple[int, float] | None:
        """As `Wire.clock`."""
        return self._wire.clock

    def ask(self, call: Callable[[Client], object]) -> Heard | Closed:
        """Make a call within the session. An expired access token heals: it is renewed and the call made again."""
        client = self._opened()
        if isinstance(client, NotSent | Refused):
            return client
        heard = self._wire.hear(lambda: call(client))
        if error_name(heard) not in EXPIRED:
            return heard
        closed = self._renew(client)
        return closed or self._wire.hear(lambda: call(client))

    def freshen(self) -> None:
        """Renew a session that the library is about to renew by itself: it would do so within a publishing request,
        which would leave late. Never fails."""
        client = self._opened()
        if isinstance(client, NotSent | Refused):
            return
        ends = _end_of(client)
        if ends is not None and ends - RENEWED_BY_LIBRARY - SOON < self._wire.now() / 1_000_000:
            self._renew(client)

    def server(self) -> str:
        """The origin of the server that keeps the account's records, which is not always the one it logs in on; as far
        as an open session tells."""
        from atproto import Session

        try:
            told = Session.decode(self._client.export_session_string()).pds_endpoint if self._client else None
            return told if told and urlsplit(told).hostname else self._account.server
        except Exception:  # a library reads here what a server made up: whatever it raises, nothing else is known
            return self._account.server

    def end(self) -> Closed | None:
        """End the kept session at the server; None if it is over, or there was none. Never logs in for that."""
        client = self._new_client()
        if not self._resume(client):
            return None
        from atproto import Session

        refresh = Session.decode(client.export_session_string()).refresh_jwt
        heard = self._wire.hear(
            lambda: client.com.atproto.server.delete_session(
                headers={"Authorization": f"Bearer {refresh}"}, ignore_session_check=True
            )
        )
        self._wire.hear(client.request.close)
        if (isinstance(heard, Answer) and heard.is_ok) or error_name(heard) in EXPIRED:
            return None
        return of_the_account(verdict(heard, self._account.server))

    def close(self) -> None:
        if self._client is not None:
            self._wire.hear(self._client.request.close)
            self._client = None

    def _opened(self) -> Client | Closed:
        if self._client is not None:
            return self._client
        client = self._new_client()
        if not self._resume(client):
            closed = self._log_in(client)
            if closed is not None:
                return closed
        self._client = client
        return client

    def _new_client(self) -> Client:
        from atproto import Client, Request, SessionEvent

        from fedisched.networks.wire_httpx import settings

        client = Client(self._account.server, request=Request(**settings(self._wire, self._account.server)))

        def keep(event: SessionEvent, session: Session) -> None:
            if event is not SessionEvent.IMPORT:
                self._keep(session)

        client.on_session_change(keep)
        return client

    def _keep(self, session: Session) -> None:
        keep_secret(session.access_jwt, session.refresh_jwt)
        kept = {"server": self._account.server, "handle": self._account.handle, "session": session.encode()}
        self._sessions.save(json.dumps(kept))

    def _resume(self, client: Client) -> bool:
        """Go on with the session that was kept, if it is this account's; the server is not asked."""
        try:
            kept = json.loads(self._sessions.load() or "null")
        except (ValueError, RecursionError):
            return False
        match kept:
            case {"server": self._account.server, "handle": self._account.handle, "session": str(session)}:
                return self._import(client, session)
            case _:
                return False

    def _import(self, client: Client, session: str) -> bool:
        try:
            keep_secret(*(text for text in session.split(":::") if text.startswith("ey")))
            client.login(session_string=session, fetch_bsky_profile=False)
        except Exception:  # a library reads here what may be damaged: whatever it raises, there is no session
            return False
        return True

    def _log_in(self, client: Client) -> Closed | None:
        handle, password = self._account.handle, self._credential
        opened: list[str] = []

        def log_in() -> None:
            client.login(handle, password, fetch_bsky_profile=False)
            opened.append(client.export_session_string())

        heard = self._wire.hear(log_in)
        return None if opened else of_the_account(verdict(heard, self._account.server))

    def _renew(self, client: Client) -> Closed | None:
        """New tokens: by the refresh token, or by the password where that has ended too."""
        from atproto import Session

        old = Session.decode(client.export_session_string())
        heard = self._wire.hear(
            lambda: client.com.atproto.server.refresh_session(
                headers={"Authorization": f"Bearer {old.refresh_jwt}"}, ignore_session_check=True
            )
        )
        if isinstance(heard, Answer) and heard.is_ok:
            match heard.object():
                case {"accessJwt": str(access), "refreshJwt": str(refresh)} if self._import(
                    client, Session(old.handle, old.did, access, refresh, old.pds_endpoint).encode()
                ):
                    self._keep(Session(old.handle, old.did, access, refresh, old.pds_endpoint))
                    return None
        if error_name(heard) in EXPIRED or (isinstance(heard, Answer) and heard.is_ok):
            return self._log_in(client)
        return of_the_account(verdict(heard, self._account.server))


def _end_of(client: Client) -> int | None:
    """When the access token expires, in seconds since the epoch, if it says so."""
    from atproto import Session

    try:
        ends: int | None = Session.decode(client.export_session_string()).access_jwt_payload.exp
    except Exception:  # a library reads here what a server made up: whatever it raises, no end is known
        return None
    return ends
