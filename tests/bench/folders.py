"""Content folders of any size, for the benchmarks."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
timezone = "Europe/Berlin"
default_targets = ["mastodon", "bluesky"]

[accounts.mastodon]
network = "mastodon"
server = "https://mastodon.example"

[accounts.bluesky]
network = "bluesky"
handle = "me.example.com"
"""

PUBLISHED = """\
---
title: Post {n}
time: 2025-{month:02}-{day:02} 09:00
targets: [mastodon, bluesky]
status: published
results:
  mastodon:
    key: 3lq{n:010}
    url: https://mastodon.example/@me/1155{n:014}
    id: "1155{n:014}"
    at: 2025-{month:02}-{day:02}T09:00:00+01:00
  bluesky:
    key: 3lq{n:010}
    url: https://bsky.app/profile/did:plc:abcdefghijklmnopqrstuvwx/post/3lq{n:010}
    uri: at://did:plc:abcdefghijklmnopqrstuvwx/app.bsky.feed.post/3lq{n:010}
    cid: bafyreib{n:051}
    at: 2025-{month:02}-{day:02}T09:00:00+01:00
---
This is post number {n}, published long ago, with a few words in it.
"""

SCHEDULED = """\
---
title: Post {n}
time: 2031-{month:02}-{day:02} 09:00
targets: [mastodon, bluesky]
status: scheduled
---
This is post number {n}, which goes out one day, with a few words in it and a link https://example.org/{n}.
"""


def make_folder(folder: Path, posts: int, published: int) -> Path:
    """A content folder with so many posts, the first `published` of them published; left as it is if it is there."""
    target = folder / "posts"
    if (folder / "fedisched.toml").exists():
        return folder
    target.mkdir(parents=True)
    for n in range(posts):
        text = (PUBLISHED if n < published else SCHEDULED).format(n=n, month=n % 12 + 1, day=n % 28 + 1)
        (target / f"{n:05}.md").write_text(text, encoding="utf-8")
    (folder / "fedisched.toml").write_text(CONFIG, encoding="utf-8")
    return folder
