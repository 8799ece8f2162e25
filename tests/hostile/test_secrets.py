"""A pushed `fedisched.toml` that leads an account to another server: no secret goes there, by whatever way it came.

The thief is a real server that keeps all that it is sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fedisched.cli.workflows import Source, publishing
from fedisched.config import load_settings
from fedisched.model.credential import Credential
from fedisched.model.outcome import Refused
from fedisched.model.settings import Account
from fedisched.publisher.opening import open_from_environment
from fedisched.publisher.pinned import variable_of
from fedisched.sandbox import Sandbox
from fedisched.vault import make_key_file
from tests.daemon.service import CONFIG, Service, environ_of
from tests.stage import HANDLE, PASSWORD, TOKEN, Stage

SECRETS = (TOKEN, PASSWORD)


class Thief:
    """A server that answers everything with a yes, and keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[str] = []
        thief = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                thief.got.append(f"{self.requestline}\n{self.headers}\n{self.rfile.read(size)!r}")
                body = json.dumps({"id": "1", "username": "me", "did": "did:plc:x", "handle": "me.test"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Nothing: what is said is the test's to say."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def has_a_secret(self) -> bool:
        return any(secret in said for said in self.got for secret in SECRETS)

    def __enter__(self) -> Thief:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def thief() -> Iterator[Thief]:
    with Thief() as thief:
        yield thief


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Sandbox() as sandbox:
        yield Stage(tmp_path, sandbox)


def configured(stage: Stage, url: str, **changes: str) -> None:
    text = CONFIG.format(url=url)
    for old, new in changes.items():
        text = text.replace(old, new)
    (stage.folder / "fedisched.toml").write_text(text)


def lead_to(stage: Stage, url: str) -> None:
    """The pushed configuration is read and believed, as far as that goes."""
    configured(stage, url)
    stage.settings = load_settings(stage.folder)


def test_a_pushed_configuration_and_a_credential_from_the_environment(stage: Stage, thief: Thief) -> None:
    configured(stage, stage.sandbox.url)
    stage.settings = load_settings(stage.folder)
    stage.post("first.md", stage.soon(-120))
    stage.publish()  # they verify, and are bound by that
    lead_to(stage, thief.url)
    stage.post("second.md", stage.soon(-120))
    summary = stage.publish()
    assert thief.got == []
    assert summary.left or [report for report in stage.reports if report.outcome == "waiting"]
    for name in ("mastodon", "bluesky"):
        refused = stage.open_account(stage.settings.accounts[name])
        assert isinstance(refused, Refused) and "belongs to" in refused.reason


@pytest.mark.parametrize("name", ["renamed", "mastodon-2"])
def test_a_pushed_configuration_that_renames_the_account(stage: Stage, thief: Thief, name: str) -> None:
    """A name decides which variable is read, and nothing else: what is in it stays bound."""
    configured(stage, stage.sandbox.url)
    stage.settings = load_settings(stage.folder)
    stage.post("first.md", stage.soon(-120))
    stage.publish()
    variable = Account(name, "mastodon", "").variable
    environ = {**stage.environ, variable: TOKEN}
    opened = open_from_environment(stage.state, environ, stage.clock)(Account(name, "mastodon", thief.url))
    assert isinstance(opened, Refused) and "belongs to" in opened.reason


def test_a_pushed_configuration_where_nothing_is_remembered(stage: Stage, thief: Thief) -> None:
    """In Actions there is no state; who sets the secret says beside it where it belongs."""
    stage.environ |= {f"FEDISCHED_{name}_SERVER": stage.sandbox.url for name in ("MASTODON", "BLUESKY")}
    lead_to(stage, thief.url)
    stage.post("a.md", stage.soon(-120))
    stage.publish()
    assert thief.got == [] and stage.texts() == ([], [])
    lead_to(stage, stage.sandbox.url)
    assert not isinstance(stage.open_account(stage.settings.accounts["mastodon"]), Refused)
    stage.environ["FEDISCHED_MASTODON_SERVER"] = f"{stage.sandbox.url.upper().replace('HTTP', 'http')}/ "
    assert not isinstance(stage.open_account(stage.settings.accounts["mastodon"]), Refused)


def test_a_pushed_configuration_and_a_credential_in_the_vault(stage: Stage, thief: Thief, tmp_path: Path) -> None:
    """The vault remembers for which server each was made, before the first use as well."""
    stage.environ = {"HOME": str(tmp_path.parent / f"{tmp_path.name}-home")}
    configured(stage, stage.sandbox.url)
    stage.settings = load_settings(stage.folder)
    make_key_file(stage.environ, stage.folder)
    for name, secret, handle in (("mastodon", TOKEN, ""), ("bluesky", PASSWORD, HANDLE)):
        account = stage.settings.accounts[name]
        made = datetime.now(UTC)
        stage.vault.put(name, Credential(account.network, account.server, secret, None, handle, None, made))
    lead_to(stage, thief.url)
    stage.post("a.md", stage.soon(-120))
    stage.publish()
    assert thief.got == [] and stage.texts() == ([], [])
    lead_to(stage, stage.sandbox.url)
    stage.post("b.md", stage.soon(-120))
    stage.publish()
    assert "Hello!" in stage.texts()[0]


def test_the_variables_that_name_servers() -> None:
    assert variable_of(Account("my.acc-1", "mastodon", "")) == "FEDISCHED_MY_ACC_1_SERVER"
    assert variable_of(Account("b", "bluesky", "")) == "FEDISCHED_B_SERVER"
    assert "FEDISCHED_MASTODON_SERVER" in publishing(".", "fedisched.toml", Source("v1"))


def test_a_pushed_configuration_while_the_daemon_runs(stage: Stage, thief: Thief) -> None:
    """It is read again, and the publisher that it starts sends nothing to the new server, and says why."""
    configured(stage, stage.sandbox.url)
    stage.post("first.md", stage.soon(-30))
    with Service(stage.folder, environ_of(stage)) as daemon:
        daemon.until("published", "first.md", count=2)
        configured(stage, thief.url)
        seen = daemon.until("fedisched.toml") if daemon.count("fedisched.toml") else 0
        stage.post("second.md", stage.soon(2))
        daemon.until("belongs to", "127.0.0.1", after=seen)
        assert daemon.stop() == 0
    assert not thief.has_a_secret() and thief.got == []
