"""How late the daemon's posts leave, as a proxy before the servers sees it. `python -m tests.bench.punctuality --help`

Unset PYTHONDONTWRITEBYTECODE where it is set, and leave the machine alone meanwhile: `uptime` should say 0.

The real daemon on a folder with 10,000 scheduled posts, twice: a steady stream of posts with a picture to one account
a network, then eight accounts due at one instant, again and again. Early is a failure (the last column says 0).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from fedisched.clock import SECOND
from fedisched.sandbox import Sandbox
from tests.bench.folders import SCHEDULED
from tests.bench.pictures import picture
from tests.bench.side_by_side import REPOSITORY
from tests.networks.pds.server import running
from tests.stage import as_text

AHEAD, PATIENCE = 30, 60.0
ACCOUNTS = 4
PASSWORD = "abcd-efgh-ijkl-mnop"
STREAM, TOGETHER = "one account a network", "eight accounts at one instant"


@dataclass(frozen=True, slots=True)
class Sent:
    """One publishing request: when its first byte came, and which post it carried."""

    arrived: int
    network: str
    number: int


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="fedisched-bench-") as name, _servers(Path(name), asked.pds) as urls:
        arrivals: Queue[Sent] = Queue()
        with _proxy(urls["mastodon"], arrivals) as one, _proxy(urls["bluesky"], arrivals) as other:
            folder = Path(name) / "folder"
            _make_folder(folder, {"mastodon": one, "bluesky": other}, asked.scheduled)
            with _daemon(folder):
                print(f"load before: {os.getloadavg()[0]:.2f}; {asked.scheduled} posts scheduled for later", flush=True)
                print(f"\n{'late, ms':40} {'sent':>5} {'p50':>7} {'p99':>7} {'max':>7} {'early':>6}", flush=True)
                stream = _Round(folder, arrivals, 0, ("mastodon1", "bluesky1"), asked.posts, asked.apart)
                _show(STREAM, *stream.run())
                everybody = [f"{network}{n + 1}" for network in urls for n in range(ACCOUNTS)]
                instants = _Round(folder, arrivals, asked.posts, everybody, asked.instants, asked.apart)
                _show(TOGETHER, *instants.run())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.punctuality")
    parser.add_argument("--posts", type=int, default=200, help="how many posts in the stream")
    parser.add_argument("--apart", type=int, default=2, help="seconds between one due moment and the next")
    parser.add_argument("--instants", type=int, default=20, help="how often eight accounts are due at once")
    parser.add_argument("--scheduled", type=int, default=10_000, help="how many posts are scheduled for later")
    parser.add_argument("--pds", action="store_true", help="Bluesky is a real PDS (needs Node 20)")
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class _Round:
    """Posts saved some seconds ahead, numbered from `first`, each with a picture of its own."""

    folder: Path
    arrivals: Queue[Sent]
    first: int
    targets: Sequence[str]
    posts: int
    apart: int

    def run(self) -> tuple[Mapping[int, int], Sequence[Sent]]:
        """The due moments by number, and every publishing request that came."""
        start = (time.time_ns() // 1000 // SECOND + AHEAD) * SECOND
        due = {self.first + n: start + n * self.apart * SECOND for n in range(self.posts)}
        for number, moment in due.items():
            self._save(number, moment)
        wanted, ends = len(due) * len(self.targets), AHEAD + self.posts * self.apart + PATIENCE
        return due, _collected(self.arrivals, wanted, time.monotonic() + ends)

    def _save(self, number: int, due: int) -> None:
        (self.folder / f"posts/{number:05}.png").write_bytes(picture(number))
        front = f"---\ntime: {as_text(due)}\ntargets: [{', '.join(self.targets)}]\n---\n"
        text = f"{front}![noise]({number:05}.png)\nbench-{number}\n"
        (self.folder / f"posts/{number:05}.md").write_text(text, encoding="utf-8")


def _collected(arrivals: Queue[Sent], wanted: int, until: float) -> list[Sent]:
    sent: list[Sent] = []
    while len(sent) < wanted:
        try:
            sent.append(arrivals.get(timeout=max(0.0, until - time.monotonic())))
        except Empty:
            print(f"only {len(sent)} of {wanted} requests came")
            break
    return sent


def _show(name: str, due: Mapping[int, int], sent: Sequence[Sent]) -> None:
    for network in ("mastodon", "bluesky"):
        late = sorted((one.arrived - due[one.number]) / 1000 for one in sent if one.network == network)
        if late:
            ranks = (late[len(late) // 2], late[min(len(late) - 1, len(late) * 99 // 100)], late[-1])
            figures = " ".join(f"{figure:7.1f}" for figure in ranks)
            early = sum(figure < 0 for figure in late)
            print(f"{f'{name}, {network}':40} {len(late):5} {figures} {early:6}", flush=True)


# --- the stage -----------------------------------------------------------------------------------------------


@contextmanager
def _servers(folder: Path, pds: bool) -> Iterator[Mapping[str, str]]:
    """The servers' addresses by network, with four accounts on each."""
    with Sandbox() as sandbox, running(folder / "pds") if pds else nullcontext() as server:
        for n in range(1, ACCOUNTS + 1):
            sandbox.add_mastodon(f"me{n}", f"token{n}")
            if server is None:
                sandbox.add_bluesky(f"me{n}.test", PASSWORD)
            else:
                server.add_account(f"me{n}.test", PASSWORD)
        yield {"mastodon": sandbox.url, "bluesky": sandbox.url if server is None else server.url}


@contextmanager
def _proxy(url: str, arrivals: Queue[Sent]) -> Iterator[str]:
    """A receiving proxy before a server; gives its address."""
    command = [sys.executable, "-m", "tests.bench.receiving", url]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, lines = int(process.stdout.readline()), process.stdout

        def read() -> None:
            for line in lines:
                arrived, network, number = line.split()
                arrivals.put(Sent(int(arrived), network, int(number)))

        Thread(target=read, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _make_folder(folder: Path, urls: Mapping[str, str], scheduled: int) -> None:
    (folder / "posts/later").mkdir(parents=True)
    for n in range(scheduled):
        text = SCHEDULED.format(n=n, month=n % 12 + 1, day=n % 28 + 1).replace("mastodon", "mastodon1")
        (folder / f"posts/later/{n:05}.md").write_text(text.replace("bluesky", "bluesky1"), encoding="utf-8")
    lines = ['timezone = "Europe/Berlin"']
    for network, url in urls.items():
        for n in range(1, ACCOUNTS + 1):
            lines += [f"[accounts.{network}{n}]", f'network = "{network}"', f'server = "{url}"']
            lines += [f'handle = "me{n}.test"'] * (network == "bluesky")
    (folder / "fedisched.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def _daemon(folder: Path) -> Iterator[None]:
    numbers = range(1, ACCOUNTS + 1)
    secrets = {f"FEDISCHED_MASTODON{n}_TOKEN": f"token{n}" for n in numbers}
    secrets |= {f"FEDISCHED_BLUESKY{n}_PASSWORD": PASSWORD for n in numbers}
    log = folder.with_name("daemon.log")
    with log.open("wb") as said:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "fedisched", "run", "-C", str(folder)],
            env={**os.environ, **secrets, "PYTHONPATH": str(REPOSITORY)},
            stdout=said,
            stderr=said,
        )
        try:
            while b"watching" not in log.read_bytes() and daemon.poll() is None:
                time.sleep(0.1)
            yield
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            if where := os.environ.get("FEDISCHED_BENCH_LOG"):
                shutil.copy(log, where)


if __name__ == "__main__":
    main()
