"""The configuration: is it there, can it be read, does it say what a person most likely means; and the time zone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.cli.words import plural
from fedisched.clock import SECOND
from fedisched.model.settings import Settings

_PLACEHOLDER = "me.bsky.social"
_OLD = 2
"""Years after which time zone data are too old to trust: countries change their rules at short notice."""


def configuration(case: Case) -> Iterator[Diagnosis]:
    if case.folder is None:
        start = case.here.named or Path.cwd()
        hint = "Go to your content folder, name it (`fedisched doctor -C DIR`), or make one: `fedisched init`."
        yield wrong("config", f"{start} is not in a content folder: there is no fedisched.toml", hint)
    elif case.mistake is not None:
        for problem in case.mistake.problems:
            place = f"{problem.path}:{problem.line}:{problem.column}"
            yield wrong("config", f"{place}: {problem.message}", problem.hint)
        if not case.mistake.problems:
            yield wrong("config", case.mistake.message, case.mistake.hint)
    elif case.settings is not None:
        yield from _sense(case.settings)


def time_zone(case: Case) -> Iterator[Diagnosis]:
    from fedisched.config.zones import NO_ZONE_DATA, has_zone, how_to_get_zones

    settings = case.settings
    name = settings.timezone if settings else ""
    if not has_zone(name or "Europe/Berlin"):
        yield wrong("time zone", NO_ZONE_DATA, how_to_get_zones())
        return
    version, where = _zone_data(name or "Europe/Berlin")
    said = f"{name or 'none configured'}; time zone data {version or 'of an unknown version'} from {where}"
    year = int(version[:4]) if version[:4].isdigit() else None
    if year is not None and year + _OLD < 1970 + case.clock.now() // (365 * 86_400 * SECOND + 21_600 * SECOND):
        hint = "Bring it up to date: `pip install --upgrade tzdata`, or your system's package (`apt install tzdata`)."
        yield doubtful("time zone", f"{said}: too old to know today's rules", hint)
    elif settings is not None and not name:
        hint = f'Write `timezone = "Europe/Berlin"` (your own) into {settings.source}.'
        yield doubtful("time zone", "no timezone is configured, so every `time` needs an offset such as +01:00", hint)
    else:
        yield fine("time zone", said)


def _sense(settings: Settings) -> Iterator[Diagnosis]:
    source = settings.source
    if not settings.accounts:
        hint = f"Add `[accounts.NAME]` with `network` and `server` to {source}; README has an example."
        yield wrong("config", f"{source} names no account, so nothing can be published", hint)
    elif not settings.default_targets:
        hint = f"Write `default_targets = {list(settings.accounts)}` into {source}, or `targets` into every post."
        yield doubtful("config", "there are no default_targets, so a post has to say where it goes", hint)
    for account in settings.accounts.values():
        if account.handle == _PLACEHOLDER:
            hint = f"Write your own handle into [accounts.{account.name}] of {source}, or take that account out."
            yield wrong("config", f"the account {account.name} still has the example's handle {_PLACEHOLDER}", hint)
    if source.name == "fedisched.toml" and _has_our_table(source.with_name("pyproject.toml")):
        hint = "Keep one of the two."
        yield doubtful("config", f"{source} is used, and [tool.fedisched] in pyproject.toml beside it is not", hint)
    yield fine("config", f"{source}: {plural(len(settings.accounts), 'account')}, no mistakes")


def _has_our_table(file: Path) -> bool:
    try:
        return "[tool.fedisched]" in file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


def _zone_data(name: str) -> tuple[str, str]:
    """The version of the data that a zone is read from, and where they are: Python prefers the system's."""
    from zoneinfo import TZPATH

    for folder in map(Path, TZPATH):
        if (folder / name).is_file():
            return _version_in(folder), str(folder)
    try:
        package = import_module("tzdata")
    except ImportError:
        return "", "nowhere that Python tells"
    return str(getattr(package, "IANA_VERSION", "")), "the package tzdata"


def _version_in(folder: Path) -> str:
    """Systems say it in different files; Debian's begins with `# version 2024a`."""
    for name in ("+VERSION", "version", "tzdata.zi"):
        try:
            with (folder / name).open(encoding="ascii", errors="replace") as file:
                return file.readline(80).replace("# version", "").strip()
        except OSError:
            continue
    return ""
