"""Session tokens of the Bluesky side: JSON Web Tokens, signed by the sandbox and read by clients for their `exp`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

Scope = Literal["com.atproto.appPass", "com.atproto.refresh"]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes tokens and tells its own from others. Its key is new with every sandbox."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def token(self, did: str, scope: Scope, generation: int, issued: int, expires: int) -> str:
        """A token for an account; `issued` and `expires` are in seconds since 1970 UTC."""
        kind = "refresh+jwt" if scope == "com.atproto.refresh" else "at+jwt"
        claims = {
            "scope": scope,
            "sub": did,
            "aud": "did:web:localhost",
            "iat": issued,
            "exp": expires,
            "jti": secrets.token_hex(8),
            "generation": generation,
        }
        return self._signed(kind, claims)

    def for_service(self, did: str, audience: str, method: str, expires: int) -> str:
        """A token with which a service may call one method of the audience for an account."""
        claims = {"iss": did, "aud": audience, "lxm": method, "exp": expires, "jti": secrets.token_hex(8)}
        return self._signed("JWT", claims)

    def _signed(self, kind: str, claims: dict[str, Any]) -> str:
        head = ".".join(_encode(json.dumps(part).encode()) for part in ({"typ": kind, "alg": "HS256"}, claims))
        return f"{head}.{self._signature(head)}"

    def claims(self, token: str) -> dict[str, Any] | None:
        """What one of our own tokens says, whether or not it has expired; None for any other text."""
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(head).encode()):
            return None
        claims: dict[str, Any] = json.loads(_decode(head.partition(".")[2]))
        return claims

    def _signature(self, head: str) -> str:
        return _encode(hmac.digest(self.secret, head.encode(), hashlib.sha256))
