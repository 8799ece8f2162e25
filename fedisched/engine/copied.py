"""A post's file as the start of another: with its results still in it, it would be taken for published, or be sent
under a key that is another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fedisched.clock import SECOND
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.results import DROPPED
from fedisched.model.tid import is_tid, moment_of


def copy_hint(lines: str = "") -> str:
    """What to do about a copy; `lines` are where its results stand, in words."""
    where = f"{lines}, its whole `results` block" if lines else "its whole `results` block"
    return (
        f"If this is a new post, delete {where}. If it is the old one, set its time back and, if it was published, "
        "`status: published`."
    )


COPY_HINT = copy_hint()

TIME_CHANGED = "already published; its time was changed afterwards"
"""Why a published post is held: an old editor buffer, or a wish to publish again. Only a person can tell which."""

_SETTLED = (State.PUBLISHED, State.CANCELLED)


def copied(entry: Entry, owners: Mapping[str, str], under_way: bool) -> str:
    """Why a file's results cannot be its own, empty if they can.

    `owners` gives the paths of the files that are there, by the keys that the journal has for them; `under_way` says
    that the journal has a delivery of this very file that is not settled.
    """
    for claim in entry.claims:
        owner = owners.get(claim.key, entry.path)
        if owner != entry.path:
            return f"its results are those of {owner}"
    if entry.status is not Status.SCHEDULED or entry.due is None or under_way:
        return ""
    # Where one target is still to be tried, another's result is the file's own, whatever its time is now.
    settled = all(claim.published or claim.stands == DROPPED for claim in entry.claims)
    if settled and entry.claims and all(_is_before(claim.key, entry.due) for claim in entry.claims):
        return "its results are from before its time"
    return ""


def is_under_way(deliveries: Iterable[Delivery]) -> bool:
    """Whether one of a file's deliveries is not settled."""
    return any(delivery.state not in _SETTLED for delivery in deliveries)


def _is_before(key: str, due: int) -> bool:
    return is_tid(key) and moment_of(key) // SECOND < due // SECOND
