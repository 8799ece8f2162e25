"""What came of deliveries, as lines for people and as JSON rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from fedisched.cli.words import Words, bad, doubtful, faint, good, pad

if TYPE_CHECKING:
    from fedisched.publisher.report import Report

_STYLES = {"published": good, "would-publish": good, "failed": bad, "held": bad}


def as_row(report: Report) -> dict[str, object]:
    """The JSON object of `publish --json`."""
    row: dict[str, object] = {name: value or None for name, value in asdict(report).items()}
    for name in ("id", "uri", "cid", "hint"):
        if not row[name]:
            del row[name]
    return row | {"attempts": report.attempts, "parts": list(report.parts)}


def as_words(report: Report) -> Sequence[Words]:
    """A line for people."""
    style = _STYLES.get(report.outcome, doubtful)
    line: list[Words] = [style(pad(report.outcome, 10)), report.path, faint(" → "), report.target]
    if report.url:
        line += ["  ", faint(report.url)]
    if report.error:
        line += ["  ", f"{report.error}. {report.hint}" if report.hint else report.error]
    if report.outcome == "waiting" and report.next_try:
        line += [faint(f"  next try {report.next_try}")]
    return line
