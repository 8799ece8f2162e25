"""One's own server as it is meant to be reached: by ssh, with a key that opens the repository and nothing else."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from fedisched.sandbox import Sandbox
from tests import REPOSITORY
from tests.daemon.served import Served, push_and_have_it_armed
from tests.daemon.service import PATIENT, Lines
from tests.git.places import Clone, environ, said

pytestmark = pytest.mark.system

CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {at}/host
AuthorizedKeysFile {at}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv PYTHONPATH={repository}
"""


class Sshd(Lines):
    """A server on a port of its own, with keys of its own; `ssh` is the command that reaches it."""

    def __init__(self, at: Path) -> None:
        super().__init__()
        sshd = _sshd()
        at.mkdir()
        for name in ("host", "ann"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(at / name)], check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (at / "authorized_keys").write_text(authorized((at / "ann.pub").read_text()))
        (at / "known_hosts").write_text(f"[127.0.0.1]:{port} {(at / 'host.pub').read_text()}")
        (at / "config").write_text(CONFIG.format(port=port, at=at, repository=REPOSITORY))
        if os.geteuid() == 0:
            # Where sshd confines what it does before it knows who is there; a system's own start makes it, too.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.host = f"{getpass.getuser()}@127.0.0.1"
        options = f"-F none -p {port} -i {at}/ann -o IdentitiesOnly=yes -o BatchMode=yes"
        self.ssh = f"ssh {options} -o UserKnownHostsFile={at}/known_hosts"
        self.process = subprocess.Popen(
            [sshd, "-D", "-e", "-f", str(at / "config")], stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
        Thread(target=self._read, daemon=True).start()
        self.until("Server listening")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.add(line.rstrip())
        self.end()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENT)


def authorized(key: str) -> str:
    """A key with what README puts before it."""
    readme = (REPOSITORY / "README.md").read_text()
    line = next(line for line in readme.splitlines() if line.startswith("restrict,"))
    return line.partition("ssh-ed25519")[0] + key


def _sshd() -> str:
    # By its whole path: it refuses to be started otherwise, and is where a user's PATH does not lead.
    found = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None or shutil.which("ssh") is None:
        pytest.fail("sshd or ssh is missing. Install them: apt install openssh-server openssh-client", pytrace=False)
    return found


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    running = Sshd(tmp_path / "ssh")
    try:
        yield running
    finally:
        running.stop()


def test_pushed_over_ssh_armed_published_and_pulled_back(tmp_path: Path, sandbox: Sandbox, sshd: Sshd) -> None:
    served = Served(tmp_path, sandbox)
    top = tmp_path / "away"
    address = f"ssh://{sshd.host}{served.server.bare}"
    options = ["-c", f"core.sshCommand={sshd.ssh}"]
    subprocess.run(["git", "clone", "-q", *options, address, str(top)], check=True, env=environ(), timeout=PATIENT)
    away = Clone(top)
    away.git("config", "core.sshCommand", sshd.ssh)
    with served.service() as service:
        away.post("broken.md", "Hello!", "title: Broken\ntime: 2026-12-01 25:00")
        away.save("Broken")
        code, told = served.server.push(clone=away)
        assert code == 1 and "remote: posts/broken.md:3:7: error: " in told, told
        away.git("reset", "-q", "--hard", "HEAD^")
        away.post("hello.md", "Hello!", f"time: {served.moment(9)}")
        away.save("Hello")
        push_and_have_it_armed(service, served.server, "hello.md", away)
        service.until("published", "hello.md", count=2)
        assert served.brings_results("hello.md"), service.all
        away.git("pull", "-q")
        assert set(said(away.path("hello.md").read_text())) == {"mastodon", "bluesky"}
        assert service.stop() == 0
    assert served.stage.texts() == (["Hello!"], ["Hello!"])


@pytest.mark.parametrize("words", [(), ("touch {mark}",), ("git-receive-pack '/nowhere'; touch {mark}",)])
def test_the_key_opens_nothing_else(tmp_path: Path, sshd: Sshd, words: tuple[str, ...]) -> None:
    mark = tmp_path / "mark"
    command = [*sshd.ssh.split(), "-T", sshd.host, *(word.format(mark=mark) for word in words)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENT, check=False
    )
    assert done.returncode not in (0, 255), (done, sshd.all)
    assert not mark.exists()
