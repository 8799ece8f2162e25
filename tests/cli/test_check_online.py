"""`fedisched check --online`: what only the servers know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fedisched.cli.exit import Exit
from fedisched.sandbox import Fault, Rules, Sandbox, What
from tests.cli.folder_with_server import FolderWithServer
from tests.cli.support import call, content_folder, write_post
from tests.cli.test_framework import modules_after

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FolderWithServer]:
    with Sandbox(rules=Rules(max_characters=1000)) as sandbox:
        sandbox.add_handle("alice.test")
        served = FolderWithServer(tmp_path / "content", sandbox)
        served.environ = {}
        yield served


def checked(served: FolderWithServer, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(served.run("check", "--json", *arguments).stdout)
    return answer


def test_a_handle_that_nobody_has_is_a_problem_and_one_that_is_there_is_none(served: FolderWithServer) -> None:
    served.post("a.md", 3600, "Hello @alice.test,\nhello @nobody.test and @user@elsewhere.example")
    assert checked(served)["problems"] == []
    answer = checked(served, "--online")
    assert [(p["path"], p["line"], p["column"], p["code"], p["severity"]) for p in answer["problems"]] == [
        ("posts/a.md", 5, 7, "unknown-handle", "error")
    ]
    assert "nobody.test" in answer["problems"][0]["message"]
    assert served.run("check", "--online").exit_code == Exit.NEEDS_YOU


def test_limits_are_read_fresh_without_a_credential_and_kept(served: FolderWithServer) -> None:
    served.post("a.md", 3600, "word " * 150, targets="mastodon")
    assert [p["code"] for p in checked(served)["problems"]] == ["too-long"]
    answer = checked(served, "--online")
    assert answer["problems"] == []
    assert answer["posts"][0]["targets"]["mastodon"] | {"parts": ()} == {
        "network": "mastodon",
        "limits": "server",
        "parts": (),
    }
    assert [(each["target"], each["reached"]) for each in answer["online"]] == [("mastodon", True), ("bluesky", True)]
    # From here on they are known without asking.
    asked = len(served.sandbox.requests("GET"))
    assert checked(served)["posts"][0]["targets"]["mastodon"]["parts"][0]["limit"] == 1000
    assert len(served.sandbox.requests("GET")) == asked


def test_each_handle_is_asked_for_once_and_none_of_what_is_published(served: FolderWithServer) -> None:
    for name in ("a.md", "b.md"):
        served.post(name, 3600, "@alice.test and @alice.test", targets="bluesky")
    served.post("old.md", -3600, "@nobody.test", targets="bluesky", status="published")
    assert checked(served, "--online")["problems"] == []
    asked = [request for request in served.sandbox.requests("GET") if "resolveHandle" in request.path]
    assert len(asked) == 1


def test_servers_that_cannot_be_reached_are_named_in_clear_words(tmp_path: Path) -> None:
    config = (
        'default_targets = ["m", "b"]\n'
        f'[accounts.m]\nnetwork = "mastodon"\nserver = "{NOBODY}"\n'
        f'[accounts.b]\nnetwork = "bluesky"\nhandle = "me.test"\nserver = "{NOBODY}"\n'
    )
    folder = content_folder(tmp_path / "content", config)
    write_post(folder, "a.md", "---\nstatus: draft\n---\nHello @alice.test\n")
    done = call("check", "--online", "-C", str(folder))
    assert done.exit_code == Exit.TRY_LATER
    assert "not asked: m: 127.0.0.1:9 was not reached: no connection. What was known" in done.stderr
    assert "not asked: b: 127.0.0.1:9 was not reached: no connection." in done.stderr
    assert "Traceback" not in done.output
    answer = json.loads(call("check", "--online", "--json", "-C", str(folder)).stdout)
    assert [each["reached"] for each in answer["online"]] == [False, False]
    assert answer["posts"][0]["targets"]["m"]["limits"] == "default"


@pytest.mark.parametrize("what", [What.PROXY_ERROR, What.OK_HTML])
def test_answers_that_are_none_are_no_answer(served: FolderWithServer, what: What) -> None:
    served.post("a.md", 3600, "Hello @alice.test and @nobody.test")
    for path in ("/api/v*/instance*", "/xrpc/com.atproto.identity.resolveHandle"):
        served.sandbox.faults.add(Fault(what, path, times=None))
    answer = checked(served, "--online")
    assert answer["problems"] == []
    assert [each["reached"] for each in answer["online"]] == [False, False]


def test_with_an_error_in_a_post_that_comes_first(served: FolderWithServer) -> None:
    served.post("a.md", 3600, "Hello @nobody.test", targets="bluesky")
    served.sandbox.faults.add(Fault(What.PROXY_ERROR, "/api/v*/instance*", times=None))
    assert served.run("check", "--online").exit_code == Exit.NEEDS_YOU


def test_asking_needs_no_atproto(served: FolderWithServer) -> None:
    served.post("a.md", 3600, "Hello @alice.test", targets="bluesky")
    assert "atproto_client" not in modules_after("check", "--online", cwd=served.folder)


GOTOSOCIAL = "https://example.com/ 👨‍👩‍👧‍👧 e\u0301 @a@b.example"


@pytest.mark.parametrize(("typed", "fits"), [(GOTOSOCIAL, True), (f"{GOTOSOCIAL}x", False)])
def test_a_gotosocial_is_known_and_counted_as_it_counts(tmp_path: Path, typed: str, fits: bool) -> None:
    with Sandbox(rules=Rules(counts_code_points=True, max_characters=len(GOTOSOCIAL))) as sandbox:
        served = FolderWithServer(tmp_path / "content", sandbox)
        # On time: an overdue post would first wait for what a dead run may have sent, for this server knows no keys.
        served.post("a.md", 5, typed, targets="mastodon")
        answer = checked(served, "--online")
        (part,) = answer["posts"][0]["targets"]["mastodon"]["parts"]
        assert (part["length"], part["limit"]) == (len(typed), len(GOTOSOCIAL))
        assert [p["code"] for p in answer["problems"]] == ([] if fits else ["too-long"])
        # Had it been let through, the server would have had the last word.
        assert served.run("publish", "--wait", "10s").exit_code == (Exit.DONE if fits else Exit.NEEDS_YOU)
        assert served.texts()[0] == ([typed] if fits else [])
