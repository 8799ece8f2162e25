"""`fedisched publish --format github`: what came of it as annotations, a table in the job's summary, and an output.

The log is fenced while the run lasts, for it has names of files and words of servers in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fedisched.cli.github import (
    Fence,
    Severity,
    add_to_summary,
    annotate,
    code,
    inline,
    link,
    root_of,
    set_output,
)
from fedisched.cli.needs import what_to_do
from fedisched.cli.reports import why
from fedisched.engine.plan import Step
from fedisched.publisher.report import Report

_SIGNS = {"published": "✅", "would-publish": "✅", "waiting": "⏳", "cancelled": "➖"}
_SEVERITIES: Mapping[str, Severity] = {"failed": "error", "held": "error", "waiting": "warning"}
TOLD = "FEDISCHED_TOLD"
"""The variable with what earlier runs told of, in the words of the output `needs`."""


class OnGithub:
    """Listens to one run. Made at its start, and ended when everything was said."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._root = root_of(folder, environ)
        self._environ = environ
        self._told = frozenset(environ.get(TOLD, "").split())
        self._reports: dict[tuple[str, str], Report] = {}
        self._left: Sequence[Step] = ()
        self._now = 0
        self._fence = Fence()
        self._fence.begin()

    def reported(self, report: Report) -> None:
        self._reports[report.path, report.target] = report

    def ended(self, left: Sequence[Step], now: int) -> None:
        """What this run leaves to a person beside what it reported; `now` in microseconds since 1970 UTC."""
        self._left, self._now = left, now

    def end(self) -> None:
        """Say it, whatever became of the run."""
        self._fence.end()
        for report in self._reports.values():
            if report.outcome in _SEVERITIES:
                title = f"{report.target}: {report.outcome}"
                annotate(
                    _SEVERITIES[report.outcome], why(report) or report.outcome, self._file(report.path), title=title
                )
        for step in self._left:
            # What an earlier run told of is a reminder; that run has failed for it.
            severity: Severity = "warning" if _digest_of_step(step) in self._told else "error"
            place = step.entry.problem or None
            line, column = (place.line, place.column) if place else (0, 0)
            title = f"{step.target}: {step.stand}" if step.target else str(step.stand)
            annotate(severity, what_to_do(step, self._now), self._file(step.entry.path), line, column, title)
        add_to_summary(self._environ, "".join(f"{line}\n" for line in self._table()))
        if not self._reports and not self._left:
            add_to_summary(self._environ, "Nothing was due.\n", only_if_empty=True)
        failed, held = (self._ended_as(outcome) for outcome in ("failed", "held"))
        needs = failed | held | {_digest_of_step(step) for step in self._left}
        # What failed in this very run is new, whatever it did in another. What is held is looked up by every run.
        news = "new" if failed or needs - self._told else "known" if needs else "no"
        set_output(self._environ, "needs-you", news)
        set_output(self._environ, "needs", " ".join(sorted(needs)))

    def _ended_as(self, outcome: str) -> set[str]:
        return {_digest(*which) for which, report in self._reports.items() if report.outcome == outcome}

    def _file(self, path: str) -> str:
        return (self._root / path).as_posix()

    def _table(self) -> Iterator[str]:
        rows = [*map(_row, self._reports.values()), *(_row_of_step(step, self._now) for step in self._left)]
        if rows:
            yield "| | post | target | what came of it |"
            yield "|---|---|---|---|"
            yield from rows
            yield ""


def _digest_of_step(step: Step) -> str:
    return _digest(step.entry.path, step.target)


def _digest(path: str, target: str) -> str:
    """A post's target as one short word, by which a later run knows that it was told of."""
    return hashlib.sha256(f"{path}\0{target}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _row(report: Report) -> str:
    said = [link(report.url, report.url)] if report.url else []
    if report.outcome != "published" and report.error:
        said.append(inline(why(report)))
    if report.outcome == "waiting" and report.next_try:
        said.append(f"next try {inline(report.next_try)}")
    sign = _SIGNS.get(report.outcome, "❌")
    return _cells(sign, report.path, report.target, f"{report.outcome} {' · '.join(said)}".strip())


def _row_of_step(step: Step, now: int) -> str:
    return _cells("❌", step.entry.path, step.target, f"{step.stand}: {inline(what_to_do(step, now))}")


def _cells(sign: str, path: str, target: str, words: str) -> str:
    return f"| {sign} | {code(path)} | {inline(target)} | {words} |"
