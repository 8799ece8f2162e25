"""A visit to a server without a credential: what it is, and what on the way there fails."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fedisched.clock import SystemClock
from fedisched.model.settings import Account
from fedisched.networks.visit import Unreached, Visit, visit
from fedisched.sandbox import Fault, Rules, Sandbox, What
from tests.networks.hostile import answering
from tests.stage import HANDLE, PASSWORD

NOW = SystemClock().now


def mastodon(server: str) -> Visit | Unreached:
    return visit(Account("m", "mastodon", server), NOW, 2.0)


def bluesky(server: str, handle: str = HANDLE) -> Visit | Unreached:
    return visit(Account("b", "bluesky", server, handle=handle), NOW, 2.0)


def test_servers_tell_what_they_are_and_what_time_it_is() -> None:
    with Sandbox(rules=Rules(max_characters=1234)) as sandbox:
        sandbox.add_bluesky(HANDLE, PASSWORD)
        found = mastodon(sandbox.url)
        assert isinstance(found, Visit) and found.limits is not None
        assert (found.limits.characters, found.repeats) == (1234, False) and found.software.startswith("Mastodon 4.")
        assert found.clock_offset is not None and abs(found.clock_offset) < 5
        there, stranger = bluesky(sandbox.url), bluesky(sandbox.url, "nobody.test")
        assert isinstance(there, Visit) and there.handle_is_there is True
        assert isinstance(stranger, Visit) and stranger.handle_is_there is False


def test_nothing_secret_is_told_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with listening() as (url, heard):
        mastodon(url)
        bluesky(url)
    lines = [line.lower() for request in heard for line in request.splitlines()]
    assert len(heard) == 3, heard
    assert not [line for line in lines if line.startswith(("authorization", "cookie")) or "s3cret" in line]


def test_a_server_that_makes_two_posts_of_two_requests_is_known() -> None:
    with Sandbox(rules=Rules(counts_code_points=True)) as sandbox:
        found = mastodon(sandbox.url)
        assert isinstance(found, Visit) and found.repeats


def test_a_server_whose_second_version_of_the_page_is_not_there_is_asked_for_the_first() -> None:
    with Sandbox() as sandbox:
        sandbox.faults.add(Fault(What.PROXY_ERROR, "/api/v2/instance", method="GET", status=404, times=None))
        assert isinstance(mastodon(sandbox.url), Visit)


@pytest.mark.parametrize(
    ("status", "more", "body", "words"),
    [
        ("200 OK", "", b"<html>", "not as a server that speaks Mastodon's API"),
        ("301 Moved", "Location: https://new.example/api\r\n", b"", "If it moved to new.example"),
        ("503 Down", "", b"", "not well just now"),
        ("401 No", "", b'{"error": "x"}', "answers 401 to visitors"),
    ],
)
def test_what_is_no_such_server_is_told_from_one_that_is_not_well(
    status: str, more: str, body: bytes, words: str
) -> None:
    reply = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body
    with answering(reply) as url:
        found = mastodon(url)
    assert isinstance(found, Unreached) and words in f"{found.reason}. {found.hint}"


def test_a_name_that_leads_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*words: object, **more: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    for found in (mastodon("https://mastodon.exmaple"), bluesky("https://pds.exmaple")):
        assert isinstance(found, Unreached) and "leads nowhere (Name or service not known)" in found.reason
        assert "typing mistake" in found.hint


def test_a_port_that_nobody_listens_at_is_told() -> None:
    found = mastodon("http://127.0.0.1:9")
    assert isinstance(found, Unreached) and "lets nobody connect on port 9" in found.reason


def test_behind_a_proxy_that_is_not_there_the_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    found = mastodon("https://mastodon.example")
    assert isinstance(found, Unreached) and "https_proxy" in found.hint


def test_a_certificate_that_nobody_signed_is_told(tmp_path: Path) -> None:
    with with_own_certificate(tmp_path) as port:
        found = mastodon(f"https://localhost:{port}")
    assert isinstance(found, Unreached) and "does not trust: self" in found.reason
    assert "ca-certificates" in found.hint


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with answering(b"220 mail.example\r\n", to_anything=True) as url:
        found = mastodon(url.replace("http://127.0.0.1", "https://localhost"))
    assert isinstance(found, Unreached) and "speaks no TLS" in found.reason


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that keeps what it is told, and knows nothing."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.requestline}\n{self.headers}")
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing of it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()


@contextmanager
def with_own_certificate(folder: Path) -> Iterator[int]:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    make_certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def make_certificate(key: Path, certificate: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            name, name, secret.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, kind, plain))
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
