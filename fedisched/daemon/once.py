"""Each thing is told once, until it changes: publishers come and go, and each finds anew what is still not mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fedisched.daemon.events import Armed, Broken, Event, Met, Reported, Said, TakenBack
from fedisched.publisher.report import AccountNews, Report


class Once:
    """Passes on what is news. Called from the daemon's own thread."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._waiting: dict[tuple[str, str], Report] = {}
        """What was last told of what waits, by path and target, without when it is tried next."""
        self._unusable: dict[str, str] = {}
        """Why an account cannot be used, by its name."""
        self._before: set[str] = set()
        """What the last publisher said to people."""
        self._now: set[str] = set()
        """What this one said."""

    def __call__(self, event: Event) -> None:
        if self._is_news(event):
            self._tell(event)

    def publisher_ended(self, worked: bool) -> None:
        """What the next one repeats is no news; but each crash is told in full."""
        self._before, self._now = self._now if worked else set(), set()

    def _is_news(self, event: Event) -> bool:
        match event:
            case Reported(report):
                return self._is_new_of_a_delivery(report)
            case Met(news):
                return self._is_new_of_an_account(news)
            case Said(words, of_publisher=True):
                known = words in self._before | self._now
                self._now.add(words)
                return not known
            case Armed(entry):
                self._forget(entry.path)
            case Broken(problem):
                self._forget(problem.path)
            case TakenBack(path):
                self._forget(path)
        return True

    def _is_new_of_a_delivery(self, report: Report) -> bool:
        before = self._waiting.pop((report.path, report.target), None)
        if report.outcome != "waiting":
            return True
        self._waiting[report.path, report.target] = now = replace(report, next_try="")
        return now != before

    def _is_new_of_an_account(self, news: AccountNews) -> bool:
        before = self._unusable.pop(news.account, "")
        if news.error:
            self._unusable[news.account] = news.error
        return news.error != before

    def _forget(self, path: str) -> None:
        """Its file was saved, by a person, who wants to know what comes of it."""
        for key in [key for key in self._waiting if key[0] == path]:
            del self._waiting[key]
