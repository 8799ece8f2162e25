"""What kind of place a folder is in, as far as that can be told without writing there.

The journal needs shared memory between processes (SQLite's WAL, https://sqlite.org/wal.html#noshm) and locks that the
kernel gives (flock). Network mounts and the mounts by which Docker Desktop shows a Mac's or a PC's folders to its
containers have neither, or say that they have. A program that keeps folders in step with other machines copies a
database in the middle of a write, and brings an old one back.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""What is mounted where, on Linux: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html. macOS has no such
file, and is asked nothing."""

_NETWORK = frozenset(
    (
        *("afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"),
        *("nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs"),
    )
)
_SHOWN = frozenset(["9p", "fakeowner", "grpcfuse", "osxfs", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"])
"""By which a virtual machine or Docker Desktop shows the folders of the machine that it runs on."""
_SHOWN_BY_FUSE = frozenset(f"fuse.{name}" for name in ("fakeowner", "grpcfuse", "osxfs", "vmhgfs-fuse"))
_LOCAL_FUSE = frozenset(
    f"fuse.{name}" for name in ("bindfs", "encfs", "fuse-overlayfs", "gocryptfs", "ntfs-3g", "securefs", "unionfs")
)
"""Layers on a local disk, for which the kernel itself keeps locks and shared memory."""

_OCTAL = re.compile(r"\\([0-7]{3})")
_IN_STEP = {
    ".dropbox.cache": "Dropbox",
    ".stfolder": "Syncthing",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
}
"""What these programs leave at the top of a folder that they keep in step."""
_IN_STEP_AT_HOME = {"Dropbox": "Dropbox", "Nextcloud": "Nextcloud", "ownCloud": "ownCloud", "OneDrive": "OneDrive",
                    "Google Drive": "Google Drive", "GoogleDrive": "Google Drive", "pCloudDrive": "pCloud"}  # fmt: skip
"""Where they put it when nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Mount:
    """What a folder is on: where that is mounted, the kind of file system, and its options."""

    point: str
    kind: str
    options: frozenset[str]

    @property
    def is_shown(self) -> bool:
        """Whether this is a folder of the machine around this one: a container's or a virtual machine's host."""
        # A small virtual machine may be started from such a mount; nobody else writes there.
        return self.point != "/" and (self.kind in _SHOWN or self.kind in _SHOWN_BY_FUSE)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the files are, or may be, another machine's: nobody here is told when they change there."""
        other_fuse = self.kind.startswith("fuse.") and self.kind not in _LOCAL_FUSE
        return self.is_shown or self.kind in _NETWORK or other_fuse


def mount_of(folder: Path, mounts: Path = MOUNTS) -> Mount | None:
    """What a folder, or the place where it would be made, is on; None where that cannot be told."""
    try:
        lines = mounts.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    real = os.path.realpath(folder)
    found: Mount | None = None
    for mount in filter(None, map(_mount, lines)):
        inside = mount.point == "/" or real == mount.point or real.startswith(f"{mount.point}/")
        # Of two at one place the later one hides the other.
        if inside and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def kept_in_step(folder: Path, home: Path | None = None) -> tuple[str, Path] | None:
    """The program that keeps a folder in step with other machines, and the top of what it keeps so; None if none is
    seen to. `home` is the person's home folder."""
    real = Path(os.path.realpath(folder))
    home = Path(os.path.realpath(home or Path("~").expanduser()))
    for top in (real, *real.parents):
        for name, program in _IN_STEP.items():
            if os.path.lexists(top / name):
                return program, top
        # `.dropbox` in a home folder is Dropbox's own settings, and a folder.
        if os.path.isfile(top / ".dropbox"):  # noqa: PTH113 (which is no error where one may not look)
            return "Dropbox", top
        if top.name in ("Mobile Documents", "CloudStorage") and top.parent.name == "Library":
            return ("iCloud" if top.name == "Mobile Documents" else "a cloud drive"), top
        if top.parent == home and (program := _at_home(top.name)):
            return program, top
    return None


def unfit_for_state(state: Path, mounts: Path = MOUNTS, home: Path | None = None) -> str:
    """Why a state folder cannot be in this place, as the end of a sentence; empty if it can, as far as is known."""
    mount = mount_of(state, mounts)
    if mount is not None and mount.is_shown:
        return f"it is on {mount.kind}, a folder of the machine around this one, where SQLite and locks do not work"
    if mount is not None and mount.is_elsewhere:
        return f"it is on {mount.kind}, a network mount, where SQLite and locks do not work"
    if (found := kept_in_step(state, home)) is not None:
        return f"{found[0]} keeps {found[1]} in step with other machines, and would mix up what they write"
    return ""


def _mount(line: str) -> Mount | None:
    before, dash, after = line.partition(" - ")
    fields, kinds = before.split(" "), after.split(" ")
    if not dash or len(fields) < 6:
        return None
    return Mount(_OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4]), kinds[0], frozenset(fields[5].split(",")))


def _at_home(name: str) -> str:
    return "OneDrive" if name.startswith("OneDrive") else _IN_STEP_AT_HOME.get(name, "")
