"""A server of one's own whose daemon publishes to a sandbox, and how soon it knows of a push."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from fedisched.sandbox import Sandbox
from tests.cli.own_server import OwnServer
from tests.daemon.service import Service, configure, environ_of, wait_until
from tests.git.places import NOBODY, Clone, git, said
from tests.stage import Stage, as_text

SOON_ENOUGH = 10.0
"""Seconds: far more than the second that is promised of a machine with nothing else to do."""


class Served:
    """A server of one's own whose daemon publishes to a sandbox; its state is outside, as in a container."""

    def __init__(self, at: Path, sandbox: Sandbox) -> None:
        self.server = OwnServer(at)
        self.stage = Stage(self.server.content, sandbox)
        self.stage.state = at / "state"
        path = configure(self.stage)
        path.write_text(path.read_text() + '\n[git]\nremote = "origin"\npull_every = "1h"\n')
        clone = Clone(self.server.content)
        clone.save("Configure")
        clone.git("push", "-q", "--no-verify")
        self.server.init(FEDISCHED_STATE=str(self.stage.state))
        self.ann = self.server.ann
        self.ann.git("pull", "-q")

    def service(self) -> Service:
        return Service(self.server.content, environ_of(self.stage, **NOBODY))

    def moment(self, seconds: int) -> str:
        """A time so many seconds ahead, as it stands in a post."""
        return as_text(self.stage.soon(seconds))

    def brings_results(self, name: str) -> bool:
        """Wait until the results of both networks are on the server, be it in one commit or in two."""
        both = {"mastodon", "bluesky"}
        return wait_until(lambda: set(said(git(self.server.bare, "show", f"main:posts/{name}") + "\n")) == both)

    def post(self, name: str, moment: int, body: str) -> None:
        self.ann.post(name, body, f"time: {as_text(moment)}")
        self.ann.save(f"Write {name}")


def push_and_have_it_armed(service: Service, server: OwnServer, name: str, clone: Clone, *words: str) -> None:
    """Push, and hold how soon the daemon knows against what is promised."""
    begun = monotonic()
    code, told = server.push(*words, clone=clone)
    pushed = monotonic()
    assert code == 0 and "Nobody publishes" not in told, told
    service.until("armed", name)
    took = f"armed {monotonic() - pushed:.2f} s after the push, which took {pushed - begun:.2f} s"
    print(took)
    assert monotonic() - pushed < SOON_ENOUGH, took
