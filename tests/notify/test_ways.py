"""A command and Apprise, told for real: processes, and an HTTP server on loopback."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from fedisched.model.telling import Answer, Message, Ways
from fedisched.notify.ways import send
from tests.daemon.service import is_gone, wait_until

MESSAGE = Message("fedisched: $(touch title) is held", ("held `touch body` → x",), ("held", "late"), "/my posts")
SECRETS = {"FEDISCHED_MASTODON_TOKEN": "planted-secret", "FEDISCHED_KEY": "planted-secret", "NOTIFY_SOCKET": "/x"}


def environ(**more: str) -> dict[str, str]:
    return {**os.environ, **SECRETS, **more}


def script(at: Path, text: str) -> Path:
    path = at / "tell"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    path.chmod(0o700)
    return path


def test_a_command_gets_the_message_on_its_input_and_in_its_environment_and_no_secrets(tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = "[sys.stdin.read(), dict(os.environ), sys.argv[1:], os.getcwd()]"
    tell = script(tmp_path, f"import json; json.dump({told}, open({str(out)!r}, 'w'))")
    assert send(Ways((str(tell), "$HOME", "a b")), MESSAGE, environ()) == [Answer("tell")]
    body, variables, arguments, folder = json.loads(out.read_text())
    assert body == "held `touch body` → x\n"
    assert variables["FEDISCHED_TITLE"] == MESSAGE.title
    assert (variables["FEDISCHED_EVENTS"], variables["FEDISCHED_FOLDER"]) == ("held late", "/my posts")
    assert (arguments, folder) == (["$HOME", "a b"], "/")
    assert "planted-secret" not in out.read_text() and "NOTIFY_SOCKET" not in variables


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("sys.exit('no route\\nto host')", "ended with code 1: to host"),
        ("sys.exit(3)", "ended with code 3"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
        # It reads nothing, and says more than anybody wants to hear.
        ("sys.stderr.write('x' * 300_000); sys.exit(1)", "ended with code 1: " + "x" * 200),
    ],
)
def test_what_goes_wrong_is_said(tmp_path: Path, text: str, error: str) -> None:
    assert send(Ways((str(script(tmp_path, text)),)), MESSAGE, environ()) == [Answer("tell", error)]


def test_a_command_that_is_not_there_is_said() -> None:
    (answer,) = send(Ways(("/nowhere/tell",)), MESSAGE, environ())
    assert answer.error == "could not be started (No such file or directory)"


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    starts = "import subprocess; child = subprocess.Popen(['sleep', '60'])"
    text = f"{starts}; open({str(grandchild)!r}, 'w').write(str(child.pid)); child.wait()"
    # Python has to have started by then, on a busy machine too.
    (answer,) = send(Ways((str(script(tmp_path, text)),), timeout=3.0), MESSAGE, environ())
    assert answer.error == "took longer than 3 s, and was ended"
    assert wait_until(lambda: is_gone(int(grandchild.read_text())))


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    got: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/planted-topic", got
    server.shutdown()
    server.server_close()


def test_apprise_tells_each_address_and_names_none(receiver: tuple[str, list[bytes]]) -> None:
    url, got = receiver
    urls = (url, "json://127.0.0.1:1/planted-topic", "nosuch://planted-topic")
    answers = send(Ways(urls=urls), MESSAGE, environ())
    assert answers == [
        Answer("json:// (the address 1)"),
        Answer("json:// (the address 2)", "it could not be told"),
        Answer("nosuch:// (the address 3)", "it is no address that Apprise knows"),
    ]
    (body,) = got
    said = json.loads(body)
    assert (said["title"], said["message"].strip()) == (MESSAGE.title, MESSAGE.body.strip())


def test_without_apprise_it_is_said_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "apprise.py").write_text("raise ImportError")
    paths = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    (answer,) = send(Ways(urls=("ntfy://x",)), MESSAGE, environ(PYTHONPATH=paths))[:1]
    assert answer == Answer("Apprise", "it is not installed: run `pip install 'fedisched[notify]'`")
