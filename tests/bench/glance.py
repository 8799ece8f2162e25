"""What a published file costs the short way and the long way. `python -m tests.bench.glance`"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from fedisched.content.glance import glance
from fedisched.model.settings import Account, Settings
from tests.bench.folders import PUBLISHED

FILES = 2_000
SETTINGS = Settings(
    folder=Path("/"),
    source=Path("/fedisched.toml"),
    timezone="Europe/Berlin",
    default_targets=("mastodon",),
    accounts={
        "mastodon": Account("mastodon", "mastodon", "https://mastodon.example"),
        "bluesky": Account("bluesky", "bluesky", "https://bsky.social", "me.example.com"),
    },
)


def main() -> None:
    plain = [PUBLISHED.format(n=n, month=n % 12 + 1, day=n % 28 + 1).encode() for n in range(FILES)]
    # A comment is enough for the long way: the short one reads nothing that it could misread.
    odd = [data.replace(b"title: ", b"# mine\ntitle: ", 1) for data in plain]
    for _ in range(3):
        short, long = _each(plain, glance), _each(odd, glance)
        print(f"short {short * 1e6:6.1f} us   long {long * 1e6:6.1f} us   ratio {long / short:4.1f}")


def _each(files: list[bytes], read: Callable[[bytes, str, Settings], object]) -> float:
    began = time.perf_counter()
    for data in files:
        read(data, "posts/a.md", SETTINGS)
    return (time.perf_counter() - began) / len(files)


if __name__ == "__main__":
    main()
