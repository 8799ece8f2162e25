"""What is written for GitHub: annotations, summaries and outputs, whatever stands in posts."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from fedisched.cli import github
from fedisched.cli.exit import Exit
from fedisched.sandbox import Fault, What
from tests.actions.log import commands
from tests.actions.markdown import as_github_shows
from tests.cli.folder_with_server import FolderWithServer


def test_a_text_in_a_summary_is_only_text() -> None:
    hostile = "a_b *c* `d` | <e> & [f](g) @all #1 \\ ~h~\n# i\x1b[2J é 🧵"
    said = github.inline(hostile)
    assert not re.sub(r"&#\d+;", "", said).translate({ord(c): None for c in "abcdefghiall1é🧵 "})
    assert github.code("a|b") == "<code>a&#124;b</code>"
    assert github.block("</pre>\n\n# b") == "<pre>&lt;/pre&gt;\n\n# b</pre>"


def test_githubs_own_markdown_makes_nothing_of_it() -> None:
    hostile = "a_b_ **c** `d` <e> & [f](g) ![h](i) ~~j~~ \\ | &lt; &#60; https://k.example\n# l\n\n- m\n</pre>\n\n# n"
    table = f"| a |\n|---|\n| {github.code(hostile)} {github.inline(hostile)} |\n"
    summary = f"### {github.code(hostile)}\n\n{table}\n- {github.inline(hostile)}\n\n{github.block(hostile)}\n\nend\n"
    page = as_github_shows(summary)
    tags = re.findall(r"<(\w+)", page)
    assert tags == ["h3", "code", "table", "thead", "tr", "th", "tbody", "tr", "td", "code", "ul", "li", "pre", "p"]
    shown = html.unescape(page)
    assert shown.count(" ".join(hostile.split())) == 4 and f"<pre>{hostile}</pre>" in shown


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/@me/1", "[x](https://a.example/@me/1)"),
        ("https://a.example/1) [y](https://b", "[x](https://a.example/1%29%20%5By%5D%28https://b)"),
        ("javascript:alert(1)", "x"),
        ("https://a.example/\n# y", "[x](https://a.example/%20#%20y)".replace("%20#", "%20#")),
        ("", "x"),
    ],
)
def test_a_link_leads_to_a_web_address_and_nowhere_else(address: str, expected: str) -> None:
    assert github.link("x", address) == expected


def test_a_summary_never_grows_too_large_for_github(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    github.add_to_summary(environ, "é" * 400_000)
    github.add_to_summary(environ, "é" * 400_000)
    github.add_to_summary(environ, "end")
    assert (tmp_path / "summary").read_text() == "é" * 400_000 + "end"
    github.add_to_summary({}, "nowhere")


def test_a_preview_says_how_much_it_left_out(served: FolderWithServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedisched.cli.preview._ROOM", 900)
    for number in range(5):
        served.post(f"{number}.md", 3600, body="x" * 100)
    done = served.run("render", "--format", "github")
    shown = done.stdout.count("### <code>")
    assert 0 < shown < 5 and f"**{5 - shown} posts more** than a summary has room for." in done.stdout


def test_a_preview_shows_what_is_wrong_and_what_goes_out_beside_the_text(served: FolderWithServer) -> None:
    served.post("a.md", 3600, body="x" * 400, cw="C|D", visibility="unlisted", lang="en")
    done = served.run("render", "--format", "github")
    assert done.exit_code == Exit.NEEDS_YOU
    assert "- <code>language&#58; en</code>" in done.stdout and "- <code>visibility&#58; unlisted</code>" in done.stdout
    assert "- <code>warning&#58; C&#124;D</code>" in done.stdout
    assert "- ❌ " in done.stdout and re.search(r"bluesky \(bluesky\): \*\*\d+/300, too long\*\*", done.stdout)
    assert served.run("render", "--format", "github", "--target", "mastodon").stdout.count("#### ") == 1


def test_a_preview_names_what_it_cannot_show_and_would_be_sent(served: FolderWithServer) -> None:
    served.post("a.md", 3600, body="Good\u202egnp.exe\u202c", targets="mastodon")
    assert "\n- ⚠️ not shown, but in the text: U+202E, U+202C\n" in served.run("render", "--format", "github").stdout
    served.post("a.md", 3600, body="Good 👩‍🚀\tnight", targets="mastodon")
    assert "not shown" not in served.run("render", "--format", "github").stdout


def test_a_run_says_what_came_of_each_post(served: FolderWithServer, tmp_path: Path) -> None:
    summary, output = tmp_path / "summary", tmp_path / "output"
    served.environ |= {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    served.environ |= {"GITHUB_WORKSPACE": str(tmp_path)}
    served.sandbox.faults.add(Fault(What.PROXY_ERROR, "/api/v1/statuses", times=None, status=422))
    served.post("a|::error::b.md")
    done = served.run("publish", "--format", "github")
    assert done.exit_code == Exit.NEEDS_YOU
    (error,) = commands(done.stdout.splitlines())
    assert (error.name, error.properties["file"]) == ("error", "content/posts/a|::error::b.md")
    assert "fedisched retry" in error.data
    table = summary.read_text().splitlines()
    assert [line.count("|") for line in table if line] == [5] * 4
    assert any(line.startswith("| ✅ |") and "](http://127.0.0.1" in line for line in table)
    assert any(line.startswith("| ❌ |") and "mastodon" in line for line in table)
    news, needs = output.read_text().splitlines()
    assert news == "needs-you=new" and re.fullmatch("needs=[0-9a-f]{16}", needs)
    served.environ["FEDISCHED_TOLD"] = needs.removeprefix("needs=")
    again = served.run("publish", "--format", "github")
    assert again.exit_code == Exit.NEEDS_YOU
    assert [command.name for command in commands(again.stdout.splitlines())] == ["warning"]
    assert output.read_text().splitlines()[2:] == ["needs-you=known", needs]


def test_a_mistake_in_a_post_that_is_due_stands_at_its_line(served: FolderWithServer, tmp_path: Path) -> None:
    served.environ["GITHUB_OUTPUT"] = str(tmp_path / "output")
    served.post("a.md", None, tme="2026-12-01 09:00")
    done = served.run("publish", "--format", "github")
    (error,) = commands(done.stdout.splitlines())
    assert (error.properties["line"], error.properties["col"]) == ("2", "1") and "there is no key `tme`" in error.data
    assert (tmp_path / "output").read_text().startswith("needs-you=new\n")


def test_the_log_is_let_on_again_when_nothing_could_be_done(served: FolderWithServer) -> None:
    (served.folder / "fedisched.toml").write_text('timezone = "::error::"\n')
    done = served.run("publish", "--format", "github")
    assert done.exit_code == Exit.NEEDS_YOU and commands(done.stdout.splitlines()) == []
