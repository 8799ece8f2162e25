"""Another key: everything encrypted anew, and a vault that opens wherever the power goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fedisched.model.errors import VaultUnusable, WrongKey
from fedisched.vault import rotation, vault
from fedisched.vault.key import new_key
from fedisched.vault.rotation import renew_key_file, rotate, set_aside
from tests.vault.places import BLUESKY, MASTODON, Places


class PowerCut(BaseException):
    """The power goes."""


def keys_in(file: Path) -> list[str]:
    return file.read_text().split()


def opens_with_everything(places: Places) -> bool:
    return places.vault.get("mastodon") == MASTODON and places.vault.get("bluesky") == BLUESKY


def test_everything_is_encrypted_with_another_key_and_the_old_one_is_out_of_use(pushed: Places) -> None:
    before = pushed.filled().path.read_text()
    (old,) = keys_in(pushed.key)
    done = rotate(pushed.vault)
    assert (done.entries, done.is_new, done.old) == (2, True, pushed.old_keys)
    assert len(keys_in(pushed.key)) == 1 and keys_in(pushed.key) != [old] and keys_in(pushed.old_keys) == [old]
    assert opens_with_everything(pushed)
    # Whoever had the old key makes no entries with it any more.
    pushed.vault.path.write_text(before)
    with pytest.raises(WrongKey, match="replaced since"):
        pushed.vault.get("mastodon")
    with pytest.raises(WrongKey, match="replaced since"):
        pushed.vault.put("another", MASTODON)


def test_a_vault_of_another_folder_works_on_and_is_brought_up_to_date(places: Places, tmp_path: Path) -> None:
    places.filled()
    (tmp_path / "other").mkdir()
    other = Places(tmp_path / "other")
    other.environ = places.environ
    other.vault.put("mastodon", MASTODON)
    other.vault.put("bluesky", BLUESKY)
    rotate(places.vault)
    assert opens_with_everything(other), "its posts go out on time meanwhile"
    before = keys_in(places.key)
    done = rotate(other.vault)
    assert (done.entries, done.is_new) == (2, False)
    assert keys_in(places.key) == before, "both folders have the same key again"
    places.old_keys.unlink()
    assert opens_with_everything(other) and opens_with_everything(places)


def test_an_older_copy_of_the_vault_opens_until_the_old_key_is_deleted(places: Places) -> None:
    copy = places.filled().path.read_bytes()
    rotate(places.vault)
    rotate(places.vault)
    assert len(keys_in(places.old_keys)) == 2
    places.vault.path.write_bytes(copy)
    assert opens_with_everything(places)
    places.old_keys.unlink()
    with pytest.raises(WrongKey):
        places.vault.get("mastodon")


@pytest.mark.parametrize("step", range(1, 5))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("committed", ["", "fedisched.vault"])
def test_a_crash_at_any_write_leaves_a_vault_that_opens_and_the_rest_to_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, after: bool, committed: str
) -> None:
    places = Places(tmp_path, committed)
    places.filled()
    (old,) = keys_in(places.key)
    writes: list[Path] = []

    def cut(write: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
        def written(path: Path, data: bytes) -> None:
            writes.append(path)
            if len(writes) == step and not after:
                raise PowerCut
            write(path, data)
            if len(writes) == step:
                raise PowerCut

        return written

    with monkeypatch.context() as patched:
        for module in (rotation, vault):
            patched.setattr(module, "write_private", cut(module.write_private))
        with pytest.raises(PowerCut):
            rotate(places.vault)
    assert len(writes) == step
    assert opens_with_everything(places)
    rotate(places.vault)
    assert opens_with_everything(places)
    assert old not in keys_in(places.key) and len(keys_in(places.key)) == 1


def test_an_entry_that_only_a_replaced_key_opens_is_not_made_good_by_the_next_rotation(pushed: Places) -> None:
    pushed.filled()
    forged = pushed.vault.path.read_text()
    rotate(pushed.vault)
    text = pushed.vault.path.read_text()
    entry = forged.split('"mastodon": "')[1].split('"')[0]
    now = text.split('"mastodon": "')[1].split('"')[0]
    pushed.vault.path.write_text(text.replace(now, entry))
    rotate(pushed.vault)
    with pytest.raises(VaultUnusable):
        pushed.vault.get("mastodon")
    assert pushed.vault.get("bluesky") == BLUESKY


def test_a_key_from_the_environment_is_replaced_by_the_person(places: Places) -> None:
    places.filled()
    old, new = places.key.read_text().strip(), new_key()
    places.environ["FEDISCHED_KEY"] = old
    with pytest.raises(VaultUnusable, match="which fedisched cannot change") as error:
        rotate(places.vault)
    assert "key new --print" in error.value.hint
    places.environ["FEDISCHED_KEY"] = f"{new} {old}"
    assert rotate(places.vault).entries == 2
    places.environ["FEDISCHED_KEY"] = new
    assert opens_with_everything(places)
    assert keys_in(places.key) == [old], "the file is not touched"


def test_a_wrong_key_rotates_nothing(places: Places) -> None:
    before = places.filled().path.read_bytes()
    places.key.write_text(new_key())
    with pytest.raises(WrongKey):
        rotate(places.vault)
    assert places.vault.path.read_bytes() == before and not places.old_keys.exists()


def test_an_empty_vault_gets_a_new_key_too(places: Places) -> None:
    key = places.make_key()
    assert rotate(places.vault).entries == 0
    assert keys_in(places.old_keys) == [key] != keys_in(places.key)


def test_a_vault_whose_key_is_lost_is_put_aside_and_kept(pushed: Places) -> None:
    text = pushed.filled().path.read_bytes()
    pushed.key.unlink()
    aside = set_aside(pushed.vault)
    assert aside is not None and aside.read_bytes() == text and aside.parent == pushed.state
    renew_key_file(pushed.vault)
    pushed.vault.put("mastodon", MASTODON)
    assert pushed.vault.get("mastodon") == MASTODON


def test_a_key_that_opens_nothing_is_kept_with_the_old_ones(places: Places) -> None:
    places.filled()
    wrong = new_key()
    places.key.write_text(wrong)
    set_aside(places.vault)
    renew_key_file(places.vault)
    assert keys_in(places.old_keys) == [wrong]
    places.vault.put("mastodon", MASTODON)
    assert places.vault.get("mastodon") == MASTODON


def test_a_vault_that_opens_is_not_put_aside(places: Places) -> None:
    before = places.filled().path.read_bytes()
    with pytest.raises(WrongKey, match="not lost"):
        set_aside(places.vault)
    assert places.vault.path.read_bytes() == before


def test_where_there_is_no_vault_there_is_nothing_to_put_aside(places: Places) -> None:
    assert set_aside(places.vault) is None


def test_what_is_no_key_is_put_beside_where_the_key_is_lost(places: Places) -> None:
    places.filled()
    places.key.write_text("garbled\n")
    assert set_aside(places.vault) is not None
    renew_key_file(places.vault)
    assert places.key.with_name("key.no-key").read_text() == "garbled\n"
    places.vault.put("mastodon", MASTODON)
    assert places.vault.get("mastodon") == MASTODON


def test_a_key_that_another_one_in_the_environment_hides_is_not_lost(places: Places) -> None:
    before = places.filled().path.read_bytes()
    places.environ["FEDISCHED_KEY"] = new_key()
    with pytest.raises(WrongKey, match="not lost") as told:
        set_aside(places.vault)
    assert "Take FEDISCHED_KEY out of the environment" in told.value.hint
    assert places.vault.path.read_bytes() == before


def test_where_the_key_cannot_be_written_the_key_is_named(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    before = places.filled().path.read_bytes()

    def refused(path: Path, data: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rotation, "write_private", refused)
    with pytest.raises(VaultUnusable, match=f"the key {places.key} cannot be written"):
        rotate(places.vault)
    assert places.vault.path.read_bytes() == before
