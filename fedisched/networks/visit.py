"""A visit to an account's server by somebody without a credential: is it there, what is it, what time has it. And if it
is not to be reached, what in the way there fails: its name, the connection, or its certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from fedisched.model.rendered import Limits
from fedisched.model.settings import Account
from fedisched.model.usual import BLUESKY
from fedisched.networks.mastodon_instance import limits_of, locks_keys
from fedisched.networks.wire import LOOPBACK, Answer, Heard, Wire, shortened

if TYPE_CHECKING:
    pass

_INSTANCES = ("/api/v2/instance", "/api/v1/instance")
_DESCRIBE, _HEALTH = "/xrpc/com.atproto.server.describeServer", "/xrpc/_health"
_RESOLVE = "/xrpc/com.atproto.identity.resolveHandle"
_CONNECT = 3.0
_TIMES = frozenset({"certificate has expired", "certificate is not yet valid"})


@dataclass(frozen=True, slots=True)
class Visit:
    """What was found. `software` as the server names itself, empty if it does not; `clock_offset` is its clock less
    ours in seconds, None where it gave no time. `repeats` says that the same post sent twice at once may be there
    twice. `handle_is_there` is None where there is no handle, or nobody said."""

    software: str
    limits: Limits | None
    clock_offset: float | None
    repeats: bool = False
    handle_is_there: bool | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why the server could not be visited, and what to do."""

    reason: str
    hint: str
    clock_offset: float | None = None


def visit(account: Account, now: Callable[[], int], within: float) -> Visit | Unreached:
    """Visit the account's server; each request takes at most `within` seconds, and there are at most three. Nothing of
    the account is told there but, on Bluesky, its public handle. Raises nothing."""
    wire = Wire(now, connect_within=min(within, _CONNECT), piece_within=within, answer_within=within)
    return _mastodon(account, wire) if account.network == "mastodon" else _bluesky(account, wire)


def _mastodon(account: Account, wire: Wire) -> Visit | Unreached:
    from fedisched.networks.wire_requests import Session

    with Session(wire) as session:
        heard: Heard = wire.hear(lambda: session.get(account.server + _INSTANCES[0]))
        if isinstance(heard, Answer) and not heard.object():
            heard = wire.hear(lambda: session.get(account.server + _INSTANCES[1]))
    if not isinstance(heard, Answer):
        return _unreached(account.server, heard.reason)
    instance = heard.object()
    limits = limits_of(instance) if heard.is_ok else None
    if limits is None:
        return _something_else(account.server, heard, "a server that speaks Mastodon's API")
    name = str(instance.get("source_url") or "").rstrip("/").rpartition("/")[2]
    version = shortened(instance.get("version"))
    software = f"{name.capitalize()} {version}" if name and name.lower() not in version.lower() else version
    return Visit(shortened(software), limits, heard.clock_offset, not locks_keys(instance))


def _bluesky(account: Account, wire: Wire) -> Visit | Unreached:
    import httpx

    from fedisched.networks.wire_httpx import settings

    with httpx.Client(**settings(wire, account.server)) as client:
        heard = wire.hear(lambda: client.get(account.server + _DESCRIBE))
        if not isinstance(heard, Answer):
            return _unreached(account.server, heard.reason)
        if not heard.is_ok or not isinstance(heard.object().get("availableUserDomains"), list):
            return _something_else(account.server, heard, "a Bluesky server (a PDS)")
        health = wire.hear(lambda: client.get(account.server + _HEALTH))
        version = health.object().get("version") if isinstance(health, Answer) and health.is_ok else ""
        asked = {"handle": account.handle}
        found = wire.hear(lambda: client.get(account.server + _RESOLVE, params=asked))
    is_there = None
    if isinstance(found, Answer) and found.status in (200, 400):
        is_there = str(found.object().get("did")).startswith("did:")
    return Visit(f"PDS {shortened(version)}".strip(), BLUESKY, heard.clock_offset, handle_is_there=is_there)


def _something_else(server: str, heard: Answer, what: str) -> Unreached:
    host = urlsplit(server).netloc
    if heard.status in (301, 302, 303, 307, 308):
        where = urlsplit(heard.headers.get("location", "")).netloc
        hint = f"If it moved to {where}, write that as `server` in the configuration." if where else "Ask its admins."
        return Unreached(f"{host} sends visitors elsewhere", hint, heard.clock_offset)
    if heard.status in (401, 403) and heard.object():
        # Some servers tell strangers nothing about themselves.
        hint = "It may be one that tells strangers nothing: posts go out all the same if the account is let in."
        return Unreached(f"{host} answers {heard.status} to visitors", hint, heard.clock_offset)
    if heard.status >= 500 or heard.status == 429:
        hint = "Nothing to do here: posts wait until it is well again. Its status page may say more."
        return Unreached(f"{host} answers {heard.status}: it is not well just now", hint, heard.clock_offset)
    hint = f"Look at `server` of this account in the configuration, and at {server} in a browser."
    return Unreached(f"{host} answers, but not as {what} does ({heard.status})", hint, heard.clock_offset)


def _unreached(server: str, reason: str) -> Unreached:
    """What fails on the way to a server, tried step by step. Behind a proxy only the proxy knows."""
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if host not in LOOPBACK and not proxy_bypass(host) and (proxy := getproxies().get(parts.scheme)):
        through = urlsplit(proxy).hostname or "the proxy"
        hint = f"The environment sends requests through {through} ({parts.scheme}_proxy): look whether that works."
        return Unreached(f"{host} was not reached ({reason})", hint)
    try:
        with socket.create_connection((host, port), timeout=_CONNECT) as connection:
            if parts.scheme == "https":
                with ssl.create_default_context().wrap_socket(connection, server_hostname=host):
                    pass
    except socket.gaierror as error:
        hint = f"Look for a typing mistake in `server`, and whether this machine is online: `ping -c 1 {host}`."
        return Unreached(f"the name {host} leads nowhere ({error.strerror})", hint)
    except ssl.SSLCertVerificationError as error:
        return Unreached(
            f"{host} has a certificate that this machine does not trust: {error.verify_message}", _trust(error)
        )
    except ssl.SSLError:
        return Unreached(f"{host} speaks no TLS on port {port}", "Look at the port of `server` in the configuration.")
    except ConnectionRefusedError:
        hint = "It is down, or the port of `server` is not its own. Posts wait until it is back."
        return Unreached(f"{host} lets nobody connect on port {port}", hint)
    except OSError as error:
        hint = f"It is down, or a firewall is in between: `curl -v {server}` shows more. Posts wait until it is back."
        return Unreached(f"{host} does not answer on port {port} ({error.strerror or error})", hint)
    hint = "It is slow or busy just now. Posts wait until it answers; try again in a while."
    return Unreached(f"{host} can be connected to, but gave no whole answer ({reason})", hint)


def _trust(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_message in _TIMES:
        return "Look whether this machine's clock is right (`date`); if it is, the server's admins have to renew it."
    return (
        "Bring this machine's certificates up to date (`apt install ca-certificates`). If something on the way opens "
        "TLS (an office's proxy), name its certificate in REQUESTS_CA_BUNDLE and SSL_CERT_FILE."
    )
