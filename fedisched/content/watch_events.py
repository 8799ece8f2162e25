"""The operating system's file events, by watchdog, turned into hints."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fedisched.content.hints import CONFIG, CONFIG_NAMES, EVERYTHING, POSTS, Change, is_hidden, may_be_post

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver


class EventSource:
    """Reports hints from the moment `start` returns.

    The posts folder is watched with everything below it; the folders above it, up to the content folder, without:
    they tell of the configuration, and of the posts folder's coming and going.
    """

    def __init__(self, folder: Path, posts: str, report: Callable[[Change], None]) -> None:
        self._report = report
        self._posts = posts
        top = folder.resolve()
        places = [top, *(top / part for part in reversed(PurePosixPath(posts).parents[:-1])), top / posts]
        self._root = places[-1].resolve()
        self._above = {self._root.parent, *(place.resolve() for place in places[:-1])} - {self._root}
        # Whatever happens to one of these names decides what there is to watch.
        self._landmarks = {*places, self._root}
        self._configs = {top / name for name in CONFIG_NAMES}
        self._observer: BaseObserver | None = None
        self._overflows = _Overflows(lambda: report(EVERYTHING))

    def start(self) -> None:
        """Raises OSError if the system's limits are reached; nothing is left running then."""
        from watchdog.observers import Observer

        self._observer = Observer()
        logging.getLogger("watchdog").addHandler(self._overflows)
        try:
            self._observer.start()
            watched = self._watch(self._observer, self._root, recursive=True)
            # After the tree, since watchdog keeps silent about a limit that is reached inside it.
            for place in self._above:
                self._watch(self._observer, place, recursive=False)
            if watched != self._root.is_dir():
                self._report(EVERYTHING)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        logging.getLogger("watchdog").removeHandler(self._overflows)
        if self._observer is not None:
            self._observer.stop()
            if self._observer.is_alive():
                self._observer.join()
            self._observer = None

    def _watch(self, observer: BaseObserver, folder: Path, *, recursive: bool) -> bool:
        """Whether there is such a folder."""
        if not folder.is_dir():
            return False
        try:
            observer.schedule(_handler(self._see), folder, recursive=recursive, event_filter=_wanted())
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _see(self, event: FileSystemEvent) -> None:
        for path in {event.src_path, event.dest_path} - {""}:
            change = self._meaning(Path(os.fsdecode(path)), event.is_directory)
            if change is not None:
                self._report(change)

    def _meaning(self, path: Path, is_directory: bool) -> Change | None:
        if path in self._configs:
            return CONFIG
        if path in self._landmarks:
            return POSTS
        if not path.is_relative_to(self._root):
            return None
        inside = path.relative_to(self._root)
        if any(map(is_hidden, inside.parts)):
            return None
        if is_directory:
            return POSTS
        return (
            Change(frozenset({str(PurePosixPath(self._posts, *inside.parts[:-1]))})) if may_be_post(path.name) else None
        )


def _wanted() -> list[type[FileSystemEvent]]:
    """Without a filter our own reading of the files would make events."""
    from watchdog import events

    return [
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileClosedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
        events.DirCreatedEvent,
        events.DirMovedEvent,
        events.DirDeletedEvent,
    ]


def _handler(see: Callable[[FileSystemEvent], None]) -> FileSystemEventHandler:
    from watchdog.events import FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            see(event)

    return Handler()


class _Overflows(logging.Handler):
    """The kernel's queue is finite. When it overflows, events are lost, and watchdog says so in its log only."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._lost = lost

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._lost()
