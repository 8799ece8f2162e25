"""The texts of the systemd units and of the compose file, as `init` writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fedisched import __version__

IMAGE = f"ghcr.io/fedisched/fedisched:{__version__}"

_HEAD = """\
# Written by `fedisched init {option}`. It is yours to change, and never overwritten.
"""

_SERVICE = """\
[Unit]
Description=fedisched: publishes the posts in {shown}
Documentation=https://github.com/fedisched/fedisched
{after}# When it has died five times within ten minutes it is left alone, and you are told.
StartLimitIntervalSec=10min
StartLimitBurst=5
OnFailure={name}-died.service

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} run --folder {folder}
# Reads the configuration and the folder again, and looks at the remote.
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
# A wrong option stays wrong.
RestartPreventExitStatus=2
# The daemon is told to end; what its publisher is sending then is finished first.
KillMode=mixed
TimeoutStartSec=5min
TimeoutStopSec=1min
# The daemon's own loop gives a sign of life every minute.
WatchdogSec=3min
# A publisher that is too large for the machine's memory dies alone.
OOMPolicy=continue
{credentials}
{sandbox}
[Install]
WantedBy={target}
"""

_DIED = """\
[Unit]
Description=fedisched: tells you that the daemon of {shown} has ended for good

[Service]
Type=oneshot
ExecStart={command} notify --died --folder {folder}
TimeoutStartSec=11min
{user}"""

_CREDENTIALS = """\
# Tokens and passwords, one a line, and nobody else's to read.
EnvironmentFile=-{environment}
# A key for the vault that systemd hands over, and no other process sees:
#LoadCredential=key:{key}
#Environment=FEDISCHED_KEY_FILE=%d/key
"""

_ALWAYS = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
"""

_MOUNTS = """\
ProtectSystem=strict
ProtectHome={home}
ReadWritePaths={writable}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
"""

_SYSTEM_ONLY = """\
CapabilityBoundingSet=
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RemoveIPC=yes
"""

_NO_NAMESPACES = """\
# More than that needs user namespaces, which this machine does not give to everybody. Where it does:
"""


@dataclass(frozen=True, slots=True)
class Units:
    """What the units of one content folder are made of. `command` starts fedisched; `writable` is all that the daemon
    has to write to; `user` is whose it is, empty for a unit of that user's own service manager. `namespaces`: whether
    that may hide parts of the file system."""

    name: str
    folder: Path
    command: tuple[str, ...]
    writable: tuple[Path, ...]
    environment: Path
    user: str = ""
    home: Path = Path("/")
    """Where that user's own configuration is, git's and the machine's."""
    namespaces: bool = True
    state: str = ""
    """Where FEDISCHED_STATE says that the state is; empty if it does not."""

    def service(self) -> str:
        """The daemon's unit."""
        after = "Wants=network-online.target\nAfter=network-online.target\n" if self.user else ""
        return _HEAD.format(option="--systemd") + _SERVICE.format(
            shown=_plain(str(self.folder)),
            name=self.name,
            after=after,
            command=" ".join(map(word, self.command)),
            folder=word(str(self.folder)),
            credentials=self._user() + self._credentials(),
            sandbox=self._sandbox(),
            target="multi-user.target" if self.user else "default.target",
        )

    def died(self) -> str:
        """The unit that tells a person when the daemon is not started again."""
        return _HEAD.format(option="--systemd") + _DIED.format(
            shown=_plain(str(self.folder)),
            command=" ".join(map(word, self.command)),
            folder=word(str(self.folder)),
            user=self._user() + _ALWAYS,
        )

    def _user(self) -> str:
        state = f"Environment={word(f'FEDISCHED_STATE={self.state}')}\n" if self.state else ""
        return (f"User={self.user}\n" if self.user else "") + state

    def _credentials(self) -> str:
        environment = _plain(str(self.environment))
        return _CREDENTIALS.format(environment=environment, key=environment.removesuffix(".env") + ".key")

    def _sandbox(self) -> str:
        needed = (self.folder, self.home, Path(self.command[0]), *self.writable)
        home = "read-only" if not self.user or any(map(_is_at_home, needed)) else "yes"
        writable = " ".join(word(str(path)) for path in self.writable)
        mounts = _MOUNTS.format(home=home, writable=writable)
        if self.user:
            return _ALWAYS + mounts + _SYSTEM_ONLY
        mounts = "PrivateUsers=yes\n" + mounts
        if self.namespaces:
            return _ALWAYS + mounts
        return _ALWAYS + _NO_NAMESPACES + "".join(f"#{line}\n" for line in mounts.splitlines())


def environment_file(variables: Sequence[str]) -> str:
    """The file for credentials, with nothing in it yet."""
    lines = ["# Take out the # and write the value behind the =. Then restart the service.", *variables]
    return "\n".join([lines[0], *(f"#{variable}=" for variable in variables)]) + "\n"


def _is_at_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in ("/home", "/root", "/run/user"))


def _plain(text: str) -> str:
    """A text in a unit, where a percent sign begins something."""
    return text.replace("%", "%%")


def word(text: str) -> str:
    """One word of a unit's command or list."""
    if text and all(c.isalnum() or c in "/._-+@=," for c in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_plain(escaped)}"'


_COMPOSE = """\
# Written by `fedisched init --compose`. It is yours to change, and never overwritten.
#   docker compose up -d                            starts it, also whenever Docker starts
#   docker compose logs -f                          what it does
#   docker compose exec fedisched fedisched queue   what is due, and what needs you
services:
  fedisched:
    image: {image}
    user: {user} # whose the folder is
    working_dir: {working}
    command: ["run"]
    init: true
    restart: unless-stopped
    stop_grace_period: 1m # what is being sent is finished
    read_only: true
    cap_drop: ["ALL"]
    security_opt: ["no-new-privileges:true"]
    tmpfs: ["/tmp:mode=1777"]
    env_file:
      - path: .env # FEDISCHED_MASTODON_TOKEN=… and so on; git leaves it alone
        required: false
    environment:
      HOME: /home/fedisched
      FEDISCHED_STATE: /state/fedisched
      # FEDISCHED_WATCH: poll # on Docker Desktop, where nothing tells of a saved file
    volumes:
      - {mount}
      - state:/state
      # How you are told when something needs you:
      # - ~/.config/fedisched/config.toml:/home/fedisched/.config/fedisched/config.toml:ro
    healthcheck:
      test: ["CMD", "fedisched", "health"]
      interval: 1m
      timeout: 10s
      start_period: 30s

volumes:
  state:
"""


def compose(owner: tuple[int, int], to_top: str, within: str) -> str:
    """The compose file of a content folder: the ids of whose it is, the way to the top of its repository, which has to
    be there too, and the way from there to the folder."""
    return _COMPOSE.format(
        image=IMAGE,
        user=json.dumps(f"{owner[0]}:{owner[1]}"),
        working=json.dumps("/content" if within == "." else f"/content/{within}".replace("$", "$$")),
        mount=json.dumps(f"{to_top}:/content"),
    )
