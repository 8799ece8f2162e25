"""Servers to publish to: the sandbox, a real PDS, an independent Mastodon fake, and a real server if one is named."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from fedisched.model.settings import Account
from fedisched.sandbox import Sandbox
from tests.networks.pds import server
from tests.networks.places import BlueskyReader, MastodonReader, Place

TOKEN = "token-of-anna"
PASSWORD = "abcd-efgh-ijkl-mnop"
NAMED_URL, NAMED_TOKEN = "FEDISCHED_TEST_MASTODON_URL", "FEDISCHED_TEST_MASTODON_TOKEN"
_members = itertools.count(1)

SANDBOXES = ("sandbox-mastodon", "sandbox-bluesky")
MASTODONS = ("sandbox-mastodon", "mastodon-mock", *(("named-mastodon",) if NAMED_URL in os.environ else ()))
BLUESKIES = ("sandbox-bluesky", pytest.param("pds", marks=pytest.mark.pds))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("pds"):  # the first of them installs the server
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Pds]:
    """A real personal data server."""
    try:
        running = server.running(tmp_path_factory.mktemp("pds"))
        with running as started:
            yield started
    except server.Unavailable as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    """`mastodon-mock`, with accounts alice, bob and carol."""
    from mastodon_mock.testing import MockServer

    with MockServer() as running:
        yield running.base_url


def _place(name: str, request: pytest.FixtureRequest) -> Place:
    fixture: Callable[[str], object] = request.getfixturevalue
    match name:
        case "sandbox-mastodon":
            running = fixture("sandbox")
            assert isinstance(running, Sandbox)
            running.add_mastodon("anna", TOKEN)
            account = Account("here", "mastodon", running.url)
            return Place(account, TOKEN, MastodonReader(running.url, TOKEN), sandbox=running)
        case "sandbox-bluesky":
            running = fixture("sandbox")
            assert isinstance(running, Sandbox)
            did = running.add_bluesky("anna.test", PASSWORD)
            running.add_handle("bob.test")
            account = Account("here", "bluesky", running.url, "anna.test")
            return Place(account, PASSWORD, BlueskyReader(running.url, lambda: did), sandbox=running)
        case "pds":
            real = fixture("pds")
            assert isinstance(real, server.Pds)
            member = real.add_account(f"anna{next(_members)}.test")
            account = Account("here", "bluesky", real.url, member.handle)
            return Place(account, member.password, BlueskyReader(real.url, lambda: member.did))
        case "mastodon-mock":
            url = str(fixture("mock_url"))
            return Place(Account("here", "mastodon", url), "alice_token", MastodonReader(url, "alice_token"))
        case _:
            url, token = os.environ[NAMED_URL].rstrip("/"), os.environ.get(NAMED_TOKEN, "")
            if not token:
                pytest.fail(f"{NAMED_URL} names a server: {NAMED_TOKEN} has to open an account on it", pytrace=False)
            reader = MastodonReader(url, token)
            return Place(Account("here", "mastodon", url), token, reader, claimed=reader.ids())


@pytest.fixture(params=[*MASTODONS, *BLUESKIES])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An account on each server there is."""
    yield from _opened(request)


@pytest.fixture(params=MASTODONS)
def mastodon_place(request: pytest.FixtureRequest) -> Iterator[Place]:
    yield from _opened(request)


@pytest.fixture(params=BLUESKIES)
def bluesky_place(request: pytest.FixtureRequest) -> Iterator[Place]:
    yield from _opened(request)


@pytest.fixture(params=["sandbox-mastodon", *BLUESKIES])
def media_place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An account on each server that gives files back as they came."""
    yield from _opened(request)


@pytest.fixture(params=SANDBOXES)
def faulty_place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An account where things can be made to go wrong."""
    yield from _opened(request)


@pytest.fixture
def sandbox_mastodon(request: pytest.FixtureRequest) -> Iterator[Place]:
    place = _place("sandbox-mastodon", request)
    yield place
    place.close()


@pytest.fixture
def sandbox_bluesky(request: pytest.FixtureRequest) -> Iterator[Place]:
    place = _place("sandbox-bluesky", request)
    yield place
    place.close()


def _opened(request: pytest.FixtureRequest) -> Iterator[Place]:
    place = _place(request.param, request)
    yield place
    place.close()
