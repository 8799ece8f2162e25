"""What the publisher tells whoever called it: one report for each delivery that was attempted or settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, assert_never

from fedisched.model.delivery import Delivery, State
from fedisched.model.results import PartResult

Word = Literal["published", "waiting", "failed", "held", "cancelled", "would-publish"]


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery, as `publish --json` shows it. Times are RFC 3339 texts, empty where there is none.

    `parts` are those that are on the network, the first one included, as in `results`: each with its `url`, and its
    `id` (Mastodon) or `uri` and `cid` (Bluesky). `problem` says that `error` is a mistake in the file.
    """

    path: str
    target: str
    outcome: Word
    key: str = ""
    url: str = ""
    id: str = ""
    uri: str = ""
    cid: str = ""
    parts: tuple[PartResult, ...] = ()
    at: str = ""
    attempts: int = 0
    next_try: str = ""
    error: str = ""
    hint: str = ""
    problem: bool = False

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Report:
        """Read a report as another process wrote it, as JSON. Raises TypeError for what is none."""
        known = {field.name: plain[field.name] for field in fields(cls) if plain.get(field.name) is not None}
        return cls(**known | {"parts": tuple(PartResult(**part) for part in known.get("parts", ()))})


@dataclass(frozen=True, slots=True)
class AccountNews:
    """An account cannot be used, since `error` (one or more sentences), until `next_try` (RFC 3339); or it can be:
    both are empty then. `paused` says that its server refuses it, which a person has to mend."""

    account: str
    error: str = ""
    next_try: str = ""
    paused: bool = False


def news_from_plain(plain: Mapping[str, Any]) -> Report | AccountNews:
    """Read what another process reports, as JSON. Raises TypeError for what is none."""
    if "account" not in plain:
        return Report.from_plain(plain)
    return AccountNews(**{field.name: plain[field.name] for field in fields(AccountNews) if field.name in plain})


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
        parts=tuple(PartResult(part.url, part.id, part.uri, part.cid) for part in delivery.parts),
        at=as_text(delivery.published_at) if delivery.published_at else "",
        attempts=delivery.attempts,
        next_try=as_text(delivery.next_try) if delivery.next_try else "",
        error=delivery.error,
        hint=delivery.hint,
        problem=delivery.problem,
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
