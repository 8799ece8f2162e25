"""A real personal data server from npm: installed once, started on loopback, stopped when the tests end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import select
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import npm

HERE = Path(__file__).resolve().parent
_READY_WITHIN, _STOPPED_WITHIN = 60.0, 20.0
Unavailable = npm.Unavailable


@dataclass(frozen=True, slots=True)
class Member:
    """An account on the server."""

    handle: str
    password: str
    did: str


@dataclass(frozen=True, slots=True)
class Pds:
    """A running server; `pid` is its process, for tests that stop or kill it."""

    url: str
    pid: int
    admin_password: str
    jwt_secret: str

    def add_account(self, handle: str, password: str = "a long enough one") -> Member:
        """Open an account; the handle ends in `.test`."""
        answer = self.call(
            "com.atproto.server.createAccount",
            {"handle": handle, "email": f"{handle}@example.test", "password": password},
        )
        return Member(handle, password, str(answer["did"]))

    def take_down(self, did: str, *, applied: bool = True) -> None:
        """Take an account down as a moderator would, or put it back."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": did}
        body = {"subject": subject, "takedown": {"applied": applied, "ref": "test"}}
        self.call("com.atproto.admin.updateSubjectStatus", body, authorization=self._admin())

    def record(self, did: str, rkey: str, collection: str = "app.bsky.feed.post") -> dict[str, Any]:
        """A record as anybody can read it: `uri`, `cid` and `value`."""
        return self.get(f"com.atproto.repo.getRecord?repo={did}&collection={collection}&rkey={rkey}")

    def records(self, did: str, collection: str = "app.bsky.feed.post") -> list[dict[str, Any]]:
        """Every record of a repository's collection."""
        answer = self.get(f"com.atproto.repo.listRecords?repo={did}&collection={collection}&limit=100")
        return list(answer["records"])

    def token(self, claims: Mapping[str, Any], typ: str) -> str:
        """A token signed as the server signs its own."""
        signed = ".".join(_base64(json.dumps(part).encode()) for part in ({"typ": typ, "alg": "HS256"}, dict(claims)))
        mac = hmac.new(self.jwt_secret.encode(), signed.encode(), hashlib.sha256)
        return f"{signed}.{_base64(mac.digest())}"

    def get(self, query: str) -> dict[str, Any]:
        """Ask a query, with its parameters behind a `?`; an error answer is a `urllib.error.HTTPError`."""
        return _json(urllib.request.Request(f"{self.url}/xrpc/{query}"))

    def call(self, method: str, body: Mapping[str, Any], authorization: str = "") -> dict[str, Any]:
        """Call a procedure; an error answer is a `urllib.error.HTTPError`."""
        headers = {"content-type": "application/json"} | ({"authorization": authorization} if authorization else {})
        return _json(urllib.request.Request(f"{self.url}/xrpc/{method}", json.dumps(body).encode(), headers))

    def _admin(self) -> str:
        return "Basic " + base64.b64encode(f"admin:{self.admin_password}".encode()).decode()


def install() -> None:
    """Install the server's packages, once for every lock file."""
    npm.install(HERE)


@contextmanager
def running(data: Path, port: int = 0, known_as: int = 0) -> Iterator[Pds]:
    """A server with its data in a folder, until the block ends. `port` 0 is any free one; `known_as` is the port that
    it names as its own, where something stands between it and its clients."""
    install()
    admin, secret = os.urandom(16).hex(), _secret_of(data)
    environ = {
        **os.environ,
        "PDS_TEST_DATA": str(data),
        "PDS_TEST_ADMIN": admin,
        "PDS_TEST_JWT": secret,
        "PDS_TEST_PORT": str(port),
        "PDS_TEST_KNOWN_AS": str(known_as or ""),
    }
    with (data / "stderr.log").open("ab") as log:
        process = subprocess.Popen(["node", "start.mjs"], cwd=HERE, env=environ, stdout=subprocess.PIPE, stderr=log)
    try:
        ready = _ready_line(process, data / "stderr.log")
        yield Pds(str(ready["url"]), process.pid, admin, secret)
    finally:
        process.terminate()
        try:
            process.wait(_STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _secret_of(data: Path) -> str:
    """The secret that signs tokens lives with the data: a restarted server knows its sessions again."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "jwt-secret"
    if not file.exists():
        file.write_text(os.urandom(16).hex())
    return file.read_text()


def _ready_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], _READY_WITHIN)
    line = process.stdout.readline() if readable else b""
    if not line.startswith(b"{"):
        raise Unavailable(f"the PDS did not start. It said:\n{line.decode()}{log.read_text()[-4000:]}")
    ready: dict[str, Any] = json.loads(line)
    return ready


def _json(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=30) as response:
        body: dict[str, Any] = json.loads(response.read() or b"{}")
        return body


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
