"""Logging in on Mastodon, and any server that speaks its API, by OAuth 2.0 with an authorization code
(https://docs.joinmastodon.org/methods/oauth/, RFC 6749, RFC 7636, RFC 8252).

Spoken over our own wire, not by Mastodon.py: that knows no proof keys, and takes scopes other than the ones it asked
for as a failure with the token lost.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from fedisched.model.login import Asked, Registered, Token
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.secret import keep_secret
from fedisched.networks.mastodon_answers import verdict
from fedisched.networks.verdict import before_sending
from fedisched.networks.wire import Answer, Heard, Wire, shortened

if TYPE_CHECKING:
    from fedisched.networks.wire_requests import Session

NAME = "fedisched"
WEBSITE = "https://github.com/fedisched/fedisched"

# What publishing needs, and nothing that would let a stolen token read private posts' lists, messages or followers:
#   write:statuses  posting itself
#   write:media     uploading, and asking whether an upload is ready
#   read:statuses   looking up whether a post is there after a lost answer: never twice. The account's own list is
#                   public, but a server that gets a token with such a question wants it to have this scope
#   read:search     finding a post on another server that one answers or quotes; that is all that it opens
# and who the account is. `profile` (Mastodon 4.3) gives that alone; before, there is only `read:accounts`, which
# opens other accounts' public pages too, as anybody can open them.
_WANTED = ("write:statuses", "write:media", "read:statuses", "read:search")
_WHO, _WHO_BEFORE = "profile", "read:accounts"
# Very old servers know no narrower ones.
_WIDE = ("read", "write")
_MUST_HAVE = ("write:statuses", "write:media")

_METADATA = "/.well-known/oauth-authorization-server"
_LONGEST_SECRET = 4096
_AGAIN = "Type the command again, and answer within ten minutes."


@dataclass(frozen=True, slots=True)
class _Ways:
    """How one logs in there. A server that does not say has these paths: all that speak this API do."""

    authorize: str = "/oauth/authorize"
    token: str = "/oauth/token"  # noqa: S105 (a path)
    revoke: str = "/oauth/revoke"
    register: str = "/api/v1/apps"
    proof: bool = False
    scopes: frozenset[str] = frozenset()


class MastodonOAuth:
    """One server. Implements `model.login.OAuth`."""

    def __init__(self, server: str, now: Callable[[], int], wire: Wire | None = None) -> None:
        self._server = server
        self._host = urlsplit(server).netloc
        self._wire = wire or Wire(now, piece_within=15.0, answer_within=30.0)
        self._session: Session | None = None
        self._found: _Ways | None = None

    def ask(self, redirect_uri: str) -> Asked | NotSent | Refused:
        """Register with the server, and make the question.

        Each login registers anew. An application that was registered before may be gone (Mastodon deletes those
        without tokens), and its address had another port, which most servers compare to the letter: a person would
        meet an error page on the server, where we can no longer help.
        """
        ways = self._ways()
        if not isinstance(ways, _Ways):
            return ways
        scopes = wanted_scopes(ways.scopes)
        app = self._register(ways, redirect_uri, scopes)
        if isinstance(app, Refused) and not ways.scopes:
            scopes = _WIDE
            app = self._register(ways, redirect_uri, scopes)
        if not isinstance(app, Registered):
            return app
        state = secrets.token_urlsafe(24)
        verifier = secrets.token_urlsafe(48) if ways.proof else ""
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
        }
        if verifier:
            digest = hashlib.sha256(verifier.encode("ascii")).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
            query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return Asked(f"{self._server}{ways.authorize}?{urlencode(query)}", redirect_uri, app, state, verifier)

    def _register(self, ways: _Ways, redirect_uri: str, scopes: Sequence[str]) -> Registered | NotSent | Refused:
        form = {
            "client_name": NAME,
            "redirect_uris": redirect_uri,
            "scopes": " ".join(scopes),
            "website": WEBSITE,
        }
        heard = self._post(ways.register, form)
        if isinstance(heard, Answer) and heard.is_ok:
            match heard.object():
                case {"client_id": str(name), "client_secret": str(secret)} if _is_secret(name) and _is_secret(secret):
                    keep_secret(secret)
                    return Registered(name, secret)
                case _:
                    return self._no_such_server()
        if isinstance(heard, Answer) and heard.status in (404, 405):
            return self._no_such_server()
        return self._failed(heard, "it would not register fedisched as an application")

    def exchange(self, asked: Asked, code: str) -> Token | NotSent | Refused:
        """The token that a code stands for."""
        ways = self._ways()
        if not isinstance(ways, _Ways):
            return ways
        keep_secret(code, asked.verifier, asked.app.client_secret)
        form = {
            "grant_type": "authorization_code",
            "client_id": asked.app.client_id,
            "client_secret": asked.app.client_secret,
            "redirect_uri": asked.redirect_uri,
            "code": code,
            **({"code_verifier": asked.verifier} if asked.verifier else {}),
        }
        heard = self._post(ways.token, form)
        if isinstance(heard, Answer) and heard.is_ok:
            match heard.object():
                case {"access_token": str(token), **more} if _is_secret(token):
                    keep_secret(token)
                    return self._good_enough(Token(token, frozenset(str(more.get("scope") or "").split())))
                case _:
                    return Refused(f"{self._host} gave no token for the code", _AGAIN)
        if _error(heard) == "invalid_grant":
            return Refused(
                f"{self._host} does not accept the code: it was used already, is over ten minutes old, or is not whole",
                _AGAIN,
            )
        return self._failed(heard, "it gave no token for the code")

    def _good_enough(self, token: Token) -> Token | Refused:
        """A server may let a person take rights away before they agree."""
        missing = [scope for scope in _MUST_HAVE if token.scopes and not covers(token.scopes, scope)]
        if missing:
            reason = f"{self._host} gave a token that may not do what publishing needs ({', '.join(missing)})"
            return Refused(reason, "Type the command again, and let fedisched have what it asks for.")
        return token

    def revoke(self, app: Registered, token: str) -> NotSent | Refused | None:
        """End a token at the server (RFC 7009)."""
        ways = self._ways()
        if not isinstance(ways, _Ways):
            return ways
        keep_secret(token, app.client_secret)
        form = {"client_id": app.client_id, "client_secret": app.client_secret, "token": token}
        heard = self._post(ways.revoke, form)
        if isinstance(heard, Answer) and heard.is_ok:
            return None
        return self._failed(heard, "it did not end the token")

    def close(self) -> None:
        if self._session is not None:
            self._wire.hear(self._session.close)
            self._session = None

    # What the server tells of itself

    def _ways(self) -> _Ways | NotSent | Refused:
        if self._found is not None:
            return self._found
        heard = self._hear("GET", _METADATA)
        if not isinstance(heard, Answer):
            return self._failed(heard, "")
        # Whatever else it answers: it does not tell, as most do not.
        self._found = self._told(heard.object()) if heard.is_ok else _Ways()
        return self._found

    def _told(self, metadata: Mapping[str, Any]) -> _Ways:
        usual = _Ways()
        scopes, proofs = metadata.get("scopes_supported"), metadata.get("code_challenge_methods_supported")
        return replace(
            usual,
            authorize=self._own_path(metadata.get("authorization_endpoint")) or usual.authorize,
            token=self._own_path(metadata.get("token_endpoint")) or usual.token,
            revoke=self._own_path(metadata.get("revocation_endpoint")) or usual.revoke,
            register=self._own_path(metadata.get("app_registration_endpoint")) or usual.register,
            proof=isinstance(proofs, list) and "S256" in proofs,
            scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else frozenset(),
        )

    def _own_path(self, address: object) -> str:
        """The path of an address on this server; empty for any other, for no secret goes anywhere else."""
        if not isinstance(address, str) or not address.startswith(f"{self._server}/"):
            return ""
        path = address.removeprefix(self._server)
        return path if path.isascii() and path.isprintable() and not set(path) & set(" ?#\\") else ""

    def _no_such_server(self) -> Refused:
        return Refused(
            f"{self._host} does not answer as a server with Mastodon's API does",
            "Look whether `server` in fedisched.toml is the address at which you use it in the browser.",
        )

    def _failed(self, heard: Heard, what: str) -> NotSent | Refused:
        match heard:
            case Answer(status=429):
                return NotSent(f"{self._host} asks to slow down (429); wait ten minutes, then try again")
            case Answer(status=status) if 400 <= status < 500:
                said = heard.object()
                words = shortened(said.get("error_description")) or shortened(said.get("error")) or f"{status}"
                return Refused(f"{self._host}: {what} ({words})", "Ask the server's administrators if it stays so.")
            case _:
                failed = before_sending(verdict(heard, self._host))
                return failed if isinstance(failed, NotSent) else NotSent(failed.reason)

    # Calls

    def _post(self, path: str, form: Mapping[str, str]) -> Heard:
        return self._hear("POST", path, dict(form))

    def _hear(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Heard:
        def call() -> object:
            return self._opened().request(method, f"{self._server}{path}", data=form)

        return self._wire.hear(call)

    def _opened(self) -> Session:
        if self._session is None:
            from fedisched.networks.wire_requests import Session

            self._session = Session(self._wire)
            self._session.headers["User-Agent"] = NAME
            self._session.headers["Accept"] = "application/json"
        return self._session


def wanted_scopes(supported: frozenset[str]) -> tuple[str, ...]:
    """The least scopes that publishing needs, of those that a server knows; an empty set if it does not say which."""
    who = _WHO if _WHO in supported else _WHO_BEFORE
    wanted = [_known(scope, supported) for scope in (who, *_WANTED)]
    return tuple(dict.fromkeys(wanted))


def _known(scope: str, supported: frozenset[str]) -> str:
    wide = scope.partition(":")[0]
    return wide if supported and scope not in supported and wide in supported else scope


def covers(scopes: frozenset[str], wanted: str) -> bool:
    """Whether a token with these scopes may do what one scope stands for."""
    return wanted in scopes or wanted.partition(":")[0] in scopes


def _is_secret(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_SECRET and text.isascii() and text.isprintable() and " " not in text


def _error(heard: Heard) -> str:
    return str(heard.object().get("error")) if isinstance(heard, Answer) and not heard.is_ok else ""
