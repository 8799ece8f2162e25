"""What came of deliveries, as lines for people and as JSON rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from fedisched.cli.when import from_now
from fedisched.cli.words import Words, bad, doubtful, faint, good, pad
from fedisched.clock import SECOND
from fedisched.model.command import typed

if TYPE_CHECKING:
    from fedisched.publisher.report import Report

_STYLES = {"published": good, "would-publish": good, "failed": bad, "held": bad, "broken": bad}
_WHERE_KNOWN = ("id", "uri", "cid", "hint", "problem")


def as_row(report: Report) -> dict[str, object]:
    """The JSON object of `publish --json`.

    `parts` is a list of what is on the network, in order, with one object for a post of a single part: `url`, and
    `id` on Mastodon or `uri` and `cid` on Bluesky, as in a file's `results`. Where there is none the list is empty.
    `id`, `uri`, `cid`, `hint` and `problem` (true: `error` is a mistake in the file) are left out where there is
    nothing to say; every other key is always there, and null where it has no value.
    """
    row: dict[str, object] = {name: value or None for name, value in asdict(report).items()}
    parts = [{name: value for name, value in asdict(part).items() if value} for part in report.parts]
    row |= {"attempts": report.attempts, "parts": parts}
    return {name: value for name, value in row.items() if value is not None or name not in _WHERE_KNOWN}


def as_words(report: Report, now: int) -> Sequence[Words]:
    """A line for people. `now` in microseconds since 1970 UTC."""
    word = "broken" if report.problem and report.outcome == "waiting" else report.outcome
    style = _STYLES.get(word, doubtful)
    line: list[Words] = [style(pad(word, 9)), " ", report.path, faint(" → "), report.target]
    if report.url:
        line += ["  ", faint(report.url)]
    if report.error:
        line += ["  ", why(report)]
    if word == "waiting" and report.next_try:
        line += [faint(f"  next try {from_now(_moment(report.next_try), now)}")]
    return line


def why(report: Report) -> str:
    """The reason and what to type: a delivery that is held has the commands in its hint."""
    said = f"{report.error}. {report.hint}" if report.hint else report.error
    if report.outcome != "failed" or "fedisched retry" in said:
        return said
    return f"{said}{'' if said.endswith('.') else '.'} Then type: {typed('retry', report.path)}"


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND
