"""The vault: what is in it, who can read it, and what a hostile file in its place comes to."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.model.errors import KeyMissing, VaultUnusable, WrongKey
from fedisched.vault.key import new_key
from fedisched.vault.vault import Vault
from tests.vault.places import APP, BLUESKY, MASTODON, SECRET, Places


def entries(vault: Vault) -> dict[str, str]:
    found: dict[str, str] = json.loads(vault.path.read_bytes())["entries"]
    return found


def rewrite(vault: Vault, **changed: str) -> None:
    """What somebody who can only write the file does."""
    vault.path.write_text(json.dumps({"format": 1, "entries": entries(vault) | changed}))


def test_what_is_put_in_comes_out_again(places: Places) -> None:
    vault = places.filled()
    assert (vault.get("mastodon"), vault.get("bluesky")) == (MASTODON, BLUESKY)
    assert vault.get("another") is None
    assert vault.names() == ("bluesky", "mastodon")


def test_a_new_login_takes_the_place_of_the_old_one(places: Places) -> None:
    vault = places.filled()
    vault.put("mastodon", replace(MASTODON, secret="another"))
    found = vault.get("mastodon")
    assert found is not None and found.secret == "another"


def test_what_is_removed_is_gone_and_needs_no_key_for_it(places: Places) -> None:
    vault = places.filled()
    places.key.unlink()
    assert vault.remove("mastodon")
    assert not vault.remove("mastodon")
    assert vault.names() == ("bluesky",)


def test_nothing_secret_lies_in_the_file_and_only_its_owner_reads_it(places: Places) -> None:
    vault = places.filled()
    text = vault.path.read_text()
    for word in (SECRET, "abcd-efgh", "client-", "a.example", "bsky.social", "did:plc"):
        assert word not in text
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600


def test_no_representation_shows_anything_secret() -> None:
    for shown in (repr(MASTODON), str(MASTODON), f"{MASTODON}", repr(APP), str([MASTODON, APP])):
        assert SECRET not in shown and "s3cret" not in shown and "client-id" not in shown


def test_a_vault_without_entries_needs_no_key(places: Places) -> None:
    assert places.vault.names() == ()
    assert places.vault.get("mastodon") is None
    assert not places.vault.remove("mastodon")


def test_without_a_key_it_says_where_one_belongs(places: Places) -> None:
    with pytest.raises(KeyMissing, match="fedisched key new") as error:
        places.vault.put("mastodon", MASTODON)
    assert str(places.key) in error.value.message
    assert not places.vault.path.exists()


def test_a_lost_key_is_said_in_clear_words(places: Places) -> None:
    places.filled()
    places.key.unlink()
    with pytest.raises(KeyMissing, match="key new --lost"):
        places.vault.get("mastodon")


def test_a_wrong_key_is_said_and_nothing_is_written_over(places: Places) -> None:
    before = places.filled().path.read_bytes()
    kept = places.key.rename(places.home / "kept")
    places.environ["FEDISCHED_KEY"] = new_key()
    with pytest.raises(WrongKey, match="in FEDISCHED_KEY does not open") as error:
        places.vault.get("mastodon")
    assert "Put back the key" in error.value.hint and "nothing else is lost" in error.value.hint
    with pytest.raises(WrongKey, match="in FEDISCHED_KEY does not open"):
        places.vault.put("new", MASTODON)
    assert places.vault.path.read_bytes() == before
    kept.rename(places.key)
    with pytest.raises(WrongKey, match=f"and that in {places.key} does") as error:
        places.vault.get("mastodon")
    assert error.value.hint.endswith("Take FEDISCHED_KEY out of the environment.")
    del places.environ["FEDISCHED_KEY"]
    assert places.vault.get("mastodon") == MASTODON


def test_the_key_of_the_environment_opens_it_too(places: Places) -> None:
    places.filled()
    places.environ["FEDISCHED_KEY"] = f"  {places.key.read_text()}\n"
    places.key.unlink()
    assert places.vault.get("mastodon") == MASTODON


def test_two_who_write_at_once_both_keep_their_entry(places: Places) -> None:
    places.make_key()

    def put(number: int) -> None:
        places.vault.put(f"account{number}", replace(MASTODON, secret=str(number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(12)))
    assert {name: places.vault.get(name) for name in places.vault.names()} == {
        f"account{number}": replace(MASTODON, secret=str(number)) for number in range(12)
    }


def test_a_full_disk_leaves_the_vault_as_it_was(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    before = places.filled().path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultUnusable, match="No space left"):
        places.vault.put("mastodon", replace(MASTODON, secret="another"))
    assert places.vault.path.read_bytes() == before


# --- a file that somebody else has put there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"format": 1}',
        b'{"format": 2, "entries": {}}',
        b'{"format": 1, "entries": {"a": 1}}',
        b'{"format": 1, "entries": []}',
        b"[" * 100_000,
        b"x" * (5 * 1024 * 1024),
    ],
)
def test_a_damaged_vault_is_said_and_never_taken_for_an_empty_one(places: Places, damage: bytes) -> None:
    places.filled().path.write_bytes(damage)
    for act in (places.vault.names, lambda: places.vault.get("a"), lambda: places.vault.put("a", MASTODON)):
        with pytest.raises(VaultUnusable, match="cannot be read"):
            act()
    assert places.vault.path.read_bytes() == damage


def test_an_entry_under_another_accounts_name_is_refused(pushed: Places) -> None:
    vault = pushed.filled()
    rewrite(vault, mastodon=entries(vault)["bluesky"])
    with pytest.raises(VaultUnusable, match="was made for `bluesky`, and somebody moved it"):
        vault.get("mastodon")
    assert vault.get("bluesky") == BLUESKY


@pytest.mark.parametrize("entry", ["", "x", "gAAAAA", "é", "gAAAAABn" + "A" * 200])
def test_a_forged_entry_is_refused_and_the_others_are_well(pushed: Places, entry: str) -> None:
    vault = pushed.filled()
    rewrite(vault, mastodon=entry)
    with pytest.raises(VaultUnusable, match="is damaged") as error:
        vault.get("mastodon")
    assert "fedisched login mastodon" in error.value.hint
    assert vault.get("bluesky") == BLUESKY
    vault.put("mastodon", MASTODON)
    assert vault.get("mastodon") == MASTODON


def test_one_changed_bit_anywhere_opens_nothing(pushed: Places) -> None:
    vault = pushed.filled()
    entry = entries(vault)["mastodon"]
    for place in range(0, len(entry) - 1, 7):
        other = "A" if entry[place] != "A" else "B"
        rewrite(vault, mastodon=entry[:place] + other + entry[place + 1 :])
        with pytest.raises(VaultUnusable):
            vault.get("mastodon")


def test_entries_of_another_key_are_refused(pushed: Places, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = Places(tmp_path / "theirs").filled()
    vault = pushed.filled()
    rewrite(vault, mastodon=entries(theirs)["mastodon"])
    with pytest.raises(VaultUnusable, match="made with another key"):
        vault.get("mastodon")


def test_a_link_out_of_the_folder_is_neither_read_nor_written(pushed: Places, tmp_path: Path) -> None:
    pushed.make_key()
    victim = tmp_path / "victim"
    victim.write_text('{"format": 1, "entries": {}}')
    (pushed.folder / "fedisched.vault").symlink_to(victim)
    for act in (pushed.vault.names, lambda: pushed.vault.put("a", MASTODON)):
        with pytest.raises(VaultUnusable, match="symbolic link"):
            act()
    assert victim.read_text() == '{"format": 1, "entries": {}}'


def test_a_folder_that_is_a_link_leads_nowhere(tmp_path: Path) -> None:
    places = Places(tmp_path, "secrets/my.vault")
    places.make_key()
    (tmp_path / "elsewhere").mkdir()
    (places.folder / "secrets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VaultUnusable, match="symbolic link"):
        places.vault.put("a", MASTODON)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_fifo_or_a_folder_in_its_place_does_not_hold_us(pushed: Places) -> None:
    os.mkfifo(pushed.vault.path)
    with pytest.raises(VaultUnusable, match="it is not a file"):
        pushed.vault.get("mastodon")
    pushed.vault.path.unlink()
    pushed.vault.path.mkdir()
    with pytest.raises(VaultUnusable, match="cannot be read"):
        pushed.vault.get("mastodon")


def test_a_vault_in_a_sub_folder_of_the_content_folder_is_made_there(tmp_path: Path) -> None:
    places = Places(tmp_path, "secrets/my.vault")
    assert places.filled().path == places.folder / "secrets/my.vault"
    assert places.vault.get("mastodon") == MASTODON
