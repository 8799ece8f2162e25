"""The machine's own configuration, `~/.config/fedisched/config.toml`: what can run a command or reach another address.

Never the content folder's, since whoever can push posts can change that. So the file has to be this user's own, and lie
outside of the content folder and its repository; and no command may lie inside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fedisched.config.durations import seconds
from fedisched.model.errors import ConfigError
from fedisched.model.home import config_home
from fedisched.model.problem import Mark, Problem
from fedisched.model.telling import KINDS, Ways

if TYPE_CHECKING:
    from fedisched.config.locate import Places

LARGEST = 64 * 1024
LONGEST_TIMEOUT = 300.0
"""Seconds that one way of telling may take at most."""
_KEYS = ("command", "urls", "on", "timeout")

Place = tuple[str | int, ...]


def machine_file(environ: Mapping[str, str]) -> Path:
    """Where the machine's own configuration is, whether or not it is there."""
    return config_home(environ) / "fedisched" / "config.toml"


def may_be_there(path: Path) -> bool:
    """Whether there is such a file, as far as one may look; whoever reads it learns why that fails."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def ways_for(folder: Path, environ: Mapping[str, str]) -> Ways | None:
    """How a person is told of this content folder; None if the machine says nothing of it. Raises ConfigError with
    every mistake in the file, or if anybody else could have written it."""
    path = machine_file(environ)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})", "Make it readable for you.") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        _must_be_ours(path, found, folder)
        data = file.read(LARGEST + 1)
    ways = _Reader(path, data, folder).ways()
    if ways and ways.urls and found.st_mode & 0o077:
        raise ConfigError(
            f"{path} can be read by others, and addresses in `urls` hold secrets", f"Run `chmod 600 {path}`."
        )
    return ways


def _must_be_ours(path: Path, found: os.stat_result, folder: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is no file", "Put a file there, or nothing.")
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{path} belongs to another user, who could have any command run", f"Run `chown $USER {path}`."
        )
    if found.st_mode & 0o022:
        raise ConfigError(
            f"{path} can be written by others, who could have any command run", f"Run `chmod 600 {path}`."
        )
    for there in (path.absolute(), path.resolve()):
        if (inside := _pushed_to(there, folder)) is not None:
            hint = "Keep it elsewhere, and set XDG_CONFIG_HOME to where it is."
            raise ConfigError(f"{path} is inside {inside}, which whoever can push posts can change", hint)


def _pushed_to(path: Path, folder: Path) -> Path | None:
    """The content folder, or the repository that it is in, if a path lies there; but not what git keeps for itself."""
    real = folder.resolve()
    top = next((each for each in (real, *real.parents) if (each / ".git").exists()), real)
    return top if path.is_relative_to(top) and not path.is_relative_to(top / ".git") else None


class _Reader:
    """One reading of the file; collects every mistake in it."""

    def __init__(self, path: Path, data: bytes, folder: Path) -> None:
        self._path, self._folder = path, folder
        self._problems: list[Problem] = []
        self._where: Places | None = None
        self._table = self._parsed(data)

    def ways(self) -> Ways | None:
        table = self._table
        for key in table.keys() - {"notify"}:
            self._wrong((key,), f"there is no key `{key}` here", "This file has one table, `[notify]`.", at_key=True)
        ways = None
        if "notify" in table:
            ways = self._notify(table["notify"])
        if self._problems:
            ordered = sorted(self._problems, key=lambda problem: (problem.line, problem.column))
            raise ConfigError(f"{self._path} has mistakes", "Mend what is listed, then try again.", ordered)
        return ways

    def _parsed(self, data: bytes) -> dict[str, Any]:
        # The daemon asks for nothing but where the file is.
        import tomllib

        from fedisched.config.locate import places

        try:
            if len(data) > LARGEST:
                raise ValueError(f"it is larger than {LARGEST // 1024} kB")
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
            table = tomllib.loads(text)
            self._where = places(text)
        except (ValueError, RecursionError) as error:
            # tomllib's words have the line and the column.
            hint = 'A line is `key = "text"`, `key = ["a", "b"]` or `[table]`; see https://toml.io.'
            raise ConfigError(f"{self._path} is not valid: {error}", hint) from None
        return table

    def _notify(self, table: object) -> Ways | None:
        if not isinstance(table, dict):
            self._wrong(("notify",), "`notify` must be a table", "Write `[notify]`, and the keys below it.")
            return None
        general = self._said(("notify",), {key: value for key, value in table.items() if key != "folders"})
        found = self._ways(general)
        folders = table.get("folders", {})
        if not isinstance(folders, dict):
            self._wrong(("notify", "folders"), "this must be a table", 'Write `[notify.folders."~/posts"]`.')
            return found
        for name, own in folders.items():
            place = ("notify", "folders", name)
            if not isinstance(own, dict):
                self._wrong(place, "this must be a table", 'Write `[notify.folders."~/posts"]`, and the keys below it.')
                continue
            special = self._ways({**general, **self._said(place, own)})
            if Path(name).expanduser().resolve() == self._folder.resolve():
                found = special
        return found

    def _said(self, place: Place, table: Mapping[str, object]) -> dict[str, tuple[Place, object]]:
        """What a table says, each with its place."""
        for key in table.keys() - set(_KEYS):
            known = ", ".join(f"`{each}`" for each in _KEYS)
            self._wrong((*place, key), f"there is no key `{key}`", f"The keys here are {known}.", at_key=True)
        return {key: ((*place, key), value) for key, value in table.items()}

    def _ways(self, said: Mapping[str, tuple[Place, object]]) -> Ways:
        nowhere: Place = ("notify",)
        return Ways(
            command=self._command(*said.get("command", (nowhere, []))),
            urls=self._urls(*said.get("urls", (nowhere, []))),
            on=self._on(*said.get("on", (nowhere, list(KINDS)))),
            timeout=self._timeout(*said.get("timeout", (nowhere, "30s"))),
        )

    # --- values ----------------------------------------------------------------------------------------------

    def _texts(self, place: Place, value: object, example: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(
            isinstance(each, str) and each and "\0" not in each for each in value
        ):
            self._wrong(place, "this must be a list of texts", f"Write it like `{example}`.")
            return ()
        return tuple(value)

    def _command(self, place: Place, value: object) -> tuple[str, ...]:
        words = self._texts(place, value, '["notify-send", "fedisched"]')
        words = tuple(str(Path(word).expanduser()) if word.startswith("~/") else word for word in words)
        if words and "/" in words[0] and not words[0].startswith("/"):
            self._wrong(
                place, f"`{words[0]}` is no whole path", "Write it from `/` or `~/` on, or a name found in PATH."
            )
        for word in words:
            if word.startswith("/") and (inside := _pushed_to(Path(word).resolve(), self._folder)) is not None:
                message = f"`{word}` is inside {inside}, which whoever can push posts can change"
                self._wrong(place, message, "Keep what is run elsewhere.")
        return words

    def _urls(self, place: Place, value: object) -> tuple[str, ...]:
        addresses = self._texts(place, value, '["ntfy://ntfy.sh/my-topic"]')
        for position, address in enumerate(addresses):
            if "://" not in address:
                # Not quoted: whatever it is, it may be secret.
                self._wrong((*place, position), "this is no address", "Write it as Apprise knows it: `ntfy://…`.")
        return addresses

    def _on(self, place: Place, value: object) -> tuple[Any, ...]:
        kinds = self._texts(place, value, '["failed", "held"]')
        for position, kind in enumerate(kinds):
            if kind not in KINDS:
                known = ", ".join(f"`{each}`" for each in KINDS)
                self._wrong((*place, position), f"`{kind}` is nothing to be told of", f"Choose of {known}.")
        return kinds

    def _timeout(self, place: Place, value: object) -> float:
        found = seconds(value) if isinstance(value, str) else None
        if found is None or found > LONGEST_TIMEOUT:
            self._wrong(place, "this is no time to wait", 'Write it like `"30s"`, of `"5m"` at most.')
            return 30.0
        return found

    def _wrong(self, place: Place, message: str, hint: str, at_key: bool = False) -> None:
        mark = Mark(1, 1) if self._where is None else self._where.key(place) if at_key else self._where.value(place)
        problem = Problem(str(self._path), mark.line, mark.column, "machine-config", message, hint)
        if problem not in self._problems:
            self._problems.append(problem)
