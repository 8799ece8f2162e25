"""The workflow that checks pull requests, run as GitHub's runner runs it."""

from __future__ import annotations

import re
from collections import Counter

from fedisched.cli.workflows import CHECK
from tests.actions.hub import FOLDER, Hub, git
from tests.actions.markdown import as_github_shows
from tests.actions.runner import Finished, Runner
from tests.cli.support import write_post

FORGED = "</pre>\n\n# Approved\n\n::error::forged\n| a | b |\n```\n[x](https://evil.example)\n$(touch x)"
NAME = 'it\'s `#1` "a" $(touch x) | </code><b>.md'


def pull_request(hub: Hub, installs: bool = False) -> tuple[Runner, Finished]:
    """Check what the person has committed on a branch: the merge of it, as GitHub tries it, in a shallow checkout."""
    git(hub.person, "add", "-A")
    git(hub.person, "commit", "-q", "-m", "propose")
    git(hub.person, "checkout", "-q", "-b", "merge", "origin/main")
    git(hub.person, "merge", "-q", "--no-ff", "-m", "merge", "main")
    git(hub.person, "push", "-q", "origin", "merge:refs/pull/1/merge")
    runner = Runner(hub.top / "workspace", hub.top / "temp", "pull_request", installs)
    git(hub.top, "init", "-q", str(runner.workspace))
    git(runner.workspace, "fetch", "-q", "--depth", "2", f"file://{hub.bare}", "refs/pull/1/merge")
    git(runner.workspace, "checkout", "-q", "--detach", "FETCH_HEAD")
    return runner, runner.run(runner.workspace / CHECK)


def test_problems_stand_at_their_lines_and_each_changed_post_is_shown(hub: Hub) -> None:
    hub.served.post("there.md", 7 * 24 * 3600, body="Was there before")
    hub.push()
    folder = hub.person / FOLDER
    write_post(folder, NAME, f"---\ntime: 2030-01-07 09:00\nthread: auto\ntitle: '{FORGED[:6]} @all'\n---\n{FORGED}\n")
    write_post(folder, "long.md", f"---\ntime: 2030-01-08 09:00\nthread: auto\n---\n{'Word. ' * 60}\n")
    write_post(folder, "bad.md", "---\ntime: 2030-01-08 09:00\nstatus: sheduled\n---\nHello\n")
    runner, finished = pull_request(hub, installs=True)
    assert finished.code == 1, finished.log
    (error,) = finished.annotated("error")
    assert error.properties | {"title": ""} == {"file": f"{FOLDER}/posts/bad.md", "line": "3", "col": "9", "title": ""}
    assert not [command for command in finished.commands if command.name not in ("error", "warning")]
    assert "Was there before" not in finished.summary
    assert "Mon 7 Jan 2030 09&#58;00 Europe&#47;Berlin" in finished.summary
    assert "Part 2 of 2, from line 5, column " in finished.summary
    assert re.search(r"#### bluesky \(bluesky\): \d+/300 \+ \d+/300\n", finished.summary)
    assert not list(runner.workspace.rglob("x"))
    assert not [name for environ in finished.environs for name in environ if name.startswith("FEDISCHED_")]
    assert not hub.served.sandbox.requests()


def test_no_post_can_forge_a_part_of_the_summary(hub: Hub) -> None:
    hub.push()
    title = "'**bold** <img src=x> [a](https://evil.example) @all'"
    body = f"{FORGED}\n\n![alt | </li> **b**](p.png)\n"
    write_post(hub.person / FOLDER, NAME, f"---\ntime: 2030-01-07 09:00\ntitle: {title}\ncw: '`a` | b'\n---\n{body}")
    _, finished = pull_request(hub)
    assert "evil.example" in finished.summary
    assert _outside_of_texts(finished.summary) == [], finished.summary
    tags = Counter(re.findall(r"<(\w+)", as_github_shows(finished.summary)))
    assert (tags["h3"], tags["h4"], tags["pre"]) == (1, 2, 2)
    assert set(tags) <= {"h3", "h4", "p", "pre", "code", "strong", "ul", "li"}


def _outside_of_texts(summary: str) -> list[str]:
    """The lines that are neither ours nor a text in its place."""
    outside = re.sub(r"<pre>[^<]*</pre>", "<pre></pre>", summary)
    named = r"(?:[^\W_]|[ _]|&#\d+;|[^\x00-\x7f])*"
    ours = [
        r"",
        r"<pre></pre>",
        rf"### <code>{named}</code>",
        r"#### \w+ \(\w+\): (?:\*\*)?[\d/+ ]+.*",
        rf"(?:scheduled|draft) · \*\*{named}\*\*(?: · {named})?",
        rf"- \w+ <code>{named}</code> → <code>{named}</code>",
        rf"- [❌⚠️]+ \d+:\d+ {named}",
        rf"- <code>{named}</code>",
        r"- ⚠️ not shown, but in the text: U\+[0-9A-F]{4}(?:, U\+[0-9A-F]{4})*",
    ]
    return [line for line in outside.splitlines() if not any(re.fullmatch(each, line) for each in ours)]


def test_a_pull_request_without_posts_is_fine(hub: Hub) -> None:
    hub.served.post("there.md", 7 * 24 * 3600)
    hub.push()
    config = hub.person / FOLDER / "fedisched.toml"
    config.write_text(f"{config.read_text()}# a comment\n")
    _, finished = pull_request(hub)
    assert finished.code == 0, finished.log
    assert finished.summary == "No post to show.\n"
