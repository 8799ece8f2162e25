"""Which addresses a card's page may be at: none but public ones, however they are written."""

from __future__ import annotations

import socket
import time

import pytest

from fedisched.networks.addresses import is_public
from fedisched.networks.safe_fetch import NotFetched, SafeFetch, resolve


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
     "192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15",
     "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888", "2003::1"],
)  # fmt: skip
def test_what_is_anybodys_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255",
     "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
     "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
     "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
     "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1", "::ffff:0:127.0.0.1",
     "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
     "2001:db8::1", "2001:10::1", "2001:20::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
     "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "2a00:1450::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
     "", "localhost", "127.1", "0x7f.1", "2130706433", "1.2.3.4.5", "1.2.3.4/8", "::1]", "1.1.1.1 "],
)  # fmt: skip
def test_what_is_somebodys_own_or_no_address_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "0", "0.0.0.0",
     "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[fe80::1%25lo]", "localhost",
     "LOCALHOST", "localhost.", "169.254.169.254", "0xa9fea9fe", "[fd00:ec2::254]", "[64:ff9b::7f00:1]", "10.0.0.1",
     "①②⑦.⓪.⓪.①", "127。0。0。1"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_an_address_leads_in(host: str, scheme: str) -> None:
    """With the resolver that is used in earnest."""
    tried: list[str] = []

    def watched(address: str) -> bool:
        tried.append(address)
        return is_public(address)

    with pytest.raises(NotFetched, match=r"not a public address|there is no|no host|is no address"):
        SafeFetch(allowed=watched)(f"{scheme}://{host}/", 100, time.monotonic() + 5, "*/*")
    assert not any(map(is_public, tried))


def test_the_resolver_gives_numeric_addresses() -> None:
    found = resolve("127.0.0.1", 80)
    assert found == [(socket.AF_INET, ("127.0.0.1", 80))]
