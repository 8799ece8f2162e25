"""The index: what was last read of every file, so that a start reads only what changed. A cache, kept beside the
deliveries in the journal's file, and dropped whenever what it was made with changes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import cast

from fedisched.clock import SECOND
from fedisched.engine.copied import later_than_its_results
from fedisched.engine.journal import Journal
from fedisched.engine.tables import AHEAD, AHEAD_PATHS, OWNERS_OF_AHEAD, open_files
from fedisched.model.post import Claim, Entry, Need, Status
from fedisched.model.problem import Problem
from fedisched.model.tid import moment_of

YOUNG = 2_000_000_000
"""Nanoseconds. A file whose time stamp is this close to the moment it was read may have been written again since
within the file system's own granularity (2 s on FAT), so its stamp proves nothing yet: it is read again."""

ZONES_APART = 26 * 3600 * SECOND
"""How much the time of everything that was published long ago may seem to move when the configuration's zone does."""

_STAMP = "path, size, mtime, ctime, inode, device"
_COLUMNS = "digest, status, due, time, targets, title, claims, problem, needs, longest"


Seen = tuple[str, int, int, int, int, int]
"""A file as the folder shows it, whatever type of tuple that is: its path, and everything of its stat that changes when
it does: size, mtime and ctime (nanoseconds since 1970), inode, device."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a refresh found: the paths of files that are new, differ from before or are broken, and of those that are
    gone."""

    changed: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


