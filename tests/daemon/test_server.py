"""From a push to one's own server to published, and the results pulled back; the hooks as git runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.sandbox import Sandbox
from tests.daemon.served import Served, push_and_have_it_armed
from tests.git.places import Clone, said


@pytest.fixture
def served(tmp_path: Path, sandbox: Sandbox) -> Served:
    return Served(tmp_path, sandbox)


def test_pushed_armed_published_and_pulled_back(served: Served) -> None:
    with served.service() as service:
        served.post("broken.md", served.stage.soon(3600), "![No picture](nowhere.png)")
        code, told = served.server.push()
        assert code == 1 and "remote: posts/broken.md:4:1: error: " in told, told
        served.ann.git("reset", "-q", "--hard", "HEAD^")
        content = Clone(served.server.content)
        content.git("switch", "-q", "--detach")
        served.post("later.md", served.stage.soon(3600), "Later")
        code, told = served.server.push()
        assert code == 0 and "remote: The server took your push. Its daemon says: " in told, told
        assert "is on no branch (detached HEAD)" in told and "NOT checked" not in told
        content.git("switch", "-q", "main")
        served.post("hello.md", served.stage.soon(9), "Hello!")
        push_and_have_it_armed(service, served.server, "hello.md", served.ann)
        service.until("published", "hello.md", count=2)
        assert served.brings_results("hello.md"), service.all
        served.ann.git("pull", "-q")
        assert set(said(served.ann.path("hello.md").read_text())) == {"mastodon", "bluesky"}
        assert service.stop() == 0
    assert served.stage.texts() == (["Hello!"], ["Hello!"])
    assert served.ann.subjects()[0].startswith("published: posts/hello.md → ")
