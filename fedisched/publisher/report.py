"""What the publisher tells whoever called it: one report for each delivery that was attempted or settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, assert_never

from fedisched.model.delivery import Delivery, State

Word = Literal["published", "waiting", "failed", "held", "cancelled", "would-publish"]


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery, as `publish --json` shows it. Times are RFC 3339 texts, empty where there is none."""

    path: str
    target: str
    outcome: Word
    key: str = ""
    url: str = ""
    id: str = ""
    uri: str = ""
    cid: str = ""
    parts: tuple[str, ...] = ()
    at: str = ""
    attempts: int = 0
    next_try: str = ""
    error: str = ""
    hint: str = ""


def report_of(delivery: Delivery, as_text: Callable[[int], str]) -> Report:
    """The report of a delivery as it stands in the journal."""
    first = delivery.parts[0] if delivery.parts else None
    return Report(
        path=delivery.path,
        target=delivery.target,
        outcome=_word(delivery.state),
        key=delivery.key,
        url=first.url if first else "",
        id=first.id if first else "",
        uri=first.uri if first else "",
        cid=first.cid if first else "",
        parts=tuple(part.url for part in delivery.parts),
        at=as_text(delivery.published_at) if delivery.published_at else "",
        attempts=delivery.attempts,
        next_try=as_text(delivery.next_try) if delivery.next_try else "",
        error=delivery.error,
        hint=delivery.hint,
    )


def _word(state: State) -> Word:
    match state:
        case State.PUBLISHED:
            return "published"
        case State.WAITING | State.SENDING | State.UNSURE:
            return "waiting"
        case State.REFUSED:
            return "failed"
        case State.HELD:
            return "held"
        case State.CANCELLED:
            return "cancelled"
        case _:
            assert_never(state)
