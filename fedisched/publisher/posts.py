"""The content folder, as the publisher and the daemon use it: files read into entries and posts, results written
back. Here the engine's index meets the content room."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fedisched import __version__
from fedisched.clock import SECOND, Clock
from fedisched.content import folder
from fedisched.engine.index import Changes, Index, Seen, by_path
from fedisched.engine.journal import Journal
from fedisched.engine.needs import Other, others_of
from fedisched.model.delivery import Delivery, State
from fedisched.model.errors import FileChanged
from fedisched.model.post import Entry, Post, Reading, Status
from fedisched.model.problem import Problem
from fedisched.model.settings import Account, Settings

if TYPE_CHECKING:
    from fedisched.model.outcome import SentPart
    from fedisched.model.rendered import Attachment, Limits, Rendered
    from fedisched.model.results import Result


class Posts:
    """The posts of one content folder. Heavy imports happen only when a post is read whole."""

    def __init__(self, settings: Settings, journal: Journal, clock: Clock) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._index = Index(journal, _made_with(settings))
        self._weights: dict[str, tuple[str, int]] = {}
        """What media weigh, by path, for the digest that was weighed."""

    # --- the folder ------------------------------------------------------------------------------------------

    def refresh(self) -> Changes:
        """Look at the folder, read what changed."""
        return self._index.refresh(self._seen(), self._glance, self._clock.now() * 1000)

    def look_at(self, path: str) -> None:
        """Look at one file that is another than it was, and at no other."""
        from fedisched.content import glance

        found = folder.read_file(self._settings.folder, path)
        if isinstance(found, Problem):
            self.refresh()
            return
        data, stat = found
        seen = folder.FoundFile(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
        self._index.take(seen, glance.glance(data, path, self._settings), self._clock.now() * 1000)

    def entries(self, until: int | None = None) -> Mapping[str, Entry]:
        """The entries that matter to the schedule, by path; with `until`, to what falls due by then (microseconds
        since 1970 UTC). All of them if some delivery's file is gone, since it may stand anywhere by now."""
        return by_path(self._index.entries(everything=self._index.misses_a_file(), until=until))

    def next_due(self, after: int) -> int | None:
        """When the first of what is scheduled falls due after a moment (microseconds since 1970 UTC)."""
        return self._index.next_due(after)

    def digests(self) -> Mapping[str, str]:
        """The digests of the files that matter to the schedule, or are broken, by path."""
        return self._index.digests()

    def all_entries(self) -> Mapping[str, Entry]:
        """Every file's entry, by path."""
        return by_path(self._index.entries(everything=True))

    def all_paths(self) -> frozenset[str]:
        """The path of every file."""
        return self._index.paths()

    def entry(self, path: str) -> Entry | None:
        return self._index.entry(path)

    def others_of(self, entries: Iterable[Entry]) -> dict[str, Other]:
        """The posts that these answer or quote, by path."""
        return others_of(entries, self.entry, lambda path: self._journal.deliveries(path=path))

    def needing(self, paths: Collection[str]) -> list[str]:
        """The paths of the posts that answer or quote one of these."""
        return self._index.needing(paths)

    def parts_of(self, path: str, target: str, account: str) -> tuple[SentPart, ...]:
        """The parts of a published post, by the journal or by its file; empty if it is not published there."""
        from fedisched.content.glance import results_of
        from fedisched.model.outcome import SentPart
        from fedisched.model.results import PartResult

        for delivery in self._journal.deliveries(path=path, account=account):
            if delivery.state is State.PUBLISHED and delivery.parts:
                return delivery.parts
        found = folder.read_file(self._settings.folder, path)
        result = {} if isinstance(found, Problem) else results_of(found[0], path, self._settings)
        if (said := result.get(target)) is None or not said.is_published:
            return ()
        parts = said.parts or (PartResult(said.url, said.id, said.uri, said.cid),)
        return tuple(
            SentPart(number, said.key, part.url, part.id, part.uri, part.cid) for number, part in enumerate(parts, 1)
        )

    def claimed_ids(self) -> frozenset[str]:
        """Every id and uri that some file's results claim."""
        return self._index.claimed_ids()

    def digest(self, path: str) -> str:
        """The digest of the file as it is this moment; empty if it cannot be read."""
        found = folder.read_file(self._settings.folder, path)
        return "" if isinstance(found, Problem) else _digest(found[0])

    def _seen(self) -> Iterator[Seen]:
        self._broken: dict[str, Problem] = {}
        for found in folder.scan(self._settings.folder, self._settings.posts):
            if not isinstance(found, Problem):
                yield found
            elif found.is_error:
                self._broken[found.path] = found
                # Another problem with the same file is another sight.
                yield found.path, zlib.crc32(found.code.encode()), 0, 0, 0, 0

    def _glance(self, path: str) -> Entry | None:
        # Only what changed is read, so a start at which nothing did needs no YAML.
        from fedisched.content import glance

        if path in self._broken:
            return _broken_entry(self._broken[path])
        found = folder.read_file(self._settings.folder, path)
        if isinstance(found, Problem):
            return _broken_entry(found)
        return glance.glance(found[0], path, self._settings)

    def parts_told(self, entry: Entry, target: str) -> tuple[SentPart, ...] | None:
        """The parts of a post that its file says are there already, though the whole is not: another clone, or a
        journal that is lost, began it. None if the file is no longer the entry's."""
        claim = next((claim for claim in entry.claims if claim.target == target), None)
        if claim is None or not claim.ids:
            return ()
        from fedisched.content.glance import results_of
        from fedisched.model.outcome import SentPart

        found = folder.read_file(self._settings.folder, entry.path)
        if isinstance(found, Problem) or _digest(found[0]) != entry.digest:
            return None
        parts = results_of(found[0], entry.path, self._settings)[target].parts
        told = enumerate(parts, start=1)
        return tuple(SentPart(number, claim.key, part.url, part.id, part.uri, part.cid) for number, part in told)

    # --- one post --------------------------------------------------------------------------------------------

    def rendering(self, entry: Entry, account: Account, limits: Limits) -> Rendered | Problem | None:
        """What the account would get; the first error among its problems; None if the file is not the entry's.

        The write-back is tried dry: raises `CannotSplice` if the results could not be written into this file,
        `CannotWrite` if nothing can be written into its folder.
        """
        from fedisched.content.replace import try_replacing
        from fedisched.content.splice import splice

        found = self._read(entry.path)
        if found is None or found[1].digest != entry.digest:
            return None
        data, reading = found
        if reading.post is None:
            return next(problem for problem in reading.problems if problem.is_error)
        spliced = splice(data, Status.PUBLISHED, {**reading.post.results, account.name: _likely_result()})
        try_replacing(self._settings.folder / entry.path, spliced)
        return self._render(reading.post, account, limits)

    def rendered_loosely(self, entry: Entry, account: Account, limits: Limits | None) -> Rendered | None:
        """What the file would give the account now, to compare with what is on the network; None if it cannot."""
        from fedisched.compose import default_limits

        found = self._read(entry.path)
        if found is None or found[1].post is None:
            return None
        rendered = self._render(found[1].post, account, limits or default_limits(account.network))
        return None if isinstance(rendered, Problem) else rendered

    def read_media(self, attachment: Attachment) -> bytes:
        from fedisched.compose import read_media

        return read_media(self._settings.folder, attachment)

    def media_bytes(self, entry: Entry) -> int:
        """About how much there is to upload for a post, in bytes."""
        known = self._weights.get(entry.path)
        if known is None or known[0] != entry.digest:
            from fedisched.content.weight import media_bytes

            known = self._weights[entry.path] = entry.digest, media_bytes(self._settings.folder, entry.path)
        return known[1]

    def _read(self, path: str) -> tuple[bytes, Reading] | None:
        from fedisched.content.reader import read_post

        found = folder.read_file(self._settings.folder, path)
        return None if isinstance(found, Problem) else (found[0], read_post(found[0], path, self._settings))

    def _render(self, post: Post, account: Account, limits: Limits) -> Rendered | Problem:
        from fedisched.compose import render

        rendering = render(post, account.name, account, self._settings, limits)
        return next((problem for problem in rendering.problems if problem.is_error), rendering.rendered)

    # --- writing back ----------------------------------------------------------------------------------------

    def write_back(self, entry: Entry, deliveries: Sequence[Delivery]) -> bool:
        """Make the file say what the journal knows of it; true if it had to be written.

        Raises `CannotSplice` or `FileChanged`; both mean: look again later, nothing was touched.
        """
        from fedisched.content.glance import results_of
        from fedisched.content.replace import replace_file
        from fedisched.content.splice import splice
        from fedisched.engine.writeback import file_should_say

        found = folder.read_file(self._settings.folder, entry.path)
        if isinstance(found, Problem):
            return False
        data = found[0]
        before = _digest(data)
        if before != entry.digest:
            raise FileChanged(f"{entry.path} changed while it was published", "It is read again in a moment.")
        results = results_of(data, entry.path, self._settings)
        say = file_should_say(entry, results, deliveries, self._settings, self.as_text)
        if say is None:
            return False
        status, results = say
        after = splice(data, status, results)
        if after == data:
            return False
        self._journal.note_write_back(entry.path, before, _digest(after))
        replace_file(self._settings.folder / entry.path, before, after)
        return True

    def as_text(self, moment: int) -> str:
        """A moment as RFC 3339 text in the content folder's time zone, to the second."""
        return as_text(moment, self._settings.timezone)


