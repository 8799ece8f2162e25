"""Whole lives of a content folder, as Hypothesis draws them: what people do to its files, what happens to the machine,
the journal and the servers, and publishers that die in the middle of it.

The long form: FEDISCHED_TEST_LIVES=1000 pytest tests/publisher/test_lives.py
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from fedisched.clock import SECOND
from fedisched.engine.plan import Stand
from fedisched.model.settings import Retry
from fedisched.sandbox import Fault, Sandbox, What
from tests.publisher.mortal import FlyingClock, MortalStage
from tests.stage import as_text

LIVES = int(os.environ.get("FEDISCHED_TEST_LIVES", "0"))
MINUTE = 60 * SECOND

MOVES = {
    "waiting": {"sending", "published", "refused", "held", "cancelled"},
    "sending": {"published", "waiting", "refused", "unsure"},
    "unsure": {"published", "waiting", "refused", "held"},
    "refused": {"waiting", "cancelled"},
    "held": {"published", "unsure", "cancelled"},
    "cancelled": {"waiting"},
    "published": set[str](),
}
"""Where a delivery may go from where."""

FAULTS = (
    Fault(What.DROP_REQUEST),
    Fault(What.DROP_ANSWER),
    Fault(What.CUT_ANSWER),
    Fault(What.FAIL_AFTER, method="POST"),
    Fault(What.FAIL_AFTER, method="POST", remember=False),
    Fault(What.PROXY_ERROR),
    Fault(What.RATE_LIMIT, seconds=1.0),
    Fault(What.REDIRECT),
    Fault(What.OK_HTML),
    Fault(What.EXPIRED_TOKEN, network="bluesky"),
    Fault(What.UNAUTHORIZED, network="mastodon"),
)
PATHS = ("*", "/api/v1/statuses", "*.putRecord", "*.applyWrites")
_OURS = re.compile(r"^(status: \w+\n|results:\n(  .*\n)+)", re.MULTILINE)
_NAME = re.compile(r"№\d+(?: part \d+)?")


@dataclass
class File:
    """A post's file: what a person last wrote into it, and every version of that, the oldest first."""

    text: str
    versions: list[str] = field(default_factory=list)


