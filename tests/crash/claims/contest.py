"""A contest: two daemons and, in every round, a one-shot in a fresh shallow checkout, all on one bare remote."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from fedisched.clock import SECOND
from fedisched.content.said import PostWording
from fedisched.git.message import is_ours
from fedisched.model.results import Result
from fedisched.sandbox import Rules, Sandbox
from tests.crash.claims.program import MODULE
from tests.git.places import NOBODY, Clone, bare, environ, git
from tests.stage import HANDLE, PASSWORD, TOKEN, as_text

PATIENT = 90.0
"""Seconds until what nothing disturbs any more has to be settled."""
WAIT = 8
"""Seconds for which the one-shot stays."""

_CONFIG = """\
timezone = "Europe/Berlin"
default_targets = [{targets}]

{accounts}
[retry]
first = "1s"
longest = "2s"

[git]
remote = "origin"
pull_every = "2s"
claim = {claim}
"""
_ACCOUNTS = {
    "mastodon": '[accounts.mastodon]\nnetwork = "mastodon"\nserver = "{url}"\n',
    "bluesky": '[accounts.bluesky]\nnetwork = "bluesky"\nhandle = "{handle}"\nserver = "{url}"\nweb = "{url}"\n',
}


@dataclass(slots=True)
class Tally:
    """What came of a contest; `wrong` is everything that breaks the promise, in words."""

    rounds: int = 0
    kills: int = 0
    posts: int = 0
    messages: int = 0
    by: Counter[str] = field(default_factory=Counter)
    """How many result commits each publisher brought to the remote."""
    doubles: int = 0
    lost: int = 0
    claims_left: int = 0
    settled_after: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Runner:
    """One publisher: a clone, a state, a process."""

    def __init__(self, home: Path, name: str, credentials: Mapping[str, str]) -> None:
        self.name, self.folder = name, home / name
        self._log = home / f"{name}.log"
        who = {f"GIT_{role}_{what}": name for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        state = {"FEDISCHED_STATE": str(home / f"{name}-state")}
        self._environ = {**os.environ, **NOBODY, **credentials, **who, **state}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *verb: str) -> None:
        """Begin, if it does not run."""
        if not self.runs:
            with self._log.open("ab") as log:
                command = [sys.executable, "-m", MODULE, *verb, "-C", str(self.folder)]
                self._process = subprocess.Popen(
                    command, env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                )

    def kill(self, chance: random.Random) -> int:
        """Kill the process, its publisher if it is a daemon, or both; gives how many."""
        assert self._process is not None
        whom = chance.choice(("itself", "child", "both"))
        found = self._publishers() if whom != "itself" else []
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        if whom != "child" and self.runs:
            self._process.kill()
            self._process.wait()
            return 1 + len(found)
        return len(found)

    def stop(self) -> None:
        """End in order, and wait for the last publisher."""
        if self.runs and self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENT)
        assert until(lambda: not self._publishers()), "a publisher does not end"

    def _publishers(self) -> list[int]:
        out = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
        lines = (line for line in out.splitlines() if f"{MODULE} publish " in line)
        return [int(line.split()[0]) for line in lines if line.endswith(f" {self.folder}")]


class Contest:
    """One contest below `home`. `targets` are the networks; without `claim` nobody claims anything."""

    def __init__(self, home: Path, sandbox: Sandbox, seed: str, targets: tuple[str, ...], claim: bool) -> None:
        self._home, self._sandbox, self._targets = home, sandbox, targets
        self._chance = random.Random(seed)
        self._account = sandbox.add_mastodon("me", TOKEN)
        self._did = sandbox.add_bluesky(HANDLE, PASSWORD)
        self.remote = bare(home / "remote.git")
        self.tally = Tally()
        self._texts: dict[str, str] = {}
        self._ann = Clone.new(home / "ann")
        self._ann.path("a.md").unlink()
        self._ann.post("draft.md", "Draft", "status: draft")
        accounts = "\n".join(_ACCOUNTS[name].format(url=sandbox.url, handle=HANDLE) for name in targets)
        named = ", ".join(f'"{name}"' for name in targets)
        config = _CONFIG.format(targets=named, accounts=accounts, claim=str(claim).lower())
        (self._ann.folder / "fedisched.toml").write_text(config, encoding="utf-8")
        self._ann.save("Begin")
        self._ann.git("remote", "add", "origin", str(self.remote))
        self._ann.git("push", "-q", "-u", "origin", "main")
        self._daemons = [self._runner("one"), self._runner("two")]
        self._one_shots: list[Runner] = []

    def _runner(self, name: str, *options: str) -> Runner:
        Clone.of(self.remote, self._home / name, *options)
        credentials = {"FEDISCHED_MASTODON_TOKEN": TOKEN, "FEDISCHED_BLUESKY_PASSWORD": PASSWORD}
        return Runner(self._home, name, credentials)

    # --- rounds ----------------------------------------------------------------------------------------------

    def round(self) -> None:
        """Somebody pushes posts that fall due soon; all race for them, and some are killed."""
        chance, tally = self._chance, self.tally
        tally.rounds += 1
        for daemon in self._daemons:
            daemon.start("run")
        self._push_posts()
        one_shot = self._runner(f"action{tally.rounds}", "--depth=1", "--no-local")
        one_shot.start("publish", "--wait", f"{WAIT}s")
        began = time.monotonic()
        for moment in sorted(chance.uniform(1.0, WAIT + 1.0) for _ in range(chance.choice((1, 2, 2, 3)))):
            pause(began + moment - time.monotonic())
            tally.kills += chance.choice([*self._daemons, one_shot]).kill(chance)
        pause(began + WAIT + 1.0 - time.monotonic())
        self._one_shots.append(one_shot)

    def _push_posts(self) -> None:
        for _ in range(self._chance.choice((1, 2, 3))):
            self.tally.posts += 1
            name, text = f"{self.tally.posts}.md", f"Post {self.tally.posts} of round {self.tally.rounds}"
            due = (time.time_ns() // 1000 // SECOND + self._chance.randint(3, WAIT)) * SECOND
            self._texts[name] = text
            self._ann.post(name, text, f"time: {as_text(due)}")
        self._ann.save(f"Round {self.tally.rounds}")
        for _ in range(20):
            self._ann.git("pull", "-q", "--rebase")
            pushed = subprocess.run(["git", "push", "-q"], cwd=self._ann.top, env=environ(), capture_output=True)
            if pushed.returncode == 0:
                return
        raise AssertionError("Ann's push is never taken")

    # --- the end ---------------------------------------------------------------------------------------------

    def reckon(self) -> Tally:
        """Let everything come to rest, undisturbed, and compare what is on the networks with what the remote says."""
        began = time.monotonic()
        for runner in self._one_shots:
            runner.stop()
        for daemon in self._daemons:
            daemon.start("run")
        # A daemon that was killed may have left results that another one has brought home: it has to see that, too.
        until(lambda: not list(self._lost()) and not list(self._unclean()))
        self.tally.settled_after = time.monotonic() - began
        for daemon in self._daemons:
            daemon.stop()
        self._count()
        return self.tally

    def leave(self) -> None:
        for runner in [*self._daemons, *self._one_shots]:
            runner.stop()

    def _there(self) -> dict[str, dict[str, str]]:
        """What is on the networks: each target's texts by their ids."""
        records = self._sandbox.records(self._did)
        return {
            "mastodon": {status.id: status.text for status in self._sandbox.statuses(self._account)},
            "bluesky": {record.uri: str(record.value["text"]) for record in records},
        }

    def _results(self, name: str) -> Mapping[str, Result]:
        said = PostWording().read(git(self.remote, "show", f"main:posts/{name}").encode() + b"\n")
        return said.results if said else {}

    def _lost(self) -> Iterator[str]:
        """The results that the remote does not have, or has of something else."""
        there = self._there()
        for name, text in self._texts.items():
            results = self._results(name)
            for target in self._targets:
                result = results.get(target, Result())
                if not result.is_published or there[target].get(result.id or result.uri) != text:
                    yield f"{name} → {target}: {result}"

    def _count(self) -> None:
        tally, there = self.tally, self._there()
        wanted = Counter(self._texts.values())
        for target in self._targets:
            found = Counter(there[target].values())
            tally.messages += found.total()
            extra = list((found - wanted).elements())
            tally.doubles += len(extra)
            tally.wrong += [f"twice or a stranger's on {target}: {text}" for text in extra]
            tally.wrong += [f"missing on {target}: {text}" for text in (wanted - found).elements()]
        lost = list(self._lost())
        tally.lost = len(lost)
        tally.wrong += [f"lost: {words}" for words in lost]
        tally.wrong += list(self._wrong_history())
        tally.claims_left = len(git(self.remote, "for-each-ref", "refs/fedisched").splitlines())

    def _wrong_history(self) -> Iterator[str]:
        for place in (self.remote, *(daemon.folder for daemon in self._daemons)):
            done = subprocess.run(
                ["git", "fsck", "--strict", "--no-dangling"], cwd=place, env=environ(), capture_output=True, text=True
            )
            if done.returncode or done.stderr.strip() or done.stdout.strip():
                yield f"git fsck in {place.name}: {done.stdout}{done.stderr}"
        if merges := git(self.remote, "log", "--merges", "--format=%s", "main"):
            yield f"merges: {merges}"
        for record in git(self.remote, "log", "-z", "--format=%H%n%an%n%B", "main").rstrip("\0").split("\0"):
            commit, author, body = record.split("\n", 2)
            if is_ours(body):
                self.tally.by[author.rstrip("0123456789")] += 1
                paths = git(self.remote, "diff-tree", "-r", "--name-status", "--no-commit-id", commit).splitlines()
                yield from (f"{commit} {line}" for line in paths if not line.startswith("M\tposts/"))
        yield from self._unclean()

    def _unclean(self) -> Iterator[str]:
        for daemon in self._daemons:
            if left := git(daemon.folder, "--no-optional-locks", "status", "--porcelain", "-uno"):
                yield f"{daemon.name} is not clean: {left}"


def contest(home: Path, rounds: int, seed: str, targets: tuple[str, ...], claim: bool) -> Tally:
    """So many rounds on a Mastodon server that ignores keys, and Bluesky."""
    home.mkdir(parents=True, exist_ok=True)
    with Sandbox(rules=Rules(key_seconds=0, posts_limit=10**6)) as sandbox:
        held = Contest(home, sandbox, seed, targets, claim)
        try:
            for _ in range(rounds):
                held.round()
            return held.reckon()
        finally:
            held.leave()


def pause(seconds: float) -> None:
    Event().wait(max(seconds, 0.0))


def until(there: Callable[[], bool]) -> bool:
    """Wait for what other processes do: nobody tells of that, so it is looked for."""
    ends = time.monotonic() + PATIENT
    while not (found := there()) and time.monotonic() < ends:
        pause(0.25)
    return found
