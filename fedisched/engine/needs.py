"""Posts that answer or quote others of the same folder: each waits until the other one is published.

Nothing of this is a state. Each round looks anew at what the other file and the journal say, so a crash between the
two posts costs nothing, and whichever publisher sends the one sees what became of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fedisched.engine.accounts import AccountState
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.results import DROPPED
from fedisched.model.settings import Settings

_STATES = {
    State.REFUSED: "has failed",
    State.HELD: "is held",
    State.UNSURE: "may or may not be published",
}
_STATUSES = {Status.DRAFT: "is a draft", Status.FAILED: "has failed", Status.HELD: "is held"}


@dataclass(frozen=True, slots=True)
class Other:
    """Another post: what its file says, None if it is not there, and what the journal knows of it."""

    entry: Entry | None
    deliveries: tuple[Delivery, ...] = ()


def others_of(
    entries: Iterable[Entry], entry: Callable[[str], Entry | None], deliveries: Callable[[str], Iterable[Delivery]]
) -> dict[str, Other]:
    """The posts that these need, by path; most need none. `entry` and `deliveries` look one up."""
    paths = {need.path for each in entries for need in each.needs}
    return {path: Other(entry(path), tuple(deliveries(path))) for path in sorted(paths)}


def waits_for(
    entry: Entry, target: str, account: AccountState | None, others: Mapping[str, Other], settings: Settings
) -> str:
    """Why a post has to wait for another one before it can go to a target; empty if it has not."""
    for need in entry.needs:
        if need.target != target:
            continue
        other = others.get(need.path, Other(None))
        if why := _why_not_yet(entry.path, other, target, account, settings):
            return f"waits for {need.path}, which {why}"
    return ""


def _why_not_yet(path: str, other: Other, target: str, account: AccountState | None, settings: Settings) -> str:
    """What keeps another post from being answered or quoted on an account; empty once it is published there."""
    name = account.account_id if account else ""
    delivery = next((each for each in other.deliveries if name and each.account == name), None)
    if delivery is not None and delivery.state is State.PUBLISHED:
        return ""
    entry = other.entry
    if entry is None:
        return "is not there"
    claim = next((claim for claim in entry.claims if claim.target == target), None)
    if claim is not None and claim.published:
        return ""
    if target not in settings.accounts_named(entry.targets):
        return f"does not go to {target}"
    if claim is not None and claim.stands == DROPPED:
        return f"was dropped for {target}"
    if entry.problem is not None:
        return "has a mistake in it"
    if delivery is not None and delivery.state in _STATES:
        return _STATES[delivery.state]
    if any(need.target == target and need.path == path for need in entry.needs):
        return "waits for this one"
    return _STATUSES.get(entry.status, "is not published yet")
