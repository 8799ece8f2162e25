"""Where a verb runs: its content folder, with the settings and the state that belong to it, each found when asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.clock import Clock, SystemClock
from fedisched.model.command import typed
from fedisched.model.errors import ConfigError

if TYPE_CHECKING:
    from fedisched.cli.say import Voice
    from fedisched.model.settings import Settings
    from fedisched.vault import Vault


@dataclass(frozen=True)
class Surroundings:
    """What a run gets from outside; a test hands in its own."""

    clock: Clock = field(default_factory=SystemClock)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


def away(folder: Path) -> tuple[str, ...]:
    """What a command needs for a content folder, typed from where the person is: nothing inside of it."""
    return () if Path.cwd().resolve().is_relative_to(folder) else ("-C", str(folder))


class Here:
    """The content folder that a verb works on, and how it speaks. The first argument of every verb."""

    def __init__(self, named: str | None, voice: Voice, surroundings: Surroundings) -> None:
        self.named = Path(named) if named else None
        self.voice = voice
        self.clock = surroundings.clock
        self.environ = surroundings.environ

    @cached_property
    def folder(self) -> Path:
        """The content folder: what `-C` names, else the nearest one from here upwards. Raises ConfigError."""
        from fedisched.config import find_folder

        start = self.named or Path.cwd()
        found = find_folder(start)
        if found is None:
            hint = "Go to your content folder, name it with `-C`, or run `fedisched init` to make one."
            raise ConfigError(f"{start} is not in a content folder: there is no fedisched.toml", hint)
        return found.resolve()

    def typed(self, *words: str) -> str:
        """A command for this content folder, as a person types it from where they are."""
        return typed(*words, *away(self.folder))

    @cached_property
    def settings(self) -> Settings:
        """The folder's settings. Raises ConfigError with every problem."""
        from fedisched.config import load_settings

        return load_settings(self.folder, cache=self.state)

    @cached_property
    def state(self) -> Path:
        """Where the folder's state is kept; not created by asking."""
        from fedisched.config import state_folder

        return state_folder(self.folder, self.environ)

    @cached_property
    def vault(self) -> Vault:
        """The folder's vault; neither it nor its key is looked at by asking. Raises ConfigError."""
        from fedisched.vault import Vault

        return Vault.open(self.state, self.folder, self.environ, self.settings.vault)
