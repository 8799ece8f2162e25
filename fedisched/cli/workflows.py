"""The workflows for GitHub Actions, as `init` writes them; this repository's own are made of the same text."""

from __future__ import annotations

import json
from dataclasses import dataclass

REPOSITORY = "fedisched/fedisched"
PUBLISH = ".github/workflows/fedisched.yml"
CHECK = ".github/workflows/fedisched-check.yml"

_BESIDE = ".fedisched-source"
CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"

_PUBLISH = """\
# Publishes what is due from GitHub's machines, without a server of yours, and commits the results. To use it:
#   1. Set your credentials under Settings > Secrets and variables > Actions, by the names at the end of this file. For
#      an account of another name, add a line of its own there. A line such as
#      FEDISCHED_MASTODON_SERVER: https://mastodon.social beside them sends that credential nowhere else, whatever
#      fedisched.toml says by then. With `vault` in the configuration, and the vault committed, FEDISCHED_KEY is the
#      only one.
#   2. Push. A post that you push is on time if its time is more than a few minutes away.
#
# A schedule is often late, and runs on the default branch only. `wait` makes up for that: each run stays for what falls
# due before the next one is sure to have begun, and sends it on the second. On a private repository each run costs at
# least a minute of your plan, and each wait what it takes: README has the sums. In a public one, GitHub turns the
# schedule off after 60 days without a commit; results are commits.
name: fedisched

on:
  schedule:
    - cron: "13,43 * * * *"
  push:
    paths: {paths}
  workflow_dispatch:
    inputs:
      paths:
        description: Only these posts, such as posts/hello.md; empty for all that are due
        default: ""
      now:
        description: Publish these posts now, whatever their time
        type: boolean
        default: false

# One run at a time, and none is broken off: it may be sending.
concurrency:
  group: fedisched
  cancel-in-progress: false

permissions: {{}}

jobs:
  publish:
    # A push to another branch than the default one publishes nothing.
    if: github.event_name != 'push' || github.ref_name == github.event.repository.default_branch
    runs-on: ubuntu-24.04
    timeout-minutes: 90
    permissions:
      contents: write # for the commit with the results
    steps:
      - uses: {checkout}
        with:
          persist-credentials: false
{source}      - uses: {action}/publish
        with:
          folder: {folder}
          wait: 45m
          paths: ${{{{ inputs.paths }}}}
          now: ${{{{ inputs.now }}}}
        env:
          FEDISCHED_KEY: ${{{{ secrets.FEDISCHED_KEY }}}}
          FEDISCHED_MASTODON_TOKEN: ${{{{ secrets.FEDISCHED_MASTODON_TOKEN }}}}
          FEDISCHED_BLUESKY_PASSWORD: ${{{{ secrets.FEDISCHED_BLUESKY_PASSWORD }}}}
"""

_CHECK = """\
# Checks the posts of a pull request: what is wrong stands at its line, and the job's summary shows each changed post
# as every network would get it. Approving the pull request is approving the posts. No secret is used, so pull requests
# from forks are safe.
name: fedisched check

on:
  pull_request:
    paths: {paths}

concurrency:
  group: fedisched-check-${{{{ github.event.pull_request.number }}}}
  cancel-in-progress: true

permissions: {{}}

jobs:
  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: {checkout}
        with:
          persist-credentials: false
          fetch-depth: 2 # the merge as GitHub tries it, and what it is merged into
{source}      - uses: {action}/check
        with:
          folder: {folder}
          since: HEAD^1
"""

_SOURCE = """\
      # fedisched itself. What runs with your credentials is this commit, until you change it.
      - uses: {checkout}
        with:
          persist-credentials: false
          repository: {repository}
          ref: {ref}
          path: {beside}
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a workflow has fedisched from: a commit, tag or branch of its repository; empty in that repository."""

    ref: str = ""

    @property
    def action(self) -> str:
        return f"./{_BESIDE}/.github/actions" if self.ref else "./.github/actions"

    @property
    def step(self) -> str:
        if not self.ref:
            return ""
        named = {"checkout": CHECKOUT, "repository": REPOSITORY, "ref": json.dumps(self.ref), "beside": _BESIDE}
        return _SOURCE.format(**named)


def publishing(folder: str, config: str, source: Source, posts: str = "posts") -> str:
    """The workflow that publishes from a content folder at this path in its repository, `.` for the top; `config` is
    the name of its configuration's file, `posts` where in it the posts are."""
    return _filled(_PUBLISH, folder, config, source, PUBLISH, posts)


def checking(folder: str, config: str, source: Source, posts: str = "posts") -> str:
    """The workflow that checks pull requests for it."""
    return _filled(_CHECK, folder, config, source, CHECK, posts)


def _filled(text: str, folder: str, config: str, source: Source, own: str, posts: str) -> str:
    prefix = "" if folder == "." else f"{_as_pattern(folder)}/"
    # JSON's lists and texts are YAML's, too, so that no name of a folder can break out of its place.
    paths = json.dumps([f"{prefix}{_as_pattern(posts)}/**", f"{prefix}{config}", own])
    named = {"paths": paths, "folder": json.dumps(folder.replace("${{", "${{ '${{' }}")), "checkout": CHECKOUT}
    return text.format(**named, source=source.step, action=source.action)


def _as_pattern(folder: str) -> str:
    """A path as a pattern of GitHub's that means just this path."""
    return "".join(f"\\{character}" if character in "\\*?+[]!" else character for character in folder)
