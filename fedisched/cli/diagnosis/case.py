"""What the checks of `doctor` share: the case that they look at, and how they say what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fedisched.cli.diagnosis.aside import Aside
from fedisched.model.errors import ConfigError

if TYPE_CHECKING:
    from fedisched.cli.diagnosis.journal import Known
    from fedisched.cli.here import Here
    from fedisched.clock import Clock
    from fedisched.model.settings import Settings

Severity = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at: what kind of thing it is, what was found, and what to do about it. A warning can be
    lived with; an error needs a person."""

    check: str
    message: str
    hint: str = ""
    severity: Severity = "ok"

    @property
    def ok(self) -> bool:
        return self.severity != "error"


def fine(check: str, message: str) -> Diagnosis:
    return Diagnosis(check, message)


def doubtful(check: str, message: str, hint: str) -> Diagnosis:
    return Diagnosis(check, message, hint, "warning")


def wrong(check: str, message: str, hint: str) -> Diagnosis:
    return Diagnosis(check, message, hint, "error")


@dataclass
class Case:
    """A content folder and the machine that it is on. What cannot be had of it is None, and says why in `mistake`."""

    here: Here
    offline: bool
    aside: Aside = field(default_factory=Aside)
    mounts: Path | None = None
    """Where the system tells what is mounted; left out: where it does."""

    @property
    def environ(self) -> Mapping[str, str]:
        return self.here.environ

    @property
    def clock(self) -> Clock:
        return self.here.clock

    @cached_property
    def folder(self) -> Path | None:
        try:
            return self.here.folder
        except ConfigError:
            return None

    @cached_property
    def _read(self) -> Settings | ConfigError:
        from fedisched.config import load_settings

        try:
            # Not `here.settings`: that keeps a copy for the next one.
            return load_settings(self.here.folder)
        except ConfigError as error:
            return error

    @property
    def settings(self) -> Settings | None:
        return None if isinstance(self._read, ConfigError) else self._read

    @property
    def mistake(self) -> ConfigError | None:
        return self._read if isinstance(self._read, ConfigError) else None

    @property
    def state(self) -> Path | None:
        return self.here.state if self.folder is not None else None

    @cached_property
    def known(self) -> Known:
        """What the journal says."""
        from fedisched.cli.diagnosis.journal import read_known

        return read_known(self.state)


Check = Callable[[Case], Iterator[Diagnosis]]
