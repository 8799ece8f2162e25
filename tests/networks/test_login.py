"""Logging in below the command line: hostile and odd OAuth servers, the callback's listener, where accounts live."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fedisched.model.login import Asked, Home, Registered, Token
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.settings import Account
from fedisched.networks import end_session, open_network
from fedisched.networks.bluesky_home import BlueskyHomes, document_of, home_of
from fedisched.networks.callback import PATH, Callback
from fedisched.networks.mastodon_oauth import MastodonOAuth, covers, wanted_scopes
from fedisched.sandbox import Fault, Sandbox, What
from tests.networks.conftest import PASSWORD
from tests.networks.hostile import answering, whole
from tests.networks.pds import server
from tests.networks.places import KeptSession, now
from tests.networks.test_hostile import SAID

APP = Registered("client-id", "client-s3cret")
ASKED = Asked("https://a.example/oauth/authorize", "http://127.0.0.1:1/callback", APP, "state", "v3rifier")
BACK = "http://127.0.0.1:1/callback"


# OAuth


@pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
def test_whatever_a_server_says_no_token_comes_of_it_and_nothing_is_raised(said: bytes | Iterable[bytes]) -> None:
    with answering(said) as url:
        oauth = MastodonOAuth(url, now)
        answers = (oauth.ask(BACK), oauth.exchange(ASKED, "c0de"))
        gone = oauth.revoke(APP, "t0ken")
        oauth.close()
    assert all(isinstance(answer, NotSent | Refused) for answer in answers), answers
    for secret in ("client-s3cret", "v3rifier", "c0de", "t0ken"):
        assert secret not in repr((answers, gone, ASKED, APP))


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "käse", "x" * 5000, 7, None, ["x"]])
def test_what_cannot_be_a_token_is_none(token: Any) -> None:
    with answering(whole("200 OK", json.dumps({"access_token": token}).encode())) as url:
        oauth = MastodonOAuth(url, now)
        assert isinstance(oauth.exchange(ASKED, "code"), Refused)
        oauth.close()


@pytest.mark.parametrize(
    ("scope", "is_enough"),
    [("read write", True), ("write:statuses write:media", True), ("", True), ("read", False), ("write:media", False)],
)
def test_a_token_with_fewer_rights_than_publishing_needs_is_refused(scope: str, is_enough: bool) -> None:
    with answering(whole("200 OK", json.dumps({"access_token": "t", "scope": scope}).encode())) as url:
        oauth = MastodonOAuth(url, now)
        assert isinstance(oauth.exchange(ASKED, "code"), Token if is_enough else Refused)
        oauth.close()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/oauth/token", "{url}.evil.example/t", "{url}/t?x=1", 7])
def test_metadata_that_point_elsewhere_are_not_followed(elsewhere: Any, sandbox: Sandbox) -> None:
    told = elsewhere.format(url=sandbox.url) if isinstance(elsewhere, str) else elsewhere
    oauth = MastodonOAuth(sandbox.url, now)
    ways = oauth._told({"token_endpoint": told, "authorization_endpoint": told})
    assert (ways.token, ways.authorize) == ("/oauth/token", "/oauth/authorize")
    assert oauth._told({"token_endpoint": f"{sandbox.url}/other/token"}).token == "/other/token"


@pytest.mark.parametrize(
    ("supported", "wanted"),
    [
        (
            "profile read:statuses read:search write:statuses write:media read write",
            "profile write:statuses write:media read:statuses read:search",
        ),
        ("read write", "read write"),
        ("read write write:statuses", "read write:statuses write"),
        ("", "read:accounts write:statuses write:media read:statuses read:search"),
    ],
)
def test_the_least_scopes_that_a_server_knows_are_asked_for(supported: str, wanted: str) -> None:
    assert wanted_scopes(frozenset(supported.split())) == tuple(wanted.split())
    assert covers(frozenset({"write"}), "write:media") and not covers(frozenset({"write:media"}), "write")


def test_a_server_that_asks_to_slow_down_is_told_as_such(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(What.RATE_LIMIT, "/api/v1/apps", seconds=60))
    oauth = MastodonOAuth(sandbox.url, now)
    answer = oauth.ask(BACK)
    oauth.close()
    assert isinstance(answer, NotSent) and "wait ten minutes" in answer.reason


# The callback


@pytest.fixture
def callback() -> Any:
    with Callback() as listening:
        listening.expect("s1")
        yield listening


def asks(callback: Callback, path: str, *, host: str = "", method: str = "GET") -> httpx.Response:
    headers = {"host": host} if host else {}
    return httpx.request(method, callback.address.removesuffix(PATH) + path, headers=headers, verify=False)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/favicon.ico",
        f"{PATH}?code=c",
        f"{PATH}?code=c&state=",
        f"{PATH}?code=c&state=s2",
        f"{PATH}?code=c&state=%C3%A9%00",
        f"{PATH}?code=c&state=s1&state=s1",
        f"{PATH}?state=s1",
        f"/elsewhere{PATH}?code=c&state=s1",
        f"{PATH}?code={'c' * 9000}&state=s1",
    ],
)
def test_only_the_right_path_with_the_right_state_is_the_answer(callback: Callback, path: str) -> None:
    assert asks(callback, path).status_code == 404
    assert callback.wait(0) is None


def test_another_name_that_leads_here_is_not_the_address_that_was_given_out(callback: Callback) -> None:
    port = callback.address.removesuffix(PATH).rpartition(":")[2]
    for host in (f"evil.example:{port}", f"localhost:{port}", "127.0.0.1"):
        assert asks(callback, f"{PATH}?code=c&state=s1", host=host).status_code == 404
    assert asks(callback, f"{PATH}?code=c&state=s1", method="POST").status_code == 501
    assert callback.wait(0) is None


def test_the_answer_counts_once_and_gets_the_page_that_comes_of_it(callback: Callback) -> None:
    with socket.create_connection(("127.0.0.1", int(callback.address.split(":")[2].split("/")[0]))):
        pass  # who connects and leaves disturbs nobody
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asks, callback, f"{PATH}?code=c1&state=s1&more=x")
        assert callback.wait(10) == {"code": "c1", "state": "s1", "more": "x"}
        assert asks(callback, f"{PATH}?code=c2&state=s1").status_code == 404
        callback.show("You are <in>", "Go & write.", good=True)
        page = first.result(10)
    assert (page.status_code, "You are &lt;in&gt;" in page.text, "Go &amp; write." in page.text) == (200, True, True)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert callback.wait(0) == {"code": "c1", "state": "s1", "more": "x"}


def test_it_listens_on_this_machine_alone_and_no_longer_than_it_is_waited_for() -> None:
    with Callback() as listening:
        assert listening.address.startswith("http://127.0.0.1:")
        port = int(listening.address.split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)


# Where a Bluesky account lives


def document(url: str) -> dict[str, Any]:
    return {"service": [7, {"id": "x"}, {"id": "#atproto_pds", "serviceEndpoint": url}]}


def homes(sandbox: Sandbox, url: str) -> BlueskyHomes:
    return BlueskyHomes(sandbox.url, now, lambda did: document(url))


def test_an_account_of_the_server_itself_is_found_there(sandbox: Sandbox) -> None:
    did = sandbox.add_bluesky("anna.test", PASSWORD)
    assert home_of(Account("a", "bluesky", sandbox.url, "anna.test"), now) == Home(did, sandbox.url)


@pytest.mark.parametrize(
    ("endpoint", "server"),
    [
        ("https://pds.example.com", "https://pds.example.com"),
        ("https://pds.example.com:8443/xrpc", "https://pds.example.com:8443"),
        ("https://morel.us-east.host.bsky.network", "https://bsky.social"),
        ("http://127.0.0.1:2583", "http://127.0.0.1:2583"),
        ("http://pds.example.com", ""),
        ("https://[::1", ""),
        ("https://käse.example", ""),
        ("", ""),
    ],
)
def test_an_account_of_another_server_is_found_by_its_document(sandbox: Sandbox, endpoint: str, server: str) -> None:
    did = sandbox.add_handle("bob.test")
    found = homes(sandbox, endpoint)
    assert found.find("bob.test") == Home(did, server or sandbox.url)
    found.close()


def test_a_handle_that_nobody_has_and_a_server_that_is_not_there(sandbox: Sandbox) -> None:
    found = homes(sandbox, "")
    assert isinstance(nobody := found.find("nobody.test"), Refused) and "nobody has the handle" in nobody.reason
    sandbox.stop()
    assert isinstance(found.find("nobody.test"), NotSent)
    found.close()


@pytest.mark.parametrize("said", ["nothing", "no-http", "html-as-json", "deep", "list", "wrong-types", "status-999"])
def test_whatever_a_server_says_of_a_handle_nothing_is_raised(said: str) -> None:
    with answering(SAID[said]) as url:
        found = BlueskyHomes(url, now, lambda did: None)
        assert isinstance(found.find("anna.test"), Home | NotSent | Refused)
        found.close()


@pytest.mark.parametrize(
    "did", ["did:web:127.0.0.1", "did:web:localhost", "did:web:a%2Fb", "did:key:x", "did:plc:short"]
)
def test_no_document_is_asked_of_this_machine_or_of_what_is_no_host(did: str) -> None:
    assert document_of(did) is None


@pytest.mark.pds
def test_on_a_real_server_an_account_is_found_logs_in_and_its_session_is_ended(pds: server.Pds) -> None:
    member = pds.add_account("login1.test")
    account = Account("a", "bluesky", pds.url, member.handle)
    assert home_of(account, now) == Home(member.did, pds.url)
    assert isinstance(home_of(Account("a", "bluesky", pds.url, "nobody.test"), now), Refused)
    sessions = KeptSession()
    network = open_network(account, member.password, sessions, now)
    identity = network.identify()
    network.close()
    assert not isinstance(identity, NotSent | Refused) and identity.account_id == member.did
    kept = sessions.session
    assert kept is not None
    assert end_session(account, member.password, sessions, now) is None
    refresh = json.loads(kept)["session"].split(":::")[3]
    headers = {"Authorization": f"Bearer {refresh}"}
    refreshed = httpx.post(f"{pds.url}/xrpc/com.atproto.server.refreshSession", headers=headers)
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "ExpiredToken")
    assert end_session(account, member.password, sessions, now) is None  # over is over
    assert end_session(account, member.password, KeptSession(), now) is None
