"""What fedisched writes into a post's file: the `results` block, one result per target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

Plain = str | list[dict[str, str]]

HELD, FAILED, DROPPED = "held", "failed", "dropped"


@dataclass(frozen=True, slots=True)
class PartResult:
    """Where one part of a thread stands: `id` on Mastodon, `uri` and `cid` on Bluesky."""

    url: str = ""
    id: str = ""
    uri: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One target's block in `results`. Empty fields are not written.

    Settled: `key`, `url`, `id` (Mastodon) or `uri` and `cid` (Bluesky), `at`, and `parts` for a thread (all parts,
    the first one included). On the way: `key`, `error`, `attempts`, `next_try`, and `parts` as far as they are there.
    Stopped: the same with `state`, `held` or `failed`, so that any clone can tell the one from the other. Given up by
    a person: `key` and `dropped`, when. Times are RFC 3339 texts.
    """

    key: str = ""
    url: str = ""
    id: str = ""
    uri: str = ""
    cid: str = ""
    at: str = ""
    parts: tuple[PartResult, ...] = ()
    error: str = ""
    attempts: int = 0
    next_try: str = ""
    state: str = ""
    dropped: str = ""

    @property
    def is_published(self) -> bool:
        """Whether this block claims that the whole delivery is on the network."""
        return bool(self.url) and not self.error

    @property
    def stands(self) -> str:
        """`held`, `failed` or `dropped`; empty for what is published or on its way."""
        if self.is_published:
            return ""
        return DROPPED if self.dropped else self.state

    def to_plain(self) -> dict[str, Plain]:
        """The block as it is written: texts, in this order, nothing empty."""
        plain: dict[str, Plain] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if not value:
                continue
            plain[field.name] = [_part_to_plain(part) for part in value] if field.name == "parts" else str(value)
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> Result:
        """Read a block as a file has it. What is missing or of another shape reads as empty: a person may have
        edited it, and a damaged block must never make a post look unpublished by raising."""
        text = {name: value for name, value in plain.items() if isinstance(value, str)}
        attempts = text.get("attempts", "")
        raw_parts = plain.get("parts")
        return cls(
            key=text.get("key", ""),
            url=text.get("url", ""),
            id=text.get("id", ""),
            uri=text.get("uri", ""),
            cid=text.get("cid", ""),
            at=text.get("at", ""),
            parts=tuple(_part_from_plain(part) for part in raw_parts) if isinstance(raw_parts, list) else (),
            state=text.get("state", "") if text.get("state") in (HELD, FAILED) else "",
            error=text.get("error", ""),
            attempts=int(attempts) if attempts.isascii() and attempts.isdigit() and len(attempts) < 9 else 0,
            next_try=text.get("next_try", ""),
            dropped=text.get("dropped", ""),
        )


def _part_to_plain(part: PartResult) -> dict[str, str]:
    return {field.name: getattr(part, field.name) for field in fields(part) if getattr(part, field.name)}


def _part_from_plain(plain: object) -> PartResult:
    if not isinstance(plain, Mapping):
        return PartResult()
    known = {field.name for field in fields(PartResult)}
    return PartResult(**{k: v for k, v in plain.items() if k in known and isinstance(v, str)})
