from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.engine.index import YOUNG, Changes, Index, Seen, by_path
from fedisched.engine.journal import FILE_NAME, Journal
from fedisched.model.delivery import State
from fedisched.model.post import Claim, Entry, Status
from fedisched.model.problem import Problem
from tests.engine.support import EVERY_STATE, brought_to, claim, entry

NOW = 2 * 10**18
OLD = NOW - YOUNG - 1
PROBLEM = Problem("posts/a.md", 3, 7, "time-gap", "time has no such moment", "Write 03:00.")


def sight(path: str, size: int = 1, changed_at: int = OLD) -> Seen:
    """A file as the folder shows it; another size is another content."""
    return path, size, changed_at, changed_at, 7, 8


class Folder:
    """Files as the index sees them, and which of them it read."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.entries: dict[str, Entry] = {}
        self.read: list[str] = []

    def write(self, found: Entry, size: int, changed_at: int = OLD) -> None:
        self.seen[found.path] = sight(found.path, size, changed_at)
        self.entries[found.path] = found

    def remove(self, path: str) -> None:
        del self.seen[path], self.entries[path]

    def refresh(self, index: Index, now: int = NOW) -> Changes:
        self.read.clear()
        return index.refresh(self.seen.values(), self._read, now)

    def _read(self, path: str) -> Entry | None:
        self.read.append(path)
        return self.entries.get(path)


@pytest.fixture
def folder() -> Folder:
    found = Folder()
    found.write(entry("posts/a.md"), 1)
    found.write(entry("posts/b.md"), 1)
    return found


def test_the_first_look_reads_everything_and_the_second_nothing(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    assert folder.refresh(index) == Changes(tuple(folder.entries), ())
    assert folder.read == ["posts/a.md", "posts/b.md"]
    assert not folder.refresh(index)
    assert folder.read == []
    assert index.entries() == list(folder.entries.values())
    assert index.paths() == {"posts/a.md", "posts/b.md"}


def test_a_changed_stamp_is_read_and_a_changed_digest_is_a_change(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.refresh(index)
    folder.write(folder.entries["posts/a.md"], 2)
    folder.write(new := entry("posts/b.md", digest="new"), 2)
    assert folder.refresh(index) == Changes((new.path,), ())
    assert folder.read == ["posts/a.md", "posts/b.md"]
    assert not folder.refresh(index)
    assert folder.read == []


def test_a_file_as_young_as_its_reading_is_read_again_until_it_is_old(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.write(entry("posts/a.md"), 1, changed_at=NOW - YOUNG)
    folder.refresh(index)
    # Written again within the same tick: the stat is the same.
    folder.entries["posts/a.md"] = replace(folder.entries["posts/a.md"], digest="new")
    assert folder.refresh(index) == Changes(("posts/a.md",), ())
    assert folder.read == ["posts/a.md"]
    assert not folder.refresh(index, NOW + 1)
    assert folder.read == ["posts/a.md"]
    folder.refresh(index, NOW + 2)
    assert folder.read == []


def test_a_stamp_from_the_future_is_never_trusted(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.write(entry("posts/a.md"), 1, changed_at=NOW + 10**15)
    for _ in range(3):
        folder.refresh(index)
        assert "posts/a.md" in folder.read


def test_a_file_that_is_gone_is_told_once(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.refresh(index)
    folder.remove("posts/a.md")
    assert folder.refresh(index) == Changes((), ("posts/a.md",))
    assert not folder.refresh(index)
    assert index.entry("posts/a.md") is None
    assert index.paths() == {"posts/b.md"}


def test_a_file_that_goes_away_between_the_look_and_the_reading_is_gone(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.refresh(index)
    folder.seen["posts/a.md"] = sight("posts/a.md", 2)
    del folder.entries["posts/a.md"]
    assert folder.refresh(index) == Changes((), ("posts/a.md",))
    folder.seen["posts/new.md"] = sight("posts/new.md", 1)
    assert not folder.refresh(index)


def test_a_broken_file_is_told_again_whenever_it_is_read(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.write(broken := entry("posts/a.md", problem=PROBLEM), 1)
    folder.refresh(index)
    folder.write(broken, 2)
    assert folder.refresh(index) == Changes((broken.path,), ())


def test_what_it_was_made_with_drops_the_index_and_not_the_deliveries(journal: Journal, folder: Folder) -> None:
    brought_to(journal, State.WAITING)
    folder.refresh(Index(journal, "0.1 Europe/Berlin"))
    assert len(Index(journal, "0.1 Europe/Berlin").paths()) == 2
    other = Index(journal, "0.1 Asia/Tokyo")
    assert other.paths() == frozenset()
    assert len(journal.deliveries()) == 1
    folder.refresh(other)
    assert len(folder.read) == 2


@pytest.mark.parametrize("state", EVERY_STATE)
@pytest.mark.parametrize("status", Status)
def test_what_asks_for_nothing_is_passed_over(journal: Journal, status: Status, state: State) -> None:
    folder, index = Folder(), Index(journal, "1")
    known = brought_to(journal, state)
    folder.write(entry(known.path, status=status), 1)
    folder.refresh(index)
    is_quiet = status in (Status.PUBLISHED, Status.DRAFT) and state in (State.PUBLISHED, State.CANCELLED)
    assert (index.entries() == []) == is_quiet
    assert len(index.entries(everything=True)) == 1


def test_entries_come_in_order_of_time(journal: Journal) -> None:
    folder, index = Folder(), Index(journal, "1")
    for path, due in (("posts/c.md", 5), ("posts/b.md", 7), ("posts/a.md", 7), ("posts/d.md", None)):
        folder.write(entry(path, due=due), 1)
    folder.refresh(index)
    assert [found.path[6] for found in index.entries()] == ["d", "c", "a", "b"]
    assert set(by_path(index.entries())) == set(folder.entries)


def test_every_id_in_any_file_s_results_is_claimed(journal: Journal) -> None:
    folder, index = Folder(), Index(journal, "1")
    folder.write(entry("posts/a.md", claims=(claim(ids=("1", "2")), claim("b", ids=("at://x",)))), 1)
    folder.write(entry("posts/b.md", status=Status.PUBLISHED, claims=(claim(ids=("3",)),)), 1)
    folder.write(entry("posts/c.md"), 1)
    folder.refresh(index)
    assert index.claimed_ids() == {"1", "2", "3", "at://x"}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
claims = st.builds(
    Claim, target=texts, key=texts, ids=st.lists(texts, max_size=3).map(tuple), published=st.booleans(), url=texts
)
problems = st.builds(
    Problem, texts, st.integers(1, 9), st.integers(1, 9), texts, texts, texts, st.sampled_from(["error", "warning"])
)
entries = st.builds(
    Entry,
    path=texts,
    digest=texts.filter(bool),
    status=st.sampled_from(Status),
    due=st.none() | st.integers(-(2**60), 2**60),
    time=texts,
    targets=st.none() | st.lists(texts, max_size=3).map(tuple),
    title=texts,
    claims=st.lists(claims, max_size=2).map(tuple),
    problem=st.none() | problems,
)


@given(st.dictionaries(texts, entries, max_size=4))
@settings(max_examples=60, deadline=None)
def test_an_entry_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, made: Mapping[str, Entry]) -> None:
    found = {path: replace(each, path=path) for path, each in made.items()}
    journal = Journal(Path(tmp_path_factory.mktemp("index")) / FILE_NAME)
    index = Index(journal, "1")
    index.refresh([sight(path, 1) for path in found], found.get, NOW)
    assert by_path(index.entries(everything=True)) == found
    assert all(index.entry(path) == each for path, each in found.items())
    journal.close()


def test_what_falls_due_later_is_passed_over_by_those_who_look_ahead_a_little(journal: Journal) -> None:
    folder, index = Folder(), Index(journal, "1")
    problem = replace(PROBLEM, path="posts/broken.md")
    for found in (
        entry("posts/now.md", due=5),
        entry("posts/soon.md", due=7),
        entry("posts/whenever.md", due=None),
        entry("posts/later.md", due=8),
        entry("posts/far.md", due=80),
        entry("posts/broken.md", due=80, problem=problem),
        entry("posts/begun.md", due=80),
        entry("posts/done.md", due=6, status=Status.PUBLISHED),
    ):
        folder.write(found, 1)
    brought_to(journal, State.UNSURE, "posts/begun.md")
    folder.refresh(index)
    seen = {path[6:-3] for path in by_path(index.entries(until=7))}
    assert seen == {"now", "soon", "whenever", "broken", "begun"}
    assert (index.next_due(7), index.next_due(8), index.next_due(80)) == (8, 80, None)


@pytest.mark.parametrize("state", EVERY_STATE)
def test_an_unsettled_delivery_whose_file_is_gone_is_missed(journal: Journal, state: State) -> None:
    folder, index = Folder(), Index(journal, "1")
    known = brought_to(journal, state)
    folder.write(entry(known.path), 1)
    folder.refresh(index)
    assert not index.misses_a_file()
    folder.remove(known.path)
    folder.refresh(index)
    assert index.misses_a_file() == (state not in (State.PUBLISHED, State.CANCELLED))


def test_one_file_is_taken_without_a_look_at_the_others(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    folder.refresh(index)
    changed = entry("posts/a.md", digest="another")
    index.take(sight("posts/a.md", 2), changed, NOW)
    assert index.entries() == [changed, folder.entries["posts/b.md"]]
    folder.write(changed, 2)
    assert not folder.refresh(index)
    assert folder.read == []


def test_a_file_taken_in_the_moment_it_was_written_is_read_once_more(journal: Journal, folder: Folder) -> None:
    index = Index(journal, "1")
    index.take(sight("posts/a.md", 2, NOW - 1), entry("posts/a.md"), NOW)
    folder.write(entry("posts/a.md"), 2, NOW - 1)
    folder.refresh(index, NOW + YOUNG)
    assert "posts/a.md" in folder.read


def test_digests_are_those_of_what_is_open_or_broken(journal: Journal) -> None:
    folder, index = Folder(), Index(journal, "1")
    for status in Status:
        folder.write(entry(f"posts/{status}.md", status=status), 1)
    folder.write(entry("posts/broken.md", status=Status.DRAFT, problem=replace(PROBLEM, path="posts/broken.md")), 1)
    folder.refresh(index)
    open_ones = {f"posts/{status}.md" for status in Status} - {"posts/published.md", "posts/draft.md"}
    assert index.digests() == {path: f"digest of {path}" for path in (*open_ones, "posts/broken.md")}
