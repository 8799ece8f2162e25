"""The main job: a folder of posts becomes posts on both networks, exactly as `render` has said, once, with the results
in the files. Bluesky is a real PDS here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fedisched.sandbox import Sandbox
from tests.cli.folder_with_server import FolderWithServer, rows
from tests.networks.pds import server
from tests.networks.rendering import png

pytestmark = [pytest.mark.pds, pytest.mark.timeout(1200)]

POSTS = {
    "links.md": (
        "lang: de\n",
        "Grüße 👋 mit #Fediverse und #日本語, bare https://example.org/a?b=c#d and "
        "[words](https://example.com/docs).\nSecond  line 👨‍👩‍👧‍👦 @someone@example.org",
    ),
    "thread.md": ("title: A thread\n", "One\n\n---\n\nTwo #two\n\n---\n\nThree https://example.org"),
    "auto.md": (
        "thread: auto\n",
        "A text for one part on one network, with #tags and नमस्ते and 👨‍👩‍👧‍👦. " * 7
        + "\n\nThe end: https://example.org/a/b",
    ),
    "picture.md": ("cw: food\n", "Look:\n\n![A soup, steaming](media/soup.png)"),
    "poll.md": ("targets: mastodon\npoll: {options: [Tea, Coffee], duration: 1d}\nquotes: nobody\n", "Which?"),
    "gates.md": (
        "targets: bluesky\nreplies: [mentioned, followers]\nquotes: nobody\ntags: [art, 日本語]\nlabels: [nudity]\n",
        "Look",
    ),
    "answer.md": ("reply_to: thread.md\nquote: links.md\n", "An answer to the end of the thread"),
    "each.md": (
        "override:\n  bluesky: {text: Fewer words, tags: [short]}\n  mastodon: {cw: Words}\n",
        "Many words",
    ),
    "mention.md": ("targets: bluesky\n", "Hello @{handle}, how are you?"),
}
OURS = re.compile(r"^(status: published\n|results:\n(  .*\n)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Pds]:
    try:
        with server.running(tmp_path_factory.mktemp("pds")) as started:
            yield started
    except server.Unavailable as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture
def member(pds: server.Pds) -> server.Member:
    return pds.add_account("berta.test", "a password of its own")


@pytest.fixture
def served(tmp_path: Path, pds: server.Pds, member: server.Member) -> Iterator[FolderWithServer]:
    with Sandbox() as sandbox:
        served = FolderWithServer(tmp_path / "content", sandbox, bluesky=pds.url, handle=member.handle)
        served.environ["FEDISCHED_BLUESKY_PASSWORD"] = member.password
        (served.folder / "posts/media").mkdir()
        (served.folder / "posts/media/soup.png").write_bytes(png())
        for name, (front, body) in POSTS.items():
            path = served.post(name, -5, body.format(handle=member.handle))
            path.write_text(path.read_text().replace("---\n", f"---\n# mine: {name}\n{front}", 1))
        yield served


def test_what_render_said_is_what_is_published_once_with_the_results_in_the_files(
    served: FolderWithServer, pds: server.Pds, member: server.Member
) -> None:
    before = {path: path.read_text() for path in (served.folder / "posts").glob("*.md")}
    rendered = {(row["path"], row["target"]): row for row in rows(served.run("render", "--json").stdout)}

    done = served.run("publish", "--json")

    assert done.exit_code == 0, done.output
    told = {(row["path"], row["target"]): row for row in rows(done.stdout)}
    assert told.keys() == rendered.keys()
    records = {record["uri"]: record for record in pds.records(member.did)}
    statuses = {status.id: status for status in served.sandbox.statuses(served.mastodon_id)}
    assert len(records) == sum(len(row["parts"]) for key, row in rendered.items() if key[1] == "bluesky")
    assert len(statuses) == sum(len(row["parts"]) for key, row in rendered.items() if key[1] == "mastodon")
    for key, promise in rendered.items():
        assert len(told[key]["parts"]) == len(promise["parts"])
        for expected, sent in zip(promise["parts"], told[key]["parts"], strict=True):
            if promise["network"] == "bluesky":
                record = records[sent["uri"]]
                assert record["cid"] == sent["cid"]
                assert_kept(_but_for_a_card(expected["record"], record["value"]), record["value"])
                for gate in expected.get("gates", ()):
                    rkey = sent["uri"].rpartition("/")[2]
                    assert_kept({**gate, "post": sent["uri"]}, pds.record(member.did, rkey, gate["$type"])["value"])
            else:
                assert_status(expected["params"], statuses[sent["id"]])
    assert [len(rendered["posts/auto.md", name]["parts"]) for name in ("mastodon", "bluesky")] == [1, 2]
    mention = records[told["posts/mention.md", "bluesky"]["uri"]]["value"]
    assert mention["facets"][0]["features"][0]["did"] == member.did
    for path, text in before.items():
        after = path.read_text()
        assert OURS.sub("", after) == text and "\nstatus: published\n" in after
        for (named, _), row in told.items():
            if named == f"posts/{path.name}":
                assert all(row[name] in after for name in ("url", "id", "uri", "cid") if name in row)

    _nothing_more_is_sent(served, pds, member)


def _nothing_more_is_sent(served: FolderWithServer, pds: server.Pds, member: server.Member) -> None:
    """A second run sends nothing, and a later one with something to send uses the session that was kept."""
    sent = len(served.sandbox.requests("POST")), pds.records(member.did)
    again = served.run("publish", "--json")
    assert (again.exit_code, again.stdout) == (0, "")
    assert (len(served.sandbox.requests("POST")), pds.records(member.did)) == sent
    (session,) = (served.folder / ".fedisched/sessions").iterdir()
    kept = session.read_bytes()
    assert member.password.encode() not in kept and b"eyJ" not in kept and session.stat().st_mode & 0o777 == 0o600
    served.post("more.md", targets="bluesky")
    assert served.run("publish").exit_code == 0
    assert session.read_bytes() == kept, "a login or a refresh would have been kept anew"


def _but_for_a_card(promised: Mapping[str, Any], found: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was promised; no page is asked from here, and a card that nobody could make stops no post."""
    is_card = promised.get("embed", {}).get("$type") == "app.bsky.embed.external"
    return {name: value for name, value in promised.items() if name != "embed" or not is_card or name in found}


def assert_kept(promised: Any, found: Any) -> None:
    """What was promised is there, byte for byte, and nothing else; what was pending has some value."""
    if isinstance(promised, Mapping) and promised.keys() == {"pending"}:
        assert found
    elif isinstance(promised, Mapping):
        assert isinstance(found, Mapping) and found.keys() == promised.keys()
        for key in promised:
            assert_kept(promised[key], found[key])
    elif isinstance(promised, list):
        assert len(found) == len(promised)
        for one, other in zip(promised, found, strict=True):
            assert_kept(one, other)
    else:
        assert json.dumps(found) == json.dumps(promised)


def assert_status(params: Mapping[str, Any], status: Any) -> None:
    assert status.text == params["status"]
    assert status.spoiler_text == params.get("spoiler_text", "")
    assert "language" not in params or status.language == params["language"]
    assert ("poll" in params) == (status.poll is not None)
    if status.poll is not None:
        assert status.poll["options"] == params["poll"]["options"]
        assert status.poll["expires_in"] == params["poll"]["expires_in"]
    assert status.quote_policy == params.get("quote_approval_policy", "public")
    assert (status.quoted_id is not None) == ("quoted_status_id" in params)
    assert len(status.media) == len(params.get("media_ids", ()))
    assert (status.in_reply_to_id is not None) == ("in_reply_to_id" in params)
