"""The key: where it is looked for, what is no key, and who else could read it."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fedisched.model.errors import KeyMissing, VaultUnusable
from fedisched.vault.key import find_keys, key_file, make_key_file, new_key
from tests.vault.places import Places


def test_a_new_key_lies_in_the_machines_own_configuration_for_its_owner_alone(places: Places) -> None:
    key = places.make_key()
    assert len(key) == 44
    assert stat.S_IMODE(places.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(places.key.parent.stat().st_mode) == 0o700
    assert find_keys(places.environ, places.folder).current == (key.encode(),)


def test_a_key_that_is_there_is_never_written_over(places: Places) -> None:
    key = places.make_key()
    with pytest.raises(VaultUnusable, match="already"):
        places.make_key()
    assert places.key.read_text().strip() == key


def test_of_two_that_make_a_key_at_once_one_does(places: Places) -> None:
    def make(_: int) -> str:
        try:
            return make_key_file(places.environ, places.folder).read_text()
        except VaultUnusable as error:
            return error.message

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(make, range(8)))
    assert len(answers) == 2 and places.key.read_text() in answers


def test_where_it_is_looked_for() -> None:
    assert key_file({"HOME": "/h"}) == Path("/h/.config/fedisched/key")
    assert key_file({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}) == Path("/x/fedisched/key")
    assert key_file({"HOME": "/h", "XDG_CONFIG_HOME": "not/absolute"}) == Path("/h/.config/fedisched/key")
    assert key_file({"HOME": "/h", "FEDISCHED_KEY_FILE": "/run/key"}) == Path("/run/key")


def test_no_key_is_said_with_both_ways_out(places: Places) -> None:
    with pytest.raises(KeyMissing, match="FEDISCHED_KEY is not set"):
        find_keys(places.environ, places.folder)


@pytest.mark.parametrize(
    "text", ["x", "s3cret-app-password", "A" * 43, "A" * 44 + "A", "é" * 44, "A" * 44, "key: " + "A" * 43 + "="]
)
def test_what_is_no_key_is_said_and_never_quoted(places: Places, text: str) -> None:
    places.environ["FEDISCHED_KEY"] = text
    with pytest.raises(VaultUnusable, match="what is in FEDISCHED_KEY is no key") as error:
        find_keys(places.environ, places.folder)
    assert text[:4] not in str(error.value).replace("FEDISCHED_KEY is no key", "") or len(text) < 4


def test_an_empty_key_file_is_no_key(places: Places) -> None:
    places.make_key()
    places.key.write_text("\n")
    with pytest.raises(VaultUnusable, match="is no key"):
        find_keys(places.environ, places.folder)


def test_several_keys_are_the_newest_first(places: Places) -> None:
    first, second = new_key(), new_key()
    places.environ["FEDISCHED_KEY"] = f"{first}, {second}\n"
    assert find_keys(places.environ, places.folder).current == (first.encode(), second.encode())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_what_to_type(places: Places, mode: int) -> None:
    places.make_key()
    places.key.chmod(mode)
    with pytest.raises(VaultUnusable, match="others can read") as error:
        find_keys(places.environ, places.folder)
    assert error.value.hint == f"Type `chmod 600 {places.key}`."


def test_a_key_of_another_user_is_refused(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    places.make_key()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 12345)
    if os.getuid() == 0:
        os.chown(places.key, 4321, -1)
    with pytest.raises(VaultUnusable, match="belongs to another user"):
        find_keys(places.environ, places.folder)


def test_a_fifo_in_its_place_does_not_hold_us(places: Places) -> None:
    places.key.parent.mkdir(parents=True)
    os.mkfifo(places.key, 0o600)
    with pytest.raises(VaultUnusable, match="it is not a file"):
        find_keys(places.environ, places.folder)


def test_a_key_in_the_content_folder_is_neither_made_nor_used(places: Places, tmp_path: Path) -> None:
    places.environ["FEDISCHED_KEY_FILE"] = str(places.folder / "key")
    with pytest.raises(VaultUnusable, match="travels with the posts"):
        places.make_key()
    (places.folder / "key").write_text(new_key())
    (places.folder / "key").chmod(0o600)
    with pytest.raises(VaultUnusable, match="travels with the posts"):
        find_keys(places.environ, places.folder)
    # Nor through a link from outside.
    (tmp_path / "link").symlink_to(places.folder / "key")
    places.environ["FEDISCHED_KEY_FILE"] = str(tmp_path / "link")
    with pytest.raises(VaultUnusable, match="travels with the posts"):
        find_keys(places.environ, places.folder)


def test_a_key_that_cannot_be_written_is_said(places: Places) -> None:
    (places.home / ".config").write_text("a file in the way")
    with pytest.raises(VaultUnusable, match="cannot be written"):
        places.make_key()


def test_no_representation_of_keys_shows_them(places: Places) -> None:
    key = places.make_key()
    assert key[:8] not in repr(find_keys(places.environ, places.folder))
