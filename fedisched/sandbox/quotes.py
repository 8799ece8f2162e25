"""Quotes on the Mastodon side: who may quote what, and finding a status by its address."""

from __future__ import annotations

import re
from typing import Any

from fedisched.sandbox.store import Person, Status, Store
from fedisched.sandbox.wire import Call, refusal

POLICIES = ("public", "followers", "nobody")
_PAGE = re.compile(r"/@([^/]+)/(\d+)/?")


def quoting(call: Call, person: Person, store: Store) -> dict[str, Any]:
    """The fields of a status that quotes another, or says who may quote it. Who wrote a status may always quote it."""
    policy = call.text("quote_approval_policy")
    if policy and policy not in POLICIES:
        raise refusal("Validation failed: Quote approval policy is not included in the list")
    quoted_id = call.text("quoted_status_id") or None
    if quoted_id is not None:
        quoted = store.statuses.get(quoted_id)
        if quoted is None or not _may_see(person, quoted):
            raise refusal("The post you are trying to quote does not appear to exist.", 404)
        if quoted.account_id != person.id and quoted.quote_policy in ("followers", "nobody"):
            raise refusal("Validation failed: You are not allowed to quote this post")
    return {"quoted_id": quoted_id, "quote_policy": policy or "public"}


def found_at(address: str, person: Person, store: Store) -> list[Status]:
    """The status at an address of this server, if this person may see it."""
    if not address.startswith(store.origin):
        return []
    page = _PAGE.fullmatch(address.removeprefix(store.origin))
    status = store.statuses.get(page[2]) if page else None
    return [status] if status is not None and _may_see(person, status) else []


def _may_see(person: Person, status: Status) -> bool:
    return status.visibility in ("public", "unlisted") or status.account_id == person.id
