"""A post's file as the start of another: with its results still in it, it would be taken for published, or be sent
under a key that is another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fedisched.clock import SECOND
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Entry, Status
from fedisched.model.results import DROPPED
from fedisched.model.tid import is_tid, moment_of


def copy_hint(lines: str = "", status_line: str = "") -> str:
    """What to do about a copy; `lines` are where its results stand, in words, and `status_line` where its status does,
    if that would keep a new post from being sent."""
    where = f"{lines}, its whole `results` block" if lines else "its whole `results` block"
    status = f", and write `status: scheduled` in {status_line}" if status_line else ""
    return (
        f"If this is a new post, delete {where}{status}. If it is the old one, set its time back and, if it was "
        "published, `status: published`."
    )


COPY_HINT = copy_hint()

NO_RESULTS_HINT = "If it is to be sent, write `status: scheduled`. If it went out elsewhere, set its time back."

TIME_CHANGED = "already published; its time was changed afterwards"
"""Why a published post is held: an old editor buffer, or a wish to publish again. Only a person can tell which."""

_NOTHING_TO_SEND = (Status.PUBLISHED, Status.FAILED, Status.HELD)

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


def passed_over(entry: Entry, is_known: bool, now: int) -> tuple[str, str]:
    """Why a file whose time is to come would be passed over in silence, and what to do: the copy of one that is done
    with. Both empty if it would not. `is_known` says that the journal has a delivery of this very file, so that its
    word is its own; `now` in microseconds since 1970 UTC."""
    if is_known or entry.due is None or entry.due <= now:
        return "", ""
    if entry.status is Status.PUBLISHED and later_than_its_results(entry):
        return "its results are from before its time", COPY_HINT
    if entry.status in _NOTHING_TO_SEND and not entry.claims:
        return f"its status is {entry.status}, but it has no results, and its time is to come", NO_RESULTS_HINT
    return "", ""


def later_than_its_results(entry: Entry) -> str:
    """One of the keys of a file that is published at a time later than all of its results; empty if it is not."""
    keys = [claim.key for claim in entry.claims if claim.published]
    if not keys or entry.due is None or not all(_is_before(key, entry.due) for key in keys):
        return ""
    return keys[0]


def is_under_way(deliveries: Iterable[Delivery]) -> bool:
    """Whether one of a file's deliveries is not settled."""
    return any(delivery.state not in _SETTLED for delivery in deliveries)


def _is_before(key: str, due: int) -> bool:
    return is_tid(key) and moment_of(key) // SECOND < due // SECOND
