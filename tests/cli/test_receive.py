"""What the server says of a push: only of what it changes, and whatever is in it does nothing but be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.own_server import OwnServer
from tests.git.places import Clone, git
from tests.networks.rendering import png

BROKEN = "time: 2026-12-01 25:00\nstatus: scheduled"
GOOD = "time: 2026-12-01 09:00\nstatus: scheduled"
REFUSED, TAKEN = 75, 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OwnServer:
    return OwnServer(tmp_path_factory.mktemp("server"))


@pytest.fixture
def server(made: OwnServer) -> OwnServer:
    """The server as it was made; Ann is where it is."""
    first = Clone(made.content).head()
    git(made.bare, "update-ref", "refs/heads/main", first)
    made.ann.git("reset", "-q", "--hard", first)
    made.ann.git("clean", "-fdxq")
    return made


def lines(done: Result) -> list[str]:
    return done.stderr.splitlines()


def test_only_what_the_push_changes_is_checked(server: OwnServer) -> None:
    server.ann.post("old.md", "Broken before", BROKEN)
    server.ann.save("Old")
    server.take()
    server.ann.post("new.md", "Fine", GOOD)
    server.ann.save("New")
    assert server.receive().exit_code == TAKEN
    server.ann.post("sub/broken.md", "Not fine", BROKEN)
    server.ann.save("Broken")
    done = server.receive()
    assert done.exit_code == REFUSED and done.stdout == ""
    assert lines(done)[0].startswith("posts/sub/broken.md:2:7: error: ")
    assert lines(done)[1:] == ["1 error: nothing was taken. Mend it, commit, and push again."]
    server.ann.git("rm", "-q", "posts/sub/broken.md", "posts/old.md")
    server.ann.save("Take them back")
    assert server.receive().exit_code == TAKEN


def test_a_server_that_is_on_no_branch_checks_all_the_same(server: OwnServer) -> None:
    content = Clone(server.content)
    content.git("switch", "-q", "--detach")
    try:
        server.ann.post("broken.md", "Not fine", BROKEN)
        server.ann.save("Broken")
        assert server.receive().exit_code == REFUSED
        assert server.receive(ref="refs/heads/other").exit_code == TAKEN
    finally:
        content.git("switch", "-q", "main")


def test_a_branch_that_was_not_there_is_checked_whole(server: OwnServer) -> None:
    server.ann.post("a.md", "One", BROKEN)
    server.ann.save("A")
    server.ann.post("b.md", "Two", BROKEN)
    server.ann.save("B")
    done = server.receive(old="")
    assert done.exit_code == REFUSED
    assert [line.split(":")[0] for line in lines(done)[:2]] == ["posts/a.md", "posts/b.md"]


def test_other_branches_tags_and_rewritten_history_are_taken(server: OwnServer) -> None:
    server.ann.post("a.md", "Hello", BROKEN)
    server.ann.save("A")
    done = server.receive("refs/heads/idea/x")
    assert done.exit_code == TAKEN and "idea/x is taken as it is: what is published is on main" in done.stderr
    assert server.receive("refs/tags/v1").stderr == ""
    server.take()
    server.ann.git("reset", "-q", "--hard", "HEAD^")
    server.ann.post("b.md", "Hello", GOOD)
    server.ann.save("Another history")
    assert server.receive().exit_code == TAKEN


def test_the_published_branch_cannot_be_deleted(server: OwnServer) -> None:
    zero, head = "0" * 40, server.ann.head()
    done = server.fedisched("receive", typed=f"{head} {zero} refs/heads/main\n")
    assert done.exit_code == REFUSED and "set `status: draft`" in done.stderr
    assert server.fedisched("receive", typed=f"{head} {zero} refs/heads/idea\n").stderr == ""


def test_pictures_are_found_however_they_are_named_and_missed_if_they_are_not_there(server: OwnServer) -> None:
    pictures = server.ann.folder / "pictures"
    pictures.mkdir()
    for name in ("my photo.png", "bücher.png", "a(1).png", "linked.png"):
        (pictures / name).write_bytes(png())
    (server.ann.folder / "posts" / "there").symlink_to("../pictures")
    names = [
        "../pictures/my%20photo.png",
        "../pictures/b%C3%BCcher.png",
        "../pictures/a\\(1\\).png",
        "there/linked.png",
    ]
    server.ann.post("a.md", "".join(f"![Seen]({name})\n" for name in names), GOOD)
    server.ann.save("A")
    done = server.receive()
    assert done.exit_code == TAKEN, done.stderr
    server.ann.post("b.md", "![Seen](../pictures/other.png)", GOOD)
    server.ann.save("B")
    done = server.receive()
    assert done.exit_code == REFUSED and lines(done)[0].startswith("posts/b.md:5:1: error: "), done.stderr


def test_names_of_pictures_in_front_matter_are_read_as_yaml_means_them(server: OwnServer) -> None:
    (server.ann.folder / "posts").mkdir(exist_ok=True)
    (server.ann.folder / "posts" / "bücher.png").write_bytes(png())
    server.ann.post("a.md", "Hello", GOOD + '\nmedia: [{file: "b\\u00fccher.png", alt: Books}]')
    server.ann.save("A")
    assert (done := server.receive()).exit_code == TAKEN, done.stderr


def test_posts_that_others_name_are_there_although_they_are_not_pushed(server: OwnServer) -> None:
    server.ann.post("first.md", "First", GOOD)
    server.ann.save("First")
    server.take()
    server.ann.post("second.md", "Second", "time: 2026-12-02 09:00\nreply_to: first.md")
    server.ann.save("Second")
    assert (done := server.receive()).exit_code == TAKEN, done.stderr
    server.ann.post("third.md", "Third", "time: 2026-12-02 09:00\nreply_to: nowhere.md")
    server.ann.save("Third")
    assert "there is no post posts/nowhere.md" in server.receive().stderr


def test_results_are_taken_whatever_the_rest_of_the_file_says(server: OwnServer) -> None:
    server.ann.post("a.md", "Hello", GOOD + "\ntargets: [gone]")
    server.ann.save("A")
    server.take()
    server.ann.publish("a.md")
    server.ann.save("Results")
    assert (done := server.receive()).exit_code == TAKEN, done.stderr
    server.take()
    text = server.ann.path("a.md").read_text()
    server.ann.path("a.md").write_text(text.replace("status: published", "status: scheduled"))
    server.ann.save("Again, by hand")
    assert server.receive().exit_code == REFUSED


def test_a_post_that_is_a_copy_of_a_published_one_is_told(server: OwnServer) -> None:
    server.ann.post("a.md", "Hello", GOOD)
    server.ann.publish("a.md")
    server.ann.save("A")
    server.take()
    text = server.ann.path("a.md").read_text()
    server.ann.path("b.md").write_text(text.replace("status: published", "status: scheduled").replace("-01 ", "-02 "))
    server.ann.save("B")
    done = server.receive()
    assert done.exit_code == REFUSED and "posts/b.md" in lines(done)[0] and "results" in lines(done)[0], done.stderr
    assert "posts/a.md:" not in "".join(line.split(" ")[0] for line in lines(done))


def test_odd_names_do_no_harm(server: OwnServer) -> None:
    posts = server.ann.folder / "posts"
    server.ann.post('two "words" ä.md', "Fine", GOOD)
    server.ann.post("-n.md", "Fine", GOOD)
    server.ann.post("README.md", "No post", BROKEN)
    server.ann.post(".hidden.md", "No post", BROKEN)
    server.ann.save("Odd")
    assert (done := server.receive()).exit_code == TAKEN, done.stderr
    (posts / "line\nbreak.md").write_text("---\nstatus: draft\n---\nHello\n")
    Path(os.fsdecode(bytes(posts) + b"/\xff.md")).write_text("---\nstatus: draft\n---\nHello\n")
    (posts / "other.markdown").write_text("Hello")
    server.ann.save("Odder")
    done = server.receive()
    assert done.exit_code == REFUSED
    assert {line.split(":")[0] for line in lines(done)[:3]} == {
        "posts/line\\nbreak.md",
        "posts/\\xff.md",
        "posts/other.markdown",
    }


def test_a_name_that_the_disk_does_not_take_is_a_problem(server: OwnServer) -> None:
    blob = server.ann.git("hash-object", "-w", "--stdin", data="Hello")
    server.ann.git("update-index", "--add", "--cacheinfo", f"100644,{blob},posts/{'x' * 300}.md")
    server.ann.git("commit", "-q", "-m", "Long")
    done = server.receive()
    assert done.exit_code == REFUSED and "the server's disk does not take the name (File name too long)" in done.stderr


def test_links_stay_inside(server: OwnServer) -> None:
    secret = server.bare.parent / "secret.md"
    secret.write_text("---\nstatus: draft\n---\nSecret\n")
    (server.ann.folder / "posts" / "out.md").symlink_to(secret)
    (server.ann.folder / "posts" / "up.md").symlink_to("../../posts/fedisched.toml")
    server.ann.save("Links")
    done = server.receive()
    assert done.exit_code == REFUSED
    assert [line.split(":")[0] for line in lines(done)[:2]] == ["posts/out.md", "posts/up.md"], done.stderr


def test_the_folder_of_posts_stays_a_folder(server: OwnServer) -> None:
    server.ann.git("rm", "-rq", "posts")
    (server.ann.folder / "posts").symlink_to("/etc")
    server.ann.save("Elsewhere")
    done = server.receive()
    assert done.exit_code == REFUSED and lines(done)[0].startswith("posts:1:1: error: "), done.stderr


def test_what_is_pushed_is_never_run(server: OwnServer, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for key, value in (("filter.evil.smudge", f"touch {mark}; cat"), ("diff.evil.textconv", f"touch {mark}; cat")):
        git(server.bare, "config", key, value)
    (server.ann.folder / ".gitattributes").write_text("* filter=evil diff=evil export-subst ident\n")
    (server.ann.folder / "json.py").write_text(f"open({str(mark)!r}, 'w')\n")
    hooks = server.ann.folder / "hooks"
    hooks.mkdir()
    (hooks / "pre-receive").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (hooks / "pre-receive").chmod(0o755)
    server.ann.post("a.md", "Hello $Id$ $Format:%H$", BROKEN)
    server.ann.publish("a.md")
    server.ann.save("Evil")
    assert server.receive().exit_code in (TAKEN, REFUSED)
    assert not mark.exists()


# --- the configuration -----------------------------------------------------------------------------------------------


def change_config(server: OwnServer, old: str, new: str) -> None:
    path = server.ann.folder / "fedisched.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    server.ann.save("Configure")


def test_posts_are_checked_with_the_servers_own_configuration(server: OwnServer) -> None:
    server.ann.post("a.md", "Hello", GOOD + "\ntargets: [elsewhere]")
    change_config(
        server,
        "[accounts.mastodon]",
        "[accounts.elsewhere]\nnetwork = 'mastodon'\nserver = 'https://e.org'\n\n[accounts.mastodon]",
    )
    done = server.receive()
    assert done.exit_code == REFUSED
    assert "Posts are checked with the fedisched.toml that the server has" in lines(done)[0], done.stderr
    assert "elsewhere" in lines(done)[1]


def test_a_configuration_that_would_stop_the_daemon_is_refused(server: OwnServer) -> None:
    change_config(server, 'network = "mastodon"', 'network = "myspace"')
    done = server.receive()
    assert done.exit_code == REFUSED and lines(done)[0].startswith("fedisched.toml:"), done.stderr
    server.ann.git("rm", "-q", "fedisched.toml")
    server.ann.save("No configuration")
    assert "the server cannot do without its configuration" in server.receive().stderr


def test_an_account_that_is_led_elsewhere_is_told(server: OwnServer) -> None:
    change_config(server, "https://mastodon.social", "https://evil.example")
    done = server.receive()
    assert done.exit_code == TAKEN
    assert "mastodon is another account now (https://evil.example)" in done.stderr
    assert "`fedisched login mastodon`, or set FEDISCHED_MASTODON_TOKEN." in done.stderr


def test_a_server_whose_own_configuration_is_broken_does_not_refuse_the_mending(tmp_path: Path) -> None:
    server = OwnServer(tmp_path)
    (server.content / "fedisched.toml").write_text("timezone = 1\n")
    server.ann.post("a.md", "Hello", GOOD)
    server.ann.save("A")
    assert server.receive().exit_code not in (TAKEN, REFUSED)


# --- many and large --------------------------------------------------------------------------------------------------


def test_of_many_problems_the_first_are_told_and_the_rest_counted(server: OwnServer) -> None:
    for number in range(120):
        server.ann.post(f"{number:03}.md", "Hello", BROKEN)
    server.ann.save("Many")
    done = server.receive()
    assert done.exit_code == REFUSED and len(lines(done)) == 52
    assert lines(done)[-2:] == [
        "and 70 more problems",
        "120 errors: nothing was taken. Mend it, commit, and push again.",
    ]


def test_large_files_are_not_held_in_memory_nor_written_if_nobody_names_them(server: OwnServer) -> None:
    with (server.ann.folder / "film.bin").open("wb") as film:
        film.truncate(17_000_000)
    server.ann.post("large.md", "x" * 1_100_000, GOOD)
    server.ann.post("a.md", "![A film](../film.bin)", GOOD)
    server.ann.save("Large")
    done = server.receive()
    assert done.exit_code == REFUSED
    assert [line.split(":")[0] for line in lines(done)[:2]] == ["posts/a.md", "posts/large.md"], done.stderr
    assert "there is no file" not in done.stderr
    assert not list(server.bare.glob("fedisched-check-*"))
