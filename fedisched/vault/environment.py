"""Credentials from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from fedisched.model.secret import keep_secret
from fedisched.model.settings import Account


def credential(account: Account, environ: Mapping[str, str]) -> str | None:
    """The account's credential, from the variable named after it; None where it is not set, or empty.

    White space around it is dropped: a secret that was pasted or read from a file often ends with a line break.
    """
    secret = environ.get(account.variable, "").strip()
    keep_secret(secret)
    return secret or None
