from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.model.tid import derive_key, is_tid, part_key

SHAPE = re.compile(r"[234567a-j][2-7a-z]{12}")
DUE = 1_796_112_000_000_000
"""2026-12-01 09:00 in Berlin."""

accounts = st.sampled_from(["did:plc:abc", "https://mastodon.example 1"])
paths = st.text(min_size=1, max_size=40)
moments = st.integers(min_value=-(10**17), max_value=3 * 10**17)


def test_the_least_number_is_written_as_thirteen_twos() -> None:
    # 2 is the digit zero, and 1 << 10, a microsecond, is a one in the third place from the right.
    assert part_key("2222222222222", 1) == "2222222222222"
    assert part_key("2222222222222", 2) == "2222222222322"
    assert part_key("2222222222222", 33) == "2222222223222"


def test_a_key_is_the_due_second_and_thirty_bits_of_the_hash() -> None:
    # printf 'did:plc:abc\0posts/a.md' | sha256sum begins with 90c8d510. Its first 30 bits are 0x24323544: the upper
    # 20 (0x90c8d) are microseconds, the lower 10 (0x144) the clock id. (1796112000 * 10**6 + 0x90c8d) * 1024 + 0x144,
    # divided by 32 until nothing is left, gives the digits from the right.
    assert derive_key("did:plc:abc", "posts/a.md", DUE) == "3n3lrowff6he6"


def test_only_the_second_of_the_due_moment_counts() -> None:
    assert derive_key("a", "b", DUE) == derive_key("a", "b", DUE + 999_999)
    assert derive_key("a", "b", DUE) != derive_key("a", "b", DUE + 1_000_000)


def test_account_and_path_do_not_run_into_each_other() -> None:
    assert derive_key("ab", "c", DUE) != derive_key("a", "bc", DUE)


def test_a_file_name_that_is_not_utf_8_has_a_key() -> None:
    assert is_tid(derive_key("a", "posts/\udce9.md", DUE))


@pytest.mark.parametrize("due", [-1, -62_135_596_800_000_000, 253_402_300_799_000_000])
def test_a_moment_that_no_tid_can_hold_still_has_a_key_and_parts(due: int) -> None:
    key = derive_key("a", "posts/a.md", due)
    assert SHAPE.fullmatch(key)
    assert SHAPE.fullmatch(part_key(key, 500))


@given(accounts, paths, moments)
def test_macos_and_linux_derive_the_same_key(account: str, path: str, due: int) -> None:
    composed = derive_key(account, unicodedata.normalize("NFC", path), due)
    assert composed == derive_key(account, unicodedata.normalize("NFD", path), due)
    assert SHAPE.fullmatch(composed)
    assert is_tid(composed)


@given(accounts, paths, st.integers(min_value=0, max_value=8 * 10**15))
def test_the_keys_of_a_thread_are_ordered_tids_and_all_different(account: str, path: str, due: int) -> None:
    key = derive_key(account, path, due)
    keys = [part_key(key, part) for part in range(1, 201)]
    assert keys[0] == key
    assert keys == sorted(set(keys))
    assert all(SHAPE.fullmatch(each) for each in keys)


@pytest.mark.parametrize(
    "text", ["", "3jzfcijpj2z2", "3jzfcijpj2z2aa", "kjzfcijpj2z2a", "3jzfcijpj2z1a", "3JZFCIJPJ2Z2A", "3jzf-cij-pj2z2"]
)
def test_what_is_no_tid_is_not_taken_for_one(text: str) -> None:
    assert not is_tid(text)
    with pytest.raises(ValueError, match="not a TID"):
        part_key(text, 2)


def test_the_specification_s_own_examples_are_tids() -> None:
    # https://atproto.com/specs/tid
    assert all(map(is_tid, ("3jzfcijpj2z2a", "7777777777777", "3zzzzzzzzzzzz", "2222222222222")))
