"""Logging in on the Mastodon side: applications, the pages on which a person agrees, codes, tokens and their scopes.

Shapes and messages are those of Mastodon 4.6 (https://docs.joinmastodon.org/methods/oauth/). One thing is stricter, as
on GoToSocial: a redirect address has to be the registered one to the letter, its port included.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fedisched.sandbox.oauth_pages import code_page, consent_page, error_page, policy, sign_in_page
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.store import Application, Grant, Person, Store
from fedisched.sandbox.wire import Call, Reply, Route, Turned, answer, page, refusal

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = (
    "read",
    "profile",
    "write",
    "write:media",
    "write:statuses",
    "read:accounts",
    "read:search",
    "read:statuses",
    "follow",
    "push",
)
_CODE_SECONDS = 600
_COOKIE = "_session_id"
_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")

_INVALID_CLIENT = (
    "Client authentication failed due to unknown client, no client authentication included, or unsupported "
    "authentication method."
)
_INVALID_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client."
)
_NOT_AUTHORIZED = "You are not authorized to revoke this token"


@dataclass(frozen=True, slots=True)
class _Code:
    """What a code stands for; `until` in microseconds since 1970 UTC."""

    client_id: str
    account_id: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    until: int


@dataclass(slots=True)
class OAuth:
    """`signed_in` are the browsers that somebody has signed in with: their cookie, and whose account it is."""

    store: Store
    rules: Rules
    codes: dict[str, _Code] = field(default_factory=dict)
    signed_in: dict[str, str] = field(default_factory=dict)

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/.well-known/oauth-authorization-server", self.metadata),
            Route("POST", "/api/v1/apps", self.register),
            Route("GET", "/api/v1/apps/verify_credentials", self.verify_application),
            Route("GET", "/oauth/authorize", self.authorize),
            Route("POST", "/oauth/authorize", self.decide),
            Route("GET", "/oauth/authorize/native", self.show_code),
            Route("POST", "/auth/sign_in", self.sign_in),
            Route("POST", "/oauth/token", self.token),
            Route("POST", "/oauth/revoke", self.revoke),
        )

    # What it can do, and for whom

    def metadata(self, call: Call) -> Reply:
        if not self.rules.oauth_metadata:
            raise Turned(answer({"error": "Not Found"}, 404))
        origin = self.store.origin
        told: dict[str, Any] = {
            "issuer": f"{origin}/",
            "authorization_endpoint": f"{origin}/oauth/authorize",
            "token_endpoint": f"{origin}/oauth/token",
            "revocation_endpoint": f"{origin}/oauth/revoke",
            "app_registration_endpoint": f"{origin}/api/v1/apps",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
        return answer(told | ({"code_challenge_methods_supported": ["S256"]} if self.rules.pkce else {}))

    def register(self, call: Call) -> Reply:
        name, uris = call.text("client_name"), _words(call, "redirect_uris")
        scopes = _words(call, "scopes") or ("read",)
        if not name:
            raise refusal("Validation failed: Application name can't be blank")
        if not uris:
            raise refusal("Validation failed: Redirect URI can't be blank")
        if any(scope not in self._scopes() for scope in scopes):
            raise refusal("Validation failed: Scopes doesn't match configured on the server.")
        app = Application(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), name, uris, frozenset(scopes), call.text("website")
        )
        self.store.applications[app.client_id] = app
        return answer(
            {
                "id": str(len(self.store.applications)),
                "name": app.name,
                "website": app.website or None,
                "scopes": list(scopes),
                "redirect_uri": "\n".join(uris),
                "redirect_uris": list(uris),
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "client_secret_expires_at": 0,
            }
        )

    def _scopes(self) -> Sequence[str]:
        return SCOPES if self.rules.granular_scopes else ("read", "write", "follow", "push")

    def verify_application(self, call: Call) -> Reply:
        if call.token not in self.store.tokens:
            raise refusal("The access token is invalid", 401)
        grant = self.store.grants.get(call.token)
        name = self.store.applications[grant.client_id].name if grant else self.rules.application
        return answer({"name": name, "website": None})

    # What a person sees

    def authorize(self, call: Call) -> Reply:
        """The page on which a person agrees, or first signs in."""
        asked = {name: call.query[name] for name in _ASKED if name in call.query}
        app = self._checked(asked)
        cookie = _cookie(call)
        if cookie not in self.signed_in:
            return _form(sign_in_page(app.name, urlencode(asked), self.store.origin))
        return self._consent(app, asked, cookie)

    def _consent(self, app: Application, asked: Mapping[str, str], cookie: str) -> Reply:
        person = self.store.people[self.signed_in[cookie]]
        who = f"@{person.username}@{self.store.origin.partition('//')[2]}"
        scopes = asked.get("scope", "read").split()
        html = consent_page(app.name, app.website, who, scopes, {**asked, "authenticity_token": _proof(cookie)})
        # A browser holds the redirect that follows a form to the form's own policy.
        return _form(html, "" if asked["redirect_uri"] == OUT_OF_BAND else _origin(asked["redirect_uri"]))

    def sign_in(self, call: Call) -> Reply:
        asked = dict(parse_qsl(call.text("asked"), keep_blank_values=True))
        app = self._checked(asked)
        person = self._person(call.text("username"), call.text("password"))
        if person is None:
            return _form(
                sign_in_page(app.name, urlencode(asked), self.store.origin, failed=True, name=call.text("username")),
                status=422,
            )
        cookie = secrets.token_urlsafe(24)
        self.signed_in[cookie] = person.id
        keep = {"Set-Cookie": f"{_COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"}
        return Reply(303, b"", "", {"Location": f"/oauth/authorize?{urlencode(asked)}", **keep})

    def _person(self, username: str, password: str) -> Person | None:
        name = username.strip().removeprefix("@").partition("@")[0].lower()
        return next(
            (one for one in self.store.people.values() if (one.username, one.password) == (name, password)), None
        )

    def decide(self, call: Call) -> Reply:
        """A person has agreed, or not."""
        asked = {name: call.text(name) for name in _ASKED if name in call.form}
        app, cookie = self._checked(asked), _cookie(call)
        if cookie not in self.signed_in or not hmac.compare_digest(call.text("authenticity_token"), _proof(cookie)):
            raise _shown_error("This page has expired. Go back and try again.", 422)
        if call.text("decision") != "allow":
            said = {"error": "access_denied", "error_description": "The resource owner denied the request."}
            if asked["redirect_uri"] == OUT_OF_BAND:
                raise _shown_error("You have not let the application in. You can close this page.", 200)
            return _redirect(asked, said)
        code = secrets.token_urlsafe(32)
        self.codes[code] = _Code(
            app.client_id,
            self.signed_in[cookie],
            frozenset(asked.get("scope", "read").split()),
            asked["redirect_uri"],
            asked.get("code_challenge", "") if self.rules.pkce else "",
            self.store.now() + _CODE_SECONDS * 1_000_000,
        )
        if asked["redirect_uri"] == OUT_OF_BAND:
            return Reply(303, b"", "", {"Location": f"/oauth/authorize/native?{urlencode({'code': code})}"})
        return _redirect(asked, {"code": code})

    def show_code(self, call: Call) -> Reply:
        """The page that shows a code to be copied."""
        code = call.query.get("code", "")
        if code not in self.codes:
            raise _shown_error("There is no such code any more.", 404)
        return _form(code_page(code))

    def _checked(self, asked: Mapping[str, str]) -> Application:
        """The application that asks. What is wrong with the question is shown, and never sent to an address that
        nobody registered."""
        app = self.store.applications.get(asked.get("client_id", ""))
        if app is None:
            raise _shown_error(_INVALID_CLIENT, 401)
        if asked.get("redirect_uri") not in app.redirect_uris:
            raise _shown_error("The redirect uri included is not valid.", 400)
        if asked.get("response_type") != "code":
            raise _shown_error("The authorization server does not support this response type.", 400)
        if not set(asked.get("scope", "read").split()) <= app.scopes:
            raise _shown_error("The requested scope is invalid, unknown, or malformed.", 400)
        if self.rules.pkce and asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            raise _shown_error("The code_challenge_method must be S256.", 400)
        return app

    # Tokens

    def token(self, call: Call) -> Reply:
        if call.text("grant_type") != "authorization_code":
            raise _refused("unsupported_grant_type", "The authorization grant type is not supported.")
        app = self._client(call)
        # Whatever comes of it, a code is good for one try.
        code = self.codes.pop(call.text("code"), None)
        if (
            code is None
            or code.client_id != app.client_id
            or code.redirect_uri != call.text("redirect_uri")
            or code.until < self.store.now()
            or not _proves(call.text("code_verifier"), code.challenge)
        ):
            raise _refused("invalid_grant", _INVALID_GRANT)
        token = secrets.token_urlsafe(32)
        self.store.tokens[token] = code.account_id
        self.store.grants[token] = Grant(app.client_id, code.scopes)
        return answer(
            {
                "access_token": token,
                "token_type": "Bearer",
                "scope": " ".join(sorted(code.scopes)),
                "created_at": self.store.now() // 1_000_000,
            }
        )

    def revoke(self, call: Call) -> Reply:
        app = self.store.applications.get(call.text("client_id"))
        grant = self.store.grants.get(call.text("token"))
        is_theirs = app is not None and app.client_secret == call.text("client_secret")
        if not is_theirs or (grant is not None and app is not None and grant.client_id != app.client_id):
            raise Turned(answer({"error": "unauthorized_client", "error_description": _NOT_AUTHORIZED}, 403))
        if grant is not None:  # what is no token of anybody's is revoked already
            self.store.tokens.pop(call.text("token"), None)
        return answer({})

    def _client(self, call: Call) -> Application:
        app = self.store.applications.get(call.text("client_id"))
        if app is None or not hmac.compare_digest(app.client_secret, call.text("client_secret")):
            raise _refused("invalid_client", _INVALID_CLIENT, 401)
        return app


def _words(call: Call, name: str) -> tuple[str, ...]:
    """Addresses or scopes, as a list or in one text with white space between them."""
    return tuple(word for text in call.texts(name) for word in text.split())


def _cookie(call: Call) -> str:
    pairs = (pair.strip().partition("=") for pair in call.headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == _COOKIE), "")


def _proof(cookie: str) -> str:
    """What only a page of ours can send along, since no other page can read the cookie."""
    return hashlib.sha256(f"form {cookie}".encode()).hexdigest()


def _proves(verifier: str, challenge: str) -> bool:
    if not challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def _redirect(asked: Mapping[str, str], said: Mapping[str, str]) -> Reply:
    state = {"state": asked["state"]} if "state" in asked else {}
    uri = asked["redirect_uri"]
    return Reply(
        303, b"", "", {"Location": f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode({**said, **state})}"}
    )


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _form(html: str, leads_to: str = "", status: int = 200) -> Reply:
    return page(html, status, {"Content-Security-Policy": policy(leads_to), "Cache-Control": "no-store"})


def _shown_error(words: str, status: int) -> Turned:
    return Turned(_form(error_page(words), status=status))


def _refused(error: str, words: str, status: int = 400) -> Turned:
    return Turned(answer({"error": error, "error_description": words}, status))
