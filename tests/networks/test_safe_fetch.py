"""Fetching from strangers: within bounds, from nowhere but where it is meant to go, whatever comes back."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedisched import __version__
from fedisched.networks.safe_fetch import Address, Fetched, NotFetched, SafeFetch
from tests.networks.pages import HOST, Pages, Serve, answer, redirect, serving

URL = f"http://{HOST}/"


@pytest.fixture
def pages() -> Iterator[Pages]:
    with serving() as running:
        yield running


def got(fetch: SafeFetch, url: str = URL, most: int = 1000, within: float = 5.0) -> Fetched:
    return fetch(url, most, time.monotonic() + within, "text/html")


def why_not(fetch: SafeFetch, url: str = URL, most: int = 1000, within: float = 5.0) -> str:
    with pytest.raises(NotFetched) as caught:
        got(fetch, url, most, within)
    return str(caught.value)


def test_a_page_comes_with_its_type_and_charset(pages: Pages) -> None:
    pages.pages["/"] = answer("Hällo", 'Text/HTML; Charset="ISO-8859-15"')
    assert got(pages.fetch()) == Fetched(URL, "text/html", "iso-8859-15", "Hällo".encode(), True)


def test_nothing_of_ours_is_told(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    pages.pages["/a"] = redirect("/b?q=1", 301)
    pages.pages["/b?q=1"] = answer("Here", Set_Cookie="a=b")
    assert got(pages.fetch(), f"{URL}a#part").url == f"{URL}b?q=1"
    heads = [head.split("\r\n") for head in pages.asked]
    assert [sorted(line.partition(":")[0] for line in head[1:] if line) for head in heads] == [
        ["Accept", "Accept-Encoding", "Connection", "Host", "User-Agent"]
    ] * 2
    assert f"User-Agent: fedisched/{__version__} (link card)" in heads[0]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/ä b", "/%C3%A4%20b"),
        ("/%C3%A4", "/%C3%A4"),
        ("?x=ü&y=%20", "/?x=%C3%BC&y=%20"),
        ("/a\r\nHost: evil", "/aHost:%20evil"),
    ],
)
def test_the_target_is_ascii_and_one_line(pages: Pages, path: str, target: str) -> None:
    pages.pages[target] = answer("Here")
    assert got(pages.fetch(), f"http://{HOST}{path}").body == b"Here"
    assert "evil" not in "".join(head.split("\r\n", 1)[1] for head in pages.asked)


def test_a_name_in_another_script_is_asked_for_as_the_net_knows_it(pages: Pages) -> None:
    asked: list[str] = []

    def leads(host: str, port: int) -> list[Address]:
        asked.append(host)
        return pages.leads(host, port)

    pages.pages["/"] = answer("Here")
    assert got(pages.fetch(resolve=leads), "http://Straße.例え.test/").body == b"Here"
    assert asked == ["xn--strae-oqa.xn--r8jz45g.test"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://page.test/",
        "file:///etc/passwd",
        "//page.test/",
        "page.test",
        "javascript:alert(1)",
        "http:///x",
        "http://",
        "http://user@page.test/",
        "http://user:word@page.test/",
        "http://:@page.test/",
        "http://page.test:22/",
        "http://page.test:8080/",
        "http://page.test:0/",
        "http://page.test:99999/",
        "http://page.test:x/",
        "http://[::1/",
        "http://[not-one]/",
        "http://" + "a" * 300 + ".test/" + "b" * 9000,
        "http://" + "ä" * 300 + ".test/",
        "http://a b.test/",
        "",
    ],
)
def test_what_is_no_address_of_a_page_is_not_asked(pages: Pages, url: str) -> None:
    assert why_not(pages.fetch(), url)
    pages.pages["/to"] = redirect(url or "http://")
    assert why_not(pages.fetch(), f"{URL}to")
    # Some of them are a path to whoever redirects.
    assert set(pages.paths()) <= {"/to", "/page.test", "/", "/x"}


INSIDE = ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "http://10.1.2.3/",
          "http://[::ffff:127.0.0.1]/", "http://0x7f.1/", "https://127.0.0.1/", "//127.0.0.1/"]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_no_address_of_our_own(pages: Pages, url: str, status: int) -> None:
    """The first hop leads to a server that counts as public here; the second is judged by the real rule."""
    real = SafeFetch()

    def leads(host: str, port: int) -> list[Address]:
        return pages.leads(host, port) if host == HOST else list(real.resolve(host, port))

    hops: list[str] = []

    def allowed(address: str) -> bool:
        hops.append(address)
        return len(hops) <= 2 or real.allowed(address)  # judged before and after it is connected to

    pages.pages["/"] = redirect(url, status)
    assert "not a public address" in why_not(pages.fetch(resolve=leads, allowed=allowed))
    assert len(pages.asked) == 1


def test_a_name_that_leads_elsewhere_by_the_next_time_is_judged_again(pages: Pages) -> None:
    """DNS rebinding: public when it is first looked up, our own afterwards."""
    answers = iter([[Address(socket.AF_INET, ("93.184.216.34", 80))], pages.leads(HOST, 80)])
    lookups: list[str] = []

    def leads(host: str, port: int) -> list[Address]:
        lookups.append(host)
        return next(answers)

    fetch = SafeFetch(resolve=leads)
    found = fetch._resolved(HOST, 80, time.monotonic() + 5)
    assert [fetch.allowed(str(address.at[0])) for address in found] == [True]
    assert "not a public address" in why_not(fetch)
    assert (len(lookups), pages.asked) == (2, [])


def test_a_name_is_looked_up_once_for_a_connection_and_what_was_judged_is_what_is_connected_to(pages: Pages) -> None:
    lookups: list[str] = []

    def leads(host: str, port: int) -> list[Address]:
        lookups.append(host)
        private = [Address(socket.AF_INET, ("10.0.0.1", 80)), Address(socket.AF_INET6, ("::1", pages.port, 0, 0))]
        return [*private, *pages.leads(host, port)]

    pages.pages["/"] = answer("Here")
    assert got(pages.fetch(resolve=leads)).body == b"Here"
    assert lookups == [HOST]


def test_the_address_that_was_connected_to_is_judged_too(pages: Pages) -> None:
    judged: list[str] = []

    def allowed(address: str) -> bool:
        judged.append(address)
        return len(judged) == 1

    assert "not a public address" in why_not(pages.fetch(allowed=allowed))
    assert pages.asked == []


def test_what_nobody_has_told_otherwise_is_judged_by_the_real_rule(pages: Pages) -> None:
    assert "not a public address" in why_not(SafeFetch(resolve=pages.leads))
    assert pages.asked == []


def test_five_redirects_are_followed_and_no_more(pages: Pages) -> None:
    for number in range(9):
        pages.pages[f"/{number}"] = redirect(f"/{number + 1}")
    pages.pages["/5"] = answer("Here")
    assert got(pages.fetch(), f"{URL}0").url == f"{URL}5"
    pages.pages["/5"] = redirect("/6")
    assert "more than 5 times" in why_not(pages.fetch(), f"{URL}0")
    pages.pages["/loop"] = redirect("/loop")
    assert "more than 5 times" in why_not(pages.fetch(), f"{URL}loop")


def test_no_more_than_the_most_is_read(pages: Pages) -> None:
    pages.pages["/"] = answer(b"x" * 100_000)
    cut = got(pages.fetch(), most=1000)
    assert (cut.body, cut.whole) == (b"x" * 1000, False)
    pages.pages["/"] = answer(b"x" * 1000)
    assert got(pages.fetch(), most=1000).whole


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@pytest.mark.parametrize("serve", [endless, endless_chunks])
def test_a_body_without_end_is_cut(pages: Pages, serve: Serve) -> None:
    pages.pages["/"] = serve
    assert len(got(pages.fetch(), most=200_000).body) == 200_000


def test_reading_ends_when_enough_is_there(pages: Pages) -> None:
    pages.pages["/"] = endless
    found = pages.fetch()(URL, 10_000_000, time.monotonic() + 5, "*/*", lambda body: len(body) > 20_000)
    assert 20_000 < len(found.body) < 100_000


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate"])
def test_what_is_packed_unasked_is_unpacked_and_a_bomb_is_cut(pages: Pages, encoding: str) -> None:
    pack = zlib.compress if encoding == "deflate" else gzip.compress
    pages.pages["/"] = answer(pack(b"Here"), Content_Encoding=encoding)
    assert got(pages.fetch()).body == b"Here"
    pages.pages["/"] = answer(pack(b"\0" * 50_000_000), Content_Encoding=encoding)
    bomb = got(pages.fetch(), most=100_000)
    assert (len(bomb.body), bomb.whole) == (100_000, False)


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (answer(b"x", Content_Encoding="br"), "packed"),
        (answer(b"not gzip", Content_Encoding="gzip"), "no answer"),
        (answer(status="404 Not Found"), "answered 404"),
        (answer(status="503 Busy"), "answered 503"),
        (answer(status="302 Found"), "answered 302"),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "no answer"),
        (lambda connection: connection.sendall(b"HTTP/1.1 OK\r\n\r\n"), "no answer"),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "no answer"),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), "no answer"),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), ""),
        (lambda connection: None, "no connection|no answer"),
    ],
)
def test_what_is_no_answer_says_so(pages: Pages, serve: Serve, why: str) -> None:
    pages.pages["/"] = serve
    assert re.search(why, why_not(pages.fetch()))


class Dripping:
    """Sends a byte whenever it is let, until nobody listens."""

    def __init__(self, *before: bytes) -> None:
        self.before = before
        self.ended = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        try:
            for piece in self.before:
                connection.sendall(piece)
            while not self.ended.wait(0.02):
                connection.sendall(b"x")
        except OSError:
            self.ended.set()


@pytest.mark.parametrize(
    "before",
    [(), (b"HTTP/1.1 200 OK\r\n",), (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",),
     (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"100\r\n")],
    ids=["status", "header", "body", "chunk"],
)  # fmt: skip
def test_dripping_gains_nothing(pages: Pages, before: tuple[bytes, ...]) -> None:
    dripping = Dripping(*before)
    pages.pages["/"] = dripping
    started = time.monotonic()
    assert "took too long" in why_not(pages.fetch(), within=0.3)
    assert time.monotonic() - started < 3
    dripping.ended.set()


def test_silence_is_not_waited_for(pages: Pages) -> None:
    over = threading.Event()
    pages.pages["/"] = lambda connection: (over.wait(5), None)[1]
    assert "took too long" in why_not(pages.fetch(), within=0.2)
    over.set()


def test_a_look_up_that_hangs_is_not_waited_for() -> None:
    over = threading.Event()

    def hangs(host: str, port: int) -> list[Address]:
        over.wait(5)
        return []

    assert "took too long" in why_not(SafeFetch(resolve=hangs), within=0.2)
    over.set()


def test_time_is_one_for_all_hops(pages: Pages) -> None:
    moments = iter([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] + [99.0] * 50)
    for number in range(9):
        pages.pages[f"/{number}"] = redirect(f"/{number + 1}")
    fetch = pages.fetch(now=lambda: next(moments))
    with pytest.raises(NotFetched, match="took too long"):
        fetch(f"{URL}0", 1000, 10.0, "*/*")
    assert len(pages.asked) < 5


def test_nobody_there_is_said(pages: Pages) -> None:
    def fails(host: str, port: int) -> list[Address]:
        raise socket.gaierror(-2, "Name or service not known")

    assert why_not(SafeFetch(resolve=fails)) == f"there is no {HOST}"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    nobody = pages.fetch(resolve=lambda host, _: [Address(socket.AF_INET, ("127.0.0.1", port))])
    assert why_not(nobody) == f"no connection to {HOST}"


def certificate(folder: Path) -> Path:
    """A certificate for the host that nobody vouches for, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    began = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(pem) + private)
    return file


def over_tls(file: Path, serve: Serve) -> Serve:
    """The same, encrypted."""

    def encrypted(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(4096)
            serve(inside)

    return encrypted


def test_https_is_spoken_with_those_that_are_vouched_for(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    pages.first = over_tls(file, answer("Here"))
    assert why_not(pages.fetch(), f"https://{HOST}/") == f"the certificate of {HOST} is not to be trusted"
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert got(pages.fetch(), f"https://{HOST}/").body == b"Here"
    assert why_not(pages.fetch(), "https://other.test/") == "the certificate of other.test is not to be trusted"


def test_a_server_that_speaks_no_tls_is_not_read(pages: Pages) -> None:
    pages.first = lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert why_not(pages.fetch(), f"https://{HOST}/") == f"no connection to {HOST}"
