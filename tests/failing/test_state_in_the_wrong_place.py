"""State folders on network mounts, on Docker Desktop's, and in folders that are kept in step: refused, with what to
set. What is mounted where is read from a file, as the kernel writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.config.places import kept_in_step, mount_of, unfit_for_state
from fedisched.config.state import make_state_folder
from fedisched.model.errors import StateUnusable
from tests.failing.lacking import Lacking

ROOT = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"


def mounts(at: Path, kind: str, place: Path, options: str = "rw,relatime") -> Path:
    """A file that says that a file system of this kind is mounted at a place."""
    file = at / "mountinfo"
    point = str(place).replace(" ", "\\040")
    file.write_text(f"{ROOT}40 27 0:40 / {point} {options} master:3 - {kind} somewhere:/export rw,vers=4.2\n")
    return file


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs"])
def test_a_state_folder_on_a_network_mount_is_refused_with_what_to_set(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "my posts"
    place.mkdir()
    file = mounts(tmp_path, kind, place)
    with pytest.raises(StateUnusable, match=f"it is on {kind}, a network mount") as told:
        make_state_folder(place / ".fedisched", file)
    assert "`export FEDISCHED_STATE=" in told.value.hint
    assert list(place.iterdir()) == []
    assert make_state_folder(tmp_path / "state", file).is_dir()


@pytest.mark.parametrize("kind", ["fakeowner", "grpcfuse", "fuse.grpcfuse", "osxfs", "virtiofs", "9p", "vboxsf"])
def test_a_state_folder_on_docker_desktops_mounts_is_refused_with_what_to_set(tmp_path: Path, kind: str) -> None:
    file = mounts(tmp_path, kind, tmp_path / "content")
    with pytest.raises(StateUnusable, match=f"it is on {kind}, a folder of the machine around this one") as told:
        make_state_folder(tmp_path / "content/.git/fedisched/top", file)
    assert "docker run -v fedisched-state:/state -e FEDISCHED_STATE=/state" in told.value.hint


@pytest.mark.parametrize(
    "kind",
    ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "fuse.gocryptfs", "fuse.fuse-overlayfs"],
)
def test_local_file_systems_are_taken(tmp_path: Path, kind: str) -> None:
    assert make_state_folder(tmp_path / "a" / "state", mounts(tmp_path, kind, tmp_path / "a")).is_dir()


def test_a_machine_that_was_started_from_such_a_mount_has_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(ROOT.replace("ext4", "virtiofs"))
    assert unfit_for_state(tmp_path, file) == ""


def test_the_innermost_and_last_mount_counts(tmp_path: Path) -> None:
    file = mounts(tmp_path, "nfs4", tmp_path)
    file.write_text(file.read_text() + f"41 40 0:41 / {tmp_path} rw - ext4 /dev/vdb rw\nodd line\n\n")
    found = mount_of(tmp_path / "deep" / "er", file)
    assert found is not None and (found.kind, found.point) == ("ext4", str(tmp_path))
    assert mount_of(tmp_path.with_name(f"{tmp_path.name}er"), file) == mount_of(Path("/"), file)
    assert mount_of(tmp_path, tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("inside", "program"),
    [
        (".dropbox.cache/", "Dropbox"),
        (".dropbox", "Dropbox"),
        (".stfolder/", "Syncthing"),
        (".nextcloudsync.log", "Nextcloud"),
        ("../Dropbox/", "Dropbox"),
        ("../OneDrive - Work/", "OneDrive"),
        ("../Library/Mobile Documents/", "iCloud"),
        ("../Library/CloudStorage/", "a cloud drive"),
    ],
)
def test_a_state_folder_that_is_kept_in_step_is_refused(tmp_path: Path, inside: str, program: str) -> None:
    home = tmp_path / "home"
    top = home / "synced"
    top.mkdir(parents=True)
    place = top / inside
    place.mkdir(parents=True) if inside.endswith("/") else place.write_text("")
    within = place.resolve() if inside.startswith("..") else top
    found = kept_in_step(within / "posts" / ".git", home)
    assert found == (program, within)
    assert unfit_for_state(within / "posts" / ".git", home=home).startswith(f"{program} keeps {within} in step")


def test_dropboxs_own_settings_make_no_synced_folder_of_a_home(tmp_path: Path) -> None:
    (tmp_path / ".dropbox").mkdir()
    assert kept_in_step(tmp_path / "posts", tmp_path) is None


def test_the_program_says_what_to_set_and_goes_on_with_it(lacking: Lacking, tmp_path: Path) -> None:
    (lacking.folder / ".stfolder").mkdir()
    code, said = lacking.run("publish")
    assert code == 1 and "Syncthing keeps" in said and "export FEDISCHED_STATE=" in said, said
    assert lacking.texts() == [] and not lacking.state.exists()
    code, said = lacking.run("publish", more={"FEDISCHED_STATE": str(tmp_path / "state")})
    assert code == 0 and lacking.texts() == ["Hello!"], said
