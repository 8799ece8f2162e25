"""Keys: a delivery's own name towards the network, derived and never drawn.

A key is a TID, the timestamp identifier of the AT Protocol: 13 characters of base32-sortable that hold a zero bit,
53 bits of microseconds since 1970 and 10 bits of clock id (https://atproto.com/specs/tid). The due second gives the
time; 30 bits of a hash of who publishes what give the microseconds within the second and the clock id. So another
machine, or this one without its journal, derives the same key for the same delivery.
"""

from __future__ import annotations

import unicodedata

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_MICROSECONDS = 1_000_000
_LARGEST = (1 << 63) - 1


def derive_key(account_id: str, path: str, due: int) -> str:
    """The key of the delivery of the post at `path` (relative to the content folder) to an account.

    `due` is in microseconds since 1970 UTC; only its second counts, so a file that is read again with more precise
    times keeps its key. The path is compared in NFC: macOS and Linux spell the same name differently.
    """
    seed = f"{account_id}\0{unicodedata.normalize('NFC', path)}".encode("utf-8", "surrogateescape")
    # Who only looks at a queue derives no key, and the hashes take longer to import than the rest of this.
    import hashlib

    bits = int.from_bytes(hashlib.sha256(seed).digest()[:4], "big") >> 2
    # 20 bits may reach 48 ms into the next second; that second's own keys differ in the other bits.
    microseconds = due // _MICROSECONDS * _MICROSECONDS + (bits >> 10)
    return _encode(microseconds << 10 | bits & 0x3FF)


def part_key(key: str, part: int) -> str:
    """The key of part `part` (from 1) of the delivery `key`: the same TID, `part - 1` microseconds on."""
    return _encode(_decode(key) + (part - 1 << 10))


def moment_of(key: str) -> int:
    """The moment in a key, in microseconds since 1970 UTC: of a derived one within 1.05 s after the due second."""
    return _decode(key) >> 10


def is_tid(text: str) -> bool:
    """Whether a text is shaped as a TID: `^[234567a-j][2-7a-z]{12}$`."""
    return len(text) == 13 and text[0] in ALPHABET[:16] and all(character in ALPHABET for character in text)


def _encode(number: int) -> str:
    """The 13 characters of a number. A moment before 1970 or after 2255, which a file may well name, wraps round:
    a key has to be a TID, its moment only has to be the same on every machine."""
    number &= _LARGEST
    return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def _decode(tid: str) -> int:
    if not is_tid(tid):
        raise ValueError(f"not a TID: {tid!r}")
    number = 0
    for character in tid:
        number = number << 5 | ALPHABET.index(character)
    return number
