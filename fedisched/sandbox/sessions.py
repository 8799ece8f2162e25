"""Who may write on the Bluesky side: sessions, their tokens, and accounts that are no longer active.

Shapes, statuses and messages are those of @atproto/pds 0.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fedisched.sandbox.rules import Rules
from fedisched.sandbox.store import Repo, Store
from fedisched.sandbox.tokens import Mint, Scope
from fedisched.sandbox.wire import Call, Reply, Turned, answer

_SECOND = 1_000_000


def refusal(error: str, message: str, status: int = 400) -> Turned:
    """An error in XRPC's shape."""
    return Turned(answer({"error": error, "message": message}, status))


def invalid(message: str) -> Turned:
    return refusal("InvalidRequest", message)


def sent_json(call: Call) -> Mapping[str, Any]:
    """The body of a procedure, which must be JSON."""
    named = call.headers.get("content-type", "").partition(";")[0].strip()
    if named != "application/json":
        raise invalid(
            f"Wrong request encoding (Content-Type): {named}"
            if named
            else "A request body is expected but none was provided"
        )
    return call.form


@dataclass(slots=True)
class Sessions:
    """Logging in, staying logged in, and whose token it is."""

    store: Store
    rules: Rules
    mint: Mint = field(default_factory=Mint)

    def describe_server(self, call: Call) -> Reply:
        return answer(
            {
                "did": "did:web:localhost",
                "availableUserDomains": [".test"],
                "inviteCodeRequired": False,
                "phoneVerificationRequired": False,
                "blobUploadLimit": self.rules.blob_limit,
                "links": {},
                "contact": {},
            }
        )

    def create_session(self, call: Call) -> Reply:
        form = sent_json(call)
        if not isinstance(form.get("identifier"), str) or not isinstance(form.get("password"), str):
            name = "identifier" if not isinstance(form.get("identifier"), str) else "password"
            raise invalid(f'Input must have the property "{name}"')
        repo = self.repo_named(form["identifier"].lower().removeprefix("@"))
        if repo is None or repo.password != form["password"]:
            raise refusal("AuthenticationRequired", "Invalid identifier or password", 401)
        if repo.state == "takendown":
            raise refusal("AccountTakedown", "Account has been taken down", 401)
        if self.rules.needs_code:
            raise refusal("AuthFactorTokenRequired", "A sign in code has been sent to your email address", 401)
        return answer(self._session(repo))

    def refresh_session(self, call: Call) -> Reply:
        return answer(self._session(self.holder(call, "com.atproto.refresh")))

    def delete_session(self, call: Call) -> Reply:
        repo = self.holder(call, "com.atproto.refresh")
        self.store.repos[repo.did] = replace(repo, generation=repo.generation + 1)
        return Reply(200, b"", "text/plain")

    def get_session(self, call: Call) -> Reply:
        return answer(self._who(self.holder(call)))

    def _session(self, repo: Repo) -> dict[str, Any]:
        issued = self.store.now() // _SECOND
        lives: dict[Scope, int] = {
            "com.atproto.appPass": self.rules.access_seconds,
            "com.atproto.refresh": self.rules.refresh_seconds,
        }
        access, refresh = (
            self.mint.token(repo.did, scope, repo.generation, issued, issued + life) for scope, life in lives.items()
        )
        return {"accessJwt": access, "refreshJwt": refresh, **self._who(repo)}

    def _who(self, repo: Repo) -> dict[str, Any]:
        service = {
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": self.store.origin,
        }
        document = {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": repo.did,
            "alsoKnownAs": [f"at://{repo.handle}"],
            "verificationMethod": [],
            "service": [service],
        }
        state = {"active": True} if repo.state == "active" else {"active": False, "status": repo.state}
        return {"did": repo.did, "didDoc": document, "handle": repo.handle, **state}

    def describe_repo(self, call: Call) -> Reply:
        repo = self.repo_named(call.query.get("repo", "").lower())
        if repo is None:
            raise invalid(f"Could not find user: {call.query.get('repo', '')}")
        who = self._who(repo)
        return answer(
            {
                "handle": repo.handle,
                "did": repo.did,
                "didDoc": who["didDoc"],
                "collections": [],
                "handleIsCorrect": True,
            }
        )

    def holder(self, call: Call, scope: Scope = "com.atproto.appPass") -> Repo:
        """Whose token it is."""
        if not call.token:
            raise refusal("AuthMissing", "Authentication Required", 401)
        claims = self.mint.claims(call.token)
        if claims is None or "sub" not in claims:
            raise refusal("InvalidToken", "Token could not be verified")
        repo = self.store.repos[claims["sub"]]
        if claims["scope"] != scope:
            raise refusal("InvalidToken", "Bad token scope")
        if claims["exp"] <= self.store.now() // _SECOND or claims["generation"] != repo.generation:
            raise refusal(
                "ExpiredToken", "Token has expired" if scope == "com.atproto.appPass" else "Token has been revoked"
            )
        if repo.state == "takendown":
            raise refusal("AccountTakedown", "Account has been taken down", 401)
        return repo

    def active(self, call: Call) -> Repo:
        """The token's holder, whose account must not be deactivated."""
        repo = self.holder(call)
        if repo.state == "deactivated":
            raise refusal("AccountDeactivated", "Account is deactivated", 401)
        return repo

    def writer(self, call: Call, form: Mapping[str, Any]) -> Repo:
        """The token's holder, who may write to their own repository only."""
        repo = self.active(call)
        named = form.get("repo")
        if not isinstance(named, str):
            raise invalid('Input must have the property "repo"')
        target = self.repo_named(named)
        if target is None:
            raise invalid(f"Could not find repo: {named}")
        if target.did != repo.did:
            raise refusal("AuthenticationRequired", "Authentication Required", 401)
        return repo

    def repo_named(self, name: str) -> Repo | None:
        return self.store.repos.get(self.store.handles.get(name, name))

    def resolve_handle(self, call: Call) -> Reply:
        did = self.store.handles.get(call.query.get("handle", "").lower())
        if did is None:
            raise invalid("Unable to resolve handle")
        return answer({"did": did})
