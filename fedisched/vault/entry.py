"""One entry of the vault, in the clear: what is encrypted, and what it says about itself."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fedisched.model.credential import AppRegistration, Credential
from fedisched.model.errors import VaultUnusable
from fedisched.model.secret import keep_secret


def credential_to_text(name: str, credential: Credential) -> str:
    """An entry as the text to encrypt. The account's name and server are part of it, so that they cannot be changed."""
    app = credential.app
    keep_secret(credential.secret, *((app.client_id, app.client_secret) if app else ()))
    return json.dumps(
        {
            "name": name,
            "network": credential.network,
            "server": credential.server,
            "secret": credential.secret,
            "account": credential.account,
            "handle": credential.handle,
            "app": [app.client_id, app.client_secret] if app else None,
            "made": credential.made.isoformat(),
        }
    )


def credential_from_text(text: str, name: str, vault: Path) -> Credential:
    """The credential in a decrypted entry that stands under `name`. Raises VaultUnusable, which never quotes it."""
    try:
        kept: Any = json.loads(text)
        whose = str(kept["name"])
        app = kept["app"]
        credential = Credential(
            network=kept["network"],
            server=kept["server"],
            secret=kept["secret"],
            account=kept["account"],
            handle=kept["handle"],
            app=AppRegistration(*app) if app else None,
            made=datetime.fromisoformat(kept["made"]),
        )
        keep_secret(credential.secret, *(app or ()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Not chained: the cause would carry the text.
        message = f"the entry `{name}` in the vault {vault} is of another version of fedisched"
        raise VaultUnusable(message, f"Update fedisched, or log in again: `fedisched login {name}`.") from None
    if whose != name:
        message = f"the entry `{name}` in the vault {vault} was made for `{whose}`, and somebody moved it"
        raise VaultUnusable(message, f"If you renamed the account, log in again: `fedisched login {name}`.")
    return credential
