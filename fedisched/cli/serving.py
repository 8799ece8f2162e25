"""`fedisched init --systemd` and `--compose`: what keeps the daemon running for good."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fedisched.cli import units
from fedisched.cli.here import Here
from fedisched.cli.words import columns, doubtful, faint, good, pad, strong
from fedisched.model.errors import ConfigError, FedischedError
from fedisched.model.home import config_home

SYSTEM = Path("/etc")
"""Where a machine's own configuration is."""
_LONGEST_NAME = 40
_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount", "true")


@dataclass(frozen=True, slots=True)
class New:
    """A file to be written where there is none: its text, what it is for, and who may read it."""

    path: Path
    text: str
    words: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Service:
    """The service of a content folder: its files, and the commands to type, each with what it does."""

    files: tuple[New, ...]
    commands: tuple[tuple[str, str], ...]


def keep_running(here: Here, folder: Path, top: Path, *, systemd: bool, composes: bool) -> None:
    """Write what is asked for of a content folder in the repository at `top`, and say what to type then."""
    found = service(here, folder, top, is_root=os.geteuid() == 0) if systemd else Service((), ())
    new = [*found.files, *([compose(folder, top)] if composes else ())]
    for each in new:
        shown = each.path.name if each.path.parent == folder else str(each.path)
        if _write_new(each):
            here.voice.result(good("made  "), pad(shown, 37), " ", faint(each.words))
        else:
            here.voice.remark(faint("kept  "), pad(shown, 37), " ", faint("was there already"))
    if composes:
        _keep_from_git(here, folder, top)
    commands = [
        *found.commands,
        *((("docker compose up -d", "start it, also whenever Docker starts"),) if composes else ()),
    ]
    width = max(columns(command) for command, _ in commands)
    here.voice.remark()
    here.voice.remark("Next:")
    for command, words in commands:
        here.voice.remark("  ", strong(pad(command, width)), "  ", faint(words))


