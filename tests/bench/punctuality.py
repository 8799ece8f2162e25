"""How late the daemon's posts leave. `env -u PYTHONDONTWRITEBYTECODE python -m tests.bench.punctuality [POSTS]`

Through the real daemon and its publisher, to a server on this machine that notes when the first byte of each request
arrived. Posts are saved some seconds ahead, and fall due one second after the other.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fedisched.clock import SECOND
from fedisched.sandbox import Sandbox
from tests.bench.side_by_side import REPOSITORY
from tests.stage import HANDLE, PASSWORD, TOKEN, as_text

AHEAD, APART = 30, 2
CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]
[accounts.mastodon]
network = "mastodon"
server = "{url}"
[accounts.bluesky]
network = "bluesky"
handle = "{handle}"
server = "{url}"
"""
PATHS = {"/api/v1/statuses": "mastodon", "/xrpc/com.atproto.repo.putRecord": "bluesky"}


def main(posts: int) -> None:
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        account = sandbox.add_mastodon("me", TOKEN)
        did = sandbox.add_bluesky(HANDLE, PASSWORD)
        (folder / "fedisched.toml").write_text(CONFIG.format(url=sandbox.url, handle=HANDLE), encoding="utf-8")
        (folder / "posts").mkdir()
        secrets = {"FEDISCHED_MASTODON_TOKEN": TOKEN, "FEDISCHED_BLUESKY_PASSWORD": PASSWORD}
        daemon = subprocess.Popen(
            [sys.executable, "-m", "fedisched", "run", "-C", str(folder)],
            env={**os.environ, **secrets, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.DEVNULL,
        )
        first = time.time_ns() // 1000 // SECOND * SECOND + AHEAD * SECOND
        dues = [first + n * APART * SECOND for n in range(posts)]
        for n, due in enumerate(dues):
            (folder / f"posts/{n:02}.md").write_text(f"---\ntime: {as_text(due)}\n---\nPost {n}\n", encoding="utf-8")
        patience = AHEAD + posts * APART + 30.0
        sandbox.wait_until(lambda: len(sandbox.statuses(account)) + len(sandbox.records(did)) == 2 * posts, patience)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()
        print(f"{posts} posts saved {AHEAD} s ahead or more; lateness of the request's first byte, ms")
        print(f"{'':10} {'posts':>6} {'median':>8} {'min':>8} {'max':>8}")
        for path, network in PATHS.items():
            arrived = sorted(seen.arrived for seen in sandbox.requests("POST", path))
            late = [(came - due) / 1000 for came, due in zip(arrived, dues, strict=False)]
            print(f"{network:10} {len(late):6} {statistics.median(late):8.1f} {min(late):8.1f} {max(late):8.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
