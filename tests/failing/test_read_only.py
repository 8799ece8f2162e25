from __future__ import annotations

from pathlib import Path

import pytest

from tests.failing.lacking import PUBLISH, Lacking

READ_ONLY = 'mount --bind "$FOLDER" "$FOLDER" && mount -o remount,ro,bind "$FOLDER"\n'


@pytest.mark.system
def test_on_a_read_only_file_system_nothing_is_sent_and_what_to_set_is_said(lacking: Lacking, tmp_path: Path) -> None:
    said = lacking.in_a_namespace(f'{READ_ONLY}{PUBLISH} -C "$FOLDER"; echo "ended with $?"')
    assert "read-only" in said and "FEDISCHED_STATE" in said and "ended with 1" in said, said
    assert lacking.texts() == []
    script = f'{READ_ONLY}{PUBLISH} -C "$FOLDER"; echo "ended with $?"'
    said = lacking.in_a_namespace(script, FEDISCHED_STATE=str(tmp_path / "state"))
    assert f"The file system of {lacking.folder}/posts is read-only" in said and "ended with 75" in said, said
    assert lacking.texts() == []
    lacking.heals()


@pytest.mark.system
def test_a_daemon_on_a_read_only_file_system_says_what_to_set(lacking: Lacking) -> None:
    run = PUBLISH.replace("publish", "run")
    said = lacking.in_a_namespace(f'{READ_ONLY}{run} -C "$FOLDER"; echo "ended with $?"')
    assert "Read-only file system" in said and "FEDISCHED_STATE" in said and "ended with 1" in said, said
