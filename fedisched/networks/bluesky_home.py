"""Where a Bluesky account lives: from its handle to its DID, and from there to the server that keeps it
(https://atproto.com/specs/handle, https://atproto.com/specs/did). Asked before a password goes anywhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from fedisched.model.login import Home
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.settings import Account
from fedisched.networks.bluesky_answers import error_name, verdict
from fedisched.networks.verdict import before_sending
from fedisched.networks.wire import LOOPBACK, Answer, Heard, Wire

if TYPE_CHECKING:
    import httpx

ENTRYWAY = "https://bsky.social"
"""Where all accounts log in that Bluesky itself keeps, whatever server of its own each lives on."""

_BLUESKYS_OWN = ".host.bsky.network"
_DIRECTORY = "https://plc.directory"
_LARGEST = 256 * 1024
_WITHIN = 10.0
_PLC = re.compile(r"did:plc:[a-z2-7]{24}")
_WEB = re.compile(r"did:web:[A-Za-z0-9.-]{1,253}")

Document = Mapping[str, Any]
LookUp = Callable[[str], Document | None]
"""From a DID to its document; None where it cannot be had."""


def document_of(did: str) -> Document | None:
    """A DID's document, from the directory or the host that it names; public addresses only."""
    from fedisched.networks.safe_fetch import NotFetched, SafeFetch

    if _PLC.fullmatch(did):
        url = f"{_DIRECTORY}/{did}"
    elif _WEB.fullmatch(did):
        url = f"https://{unquote(did.removeprefix('did:web:'))}/.well-known/did.json"
    else:
        return None
    try:
        fetched = SafeFetch()(url, _LARGEST, time.monotonic() + _WITHIN, "application/json")
        found = json.loads(fetched.body)
    except (NotFetched, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class BlueskyHomes:
    """Finds an account's home, from one server's view of the network."""

    def __init__(self, server: str, now: Callable[[], int], look_up: LookUp = document_of) -> None:
        self._server = server
        self._host = urlsplit(server).netloc
        self._wire = Wire(now, piece_within=10.0, answer_within=20.0)
        self._look_up = look_up
        self._client: httpx.Client | None = None

    def find(self, handle: str) -> Home | NotSent | Refused:
        """Where a handle's account lives. Where nobody can tell, that is the server that was asked: it will say."""
        heard = self._get("com.atproto.repo.describeRepo", repo=handle)
        if isinstance(heard, Answer) and heard.is_ok and _is_did(did := heard.object().get("did")):
            return Home(str(did), self._server)
        heard = self._get("com.atproto.identity.resolveHandle", handle=handle)
        if isinstance(heard, Answer) and heard.is_ok and _is_did(did := heard.object().get("did")):
            return Home(str(did), self._server_of(self._look_up(str(did)) or {}) or self._server)
        if isinstance(heard, Answer) and heard.status == 400 and error_name(heard):
            hint = "Look whether `handle` in fedisched.toml is spelt as your profile shows it, without the @."
            return Refused(f"nobody has the handle {handle}, as far as {self._host} can find", hint)
        failed = before_sending(verdict(heard, self._host))
        return failed if isinstance(failed, NotSent) else NotSent(failed.reason)

    def _server_of(self, document: Document) -> str:
        """The origin on which the account of a document logs in; empty if it does not say."""
        services = document.get("service")
        for service in services if isinstance(services, list) else ():
            match service:
                case {"id": str(name), "serviceEndpoint": str(url)} if name.endswith("#atproto_pds"):
                    return self._usable(url)
                case _:
                    continue
        return ""

    def _usable(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return ""
        if host == "bsky.network" or host.endswith(_BLUESKYS_OWN):
            return ENTRYWAY
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
        return f"{parts.scheme}://{host}{port}" if host and host.isascii() and is_safe else ""

    def close(self) -> None:
        if self._client is not None:
            self._wire.hear(self._client.close)
            self._client = None

    def _get(self, method: str, **query: str) -> Heard:
        def call() -> object:
            return self._opened().get(f"{self._server}/xrpc/{method}", params=query)

        return self._wire.hear(call)

    def _opened(self) -> httpx.Client:
        if self._client is None:
            import httpx

            from fedisched.networks.wire_httpx import settings

            self._client = httpx.Client(**settings(self._wire, self._server))
        return self._client


def home_of(account: Account, now: Callable[[], int], look_up: LookUp | None = None) -> Home | NotSent | Refused:
    """Where a configured account lives. A server on this machine keeps accounts that no directory knows."""
    is_here = urlsplit(account.server).hostname in LOOPBACK
    homes = BlueskyHomes(account.server, now, look_up or ((lambda did: None) if is_here else document_of))
    try:
        return homes.find(account.handle)
    finally:
        homes.close()


def _is_did(value: object) -> bool:
    return isinstance(value, str) and value.startswith("did:") and len(value) < 2048 and value.isprintable()
