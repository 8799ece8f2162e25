"""People's editors beside the running daemon: what they save goes out, what fedisched writes they can load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fedisched.clock import SECOND
from fedisched.model.post import Status
from tests.daemon.service import Service, environ_of, wait_until
from tests.stage import Stage, as_text
from tests.system.terminal import Terminal

pytestmark = pytest.mark.system

# Vim as it comes, but that it does in the tests' folder what it does everywhere else than below /tmp.
VIM = ("vim", "-u", "NONE", "-N", "--cmd", "set backupskip=")
OURS = re.compile(r"(?m)^(status: published\n)?results:\n(  .*\n)+")


def typed(due: int, body: str) -> str:
    return f"---\n# remark\ntime: {as_text(due)}\n---\n{body}\n"


def is_written(stage: Stage, name: str = "a.md") -> bool:
    try:
        return stage.entry(name).status is Status.PUBLISHED
    except FileNotFoundError:
        # Vim moves the old file away before it writes the new one.
        return False


def read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def running(stage: Stage) -> Service:
    return Service(stage.folder, environ_of(stage))


@pytest.mark.parametrize("reload", [":e\r", ":set autoread\r:checktime\r"])
def test_what_vim_saves_goes_out_and_the_results_can_be_loaded(stage: Stage, tmp_path: Path, reload: str) -> None:
    path, copy = stage.folder / "posts/a.md", tmp_path / "copy.txt"
    # Saved well before: how late it leaves is judged below, and not how fast a busy machine starts a publisher.
    due = stage.soon(15)
    text = typed(due, "Hello from vim")
    with running(stage) as service, Terminal([*VIM, "posts/a.md"], str(stage.folder)) as vim:
        vim.types("i" + text.rstrip("\n") + "\x1b:w\r")
        service.until("armed", "posts/a.md → mastodon, bluesky")
        assert path.read_text() == text
        assert wait_until(lambda: is_written(stage)), service.all
        vim.types(f"{reload}:w! {copy}\r:q\r")
        assert vim.process.wait(30) == 0
        assert service.stop() == 0
    assert copy.read_text() == path.read_text()
    assert OURS.sub("", path.read_text()) == text
    assert stage.texts() == (["Hello from vim"], ["Hello from vim"])
    sent = [seen.arrived for seen in stage.sandbox.requests("POST") if seen.path.endswith(("/statuses", ".putRecord"))]
    assert all(due <= arrived < due + 2 * SECOND for arrived in sent)


def test_an_old_buffer_written_over_the_results_does_not_go_out_again(stage: Stage) -> None:
    path = stage.folder / "posts/a.md"
    text = typed(stage.soon(4), "Hello from vim")
    with running(stage) as service, Terminal([*VIM, "posts/a.md"], str(stage.folder)) as vim:
        vim.types("i" + text.rstrip("\n") + "\x1b:w\r")
        service.until("armed", "posts/a.md")
        assert wait_until(lambda: is_written(stage)), service.all
        results = path.read_text()
        vim.types("GoAn afterthought\x1b:w!\r")
        vim.shows("Do you really want to write to it (y/n)?")
        vim.types("y")
        assert wait_until(lambda: "afterthought" in read(path) and is_written(stage)), service.all
        # The next post shows that the daemon has taken in all that was before it, and goes on.
        stage.post("b.md", stage.soon(-1), body="Another")
        assert wait_until(lambda: is_written(stage, "b.md")), service.all
        vim.types(":q!\r")
        assert vim.process.wait(30) == 0
        assert service.stop() == 0
    assert path.read_text() == results + "An afterthought\n"
    assert stage.texts() == (["Hello from vim", "Another"], ["Hello from vim", "Another"])


def test_what_nano_saves_goes_out(stage: Stage) -> None:
    path = stage.folder / "posts/a.md"
    text = typed(stage.soon(4), "Hello from nano")
    with running(stage) as service, Terminal(["nano", "--ignorercfiles", "posts/a.md"], str(stage.folder)) as nano:
        nano.shows("posts/a.md")
        nano.types(text.replace("\n", "\r"))
        nano.types("\x0f\r")
        service.until("armed", "posts/a.md → mastodon, bluesky")
        assert wait_until(lambda: is_written(stage)), service.all
        nano.types("\x18")
        assert nano.process.wait(30) == 0
        assert service.stop() == 0
    assert OURS.sub("", path.read_text()).rstrip("\n") == text.rstrip("\n")
    assert stage.texts() == (["Hello from nano"], ["Hello from nano"])
