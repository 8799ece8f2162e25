"""Which addresses are anybody's: where a page may be fetched that a post links to.

A post's link may name anything, by a name that leads anywhere or by a number in any spelling; so what is judged is the
address that is connected to. Nothing of the machine's own, its network's, its provider's, or of a mechanism that leads
back to an IPv4 address is public (https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' own, and one provider's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # another provider's services, in every one of its machines
            "169.254.0.0/16",  # link-local, and most providers' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays to 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
"""All that is given out. Loopback, mapped and translated IPv4 (::ffff:0:0/96, 64:ff9b::/96), private, link-local and
multicast addresses are outside."""
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols', Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",
        ),
    )
)


def is_public(address: str) -> bool:
    """Whether a numeric address, as a socket gives it, is one that anybody may ask. What is no address is not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_4)
    return ip.scope_id is None and ip in _GLOBAL_6 and not any(ip in network for network in _NOT_PUBLIC_6)
