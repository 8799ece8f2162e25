"""The ports of logging in: what a person has to do on a network's side before there is a credential.

As everywhere, what a server said is a value: `NotSent` where it was not reached (later may help), `Refused` where it
said no. No other library's exception leaves an adapter, and every call has a time-out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fedisched.model.outcome import NotSent, Refused

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect address that stands for: show the person the code (the only one that needs nobody who listens)."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An application that a server has made for us, for one login."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a person answers in the browser, at `url`. `state` comes back with the answer, `verifier` proves
    who asked; each is empty where the server knows no such thing."""

    url: str = field(repr=False)
    redirect_uri: str
    app: Registered
    state: str = field(repr=False)
    verifier: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """What a server gave for a code. `scopes` are what it is good for, empty where the server did not say."""

    secret: str = field(repr=False)
    scopes: frozenset[str] = frozenset()


class OAuth(Protocol):
    """One server that lets an application in by a person's word."""

    def ask(self, redirect_uri: str) -> Asked | NotSent | Refused:
        """Register with the server, and make the question."""
        ...

    def exchange(self, asked: Asked, code: str) -> Token | NotSent | Refused:
        """The token that a code stands for. A code works once."""
        ...

    def revoke(self, app: Registered, token: str) -> NotSent | Refused | None:
        """End a token. None if it is over, whether or not it was before."""
        ...

    def close(self) -> None:
        """Close connections. Never fails."""
        ...


@dataclass(frozen=True, slots=True)
class Home:
    """Where an account lives. `server` is the origin on which it logs in."""

    account_id: str
    server: str


Answered = Mapping[str, str]
"""What came back with a browser: the query of the address to which the server had sent it."""
