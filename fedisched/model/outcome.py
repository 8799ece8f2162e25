"""What a network said. Closed unions: `match` them and end with `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SentPart:
    """One part that is on the network. `number` counts from 1; `id` on Mastodon, `uri` and `cid` on Bluesky."""

    number: int
    key: str
    url: str
    id: str = ""
    uri: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """The network said yes to these parts. `warning` says how what came back differs from what was sent."""

    parts: tuple[SentPart, ...]
    warning: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """It is certain that nothing was published; trying again later may help. `retry_after` in seconds from now,
    None where the server named no time.

    `account` is true where the server as a whole cannot be used just now (no connection, 429): what else is due there
    waits as well.
    """

    reason: str
    retry_after: float | None = None
    account: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The network said no, and will say so again until the file, the config or the account changes.

    `account` is true where the refusal is of the account (a wrong, expired or revoked credential, a deactivated
    account): the account pauses and no delivery is burnt. `credential` is true where another credential mends it.
    """

    reason: str
    hint: str
    account: bool = False
    credential: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody can tell whether the network published it: it must be looked up before anything else is sent. `heard` is
    what came back and no more, for who asked for something else than to publish; empty where that is the reason."""

    reason: str
    heard: str = field(default="", compare=False)


Outcome = Published | NotSent | Refused | Unsure


@dataclass(frozen=True, slots=True)
class Found:
    """A complete look-up found these parts of the delivery on the network, besides those that the task knows as done:
    all that were missing, or the first few of a thread that stopped in the middle. Never empty."""

    parts: tuple[SentPart, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """A complete look-up found nothing of the delivery on the network besides what the task knows as done."""


@dataclass(frozen=True, slots=True)
class Perhaps:
    """Something is there that may be the delivery: ours by its application or its key, but not the same.

    `parts` are the delivery's own and were found before it: what follows them is nobody else's."""

    url: str
    reason: str
    parts: tuple[SentPart, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The look-up could not be completed; ask again. `refused` where it is the account that is refused."""

    reason: str
    retry_after: float | None = None
    refused: Refused | None = None

    @property
    def account(self) -> bool:
        """Whether the account was refused."""
        return self.refused is not None


Finding = Found | Absent | Perhaps | CannotTell
