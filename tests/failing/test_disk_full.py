from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.engine.journal import Journal
from fedisched.model.errors import StateUnusable
from tests.failing.lacking import PUBLISH, Lacking, full_disks

TINY_DISK = """
mount -t tmpfs -o size=700k none "$DISK" && cp -r "$SEED/." "$DISK"
{before}
dd if=/dev/zero of="$DISK/fill" bs=1k 2>/dev/null
{publish} -C "$FOLDER"; echo "ended with $?"
rm "$DISK/fill"
{publish} -C "$FOLDER"; echo "ended with $?"
cat "$FOLDER/posts/a.md"
"""


def on_a_tiny_disk(lacking: Lacking, tmp_path: Path, before: str = ":", **more: str) -> str:
    lacking.folder.rename(tmp_path / "seed")
    lacking.folder.mkdir()
    script = TINY_DISK.format(before=before, publish=PUBLISH)
    return lacking.in_a_namespace(script, DISK=str(lacking.folder), SEED=str(tmp_path / "seed"), **more)


@pytest.mark.system
@pytest.mark.parametrize("before", [":", PUBLISH.replace("publish", "queue") + ' -C "$FOLDER"'])
def test_without_room_for_the_journal_nothing_is_sent_until_there_is(
    lacking: Lacking, tmp_path: Path, before: str
) -> None:
    said = on_a_tiny_disk(lacking, tmp_path, before)
    full, healed = said.split("ended with 1\n")
    assert "cannot be used" in full and "disk" in full and "df -h" in full, said
    assert "published" not in full and "ended with 0" in healed and "status: published" in healed, said
    assert lacking.texts() == ["Hello!"]


@pytest.mark.system
def test_without_room_beside_the_post_nothing_is_sent_until_there_is(lacking: Lacking, tmp_path: Path) -> None:
    said = on_a_tiny_disk(lacking, tmp_path, FEDISCHED_STATE=str(tmp_path / "state"))
    full, _, after = said.partition("ended with 75\n")
    assert f"Make room on the disk that holds {lacking.folder}/posts" in full and "published" not in full, said
    # It is tried again half a minute later.
    assert "status: scheduled" not in after and lacking.texts() == []


def test_where_sqlite_speaks_of_an_error_the_full_disk_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disks(monkeypatch)
    (tmp_path / "journal.sqlite3").mkdir()
    with pytest.raises(StateUnusable, match=r"the disk is full\. Free disk space where .*df -h"):
        Journal(tmp_path / "journal.sqlite3")