class Lives(RuleBasedStateMachine):
    """One content folder. The text of each message has a name in it that no other has, and that every edit keeps: so
    a message on a network is known to be this part of this file."""

    # --- the world -------------------------------------------------------------------------------------------

    @initialize(forgets=st.booleans(), ignored=st.booleans())
    def begin(self, forgets: bool, ignored: bool) -> None:
        """Either the journal may be lost and put back, or people may change what they wrote. Both together leave
        nothing that knows of the old text: a file that was changed before its results were written, and no journal."""
        self.forgets = forgets
        self.home = Path(tempfile.mkdtemp(prefix="lives-"))
        self.truth = FlyingClock()
        self.sandbox = Sandbox(now=self.truth.now).start()
        self.sandbox.rules.key_seconds = 0.0 if ignored else 3600.0
        self.moves: Counter[tuple[str, str]] = Counter()
        (self.home / "content").mkdir()
        self.stage = MortalStage(self.home / "content", self.sandbox, self.truth, self._moved)
        self.stage.settings = replace(self.stage.settings, retry=Retry(first=1.0, longest=10.0, give_up_after=3600.0))
        self.files: dict[str, File] = {}
        self.gone: dict[str, File] = {}
        self.numbers = 0
        self.known: set[str] = set()

    def _moved(self, before: str, after: str) -> None:
        self.moves[before, after] += 1

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        try:
            self._come_to_rest()
        finally:
            self.sandbox.stop()
            shutil.rmtree(self.home)

    # --- people ----------------------------------------------------------------------------------------------

    @rule(
        minutes=st.sampled_from([-30, -1, 0, 1, 3, 90]),
        parts=st.sampled_from([1, 1, 2, 3]),
        front=st.sampled_from(["", "status: scheduled\n", "status: draft\n", "targets: [bluesky]\n"]),
    )
    def writes(self, minutes: int, parts: int, front: str) -> None:
        self.numbers += 1
        names = [f"№{self.numbers}"] if parts == 1 else [f"№{self.numbers} part {n}" for n in range(1, parts + 1)]
        body = "\n\n---\n\n".join(f"Hello {name}" for name in names)
        text = f"---\n# mine\ntime: {self._moment(minutes)}\n{front}x-mine:  'so'\n---\n{body}\n"
        self._save(f"{self.numbers}.md", File(text), text)

    @precondition(lambda self: self.files and not self.forgets)
    @rule(data=st.data())
    def edits_the_text(self, data: st.DataObject) -> None:
        path = self._some_file(data)
        self._changes(path, self._read(path) + "More\n")

    @precondition(lambda self: self.files and not self.forgets)
    @rule(data=st.data(), minutes=st.sampled_from([-30, 0, 1, 3]))
    def edits_the_time(self, data: st.DataObject, minutes: int) -> None:
        path = self._some_file(data)
        self._changes(path, re.sub(r"(?m)^time: .*$", f"time: {self._moment(minutes)}", self._read(path)))

    @precondition(lambda self: self.files)
    @rule(data=st.data(), line=st.sampled_from(["", "targets: [mastodon]\n", "targets: [bluesky]\n"]))
    def changes_the_targets(self, data: st.DataObject, line: str) -> None:
        path = self._some_file(data)
        bare = re.sub(r"(?m)^targets: .*\n", "", self._read(path))
        self._changes(path, bare.replace("# mine\n", f"# mine\n{line}", 1))

    @precondition(lambda self: self.files)
    @rule(data=st.data(), status=st.sampled_from(["", "status: draft\n", "status: scheduled\n"]))
    def sets_the_status(self, data: st.DataObject, status: str) -> None:
        """Of what has no results; with them it is a wish to try again, which only a failed or held post has."""
        path = self._some_file(data)
        text = self._read(path)
        if "results:" in text and not re.search(r"(?m)^status: (failed|held)$", text):
            return
        bare = re.sub(r"(?m)^status: .*\n", "", text)
        self._changes(path, bare.replace("# mine\n", f"# mine\n{status}", 1))

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def saves_an_old_buffer(self, data: st.DataObject) -> None:
        path = self._some_file(data)
        self._changes(path, data.draw(st.sampled_from(self.files[path].versions)))

    @precondition(lambda self: self.files and not self.forgets)
    @rule(data=st.data(), folder=st.sampled_from(["", "2026/", "later/"]))
    def moves_a_file(self, data: st.DataObject, folder: str) -> None:
        path = self._some_file(data)
        to = folder + path.rpartition("/")[2].replace(".md", "x.md")
        self._place(to).parent.mkdir(exist_ok=True)
        self._place(path).rename(self._place(to))
        # An editor that still has it open would save its old buffer at the old path, as a file of its own.
        text = self._read(to)
        del self.files[path]
        self.files[to] = File(text, [text])

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def deletes(self, data: st.DataObject) -> None:
        path = self._some_file(data)
        file = self.files.pop(path)
        self.gone[path] = File(self._read(path), file.versions)
        self._place(path).unlink()

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def brings_back(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.gone)))
        file = self.gone.pop(path)
        self._save(path, file, file.text)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), minutes=st.sampled_from([-1, 3]))
    def copies(self, data: st.DataObject, minutes: int) -> None:
        """As the start of a new post, with another text and time, and with the results if there are any."""
        text = self._read(self._some_file(data))
        self.numbers += 1
        text = re.sub(r"№\d+", f"№{self.numbers}", text)
        text = re.sub(r"(?m)^status: published$", "status: scheduled", text)
        text = re.sub(r"(?m)^time: .*$", f"time: {self._moment(minutes)}", text)
        self._save(f"{self.numbers}.md", File(text), text)

    # --- the machine and the servers -------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([0.1, 1, 5, 130, 800]))
    def time_passes(self, minutes: float) -> None:
        self.truth.move(int(minutes * MINUTE))

    @rule(seconds=st.sampled_from([-7200, -20, 0, 0, 20, 600]))
    def somebody_sets_the_clock(self, seconds: int) -> None:
        self.stage.off_clock.off = seconds * SECOND

    @rule(fault=st.sampled_from(FAULTS), path=st.sampled_from(PATHS), nth=st.sampled_from([1, 1, 2]))
    def something_goes_wrong(self, fault: Fault, path: str, nth: int) -> None:
        self.sandbox.faults.add(replace(fault, path=path, nth=nth))

    @precondition(lambda self: self.forgets)
    @rule()
    def the_journal_is_lost(self) -> None:
        shutil.rmtree(self.stage.state)
        self.stage.state.mkdir(mode=0o700)

    @precondition(lambda self: self.forgets)
    @rule()
    def the_journal_is_copied(self) -> None:
        shutil.rmtree(self.home / "kept", ignore_errors=True)
        shutil.copytree(self.stage.state, self.home / "kept")

    @precondition(lambda self: self.forgets and (self.home / "kept").exists())
    @rule()
    def the_journal_is_put_back(self) -> None:
        shutil.rmtree(self.stage.state)
        shutil.copytree(self.home / "kept", self.stage.state)

    @rule()
    def a_publisher_runs(self) -> None:
        self.stage.live()
        self._compare()

    @rule(acts=st.integers(0, 40))
    def a_publisher_dies(self, acts: int) -> None:
        """After so many acts."""
        self.stage.live(acts)
        self._compare()

    @rule(acts=st.integers(0, 40))
    def a_publisher_dies_after_a_while(self, acts: int) -> None:
        """Again and again, as long as it takes until something is due."""
        self.truth.move(MINUTE)
        for more in range(3):
            self.stage.live(acts + more)
        self._compare()

    # --- what has to hold ------------------------------------------------------------------------------------

    def _compare(self) -> None:
        moves = {(before, after) for before, after in self.moves if after not in MOVES[before]}
        assert not moves, moves
        for path, file in self.files.items():
            assert _OURS.sub("", self._read(path)) == _OURS.sub("", file.text), path
        times = {
            name: count
            for texts in self.stage.texts()
            for name, count in Counter(_NAME.findall("\n".join(texts))).items()
            if count > 1
        }
        assert not times, times
        self._compare_the_new()

    def _compare_the_new(self) -> None:
        """What came since the last look: not early by this machine's clock, and nothing while that is wrong."""
        new = [status for status in self.sandbox.statuses(self.stage.mastodon_id) if status.id not in self.known]
        self.known |= {status.id for status in new}
        assert not new or abs(self.stage.off_clock.off) < MINUTE, "sent with a wrong clock"
        for status in new:
            due = self._due_of(_NAME.findall(status.text)[0])
            assert due is None or status.created_at + self.stage.off_clock.off >= due, f"early: {status.text}"

    def _due_of(self, name: str) -> int | None:
        """When the file with this name in it is due, None if there is none any more."""
        for path, file in self.files.items():
            if re.search(rf"{name}\b", file.text):
                return self.stage.entry(path).due
        return None

    def _come_to_rest(self) -> None:
        """With everything mended, all that can be done is done: nothing is stuck, nothing said that is not so."""
        self.sandbox.faults.clear()
        self.stage.off_clock.off = 0
        for _ in range(4):
            self.truth.move(2 * MINUTE)
            self.stage.live()
        self._compare()
        left = [step for step in self.stage.standing() if step.at is not None and step.at <= self.truth.now()]
        assert all(step.stand is Stand.BROKEN for step in left), left
        statuses, records = ("\n".join(texts) for texts in self.stage.texts())
        there = {"mastodon": statuses, "bluesky": records}
        for step in self.stage.standing():
            text = self.files[step.entry.path.removeprefix("posts/")].text
            if step.stand is Stand.PUBLISHED and "results:" not in text:
                missing = [name for name in _NAME.findall(text) if name not in there[step.target]]
                assert not missing, (step, missing)
            assert step.stand is not Stand.HELD or step.target != "bluesky", step

    # --- files -----------------------------------------------------------------------------------------------

    def _moment(self, minutes: int) -> str:
        return as_text((self.stage.clock.now() // MINUTE + minutes) * MINUTE)

    def _some_file(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.files)))

    def _place(self, path: str) -> Path:
        return self.stage.folder / "posts" / path

    def _read(self, path: str) -> str:
        return self._place(path).read_text(encoding="utf-8")

    def _changes(self, path: str, text: str) -> None:
        self._save(path, self.files[path], text)

    def _save(self, path: str, file: File, text: str) -> None:
        """By a new file in the old one's place: the flying clock does not go with the file system's."""
        new = self._place(f"{path}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._place(path))
        file.text = text
        file.versions.append(text)
        self.files[path] = file


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=LIVES or 15,
    stateful_step_count=25 if LIVES else 15,
    derandomize=not LIVES,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.timeout(86400 if LIVES else 300)