def as_text(moment: int, timezone: str) -> str:
    """A moment (microseconds since 1970 UTC) as RFC 3339 text in a time zone, to the second; UTC for no name."""
    zone = ZoneInfo(timezone) if timezone else UTC
    return datetime.fromtimestamp(moment // SECOND, zone).isoformat()


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _likely_result() -> Result:
    """A result as long and as odd as they come, to try the write-back with."""
    from fedisched.model.results import Result

    return Result(
        key="3kzzzzzzzzzzz",
        url="https://example.org/@somebody/123456789012345678",
        uri="at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kzzzzzzzzzzz",
        cid="bafyreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        at="2026-12-01T09:00:00+01:00",
    )


def _made_with(settings: Settings) -> str:
    """Everything beside the file that its entry depends on."""
    return repr(
        (
            __version__,
            settings.timezone,
            settings.default_targets,
            settings.extra_keys,
            sorted((name, account.network) for name, account in settings.accounts.items()),
            sorted(settings.groups.items()),
        )
    )


def _broken_entry(problem: Problem) -> Entry:
    return Entry(problem.path, "", Status.DRAFT, None, "", None, problem=problem)


def deliveries_by_path(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    """Deliveries grouped by their post's path."""
    grouped: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        grouped.setdefault(delivery.path, []).append(delivery)
    return grouped
