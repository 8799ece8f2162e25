"""Makings of the engine's tests: values with everything that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fedisched.clock import SECOND
from fedisched.engine.accounts import AccountState
from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery, State
from fedisched.model.outcome import SentPart
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.rendered import Pending, Rendered, RenderedPart
from fedisched.model.settings import Account, Settings
from fedisched.model.tid import derive_key

HOUR = 3600 * SECOND
DUE = 1_796_112_000 * SECOND
"""2026-12-01 08:00 UTC."""
PATH = "posts/a.md"
IDS = {"m": "https://m.example 1", "b": "did:plc:b"}

SETTINGS = Settings(
    folder=Path("/content"),
    source=Path("/content/fedisched.toml"),
    default_targets=("m",),
    accounts={"m": Account("m", "mastodon", "https://m.example"), "b": Account("b", "bluesky", "https://b.example")},
    groups={"all": ("m", "b")},
)
ACCOUNTS = {name: AccountState(name, f"https://{name}.example", "print", account_id=IDS[name]) for name in IDS}
RENDERED = Rendered(
    PATH, "m", "mastodon", (RenderedPart("Hello", 5, 500, {"status": "Hello", "id": Pending("media", "1")}),)
)
EVERY_STATE = list(State)


def entry(path: str = PATH, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "path": path,
        "digest": f"digest of {path}",
        "status": Status.SCHEDULED,
        "due": DUE,
        "time": "2026-12-01T09:00:00+01:00",
        "targets": None,
    }
    return Entry(**values | changes)


def claim(target: str = "m", **changes: Any) -> Claim:
    values: dict[str, Any] = {"key": key_of(target=target), "ids": (), "published": False}
    return Claim(target, **values | changes)


def delivery(path: str = PATH, target: str = "m", state: State = State.WAITING, **changes: Any) -> Delivery:
    due = changes.get("due", DUE)
    values: dict[str, Any] = {
        "id": 1,
        "account": IDS[target],
        "key": derive_key(changes.get("account", IDS[target]), path, due),
        "due": due,
        "digest": f"digest of {path}",
        "armed_at": due - HOUR,
    }
    return Delivery(path=path, target=target, state=state, **values | changes)


def key_of(path: str = PATH, target: str = "m", due: int = DUE) -> str:
    return derive_key(IDS[target], path, due)


def part(number: int = 1, **changes: Any) -> SentPart:
    values: dict[str, Any] = {"key": f"key {number}", "url": f"https://m.example/{number}", "id": str(number)}
    return SentPart(number, **values | changes)


def armed(journal: Journal, path: str = PATH, target: str = "m", due: int = DUE) -> Delivery:
    key = key_of(path, target, due)
    return journal.arm(path, target, IDS[target], key, due, f"digest of {path}", due - HOUR)


def brought_to(journal: Journal, state: State, path: str = PATH, target: str = "m") -> Delivery:
    """A delivery in a state, by the moves that lead there."""
    known = armed(journal, path, target)
    now = DUE
    if state in (State.SENDING, State.UNSURE, State.HELD, State.PUBLISHED, State.REFUSED):
        assert journal.begin_sending(known, RENDERED, (), now)
    match state:
        case State.UNSURE:
            assert journal.record_unsure(known, "cut off", now + SECOND, now + 2 * SECOND)
        case State.HELD:
            assert journal.record_unsure(known, "cut off", now + SECOND, now + 2 * SECOND)
            assert journal.record_held(known, "perhaps there", "Look.")
        case State.PUBLISHED:
            assert journal.record_published(known, (part(),), now + SECOND)
        case State.REFUSED:
            assert journal.record_refused(known, "too long", "Shorten it.")
        case State.CANCELLED:
            assert journal.cancel(known)
        case State.WAITING | State.SENDING:
            pass
    found = journal.delivery(known.id)
    assert found.state is state
    return found


def states(deliveries: Iterable[Delivery]) -> dict[str, State]:
    return {known.path: known.state for known in deliveries}