class Index:
    """The journal's table of files."""

    def __init__(self, journal: Journal, made_with: str) -> None:
        """`made_with` says what an entry depends on beside its file (the version, the time zone): another text than
        last time, and nothing that was kept is used."""
        self._journal = journal
        if journal.rows("SELECT value FROM meta WHERE name = 'index'") != [(made_with,)]:
            with journal.transaction() as connection:
                connection.execute("DELETE FROM file")
                connection.execute("DELETE FROM meta WHERE name = 'ahead'")
                connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('index', ?)", (made_with,))

    def refresh(self, found: Iterable[Seen], read: Callable[[str], Entry | None], now: int) -> Changes:
        """Read what changed. `found` are all files there are; `read` gives None for a file that went away meanwhile.
        `now` in nanoseconds since 1970."""
        new: set[tuple[object, ...]] = set(found)
        left: set[str] = set()
        # One row at a time: the idle daemon does this at each save, and is to stay small.
        for row in self._journal.each(f"SELECT {_STAMP} FROM file"):  # noqa: S608
            if row in new:
                new.remove(row)
            else:
                left.add(str(row[0]))
        changed: list[str] = []
        for batch in _batches(sorted(cast("set[Seen]", new))):
            changed += self._read_again(batch, read, now, left)
        gone = tuple(sorted(left))
        if gone:
            with self._journal.transaction() as connection:
                connection.executemany("DELETE FROM file WHERE path = ?", [(path,) for path in gone])
        if changed:
            self._take_along(changed)
        return Changes(tuple(changed), gone)

    def take(self, seen: Seen, entry: Entry, now: int) -> None:
        """Keep one file that was just read, without a look at all the others. `now` in nanoseconds since 1970."""
        if self._read_again([seen], lambda _: entry, now, {entry.path}):
            self._take_along([entry.path])

    def _read_again(
        self, batch: Iterable[Seen], read: Callable[[str], Entry | None], now: int, left: set[str]
    ) -> list[str]:
        """Read and keep these; what was known before is taken out of `left`. Gives the paths that are not as before."""
        kept: list[tuple[Seen, Entry]] = []
        changed: list[str] = []
        for seen in batch:
            if (entry := read(seen[0])) is None:
                continue
            kept.append((seen, entry))
            before = self._digest(entry.path) if entry.path in left else None
            if before != entry.digest or entry.problem is not None:
                changed.append(entry.path)
            left.discard(entry.path)
        with self._journal.transaction() as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO file ({_STAMP}, {_COLUMNS}) "  # noqa: S608
                f"VALUES ({', '.join('?' * 16)})",
                [(*_trusted(seen, now), *_row(entry)[1:]) for seen, entry in kept],
            )
            _note_ahead(connection, [entry for _, entry in kept], now // 1000)
        return changed

    def _take_along(self, changed: Iterable[str]) -> None:
        """A published post whose file is gone, and stands elsewhere now, takes its delivery along: known by the key in
        its results or, saved without them, by its bytes. Else an old editor buffer saved there would be a new post."""
        gone = "state = 'published' AND path NOT IN (SELECT path FROM file)"
        if not self._journal.rows(f"SELECT 1 FROM delivery WHERE {gone} LIMIT 1"):  # noqa: S608
            return
        for path in changed:
            entry = self.entry(path)
            if entry is None or not entry.digest:
                continue
            keys = [claim.key for claim in entry.claims if claim.key]
            with self._journal.transaction() as connection:
                connection.execute(
                    f"UPDATE OR IGNORE delivery SET path = ? WHERE {gone} "  # noqa: S608
                    f"AND (digest = ? OR key IN ({', '.join('?' * len(keys))}))",
                    (path, entry.digest, *keys),
                )

    def entry(self, path: str) -> Entry | None:
        """One file's entry."""
        rows = self._journal.rows(f"SELECT path, {_COLUMNS} FROM file WHERE path = ?", path)  # noqa: S608
        return _entry(rows[0]) if rows else None

    def entries(self, *, everything: bool = False, until: int | None = None) -> list[Entry]:
        """All entries; or those that are neither published nor drafts, those that are broken (nobody can tell what
        was meant), and those of unsettled deliveries. Of the first, with `until`, only what falls due by then
        (microseconds since 1970 UTC) or has no time; without, also those that say they are done with before their
        time, and those that have their keys. In order of time."""
        asking = (
            f"path IN ({open_files(until)}) "  # noqa: S608
            "OR path IN (SELECT path FROM file WHERE problem IS NOT NULL AND status <> 'published') "
            "OR path IN (SELECT path FROM delivery WHERE state NOT IN ('published', 'cancelled'))"
        )
        if until is None:
            owners = f"SELECT path FROM delivery WHERE id IN ({OWNERS_OF_AHEAD})"  # noqa: S608
            asking += f" OR path IN ({AHEAD_PATHS}) OR path IN ({owners})"
        where = "1" if everything else asking
        rows = self._journal.rows(f"SELECT path, {_COLUMNS} FROM file WHERE {where} ORDER BY due, path")  # noqa: S608
        return [_entry(row) for row in rows]

    def digests(self) -> dict[str, str]:
        """The digests of the files that are neither published nor drafts, of those that are broken, and of those that
        say they are done with before their time, by path."""
        files = f"path IN ({open_files(None)}) OR problem IS NOT NULL OR path IN ({AHEAD_PATHS})"
        return dict(self._journal.rows(f"SELECT path, digest FROM file WHERE {files}"))  # type: ignore[arg-type]  # noqa: S608

    def next_due(self, after: int) -> int | None:
        """When the first of those that are neither published nor drafts falls due after a moment."""
        query = "SELECT min(due) FROM file WHERE status NOT IN ('published', 'draft') AND due > ?"
        ((due,),) = self._journal.rows(query, after)
        return due if isinstance(due, int) else None

    def misses_a_file(self) -> bool:
        """Whether the file of some unsettled delivery is gone; it may stand anywhere by now."""
        gone = "path NOT IN (SELECT path FROM file)"
        query = f"SELECT 1 FROM delivery WHERE state NOT IN ('published', 'cancelled') AND {gone} LIMIT 1"  # noqa: S608
        return bool(self._journal.rows(query))

    def paths(self) -> frozenset[str]:
        """Every path there is."""
        return frozenset(str(path) for (path,) in self._journal.rows("SELECT path FROM file"))

    def needing(self, paths: Collection[str]) -> list[str]:
        """The paths of the files that have to wait for one of these."""
        rows = self._journal.rows("SELECT path, needs FROM file WHERE needs <> '[]'")
        return [str(path) for path, needs in rows if any(need[1] in paths for need in json.loads(str(needs)))]

    def claimed_ids(self) -> frozenset[str]:
        """Every id and uri that some file's results claim."""
        found = self._journal.rows("SELECT claims FROM file WHERE claims <> '[]'")
        return frozenset(name for (claims,) in found for claim in json.loads(str(claims)) for name in claim[2])

    def _digest(self, path: str) -> object:
        found = self._journal.rows("SELECT digest FROM file WHERE path = ?", path)
        return found[0][0] if found else None


def _note_ahead(connection: sqlite3.Connection, read: Iterable[Entry], now: int) -> None:
    """Keep in mind which of these files say they are done with though their time is later than that."""
    rows = connection.execute(AHEAD).fetchall()
    before: dict[str, str] = json.loads(rows[0][0]) if rows else {}
    after = dict(before)
    for entry in read:
        key = _ahead(connection, entry, now)
        if key is None:
            after.pop(entry.path, None)
        else:
            after[entry.path] = key
    if after != before:
        connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('ahead', ?)", (json.dumps(after),))


def _ahead(connection: sqlite3.Connection, entry: Entry, now: int) -> str | None:
    """A key from the results of such a file, empty where it has none; None for all others."""
    if entry.status is not Status.PUBLISHED or entry.due is None:
        return None
    to_come = entry.due > now
    if not entry.claims:
        return "" if to_come else None
    key = later_than_its_results(entry)
    if not key or to_come or entry.due > moment_of(key) + ZONES_APART:
        return key or None
    others = "SELECT 1 FROM delivery WHERE key = ? AND path <> ?"
    return key if connection.execute(others, (key, entry.path)).fetchone() else None


def _batches(sights: list[Seen]) -> Iterator[list[Seen]]:
    """So many that a transaction is worth it, so few that a first start with 10,000 posts stays small."""
    return (sights[start : start + 500] for start in range(0, len(sights), 500))


def _trusted(seen: Seen, now: int) -> Seen:
    """What is kept of a stat: one that is too young to be trusted in a form that equals none."""
    path, _, mtime, ctime, inode, device = seen
    if now - max(mtime, ctime) > YOUNG:
        return seen
    return path, -1, mtime, ctime, inode, device


def by_path(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    """Entries by their path."""
    return {entry.path: entry for entry in entries}


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.path,
        entry.digest,
        entry.status.value,
        entry.due,
        entry.time,
        None if entry.targets is None else json.dumps(entry.targets),
        entry.title,
        json.dumps([(c.target, c.key, c.ids, c.published, c.url, c.stands) for c in entry.claims]),
        None if entry.problem is None else json.dumps(asdict(entry.problem)),
        json.dumps(entry.needs),
        entry.longest,
    )


def _entry(row: tuple[object, ...]) -> Entry:
    path, digest, status, due, time, targets, title, claims, problem, needs, longest = row
    return Entry(
        path=str(path),
        digest=str(digest),
        status=Status(str(status)),
        due=due if isinstance(due, int) else None,
        time=str(time),
        targets=None if targets is None else _names(str(targets)),
        title=str(title),
        claims=() if claims == "[]" else _claims(str(claims)),
        problem=None if problem is None else Problem(**json.loads(str(problem))),
        needs=() if needs == "[]" else tuple(Need(*need) for need in json.loads(str(needs))),
        longest=longest if isinstance(longest, int) else None,
    )


@lru_cache(maxsize=256)
def _names(text: str) -> tuple[str, ...]:
    """A list of names; most posts of a folder have the same."""
    return tuple(json.loads(text))


def _claims(text: str) -> tuple[Claim, ...]:
    return tuple(Claim(target, key, tuple(ids), *more) for target, key, ids, *more in json.loads(text))
