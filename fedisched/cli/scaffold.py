"""The files of a new content folder, as `init` writes them."""

from __future__ import annotations

import json

from fedisched import __version__

CONFIG = """\
# Your content folder's configuration. Every line that starts with a # is a comment.

# Your timezone: `time: 2026-12-01 09:00` in a post means nine o'clock here.
timezone = {timezone}

# Where a post goes that does not say. The names are those of your accounts below.
default_targets = ["mastodon", "bluesky"]

# Change these to your own, and delete what you do not have (here and in default_targets).
# Passwords and tokens never go into this file, but into the environment:
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
/{posts}/**/*.md merge=fedisched
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

WORKFLOW = """\
# Publishes what is due from GitHub's machines, without a server of yours. To use it:
#   1. Set your credentials under Settings > Secrets and variables > Actions, by the names at the end of this file.
#   2. Push. A schedule runs on the default branch only, is often some minutes late, and GitHub turns it off after
#      60 days without a commit.
# --wait makes up for the late start: each run stays for what falls due within ten minutes, and sends it on the second.
#
# What this does not do yet: commit the results back into your posts. Each run begins without a memory, so it looks on
# the network before it sends what is overdue, and a post does not appear twice. When a post is out, set its status to
# `published` yourself; otherwise it is reported as late from half a day on.
name: fedisched

on:
  schedule:
    - cron: "7,17,27,37,47,57 * * * *"
  push:
    paths: {paths}
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: fedisched
  cancel-in-progress: false

jobs:
  publish:
    # A push to another branch than the default one publishes nothing.
    if: github.event_name != 'push' || github.ref_name == github.event.repository.default_branch
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - uses: actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0
        with:
          python-version: "3.12"
      - run: python -m pip install "fedisched=={version}"
      - run: fedisched publish -C "$FOLDER" --wait 10m
        env:
          FOLDER: {folder}
          FEDISCHED_MASTODON_TOKEN: ${{{{ secrets.FEDISCHED_MASTODON_TOKEN }}}}
          FEDISCHED_BLUESKY_PASSWORD: ${{{{ secrets.FEDISCHED_BLUESKY_PASSWORD }}}}
"""


REMOTE = """
[git]
remote = {remote}         # the daemon looks there for what you push, and pushes the results
"""


def config(timezone: str, remote: str = "") -> str:
    """`fedisched.toml` for a timezone, and a git remote if there is one already."""
    text = CONFIG.format(timezone=json.dumps(timezone))
    return text + REMOTE.format(remote=json.dumps(remote)) if remote else text


def workflow(folder: str) -> str:
    """The workflow for a content folder at this path in its repository, `.` for the top."""
    prefix = "" if folder == "." else f"{folder}/"
    # JSON's lists and texts are YAML's, too, so that no name of a folder can break out of its place.
    paths = json.dumps([f"{prefix}posts/**", f"{prefix}fedisched.toml"])
    return WORKFLOW.format(paths=paths, folder=json.dumps(folder), version=__version__)
