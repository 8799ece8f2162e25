"""Deliveries as rows of the journal. A module of its own, imported only where there is a row: most starts of `queue`
see none, and the shapes of uploads, parts and renderings take longer to import than the journal takes to open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from fedisched.engine.sent import from_text
from fedisched.engine.sent import to_text as rendering_as_text
from fedisched.model.delivery import Delivery, State
from fedisched.model.network import Upload
from fedisched.model.outcome import SentPart

__all__ = ["COLUMNS", "deliveries_of", "rendering_as_text", "uploads_as_text"]

COLUMNS = tuple(field.name for field in fields(Delivery) if field.name != "parts")


def deliveries_of(rows: Iterable[tuple[object, ...]], part_rows: Iterable[tuple[object, ...]]) -> list[Delivery]:
    """The deliveries of rows in the order of `COLUMNS`; a part's row has its delivery's id before its own fields."""
    parts: dict[object, list[SentPart]] = {}
    for delivery, *part in part_rows:
        parts.setdefault(delivery, []).append(SentPart(*part))  # type: ignore[arg-type]
    return [_delivery(row, tuple(parts.get(row[0], ()))) for row in rows]


def uploads_as_text(uploads: Sequence[Upload]) -> str:
    """The column `uploads`."""
    return json.dumps([asdict(upload) for upload in uploads])


def _delivery(row: tuple[object, ...], parts: tuple[SentPart, ...]) -> Delivery:
    columns: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    columns["state"] = State(columns["state"])
    columns["problem"] = bool(columns["problem"])
    columns["sent"] = from_text(columns["sent"])
    columns["uploads"] = tuple(Upload(**upload) for upload in json.loads(columns["uploads"]))
    return Delivery(**columns, parts=parts)
