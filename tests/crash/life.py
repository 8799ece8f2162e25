"""One life: an evening of posts, what goes wrong in it, and what must hold when it has come to rest."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from unittest import mock

from fedisched.clock import SECOND
from fedisched.content import replace as replacing
from fedisched.engine.accounts import Accounts
from fedisched.engine.journal import Journal
from fedisched.engine.rules import Rules
from fedisched.model.outcome import Refused
from fedisched.model.settings import Account, Settings
from fedisched.networks import open_network
from fedisched.publisher import publisher as publishing
from fedisched.publisher.desk import Desk, Opened
from fedisched.publisher.foresight import standing
from fedisched.publisher.posts import Posts
from fedisched.publisher.publisher import Publisher
from fedisched.publisher.worker import Worker
from fedisched.sandbox.rules import Rules as ServerRules
from fedisched.sandbox.store import Status as Shown
from tests.crash.judge import Judge
from tests.crash.scheduler import PowerCut, Scheduler, Wakened
from tests.crash.server import Server, Strike

TONIGHT = 1_803_837_600 * SECOND
"""A Monday evening in March 2027: the moment at which lives begin."""
LEAD, LINGER = 15 * SECOND, 20 * SECOND
"""As the daemon starts its child, and as that stays."""
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d4944415478da63f8cfc0f01f00050001ff56c7"
    "2f0d0000000049454e44ae426082"
)
TOKEN, PASSWORD, HANDLE = "token", "abcd-efgh-ijkl-mnop", "me.test"

Fate = Literal["kept", "lost", "restored", "rewound"]
"""What becomes of the journal in a power cut; `restored` is as it was before the run that was cut, `rewound` as it was
a little earlier in that run."""
Kind = Literal["hour", "endless", "ignored", "forgetful", "unlocked"]
"""How a Mastodon server treats idempotency keys: remembered an hour or for ever, ignored, answered with a 500, or
remembered without a lock, so that two at once make two posts."""

SERVERS: dict[Kind, Callable[[], ServerRules]] = {
    "hour": ServerRules,
    "endless": lambda: ServerRules(key_seconds=float("inf")),
    "ignored": lambda: ServerRules(key_seconds=0.0),
    "forgetful": lambda: ServerRules(replay_fails=True),
    "unlocked": lambda: ServerRules(locks_key=False),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes at the `port`th port after it came on (from 1), stays away for `seconds`."""

    port: int
    seconds: float = 1.0
    fate: Fate = "kept"


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that decides a life."""

    seed: int
    server: Kind = "hour"
    cuts: tuple[Cut, ...] = ()
    strikes: tuple[Strike, ...] = ()
    down: tuple[float, float] = (0.0, 0.0)
    """The server refuses connections from so many seconds after the beginning, for so many seconds."""
    posts: int = 3
    evening: tuple[int, ...] = ()
    """Which posts of the evening; empty for as many as `posts` says, by the seed."""

    @property
    def patience(self) -> float:
        """Within how many seconds all must be settled: an account that was refused is asked again after an hour."""
        away = sum(cut.seconds for cut in self.cuts) + sum(self.down)
        return 300.0 + 2 * away + sum(3600.0 + strike.seconds for strike in self.strikes) + 600.0 * len(self.cuts)


@dataclass
class Lived:
    """What came of a life. `wrong` has a sentence for each thing that must not be."""

    script: Script
    wrong: list[str] = field(default_factory=list)
    deliveries: int = 0
    published: int = 0
    held: int = 0
    held_on_bluesky: int = 0
    doubles: int = 0
    lost: int = 0
    runs: int = 0
    cuts: int = 0
    ports: int = 0
    rested_after: float = 0.0
    """Seconds from the beginning until all was settled."""
    trail: list[str] = field(default_factory=list)


class _Sessions:
    """A session kept on disk, which outlives a power cut."""

    def __init__(self) -> None:
        self.kept: str | None = None

    def load(self) -> str | None:
        return self.kept

    def save(self, session: str) -> None:
        self.kept = session


class _Journal(Journal):
    """The journal with a port on either side of each transaction."""

    port: Callable[[str], None] = staticmethod(lambda name: None)

    @contextmanager
    def transaction(self) -> Iterator[object]:  # type: ignore[override]
        self.port("journal: to be written")
        with super().transaction() as connection:
            yield connection
        self.port("journal: written")


class Life:
    """Lives a script. Everything is the product's own but the wire's sockets, the clock and the power."""

    def __init__(self, script: Script, folder: Path) -> None:
        self.script = script
        self.folder = folder
        self.state = folder / ".fedisched"
        self.scheduler = Scheduler(script.seed, TONIGHT)
        self.server = Server(self.scheduler, SERVERS[script.server](), list(script.strikes))
        self.sessions = {"mastodon": _Sessions(), "bluesky": _Sessions()}
        self.mastodon_id = self.server.store.add_person("me", TOKEN, "Me").id
        self.did = self.server.store.add_repo(HANDLE, PASSWORD, "Me").did
        self.lived = Lived(script)
        self.settings = _settings(folder, self.server.store.origin)
        self.texts = self._write_posts()
        self.bytes = {path: (folder / path).read_bytes() for path in self.texts}
        self.moves: set[tuple[str, str]] = set()
        self._last_week()

    # --- the evening -----------------------------------------------------------------------------------------

    def _write_posts(self) -> dict[str, list[str]]:
        """The files of the evening; gives the texts of each one's parts."""
        (self.folder / "posts").mkdir()
        (self.folder / "posts/dot.png").write_bytes(PICTURE)
        self.state.mkdir(mode=0o700)
        evening = [
            (["One\n\n#fedi https://example.com/a/very/long/path/that/is/shortened"], ""),
            (["Two, first", "Two, second", "Two, last"], ""),
            (["Three"], "\n\n![a dot](dot.png)"),
            (["Good evening"], ""),
            (["Good evening"], ""),
            (["Six, first", "Six, last"], "\n\n![a dot](dot.png)"),
        ]
        chance = random.Random(self.script.seed)
        chosen = self.script.evening or sorted(chance.sample(range(len(evening)), self.script.posts))
        texts: dict[str, list[str]] = {}
        for number, index in enumerate(chosen):
            parts, picture = evening[index]
            path = f"posts/{index}.md"
            due = TONIGHT + (30 + chance.choice([0, 0, 2, 45]) + number) * SECOND
            front = f"---\n# mine\ntime: {_local(due)}   # tonight\nx-mine:   [a,  b]\n---\n"
            body = "\n---\n".join([*parts[:-1], parts[-1] + picture])
            (self.folder / path).write_text(front + body + "\n")
            texts[path] = parts
        return texts

    def _last_week(self) -> None:
        """Last week's post with the same words must never be taken for tonight's."""
        store, week = self.server.store, 7 * 86400 * SECOND
        number = str((TONIGHT - week) // 1000 << 16)
        store.statuses[number] = Shown(
            number, self.mastodon_id, "Good evening", TONIGHT - week, application="fedisched"
        )

    # --- living ----------------------------------------------------------------------------------------------

    def live(self, most_runs: int = 120) -> Lived:
        """Run after run, as the daemon starts them, until nothing is left to do."""
        cuts = list(self.script.cuts)
        begins, lasts = self.script.down
        if lasts:
            self.scheduler.at(TONIGHT + int(begins * SECOND), lambda: self._take_down(lasts))
        pause = 0.0
        with ExitStack() as patches:
            patches.enter_context(self.server.instead_of_the_network())
            patches.enter_context(self._ports())
            while self.lived.runs < most_runs:
                self.lived.runs += 1
                if not self._run(cuts):
                    continue
                upcoming = self._next_moment()
                if upcoming is None:
                    break
                soon = upcoming - LEAD <= self.scheduler.now()
                pause = min(max(2 * pause, 2.0), 60.0) if soon else 0.0
                self.scheduler.skip_to(max(upcoming - LEAD, self.scheduler.now() + int(pause * SECOND)))
            else:
                self.lived.wrong.append("it never comes to rest")
            self.lived.rested_after = (self.scheduler.now() - TONIGHT) / SECOND
            self.scheduler.skip_to(self.scheduler.now() + 600 * SECOND)
            Judge(self, TONIGHT).judge()
        return self.lived

    def _take_down(self, seconds: float) -> None:
        self.server.down_until = self.scheduler.now() + int(seconds * SECOND)

    def _run(self, cuts: list[Cut]) -> bool:
        """One run of the publisher; false if the power went."""
        cut = cuts[0] if cuts else None
        before = self.folder / "journal.before"

        def keep_a_copy() -> None:
            shutil.rmtree(before, ignore_errors=True)
            shutil.copytree(self.state, before)

        keep_a_copy()
        back = random.Random(self.script.seed).choice((5, 15, 30))
        rewound = cut is not None and cut.fate == "rewound"
        watch = {max(1, cut.port - back): keep_a_copy} if cut is not None and rewound else None
        self.scheduler.power_on(cut.port if cut else None, watch)
        desk = None
        try:
            desk = self._desk()
            Publisher(desk, lambda report: None, lambda words: None).run(lambda now: now + LINGER)
        except PowerCut:
            self._after_cut(cuts, cut, before)
            return False
        finally:
            self.lived.ports = max(self.lived.ports, self.scheduler.ports)
            self.scheduler.power_on(None)
            self.scheduler.forget_threads()
            if desk is not None:
                self._note_moves(desk.journal)
                desk.journal.close()
        return True

    def _after_cut(self, cuts: list[Cut], cut: Cut | None, before: Path) -> None:
        if self.scheduler.stuck or cut is None:
            self.lived.wrong.append("every thread waited for another one")
            return
        cuts.pop(0)
        self.lived.cuts += 1
        self.lived.trail.append(f"cut at {self.scheduler.trail[-1]}, the journal is {cut.fate}")
        if cut.fate != "kept":
            shutil.rmtree(self.state)
            if cut.fate in ("restored", "rewound"):
                before.rename(self.state)
            else:
                self.state.mkdir(mode=0o700)
        self.scheduler.skip_to(self.scheduler.now() + int(cut.seconds * SECOND))

    def _desk(self) -> Desk:
        journal = _Journal(self.state / "journal.sqlite3")
        journal.port = self.scheduler.port
        journal.rows(
            "CREATE TEMP TRIGGER moves AFTER UPDATE OF state ON delivery WHEN old.state <> new.state "
            "BEGIN INSERT INTO moved VALUES (old.state, new.state); END"
        ) if journal.rows("CREATE TEMP TABLE moved (a, b)") == [] else None
        return Desk(
            settings=self.settings,
            state=self.state,
            journal=journal,
            accounts=Accounts(journal),
            posts=Posts(self.settings, journal, self.scheduler),
            rules=Rules(self.settings.retry, self.scheduler.chance),
            clock=self.scheduler,
            open=self._open,
            condition=Wakened(self.scheduler),
        )

    def _open(self, account: Account) -> Opened | Refused:
        secret = TOKEN if account.network == "mastodon" else PASSWORD
        network = open_network(account, secret, self.sessions[account.name], self.scheduler.now)
        if hasattr(network, "_wait"):
            network._wait = self.scheduler.sleep
        return Opened(network, "the same", lambda: None)

    def _next_moment(self) -> int | None:
        desk = self._desk()
        try:
            desk.posts.refresh()
            return min((step.at for step in standing(desk, (), False) if step.at is not None), default=None)
        finally:
            desk.journal.close()

    @contextmanager
    def _ports(self) -> Iterator[None]:
        """The file's write-back and the workers' threads under the scheduler."""
        scheduler, replace_file = self.scheduler, replacing.replace_file

        class Under(Worker):
            def start(self) -> None:
                scheduler.spawn(self, super().start)

            def run(self) -> None:
                scheduler.run_as_task(super().run)

            def join(self, timeout: float | None = None) -> None:
                scheduler.join(self)
                super().join()

            def is_alive(self) -> bool:
                return scheduler.is_alive(self)

        def written(path: Path, expected_digest: str, data: bytes) -> None:
            scheduler.port(f"{path.name}: to be written")
            replace_file(path, expected_digest, data)
            scheduler.port(f"{path.name}: written")

        with mock.patch.object(publishing, "Worker", Under), mock.patch.object(replacing, "replace_file", written):
            yield

    def _note_moves(self, journal: Journal) -> None:
        self.moves |= {(str(a), str(b)) for a, b in journal.rows("SELECT DISTINCT a, b FROM moved")}


def live(script: Script) -> Lived:
    """Live a script in a folder of its own, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, prefix="fedisched-life-") as folder:
        return Life(script, Path(folder)).live()


def _settings(folder: Path, origin: str) -> Settings:
    return Settings(
        folder=folder,
        source=folder / "fedisched.toml",
        timezone="Europe/Berlin",
        default_targets=("mastodon", "bluesky"),
        accounts={
            "mastodon": Account("mastodon", "mastodon", origin),
            "bluesky": Account("bluesky", "bluesky", origin, handle=HANDLE),
        },
    )


def _local(moment: int) -> str:
    return datetime.fromtimestamp(moment // SECOND, UTC).isoformat()
