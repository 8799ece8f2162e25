"""What lets fedisched speak for a person on a server, as the vault keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fedisched.model.settings import NetworkName


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """What a Mastodon server knows fedisched as: made at the first login there, needed again to revoke a token."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """One account's access token or app password, and where it belongs.

    `server` is an origin as in `Account.server`; the secret goes there and nowhere else. `account` is the account id
    that the server told, None if it was not asked. `made` is when it was put into the vault, with a time zone. Neither
    `repr` nor `str` shows anything secret, so that no log and no traceback can.
    """

    network: NetworkName
    server: str
    secret: str = field(repr=False)
    account: str | None
    handle: str
    app: AppRegistration | None
    made: datetime