def _write_new(new: New) -> bool:
    """Write a file unless something of its name is there; whether it was written."""
    new.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(new.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, new.mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(new.text)
    return True


def _keep_from_git(here: Here, folder: Path, top: Path) -> None:
    """Say so where git would take the file that the tokens go into."""
    from fedisched.git.command import Git

    if not (top / ".git").exists():
        return
    try:
        # Which knows no literal names, as all else is asked for.
        names = {"GIT_LITERAL_PATHSPECS": "0"}
        code, _, _ = Git(folder, here.environ).run("check-ignore", "--quiet", ".env", environ=names)
    except FedischedError:
        return
    if code == 1:
        line = f"echo .env >> {shlex.quote(str(folder / '.gitignore'))}"
        here.voice.complain(
            doubtful("warning: "), f"git does not leave .env alone, where tokens go. Type first: {line}"
        )


def service(
    here: Here, folder: Path, top: Path, *, is_root: bool, may_hide: Callable[[], bool] | None = None
) -> Service:
    """The systemd units for a folder in the repository at `top`: of the user's own service manager, or, by root, of the
    machine's, for the user whose the folder is. Raises ConfigError where that is nobody else."""
    must_not_be_roots(folder, is_root=is_root)
    owner = _user(folder.stat().st_uid) if is_root else None
    own = config_home(here.environ)
    place = SYSTEM / "systemd/system" if is_root else own / "systemd/user"
    name = _free_name(place, folder)
    environment = (SYSTEM if is_root else own) / "fedisched" / f"{name}.env"
    made_of = units.Units(
        name=name,
        folder=folder,
        command=_own_command(),
        writable=_writable(here, folder, top),
        environment=environment,
        user=owner.pw_name if owner else "",
        home=Path(owner.pw_dir if owner else "/"),
        namespaces=is_root or (may_hide or _may_hide)(),
        state=here.environ.get("FEDISCHED_STATE", ""),
    )
    files = (
        New(place / f"{name}.service", made_of.service(), "runs the daemon"),
        New(place / f"{name}-died.service", made_of.died(), "tells you when it has died for good"),
        New(environment, units.environment_file(_variables(here, folder)), "your tokens and passwords", 0o600),
    )
    return Service(files, tuple(_commands(name, environment, is_root)))


def compose(folder: Path, top: Path) -> New:
    """The compose file of a folder in the repository at `top`."""
    owner = folder.stat()
    within = folder.relative_to(top).as_posix()
    # Under Docker it runs as whose the folder is, but never as root.
    ids = (owner.st_uid, owner.st_gid) if owner.st_uid else (1000, 1000)
    to_top = "." if within == "." else "/".join([".."] * len(Path(within).parts))
    return New(folder / "compose.yaml", units.compose(ids, to_top, within), "runs the daemon in a container")


def must_not_be_roots(folder: Path, *, is_root: bool) -> None:
    """Raises ConfigError if root asks for a service that would be root's own."""
    if is_root and (not folder.exists() or folder.stat().st_uid == 0):
        hint = "Give it to a user of its own (`chown -R`), or run this as the user who is to publish, without sudo."
        raise ConfigError(f"{folder} is root's, and root should not publish", hint)


def _user(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(f"there is no user {uid}, whose the folder is", "Give it to a user of its own.") from None


def _free_name(place: Path, folder: Path) -> str:
    """`fedisched-posts`; with a number behind it where that is another folder's."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-").lower()[:_LONGEST_NAME] or "posts"
    name, number = f"fedisched-{word}", 1
    while (unit := place / f"{name}.service").exists() and f"--folder {units.word(str(folder))}\n" not in _text(unit):
        number += 1
        name = f"fedisched-{word}-{number}"
    return name


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _own_command() -> tuple[str, ...]:
    """How a service manager starts us, which knows no PATH of ours."""
    beside = Path(sys.executable).with_name("fedisched")
    if beside.exists():
        return (str(beside),)
    return (sys.executable, "-P", "-m", "fedisched")


def _writable(here: Here, folder: Path, top: Path) -> tuple[Path, ...]:
    """What the daemon writes to: the folder's repository, wherever git keeps it, the state, and a remote that is a
    folder on this machine."""
    from fedisched.git.command import Git

    found = [top]
    if named := here.environ.get("FEDISCHED_STATE", ""):
        found.append(Path(named).expanduser().absolute())
    git = Git(top, here.environ)
    for question in (["rev-parse", "--git-common-dir"], ["remote", "get-url", "origin"]):
        try:
            answer = git.text(*question) if (top / ".git").exists() else ""
        except FedischedError:
            continue
        path = Path(os.path.normpath(top / answer))
        if answer and path.is_dir() and not any(path.is_relative_to(known) for known in found):
            found.append(path)
    return tuple(found)


def _variables(here: Here, folder: Path) -> list[str]:
    from fedisched.config import load_settings

    try:
        return [account.variable for account in load_settings(folder).accounts.values()]
    except ConfigError:
        return ["FEDISCHED_MASTODON_TOKEN", "FEDISCHED_BLUESKY_PASSWORD"]


def _may_hide() -> bool:
    """Whether this machine lets everybody have a view of the file system of their own."""
    if shutil.which(_NAMESPACES[0]) is None:
        return False
    return subprocess.run(_NAMESPACES, capture_output=True, check=False).returncode == 0


def _commands(name: str, environment: Path, is_root: bool) -> Iterator[tuple[str, str]]:
    systemctl = "systemctl" if is_root else "systemctl --user"
    yield f"edit {environment}", "put your tokens and passwords in"
    yield f"{systemctl} daemon-reload", "have systemd read the units"
    yield f"{systemctl} enable --now {name}", "start it, now and at each start of the machine"
    if not is_root:
        yield "loginctl enable-linger", "run it while you are not logged in, too"
    yield f"{systemctl} status {name}", "see how it is"
