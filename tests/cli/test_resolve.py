"""`fedisched resolve`, on files alone: no journal, no server, no credential."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import Result

from fedisched.cli.exit import Exit
from fedisched.config import load_settings
from fedisched.content.glance import glance, results_of
from fedisched.model.post import Entry
from fedisched.model.results import Result as Block
from tests.cli.support import call, content_folder, write_post

HELD = """---
# mine
time: 2026-11-20 09:00
targets: [mastodon]
status:   held  # alas
results:
  mastodon:
    key: 3kzzzzzzzzzzz
    error: "it may already be published"
    attempts: "1"
    state: held
title: "A  title"
---
Hello
"""
BOTH = """---
time: 2026-11-20 09:00
status: held
results:
  mastodon:
    key: 3kzzzzzzzzzzz
    error: who knows
    state: held
  bluesky:
    key: 3kzzzzzzzzzzy
    error: who knows
    state: held
---
Hello
"""
TIME_CHANGED = """---
time: 2026-12-24 09:00
targets: [mastodon]
status: held
results:
  mastodon:
    key: 3kzzzzzzzzzzz
    url: https://mastodon.social/@me/113587
    id: "113587"
    error: already published
    state: held
---
Hello
"""
URL = "https://mastodon.social/@me/113587"
AT = "at://did:plc:abc/app.bsky.feed.post/3kzzzzzzzzzzy"
DROPPED_AT = "2026-11-20T12:00:00+01:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return content_folder(tmp_path / "content")


def resolve(folder: Path, *arguments: str, path: str = "posts/a.md") -> Result:
    return call("resolve", path, *arguments, "-C", str(folder))


def blocks(folder: Path, name: str = "a.md") -> dict[str, Block]:
    return dict(results_of((folder / "posts" / name).read_bytes(), name, load_settings(folder)))


def entry(folder: Path, name: str = "a.md") -> Entry:
    return glance((folder / "posts" / name).read_bytes(), f"posts/{name}", load_settings(folder))


def test_it_is_there_and_no_other_byte_changes(folder: Path) -> None:
    path = write_post(folder, "a.md", HELD)
    done = resolve(folder, "--sent", URL)
    assert done.exit_code == Exit.DONE and done.stdout.startswith(f"published posts/a.md → mastodon  {URL}\n")
    old = HELD.partition("    error")[0] + "title" + HELD.partition("title")[2]
    expected = (
        old.replace("held", "published")
        .replace("3kzzzzzzzzzzz", '"3kzzzzzzzzzzz"')
        .replace('zzz"\n', f'zzz"\n    url: {URL}\n    id: "113587"\n')
    )
    assert path.read_text() == expected


def test_it_is_not_there_and_gets_a_new_key(folder: Path) -> None:
    path = write_post(folder, "a.md", HELD)
    done = resolve(folder, "--retry")
    assert done.exit_code == Exit.DONE and done.stdout.startswith("scheduled posts/a.md → mastodon  it goes out when")
    (key,) = (block.key for block in blocks(folder).values())
    assert blocks(folder) == {"mastodon": Block(key=key)} and key != "3kzzzzzzzzzzz"
    assert "status:   scheduled  # alas" in path.read_text()


def test_let_it_be(folder: Path) -> None:
    write_post(folder, "a.md", HELD)
    done = resolve(folder, "--drop")
    assert done.exit_code == Exit.DONE and "dropped posts/a.md → mastodon  it will not be sent" in done.stdout
    assert blocks(folder) == {"mastodon": Block(key="3kzzzzzzzzzzz", dropped=DROPPED_AT)}
    assert entry(folder).status == "draft"


@pytest.mark.parametrize(
    ("decision", "state", "url"),
    [(["--sent", URL], "published", URL), (["--retry"], "waiting", None), (["--drop"], "cancelled", None)],
)
def test_json_is_the_changed_posts_row(folder: Path, decision: list[str], state: str, url: str | None) -> None:
    write_post(folder, "a.md", HELD)
    assert json.loads(resolve(folder, *decision, "--json").stdout) == {
        "path": "posts/a.md",
        "title": "A  title",
        "time": "2026-11-20T09:00:00+01:00",
        "target": "mastodon",
        "targets": ["mastodon"],
        "state": state,
        "attempts": 0,
        "next_try": None,
        "error": None,
        "url": url,
    }


def test_of_several_one_is_named_and_the_others_stay_held(folder: Path) -> None:
    path = write_post(folder, "a.md", BOTH)
    unnamed = resolve(folder, "--drop")
    assert unnamed.exit_code == Exit.USAGE and "say which with --target, mastodon or bluesky" in unnamed.stderr
    assert path.read_text() == BOTH
    done = resolve(folder, "--sent", AT, "--target", "bluesky")
    assert entry(folder).status == "held" and blocks(folder)["bluesky"].uri == AT
    assert "posts/a.md is still held. Look at mastodon." in done.stdout
    assert "`fedisched resolve posts/a.md --retry --target mastodon`" in done.stdout
    resolve(folder, "--drop")
    assert entry(folder).status == "published", "the last one needs no name"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--sent URL (it is there)"),
        (["--retry", "--drop"], "say one of"),
        (["--drop", "--target", "mastodn"], "`mastodn` is no target of this post. Its targets: mastodon."),
        (["--sent", "113587"], "`113587` is no address of a post"),
        (["--sent", "https://other.example/@me/1"], "is not on https://mastodon.social, where mastodon publishes"),
        (["--sent", "https://other.example/@me/1"], "Open the post on https://mastodon.social and copy"),
    ],
)
def test_misuse_is_a_usage_error_and_touches_nothing(folder: Path, arguments: list[str], words: str) -> None:
    path = write_post(folder, "a.md", HELD)
    done = resolve(folder, *arguments)
    assert done.exit_code == Exit.USAGE and words in done.stderr
    assert path.read_text() == HELD


@pytest.mark.parametrize("path", ["posts", "posts/none.md", "fedisched.toml"])
def test_it_is_about_one_post_that_is_there(folder: Path, path: str) -> None:
    write_post(folder, "a.md", HELD)
    assert call("resolve", str(folder / path), "--drop", "-C", str(folder)).exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("status", "typed"),
    [
        ("published", "copy it into a new file"),
        ("failed", "type: fedisched retry posts/a.md"),
        ("scheduled", "type: fedisched publish posts/a.md --now"),
        ("publishing", "type: fedisched publish posts/a.md --now"),
        ("draft", "type: fedisched publish posts/a.md --now"),
    ],
)
@pytest.mark.parametrize("decision", [["--sent", URL], ["--retry"], ["--drop"]])
def test_what_is_not_held_is_refused_with_what_to_type(
    folder: Path, status: str, typed: str, decision: list[str]
) -> None:
    text = HELD.replace("   held", f" {status}").replace("    state: held\n", "")
    path = write_post(folder, "a.md", text)
    done = resolve(folder, *decision)
    assert done.exit_code == Exit.NEEDS_YOU
    assert f"posts/a.md is not held, its status is {status}" in done.stderr and typed in done.stderr
    assert path.read_text() == text


def test_a_target_that_is_not_held_is_refused_with_what_to_type(folder: Path) -> None:
    write_post(folder, "a.md", BOTH.replace("state: held\n  bluesky", "state: failed\n  bluesky"))
    done = resolve(folder, "--retry", "--target", "mastodon")
    assert (
        done.exit_code == Exit.NEEDS_YOU and "fedisched resolve posts/a.md --sent URL --target bluesky" in done.stderr
    )
    assert resolve(folder, "--drop").exit_code == Exit.DONE, "only the other one is held"
    assert entry(folder).status == "failed"
    again = resolve(folder, "--drop", "--target", "mastodon")
    assert again.exit_code == Exit.NEEDS_YOU and "fedisched retry posts/a.md" in again.stderr


def test_a_dropped_one_can_be_brought_back(folder: Path) -> None:
    write_post(folder, "a.md", HELD)
    resolve(folder, "--drop")
    twice = resolve(folder, "--drop")
    assert twice.exit_code == Exit.NEEDS_YOU and "its status is draft" in twice.stderr
    assert resolve(folder, "--retry").exit_code == Exit.DONE
    assert entry(folder).status == "scheduled"


def test_a_published_post_whose_time_was_changed_is_left_at_that(folder: Path) -> None:
    path = write_post(folder, "a.md", TIME_CHANGED)
    for decision in (["--retry"], ["--sent", URL]):
        done = resolve(folder, *decision)
        assert done.exit_code == Exit.NEEDS_YOU and "`fedisched resolve posts/a.md --drop` leaves it at" in done.stderr
        assert "copy it into a new file" in done.stderr and path.read_text() == TIME_CHANGED
    assert resolve(folder, "--drop").exit_code == Exit.DONE
    assert entry(folder).status == "published" and blocks(folder)["mastodon"].is_published


def test_a_name_with_a_space_is_quoted_so_that_it_can_be_copied(folder: Path) -> None:
    write_post(folder, "my post.md", HELD)
    done = call("retry", str(folder / "posts/my post.md"), "-C", str(folder))
    assert "`fedisched resolve 'posts/my post.md' --drop`" in done.stderr


def test_a_broken_file_is_told_with_its_place(folder: Path) -> None:
    write_post(folder, "a.md", HELD.replace("2026-11-20 09:00", "soon"))
    done = resolve(folder, "--drop")
    assert done.exit_code == Exit.NEEDS_YOU and "posts/a.md:3:7: " in done.stderr


def test_it_serves_any_clone_and_makes_no_state(folder: Path, tmp_path: Path) -> None:
    write_post(folder, "a.md", HELD)
    who = ["-c", "user.name=Me", "-c", "user.email=me@example.org"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(folder), str(clone)], check=True)
    assert resolve(clone, "--sent", URL).exit_code == Exit.DONE
    assert not list(clone.rglob("journal*"))
    changed = subprocess.run(["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True)
    assert changed.stdout == " M posts/a.md\n"


# --- what is late ------------------------------------------------------------------------------------------------

LATE = "---\ntime: 2026-11-{:02} 09:00\ntargets: [mastodon, bluesky]\n---\nHello\n"


def test_what_is_late_is_put_away_as_a_draft_several_at_once(folder: Path) -> None:
    for number in (1, 2, 3):
        write_post(folder, f"{number}.md", LATE.format(number))
    done = call("resolve", "posts/1.md", "posts/2.md", "--drop", "-C", str(folder))
    assert done.exit_code == Exit.DONE and "dropped posts/1.md → mastodon, bluesky  it will not be sent" in done.stdout
    assert [entry(folder, f"{number}.md").status for number in (1, 2, 3)] == ["draft", "draft", "scheduled"]
    assert (folder / "posts/1.md").read_text().replace("status: draft\n", "") == LATE.format(1)


def test_all_that_is_late_is_put_away_at_once_and_nothing_else(folder: Path) -> None:
    for number in (1, 2, 20, 21):
        write_post(folder, f"{number}.md", LATE.format(number))
    write_post(folder, "held.md", HELD)
    write_post(folder, "done.md", LATE.format(1).replace("---\nH", "status: published\n---\nH"))
    others = ("20.md", "21.md", "held.md", "done.md")
    before = [(folder / "posts" / name).read_bytes() for name in others]
    done = call("resolve", "--drop", "--late", "--json", "-C", str(folder))
    assert [json.loads(line)["state"] for line in done.stdout.splitlines()] == ["draft", "draft"]
    assert [entry(folder, name).status for name in ("1.md", "2.md")] == ["draft", "draft"]
    assert [(folder / "posts" / name).read_bytes() for name in others] == before
    assert "Nothing is late." in call("resolve", "--drop", "--late", "-C", str(folder)).stdout


def test_of_a_late_post_one_target_is_given_up(folder: Path) -> None:
    path = write_post(folder, "a.md", LATE.format(1))
    assert resolve(folder, "--drop", "--target", "bluesky").exit_code == Exit.DONE
    assert entry(folder).status == "scheduled" and blocks(folder)["bluesky"].dropped == DROPPED_AT
    assert resolve(folder, "--drop").exit_code == Exit.DONE
    assert entry(folder).status == "draft"
    there = "status: scheduled\nresults:\n  mastodon:\n    key: 3kzzzzzzzzzzz\n    url: https://mastodon.social/@me/1\n"
    path.write_text(LATE.format(1).replace("---\nH", f"{there}---\nH"))
    assert resolve(folder, "--drop").exit_code == Exit.DONE
    assert entry(folder).status == "published" and blocks(folder)["bluesky"].dropped == DROPPED_AT


def test_one_that_cannot_be_put_away_keeps_all_as_they_are(folder: Path) -> None:
    paths = [write_post(folder, f"{number}.md", LATE.format(number)) for number in (1, 2, 20)]
    before = [path.read_bytes() for path in paths]
    done = call("resolve", *map(str, paths), "--drop", "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU and "posts/20.md is not held, its status is scheduled" in done.stderr
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize(
    "arguments", [["posts/1.md", "posts/2.md", "--retry"], ["--drop"], ["--late", "--retry"], ["posts/1.md", "--late"]]
)
def test_what_takes_several_posts_is_only_to_let_them_be(folder: Path, arguments: list[str]) -> None:
    for number in (1, 2):
        write_post(folder, f"{number}.md", LATE.format(number))
    assert call("resolve", *arguments, "-C", str(folder)).exit_code == Exit.USAGE
