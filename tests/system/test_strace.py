"""What the kernel saw: the intent is on the disk, synced, before the first byte of the request that it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from fedisched.content.glance import results_of
from tests.daemon.service import environ_of
from tests.networks.rendering import png
from tests.stage import Stage

pytestmark = pytest.mark.system

WRITES = ("write", "pwrite64", "writev", "pwritev", "sendto", "sendmsg")
SYNCS = ("fsync", "fdatasync")
POSTS = {
    "mastodon": ("POST /api/v1/statuses ",),
    "bluesky": ("POST /xrpc/com.atproto.repo.putRecord ", "POST /xrpc/com.atproto.repo.applyWrites "),
}
# strace -f: a call that others interrupt stands on two lines, where it begins and where it ends.
LINE = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<call>\w+)\((?P<rest>.*))")


@dataclass(slots=True)
class Call:
    """A system call: the lines of the trace at which it begins and ends, and what it was given, as strace shows it."""

    thread: str
    name: str
    given: str
    begins: int
    ends: int | None = None

    def ended_before(self, other: Call) -> bool:
        return self.ends is not None and self.ends < other.begins

    def is_on(self, file: str) -> bool:
        """Whether its first argument is this file (strace -y names it)."""
        return re.match(rf"\d+<[^>]*{re.escape(file)}>", self.given) is not None


def calls_in(lines: Sequence[str]) -> Iterator[Call]:
    under_way: dict[str, Call] = {}
    for number, line in enumerate(lines):
        if (found := LINE.match(line)) is None:
            continue
        if found["resumed"]:
            under_way.pop(found["pid"]).ends = number
            continue
        call = Call(found["pid"], found["call"], found["rest"], number)
        if line.endswith("<unfinished ...>"):
            under_way[found["pid"]] = call
        else:
            call.ends = number
        yield call


def traced(stage: Stage, trace: Path) -> list[Call]:
    """Every write and sync of `fedisched publish`."""
    assert shutil.which("strace"), "strace is not installed"
    wanted = ",".join((*WRITES, *SYNCS))
    strace = ["strace", "-f", "-y", "-s", "65536", "-e", f"trace={wanted}", "-o", str(trace)]
    done = subprocess.run(
        [*strace, sys.executable, "-m", "fedisched", "publish", "-C", str(stage.folder)],
        env=environ_of(stage),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return list(calls_in(trace.read_text(errors="replace").splitlines()))


def to_the_journal(calls: Sequence[Call], names: Sequence[str]) -> list[Call]:
    return [call for call in calls if call.name in names and call.is_on("journal.sqlite3-wal")]


def has_its_intent_on_disk(request: Call, key: str, calls: Sequence[Call]) -> bool:
    """Whether the journal was told that this key is being sent, and whether what the sending thread last told it was
    synced, before the request began."""
    # The row has the key, then the state.
    told = any(f"{key}sending" in call.given for call in to_the_journal(calls, WRITES) if call.begins < request.begins)
    own = [call.ends for call in to_the_journal(calls, WRITES) if call.thread == request.thread]
    last = max(end for end in own if end is not None and end < request.begins)
    synced = any(last < call.begins and call.ended_before(request) for call in to_the_journal(calls, SYNCS))
    return told and synced


@pytest.mark.parametrize("target", ["mastodon", "bluesky"])
def test_the_intent_is_synced_before_the_first_byte_of_each_request(stage: Stage, tmp_path: Path, target: str) -> None:
    (stage.folder / "posts/red.png").write_bytes(png())
    bodies = {"a.md": "Alone", "b.md": "One\n\n---\n\nTwo", "c.md": "Look!\n\n![A red square](red.png)"}
    for name, body in bodies.items():
        stage.post(name, stage.soon(-1), body=body, targets=target)

    calls = traced(stage, tmp_path / "trace")

    requests = [
        call for call in calls if call.name in WRITES and any(f'"{post}' in call.given for post in POSTS[target])
    ]
    keys = [
        results_of((stage.folder / f"posts/{name}").read_bytes(), name, stage.settings)[target].key for name in bodies
    ]
    # In order of their paths; a thread is one request on Bluesky, and one a part on Mastodon.
    asked = [keys[0], keys[1], *([keys[1]] if target == "mastodon" else []), keys[2]]
    assert len(requests) == len(asked)
    for request, key in zip(requests, asked, strict=True):
        assert has_its_intent_on_disk(request, key, calls)
