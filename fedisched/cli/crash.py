"""What is said when fedisched itself is at fault: a report to paste, with nothing private in it."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from fedisched import __version__
from fedisched.model.secret import discreet

WHERE = "https://github.com/fedisched/fedisched/issues"


def report(error: BaseException, arguments: Sequence[str], verbs: Sequence[str], environ: Mapping[str, str]) -> str:
    """A bug report: versions, the command without anything a person typed into it, and where it happened."""
    lines = [
        "fedisched has a bug. Nothing that was written is lost.",
        f"Please paste what follows into a new issue at {WHERE}",
        "",
        "```",
        f"fedisched {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: fedisched {_command(arguments, verbs)}".rstrip(),
        "",
        "".join(traceback.format_exception(error)).rstrip(),
        "```",
    ]
    return _without_secrets("\n".join(lines), environ)


def _command(arguments: Sequence[str], verbs: Sequence[str]) -> str:
    """The verb and the names of the options; texts, paths and values are nobody's business."""
    return " ".join(_shown(argument, verbs) for argument in arguments)


def _shown(argument: str, verbs: Sequence[str]) -> str:
    if argument in verbs:
        return argument
    if argument.startswith("--"):
        return argument.split("=")[0]
    return argument[:2] if argument.startswith("-") else "…"


def _without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """A message of an exception may quote anything, so every value of the environment that could be a secret, and the
    person's name in paths, is taken out."""
    for name, value in sorted(environ.items(), key=lambda pair: -len(pair[1])):
        secret = name.startswith("FEDISCHED_") or any(word in name for word in ("TOKEN", "PASSWORD", "SECRET", "KEY"))
        for form in {value, value.strip()}:
            if secret and len(form) >= 4:
                text = text.replace(form, f"[{name}]")
    text = discreet(text)
    home = str(Path("~").expanduser())
    return text.replace(home, "~") if len(home) > 1 else text
