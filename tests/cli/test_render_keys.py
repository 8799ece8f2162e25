"""Every key of README's format reference shows in every rendering: who approves what is shown approves all of it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fedisched.cli.exit import Exit
from fedisched.cli.words import columns
from tests.cli.support import ROOT, call, content_folder, write_post
from tests.cli.test_framework import on_a_terminal
from tests.compose.media.photos import photo


class Shown(NamedTuple):
    """What a key's line in the front matter makes visible, by network: the same words in the terminal's frame and in
    the preview, and a piece of what is sent."""

    front: str
    words: dict[str, str]
    sent: dict[str, Any]
    text: str = "Hello"


SHOWN = {
    "lang": Shown(
        "lang: de",
        {"mastodon": "language: de", "bluesky": "language: de"},
        {"mastodon": {"language": "de"}, "bluesky": {"langs": ["de"]}},
    ),
    "visibility": Shown(
        "visibility: unlisted", {"mastodon": "visibility: unlisted"}, {"mastodon": {"visibility": "unlisted"}}
    ),
    "cw": Shown(
        "cw: Spoilers",
        {"mastodon": "warning: Spoilers", "bluesky": "CW: Spoilers"},
        {"mastodon": {"spoiler_text": "Spoilers"}, "bluesky": {"text": "CW: Spoilers\n\nHello"}},
    ),
    "sensitive": Shown(
        "sensitive: true",
        {"mastodon": "sensitive: pictures are hidden until they are asked for"},
        {"mastodon": {"sensitive": True}},
        "Hello ![A field](a.jpg)",
    ),
    "labels": Shown("labels: [nudity]", {"bluesky": "labels: nudity"}, {"bluesky": {"val": "nudity"}}),
    "tags": Shown("tags: [art, cats]", {"bluesky": "tags: #art, #cats"}, {"bluesky": {"tags": ["art", "cats"]}}),
    "poll": Shown(
        "poll: {options: [Tea, Coffee], duration: 2d12h, multiple: true, hide_totals: true}",
        {"mastodon": "poll: Tea / Coffee (2d12h, several choices, results at the end)"},
        {"mastodon": {"options": ["Tea", "Coffee"], "expires_in": 216_000, "multiple": True, "hide_totals": True}},
    ),
    "replies": Shown(
        "replies: [mentioned, followers]",
        {"bluesky": "who may reply: mentioned, followers"},
        {"bluesky": {"$type": "app.bsky.feed.threadgate#followerRule"}},
    ),
    "quotes": Shown(
        "quotes: nobody",
        {"mastodon": "who may quote: nobody", "bluesky": "who may quote: nobody"},
        {
            "mastodon": {"quote_approval_policy": "nobody"},
            "bluesky": {"$type": "app.bsky.feed.postgate#disableRule"},
        },
    ),
    "reply_to": Shown(
        "reply_to: other.md",
        {"mastodon": "answers posts/other.md", "bluesky": "answers posts/other.md"},
        {
            "mastodon": {"in_reply_to_id": {"pending": "in reply to id of posts/other.md"}},
            "bluesky": {"parent": {"pending": "parent of posts/other.md"}},
        },
    ),
    "quote": Shown(
        "quote: other.md",
        {"mastodon": "quotes posts/other.md", "bluesky": "quotes posts/other.md"},
        {
            "mastodon": {"quoted_status_id": {"pending": "quoted status id of posts/other.md"}},
            "bluesky": {"record": {"pending": "quoted of posts/other.md"}},
        },
    ),
    "override": Shown(
        "override: {NETWORK: {text: Something else}}",
        {"mastodon": "Something else", "bluesky": "Something else"},
        {"mastodon": {"status": "Something else"}, "bluesky": {"text": "Something else"}},
    ),
    "thread": Shown(
        "thread: auto",
        {"mastodon": "3/500", "bluesky": "3/300"},
        {"mastodon": {"status": "End"}, "bluesky": {"text": "End"}},
        "Hello\n---\nEnd",
    ),
    "media": Shown(
        "media: [{file: a.jpg, alt: A field, focus: '0.5,-0.25'}]",
        {
            "mastodon": "kB, focus 0.5,-0.25): A field",
            "bluesky": "kB): A field",
        },
        {"mastodon": {"focus": [0.5, -0.25]}, "bluesky": {"aspectRatio": {"width": 96, "height": 64}}},
    ),
    "link": Shown(
        "link: {url: 'https://example.org/', title: Launch, description: 'At last', image: none}",
        {"bluesky": "▤ card of https://example.org/ (“Launch”; At last; no picture)"},
        {"bluesky": {"external": {"uri": "https://example.org/", "title": "Launch", "description": "At last"}}},
    ),
}
SHOWS_NOTHING = {"time", "targets", "status", "title", "x-…", "results"}
"""What says when and where, or is the author's and fedisched's own."""


def keys_of_the_reference() -> set[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## The post file")[2].partition("### ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_every_key_is_looked_at() -> None:
    assert keys_of_the_reference() == SHOWN.keys() | SHOWS_NOTHING


def written(folder: Path, shown: Shown, network: str) -> Path:
    content = content_folder(folder)
    (content / "posts/a.jpg").write_bytes(photo("JPEG"))
    key = "key: B\nurl: https://example.org/\nat: 2026-12-01T08:00:00Z\nuri: at://did:plc:a/app.bsky.feed.post/b"
    results = "".join(f"  {name}:\n    " + key.replace("\n", "\n    ") + "\n" for name in ("mastodon", "bluesky"))
    time, front = "time: 2026-12-01 09:00\n", shown.front.replace("NETWORK", network)
    write_post(content, "other.md", f"---\n{time}status: published\nresults:\n{results}---\nBefore\n")
    return write_post(content, "a.md", f"---\n{time}targets: [{network}]\n{front}\n---\n{shown.text}\n")


def occurs(wanted: Any, sent: Any) -> bool:
    """Whether an object with all these values is somewhere in what is sent."""
    if isinstance(sent, dict):
        return wanted.items() <= sent.items() or any(occurs(wanted, inner) for inner in sent.values())
    return isinstance(sent, list) and any(occurs(wanted, inner) for inner in sent)


@pytest.mark.parametrize(
    ("key", "network"), [(key, network) for key, shown in SHOWN.items() for network in shown.words], ids=str
)
def test_a_key_shows_in_the_frame_in_json_and_in_the_preview(tmp_path: Path, key: str, network: str) -> None:
    shown = SHOWN[key]
    path = str(written(tmp_path / "content", shown, network))
    folder = ("-C", str(tmp_path / "content"))
    frame = call("render", path, *folder)
    assert (frame.exit_code, frame.stderr) == (Exit.DONE, "")
    assert shown.words[network] in frame.stdout
    preview = html.unescape(call("render", path, "--format", "github", *folder).stdout)
    assert shown.words[network] in preview
    sent = json.loads(call("render", path, "--json", *folder).stdout)
    assert occurs(shown.sent[network], sent)


def folder_with(tmp_path: Path, **posts: str) -> tuple[str, str]:
    content = content_folder(tmp_path / "content")
    for name, text in posts.items():
        write_post(content, f"{name}.md", f"---\ntime: 2026-12-01 09:00\n{text}\n")
    return "-C", str(content)


def test_what_a_post_waits_for_is_shown(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="---\nFirst", b="reply_to: a.md\nquote: draft.md\n---\nSecond")
    write_post(Path(folder[1]), "draft.md", "---\nstatus: draft\n---\nNot yet\n")
    path = f"{folder[1]}/posts/b.md"
    done = call("render", path, *folder)
    assert done.exit_code == Exit.DONE and "posts/b.md:4:8: warning: posts/draft.md is a draft" in done.stderr
    assert done.stdout.count("… waits for posts/a.md, which is not published yet") == 2
    assert done.stdout.count("… waits for posts/draft.md, which is a draft") == 2
    assert {columns(line) for line in done.stdout.splitlines()} == {80}
    found = [json.loads(line) for line in call("render", path, "--json", *folder).stdout.splitlines()]
    waits = ["waits for posts/a.md, which is not published yet", "waits for posts/draft.md, which is a draft"]
    assert [each["waits"] for each in found] == [waits, waits]
    preview = html.unescape(call("render", path, "--format", "github", *folder).stdout)
    assert preview.count("⏳ waits for posts/a.md, which is not published yet") == 2


@pytest.mark.parametrize("key", ["reply_to", "quote"])
@pytest.mark.parametrize("style", ["text", "json", "github"])
def test_a_post_that_waits_for_ever_needs_a_person(tmp_path: Path, key: str, style: str) -> None:
    folder = folder_with(tmp_path, b=f"{key}: gone.md\n---\nSecond")
    done = call("render", "--format", style, *folder)
    assert done.exit_code == Exit.NEEDS_YOU
    assert "there is no post posts/gone.md" in html.unescape(done.stderr + done.stdout)
    assert "waits for posts/gone.md, which is not there" in html.unescape(done.stdout)


def test_of_a_published_post_nothing_is_waited_for(tmp_path: Path) -> None:
    path = written(tmp_path / "content", SHOWN["reply_to"], "mastodon")
    done = call("render", str(path), "-C", str(tmp_path / "content"))
    assert "waits" not in done.stdout


@pytest.mark.parametrize(
    ("front", "network", "said"),
    [
        ("media: [{file: gone.png, alt: A}]", "mastodon", "✗ 3:16 there is no file gone.png"),
        ("poll: [Tea, Coffee]", "bluesky", "✗ 3:7 bluesky has no polls"),
        ("replies: nobody", "mastodon", "✗ 3:10 mastodon cannot limit who may reply"),
        ("tags: [art]", "mastodon", "✗ 3:7 mastodon has no tags outside of the text"),
        ("visibility: private", "bluesky", "✗ 3:13 bluesky cannot keep a post private"),
    ],
)
def test_what_is_refused_is_shown_in_the_frame_that_lacks_it(
    tmp_path: Path, front: str, network: str, said: str
) -> None:
    folder = folder_with(tmp_path, a=f"{front}\n---\nHello")
    done = call("render", "--target", network, *folder)
    assert done.exit_code == Exit.NEEDS_YOU
    assert said in done.stdout
    (sent,) = (json.loads(line) for line in call("render", "--target", network, "--json", *folder).stdout.splitlines())
    (refused,) = sent["refused"]
    assert said.startswith(f"✗ {refused['line']}:{refused['column']} {refused['message'][:20]}") and refused["hint"]


def test_what_other_targets_cannot_do_is_not_said_of_this_one(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="poll: [Tea, Coffee]\n---\nHello")
    done = call("render", "--target", "mastodon", *folder)
    assert "✗" not in done.stdout


def test_where_words_lead_is_shown(tmp_path: Path) -> None:
    text = "[words](https://example.org/a/b) https://example.org/a/long/path/to/it example.com"
    folder = folder_with(tmp_path, a=f"targets: [bluesky]\nlink: false\n---\n{text}")
    shown = call("render", *folder).stdout
    assert "↗ words → https://example.org/a/b" in shown and shown.count("↗") == 1


def test_pictures_to_be_hidden_on_bluesky_need_a_label(tmp_path: Path) -> None:
    content = content_folder(tmp_path / "content")
    (content / "posts/a.jpg").write_bytes(photo("JPEG"))
    for name, more in (("a", ""), ("b", "labels: [graphic-media]\n"), ("c", "targets: [mastodon]\n")):
        write_post(content, f"{name}.md", f"---\nstatus: draft\nsensitive: true\n{more}---\n![A field](a.jpg)\n")
    found = json.loads(call("check", "--json", "-C", str(content)).stdout)["problems"]
    assert [(each["path"], each["line"], each["code"], each["severity"]) for each in found] == [
        ("posts/a.md", 3, "sensitive-unused", "warning")
    ]


@pytest.mark.parametrize("width", [60, 120])
def test_a_frame_is_straight_however_wide_a_terminal_draws_its_words(tmp_path: Path, width: int) -> None:
    """The border's column is told to the terminal, and nothing before it is too wide by any count."""
    text = "❤️ 1️⃣ 👩‍👩‍👧‍👦 🇨🇭 नमस्ते दुनिया " * 9 + "日本語" * 40 + "\nمرحبا שלום"
    folder = folder_with(tmp_path, a=f"targets: [mastodon]\nlang: de\n---\n{text[:400]}")
    environ = {"COLUMNS": str(width), "LINES": "50"}
    shown = on_a_terminal("render", cwd=Path(folder[1]), environ=environ).decode().replace("\r\n", "\n")
    framed = [line for line in shown.splitlines() if "│" in line]
    assert len(framed) > 5
    for line in framed:
        before, column, border = re.fullmatch(r"(.*)\x1b\[(\d+)G(.*)", line).groups()  # type: ignore[union-attr]
        assert (int(column), re.sub(r"\x1b\[\d*m", "", border)) == (min(width, 100), "│")
        assert columns(re.sub(r"\x1b\[[\d;]*m", "", before)) < int(column)
