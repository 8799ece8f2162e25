"""A sandbox as a process of its own: `python -m tests.crash.process.sandbox_process ORIGIN KEY_SECONDS`.

Prints its port when it listens; ends when its standard input does.
"""

from __future__ import annotations

import sys

from fedisched.sandbox import Rules, Sandbox
from tests.stage import HANDLE, PASSWORD, TOKEN


def main(origin: str, key_seconds: float) -> None:
    with Sandbox(rules=Rules(key_seconds=key_seconds), origin=origin) as sandbox:
        sandbox.add_mastodon("me", TOKEN)
        sandbox.add_bluesky(HANDLE, PASSWORD)
        print(sandbox.url.rpartition(":")[2], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
