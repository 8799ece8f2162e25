"""Credentials from the environment, to which server they belong, and sessions at rest."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.model.errors import StateUnusable
from fedisched.model.network import Sessions
from fedisched.model.settings import Account
from fedisched.vault import SessionStore, bind, bound_server, credential

BLUESKY = Account("bluesky", "bluesky", "https://bsky.social", "me.bsky.social")
MASTODON = Account("my-home", "mastodon", "https://a.example")
SESSION = "me.bsky.social:::did:plc:abc:::eyJhY2Nlc3M:::eyJyZWZyZXNo:::https://bsky.social"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_credential_comes_from_the_variable_named_after_the_account() -> None:
    environ = {"FEDISCHED_MY_HOME_TOKEN": " token\n", "FEDISCHED_BLUESKY_PASSWORD": "  "}
    assert credential(MASTODON, environ) == "token"
    assert credential(BLUESKY, environ) is None
    assert credential(BLUESKY, {}) is None


def test_a_session_comes_back_with_the_same_password(tmp_path: Path) -> None:
    store: Sessions = SessionStore(tmp_path, BLUESKY, "abcd-efgh")
    assert store.load() is None
    store.save(SESSION)
    assert SessionStore(tmp_path, BLUESKY, "abcd-efgh").load() == SESSION


def test_a_session_lies_encrypted_and_private(tmp_path: Path) -> None:
    SessionStore(tmp_path, BLUESKY, "abcd-efgh").save(SESSION)
    (path,) = (tmp_path / "sessions").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for secret in (b"eyJ", b"did:plc", b"abcd", b"me.bsky"):
        assert secret not in everything_in(tmp_path)


def test_the_same_session_never_looks_the_same_twice(tmp_path: Path) -> None:
    store = SessionStore(tmp_path, BLUESKY, "abcd-efgh")
    store.save(SESSION)
    first = everything_in(tmp_path)
    store.save(SESSION)
    assert everything_in(tmp_path) != first


def test_another_password_server_or_handle_opens_nothing(tmp_path: Path) -> None:
    SessionStore(tmp_path, BLUESKY, "abcd-efgh").save(SESSION)
    assert SessionStore(tmp_path, BLUESKY, "other").load() is None
    for other in (replace(BLUESKY, server="https://evil.example"), replace(BLUESKY, handle="you.bsky.social")):
        store = SessionStore(tmp_path, other, "abcd-efgh")
        assert store.load() is None
        # Not even when somebody puts the file under the other's name.
        (kept,) = (tmp_path / "sessions").iterdir()
        store.save("x")
        (theirs,) = set((tmp_path / "sessions").iterdir()) - {kept}
        theirs.write_bytes(kept.read_bytes())
        assert store.load() is None
        theirs.unlink()


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\xff", b'{"salt": "AA==", "session": 3}', b"[" * 50_000])
def test_a_damaged_session_is_none(tmp_path: Path, damage: bytes) -> None:
    store = SessionStore(tmp_path, BLUESKY, "abcd-efgh")
    store.save(SESSION)
    (path,) = (tmp_path / "sessions").iterdir()
    path.write_bytes(damage)
    assert store.load() is None


def test_a_session_that_cannot_be_kept_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("in the way")
    store = SessionStore(tmp_path, BLUESKY, "abcd-efgh")
    store.save(SESSION)
    assert store.load() is None


def test_a_credential_stays_with_the_first_server_it_verified_with(tmp_path: Path) -> None:
    assert bound_server(tmp_path, MASTODON, "token") is None
    bind(tmp_path, MASTODON, "token", "https://a.example")
    bind(tmp_path, MASTODON, "token", "https://evil.example")
    assert bound_server(tmp_path, MASTODON, "token") == "https://a.example"
    assert bound_server(tmp_path, MASTODON, "another") is None


def test_renaming_the_account_does_not_set_a_credential_free(tmp_path: Path) -> None:
    bind(tmp_path, MASTODON, "token", "https://a.example")
    renamed = replace(MASTODON, name="My_Home", server="https://evil.example")
    assert bound_server(tmp_path, renamed, "token") == "https://a.example"


def test_the_bindings_are_private_and_do_not_give_the_credential_away(tmp_path: Path) -> None:
    bind(tmp_path, MASTODON, "s3cret-token", "https://a.example")
    assert stat.S_IMODE((tmp_path / "bindings.json").stat().st_mode) == 0o600
    assert b"s3cret" not in everything_in(tmp_path)


def test_two_state_folders_have_different_fingerprints(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        bind(tmp_path / name, MASTODON, "token", "https://a.example")
    assert (tmp_path / "one/bindings.json").read_bytes() != (tmp_path / "two/bindings.json").read_bytes()


def test_accounts_that_bind_at_once_all_keep_their_line(tmp_path: Path) -> None:
    def bind_one(number: int) -> None:
        bind(tmp_path, MASTODON, f"token {number}", f"https://{number}.example")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bind_one, range(8)))
    for number in range(8):
        assert bound_server(tmp_path, MASTODON, f"token {number}") == f"https://{number}.example"


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'{"salt": "zz", "servers": {}}'])
def test_damaged_bindings_set_nothing_free(tmp_path: Path, damage: bytes) -> None:
    bind(tmp_path, MASTODON, "token", "https://a.example")
    (tmp_path / "bindings.json").write_bytes(damage)
    with pytest.raises(StateUnusable, match=r"fedisched\.toml"):
        bound_server(tmp_path, MASTODON, "token")
    with pytest.raises(StateUnusable):
        bind(tmp_path, MASTODON, "token", "https://evil.example")
