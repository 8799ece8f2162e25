"""The daemon under a service manager, and the person it serves: signs of life, deaths, and what they are told."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest

from fedisched.clock import SECOND
from fedisched.daemon.daemon import Daemon, Outside
from fedisched.daemon.events import Armed, Event
from fedisched.model.settings import Account, Settings
from tests.cli.support import start
from tests.daemon.service import PATIENT, Lines, Service, environ_of, wait_until
from tests.daemon.test_clock import HOUR, NOW, SetClock
from tests.stage import Stage, as_text


class Manager(Lines):
    """A service manager's end of the socket; each datagram is a line."""

    def __init__(self) -> None:
        super().__init__()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # A socket's path is short, whatever the test is called.
        self._folder = tempfile.TemporaryDirectory(dir="/tmp")
        name = f"{self._folder.name}/notify"
        self._socket.bind(name)
        self.environ = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(60 * SECOND)}
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with self._socket:
            while said := self._socket.recv(4096).decode():
                self.add(said)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(b"", self._socket.getsockname())
        self._folder.cleanup()


@pytest.fixture
def manager() -> Iterator[Manager]:
    manager = Manager()
    yield manager
    manager.close()


def health(stage: Stage, environ: dict[str, str]) -> tuple[int, str]:
    done = start("health", cwd=stage.folder, environ=environ)
    return done.returncode, done.stdout.decode()


def test_a_life_under_a_service_manager(
    stage: Stage, manager: Manager, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Nowhere that anybody could push to.
    machines = tmp_path_factory.mktemp("machine")
    told = machines / "told"
    told.touch()
    machine = machines / "fedisched/config.toml"
    machine.parent.mkdir(parents=True)
    machine.write_text(f'[notify]\ncommand = ["sh", "-c", "(env; cat) >>{told}; exit 3"]\n')
    machine.chmod(0o600)
    environ = environ_of(stage, XDG_CONFIG_HOME=str(machine.parent.parent), **manager.environ)
    stage.folder.joinpath("fedisched.toml").write_text(
        "late_after = '1m'\n" + stage.folder.joinpath("fedisched.toml").read_text()
    )
    stage.post("late.md", stage.soon(-600))
    with Service(stage.folder, environ) as service:
        manager.until("READY=1")
        manager.until("WATCHDOG=1")
        # The way fails, which is logged, and hinders nothing.
        service.until("sh could not tell you: ended with code 3")
        machine.write_text(f'[notify]\ncommand = ["sh", "-c", "(env; cat) >>{told}"]\n')
        assert health(stage, environ)[0] == 0
        service.process.send_signal(signal.SIGHUP)
        manager.until("RELOADING=1")
        manager.until("READY=1", count=2)
        service.process.kill()
        service.wait()
    code, words = health(stage, environ)
    assert code == 1 and "The daemon died" in words
    (stage.state / "told.json").unlink()
    with Service(stage.folder, environ) as service:
        assert wait_until(lambda: "it died, or the machine did" in told.read_text())
        assert service.stop() == 0
        manager.until("STOPPING=1")
    code, words = health(stage, environ)
    assert code == 1 and "it ended in order" in words
    said = told.read_text()
    assert "late posts/late.md → mastodon, bluesky" in said and "FEDISCHED_EVENTS=daemon late" in said
    assert "sandbox-token" not in said and "NOTIFY_SOCKET" not in said
    assert not any("sandbox-token" in line for line in [*service.all, *manager.all])


def test_a_loop_that_hangs_gives_no_sign_of_life(tmp_path: Path, manager: Manager) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "state").mkdir(mode=0o700)
    clock, go_on, hangs = SetClock(), Flag(), Flag()

    def tell(event: Event) -> None:
        if isinstance(event, Armed):
            hangs.set()
            go_on.wait(PATIENT)

    accounts = {"mastodon": Account("mastodon", "mastodon", "https://mastodon.example")}
    settings = Settings(tmp_path, tmp_path / "fedisched.toml", default_targets=("mastodon",), accounts=accounts)
    outside = Outside(["false"], dict(os.environ), lambda: settings, service=manager.environ)
    daemon = Daemon(settings, tmp_path / "state", clock, outside, tell)
    thread = Thread(target=daemon.run)
    thread.start()
    try:
        manager.until("WATCHDOG=1")
        clock.set(NOW + 60 * SECOND)
        manager.until("WATCHDOG=1", count=2)
        (tmp_path / "posts/a.md").write_text(f"---\ntime: {as_text(NOW + HOUR)}\n---\nHello\n")
        daemon.look_again()
        assert hangs.wait(PATIENT)
        before = manager.count("WATCHDOG=1")
        for minute in range(2, 6):
            clock.set(NOW + minute * 60 * SECOND)
            Flag().wait(0.1)
        assert manager.count("WATCHDOG=1") == before
        go_on.set()
        manager.until("WATCHDOG=1", count=before + 1)
    finally:
        go_on.set()
        daemon.stop()
        thread.join(PATIENT)
    manager.until("STOPPING=1")
