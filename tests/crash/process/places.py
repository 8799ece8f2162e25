"""The servers that the killed publish to, each a process of its own behind a relay."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fedisched.sandbox import Fault
from tests.crash.process.relay import Relay
from tests.networks.pds import server as pds
from tests.stage import HANDLE, PASSWORD, TOKEN

SETTLE = 4.0
"""A server's two minutes are these seconds here, so that hours pass in a test; what it does late comes sooner."""
HOUR = 3600.0 * SETTLE / 120.0
"""What an hour is then."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message on a network. `name` is its id or uri, `parent` the name of the one that it replies to, `cid` is
    empty on Mastodon."""

    name: str
    text: str
    images: int
    parent: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of server. `config` is the accounts' part of the configuration, `environ` their credentials.

    `messages` gives what is published, by the name of the target; `spoil` puts a fault in place, `heal` takes all
    away: both None where the server knows no faults. `replays` says whether a key that is known is answered with the
    old status. Where an old journal comes back, a look-up by words may give one of two identical posts to the other;
    the first is then sent under its own key, and such a server says that it is there already: both are that one.
    `may_hold` are the targets where truth can be unknowable.
    """

    kind: str
    relay: Relay
    pid: int
    config: str
    environ: Mapping[str, str]
    targets: tuple[str, ...]
    messages: Callable[[], Mapping[str, Sequence[Message]]]
    spoil: Callable[[Fault], None] | None = None
    heal: Callable[[], None] | None = None
    replays: bool = False

    @property
    def may_hold(self) -> frozenset[str]:
        return frozenset(self.targets) - {"bluesky"}


_MASTODON = """\
[accounts.mastodon]
network = "mastodon"
server = "{url}"
"""
_BLUESKY = """\
[accounts.bluesky]
network = "bluesky"
handle = "{handle}"
server = "{url}"
web = "{url}"
"""


@contextmanager
def sandbox(kind: str, key_seconds: float, data: Path) -> Iterator[Place]:
    """A sandbox that remembers keys for so many seconds; what it complains of goes into a file in `data`."""
    command = [sys.executable, "-m", "tests.crash.process.sandbox_process"]
    data.mkdir(parents=True, exist_ok=True)
    with Relay() as relay, (data / "stderr.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, relay.url, str(key_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            port = int(process.stdout.readline())
            relay.serve(port)
            control = f"http://127.0.0.1:{port}/sandbox"
            yield Place(
                kind=kind,
                relay=relay,
                pid=process.pid,
                config=_MASTODON.format(url=relay.url) + _BLUESKY.format(url=relay.url, handle=HANDLE),
                environ={"FEDISCHED_MASTODON_TOKEN": TOKEN, "FEDISCHED_BLUESKY_PASSWORD": PASSWORD},
                targets=("mastodon", "bluesky"),
                messages=lambda: _in_the_sandbox(_called(f"{control}/state")),
                spoil=lambda fault: _put(f"{control}/faults", "POST", asdict(fault)),
                heal=lambda: _put(f"{control}/faults", "DELETE", {}),
                replays=key_seconds > 0,
            )
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(20)


@contextmanager
def real_pds(data: Path) -> Iterator[Place]:
    """A real personal data server. Raises `pds.Unavailable`."""
    with Relay() as relay, pds.running(data, known_as=relay.port) as running:
        relay.serve(int(running.url.rpartition(":")[2]))
        member = running.add_account("killed.test")
        yield Place(
            kind="pds",
            relay=relay,
            pid=running.pid,
            config=_BLUESKY.format(url=relay.url, handle=member.handle),
            environ={"FEDISCHED_BLUESKY_PASSWORD": member.password},
            targets=("bluesky",),
            messages=lambda: {"bluesky": [_record(one) for one in _all_records(running, member.did)]},
        )


KINDS: Mapping[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "hour": lambda data: sandbox("hour", HOUR, data),
    "endless": lambda data: sandbox("endless", float("inf"), data),
    "ignored": lambda data: sandbox("ignored", 0, data),
    "pds": real_pds,
}
"""Keys remembered for an hour, for ever, and not at all; and Bluesky as it is."""


def _all_records(running: pds.Pds, did: str) -> Iterator[Mapping[str, Any]]:
    query = f"com.atproto.repo.listRecords?repo={did}&collection=app.bsky.feed.post&limit=100"
    cursor = ""
    while True:
        answer = running.get(query + cursor)
        yield from answer["records"]
        if "cursor" not in answer:
            return
        cursor = f"&cursor={answer['cursor']}"


def _in_the_sandbox(state: Mapping[str, Any]) -> Mapping[str, Sequence[Message]]:
    return {
        "mastodon": [_status(one) for one in state["statuses"]],
        "bluesky": [_record(one) for one in state["records"] if "/app.bsky.feed.post/" in one["uri"]],
    }


def _status(one: Mapping[str, Any]) -> Message:
    text = html.unescape(re.sub(r"<[^>]+>", "", one["content"]))
    return Message(one["id"], text, len(one["media_attachments"]), one["in_reply_to_id"] or "")


def _record(one: Mapping[str, Any]) -> Message:
    value = one["value"]
    parent = value.get("reply", {}).get("parent", {}).get("uri", "")
    return Message(one["uri"], value["text"], len(value.get("embed", {}).get("images", ())), parent, one["cid"])


def _put(url: str, method: str, body: object) -> None:
    headers = {"content-type": "application/json"}
    _called(urllib.request.Request(url, json.dumps(body).encode(), headers, method=method))


def _called(request: str | urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())
