"""From a push to one's own server to published, and the results pulled back; the hooks as git runs them."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from fedisched.sandbox import Sandbox
from tests.cli.own_server import OwnServer
from tests.daemon.service import Service, configure, environ_of
from tests.git.places import NOBODY, Clone, said
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


@pytest.fixture
def served(tmp_path: Path, sandbox: Sandbox) -> Served:
    return Served(tmp_path, sandbox)


def test_pushed_armed_published_and_pulled_back(served: Served) -> None:
    with served.service() as service:
        served.post("broken.md", served.stage.soon(3600), "![No picture](nowhere.png)")
        code, told = served.server.push()
        assert code == 1 and "remote: posts/broken.md:4:1: error: " in told, told
        served.ann.git("reset", "-q", "--hard", "HEAD^")
        served.post("hello.md", served.stage.soon(12), "Hello!")
        push_and_have_it_armed(service, served.server, "hello.md", served.ann)
        service.until("published", "hello.md", count=2)
        service.until("pushed", "the results")
        served.ann.git("pull", "-q")
        assert set(said(served.ann.path("hello.md").read_text())) == {"mastodon", "bluesky"}
        assert service.stop() == 0
    assert served.stage.texts() == (["Hello!"], ["Hello!"])
    assert served.ann.subjects()[0] == "published: posts/hello.md → mastodon, bluesky"
