"""The files of a new content folder, as `init` writes them."""

from __future__ import annotations

import json
from pathlib import Path

from fedisched.model.errors import ConfigError

CONFIG = """\
# Your content folder's configuration. Every line that starts with a # is a comment.

# Your timezone: `time: 2026-12-01 09:00` in a post means nine o'clock here.
timezone = {timezone}

# Where a post goes that does not say. The names are those of your accounts below.
default_targets = ["mastodon", "bluesky"]

# Change these to your own, and delete what you do not have (here and in default_targets).
# Passwords and tokens never go into this file: `fedisched login mastodon` and `fedisched login bluesky` keep them
# encrypted elsewhere. Where nobody can log in, the environment has them:
#   FEDISCHED_MASTODON_TOKEN     Mastodon: Preferences > Development > New application; its access token
#   FEDISCHED_BLUESKY_PASSWORD   Bluesky: Settings > Privacy and security > App passwords

[accounts.mastodon]
network = "mastodon"
server = "https://mastodon.social"

[accounts.bluesky]
network = "bluesky"
handle = "me.bsky.social"

# More, with the values that hold if you say nothing:
#
# posts = "posts"           # the folder of your posts
# late_after = "12h"        # overdue by more than this before its first try: you are asked, nothing is sent
# alt_required = true       # false: pictures, videos and sounds may go out without a description
# extra_keys = []           # keys of your own that posts may have; those that start with x- always may
#
# [groups]                  # names for several accounts; none if you say nothing
# everywhere = ["mastodon", "bluesky"]
#
# [retry]
# first = "1m"              # the first pause after a failure; each later one is longer
# longest = "1h"
# give_up_after = "24h"
#
# [git]
# commit = true             # commit results, in the repository that this folder is in
# remote = "origin"         # pull from it and push to it; none if you say nothing
# pull_every = "1m"
# author = "Name <email>"   # who commits results; whoever git says, if you say nothing
"""

ATTRIBUTES = """\
# Two versions of a post are merged by their meaning: your words, fedisched's results.
{pattern} merge=fedisched
"""

DRAFT = """\
---
# time: 2026-12-01 09:00     <- take out the first #, set the time, and change draft to scheduled
status: draft
---
My first post from a file.
"""

IGNORED = """\
.fedisched/
.env
"""


REMOTE = """
[git]
remote = {remote}         # the daemon looks there for what you push, and pushes the results
"""


def posts_of(folder: Path) -> str:
    """Where in a content folder its posts are, as its configuration says; where they usually are if it is not sound."""
    from fedisched.config import load_settings

    try:
        return load_settings(folder).posts
    except ConfigError:
        return "posts"


def attributes(posts: str) -> str:
    """`.gitattributes` for a folder whose posts are there."""
    pattern = f"/{posts}/**/*.md"
    # A pattern with a blank in it has to be quoted, as JSON would.
    return ATTRIBUTES.format(pattern=json.dumps(pattern, ensure_ascii=False) if " " in pattern else pattern)


def config(timezone: str, remote: str = "") -> str:
    """`fedisched.toml` for a timezone, and a git remote if there is one already."""
    text = CONFIG.format(timezone=json.dumps(timezone))
    return text + REMOTE.format(remote=json.dumps(remote)) if remote else text
