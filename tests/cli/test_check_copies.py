"""A published file copied as the start of a new post still has the old one's results in it."""

from __future__ import annotations

import json
from pathlib import Path

from fedisched.cli.exit import Exit
from tests.cli.support import call, content_folder, write_post

RESULTS = """\
results:
  mastodon:
    key: "3m4ohihg2s22a"
    url: https://mastodon.social/@me/113587
    id: "113587"
"""


def test_a_copy_with_the_results_of_another_is_a_problem_that_says_what_to_delete(tmp_path: Path) -> None:
    folder = content_folder(tmp_path)
    front = "time: 2026-11-02 09:00\ntargets: [mastodon]\nstatus: {}\n"
    write_post(folder, "old.md", f"---\n{front.format('published')}{RESULTS}---\nOld\n")
    write_post(folder, "new.md", f"---\n{front.format('scheduled')}{RESULTS}---\nNew\n")
    done = call("check", "--json", "-C", str(folder))
    problems = json.loads(done.stdout)["problems"]
    found = {
        (problem["path"], problem["line"], problem["severity"])
        for problem in problems
        if problem["code"] == "copied-results"
    }
    assert found == {("posts/new.md", 5, "error"), ("posts/old.md", 5, "warning")}
    assert all("delete lines 5 to 9, its whole" in problem["hint"] for problem in problems)
    assert done.exit_code == Exit.NEEDS_YOU
