"""Load a content folder's settings: from the cache, in this process, or in a child so that this one stays small."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fedisched.config import cache as kept
from fedisched.config.folder import CAP, OWN_FILE, config_file, read_config
from fedisched.config.plain import problem_from_plain, settings_from_plain
from fedisched.config.zones import has_zone, how_to_get_zones
from fedisched.model.errors import ConfigError
from fedisched.model.lacking import killed_for_memory
from fedisched.model.problem import Problem
from fedisched.model.settings import Settings

_CHILD_DEADLINE = 60.0


def load_settings(folder: Path, cache: Path | None = None) -> Settings:
    """The settings of a content folder.

    With `cache` (the state folder), a configuration that was validated before is not validated again, and neither
    pydantic nor tomllib is imported. Raises ConfigError with every problem in the file.
    """
    source, data = _read(folder)
    mark = kept.fingerprint(data, source)
    if cache and (known := kept.recall(cache, mark)) and _stays_inside(known):
        return _with_its_zone(known)
    from fedisched.config.reader import read_settings

    settings = read_settings(data, source, source.parent)
    if not _stays_inside(settings):
        raise _leads_outside(settings)
    if cache:
        kept.keep(cache, mark, settings)
    return settings


def load_settings_aside(folder: Path, state: Path) -> Settings:
    """The same, but a child process validates where the cache does not know the file: for the daemon, whose own memory
    stays small. Raises ConfigError as `load_settings` does."""
    source, data = _read(folder)
    mark = kept.fingerprint(data, source)
    if (known := kept.recall(state, mark)) and _stays_inside(known):
        return _with_its_zone(known)
    answer = _ask_child(source.parent)
    if "settings" in answer:
        settings = settings_from_plain(answer["settings"])
        kept.keep(state, mark, settings)
        return settings
    problems = [problem_from_plain(plain) for plain in answer["problems"]]
    raise ConfigError(answer["message"], answer["hint"], problems)


def _read(folder: Path) -> tuple[Path, bytes]:
    real = folder.resolve()
    source = config_file(real)
    if source is None:
        hint = "Run `fedisched init` to make one here, or name another folder with `-C`."
        raise ConfigError(f"{folder} has no {OWN_FILE}", hint)
    if not source.resolve().is_relative_to(real):
        hint = "Put the file itself there: what lies outside is not in the repository, and is not read."
        raise ConfigError(f"{source} is a link that leads out of the content folder", hint)
    try:
        data = read_config(source)
    except OSError as error:
        raise ConfigError(f"{source} cannot be read ({error.strerror})", "Make it readable for you.") from error
    if len(data) > CAP:
        raise ConfigError(f"{source} is larger than any configuration ({CAP:,} bytes)", "Look at what is in it.")
    return source, data


def _with_its_zone(settings: Settings) -> Settings:
    """Settings that were valid once: the machine may have lost its time zone data since."""
    if settings.timezone and not has_zone(settings.timezone):
        message = f"this machine no longer has the time zone data for {settings.timezone}, the timezone in "
        raise ConfigError(f"{message}{settings.source}", how_to_get_zones())
    return settings


def _stays_inside(settings: Settings) -> bool:
    """Whether `posts` is inside the content folder when symbolic links are followed: git stores links to anywhere."""
    return settings.posts_folder.resolve().is_relative_to(settings.folder)


def _leads_outside(settings: Settings) -> ConfigError:
    hint = "Replace the symbolic link by a folder."
    message = f"`{settings.posts}` leads out of the content folder"
    problem = Problem(settings.source.name, 1, 1, "posts-outside", message, hint)
    return ConfigError(f"{settings.source.name} has a mistake", "Mend what is listed, then try again.", [problem])


def _ask_child(folder: Path) -> dict[str, Any]:
    import subprocess

    import fedisched

    # Run beside the package, not in the content folder: there, a pushed `json.py` would be imported and run.
    home = Path(fedisched.__file__).parent.parent
    command = [sys.executable, "-m", "fedisched.config", str(folder)]
    try:
        child = subprocess.run(command, cwd=home, capture_output=True, timeout=_CHILD_DEADLINE, check=True)
        answer: dict[str, Any] = json.loads(child.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        why, hint = type(error).__name__, "Run `fedisched check` in the folder to see what it says."
        if isinstance(error, subprocess.CalledProcessError) and (
            killed := killed_for_memory(error.returncode, "the process that reads it")
        ):
            why, hint = "the process that reads it was killed", killed
        raise ConfigError(f"the configuration could not be validated ({why})", hint) from error
    return answer
