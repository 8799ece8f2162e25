"""What a runner makes of the lines that a step prints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_COMMAND = re.compile(r"\s*::(?P<name>[^\s:]+)(?: (?P<properties>[^:]*(?::(?!:)[^:]*)*))?::(?P<data>.*)")
_FIRST_FORM = re.compile(r".*##\[(?P<name>[^\s\]]+)(?: (?P<properties>[^\]]*))?\](?P<data>.*)")


@dataclass(frozen=True, slots=True)
class Command:
    """A line that the runner acts upon."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    data: str = ""


def commands(lines: Iterable[str]) -> list[Command]:
    """The workflow commands among these lines, those left out that stand between `stop-commands` and its word."""
    found: list[Command] = []
    word = ""
    for line in lines:
        command = _read(line)
        if command is None:
            continue
        if word:
            word = "" if command.name == word else word
        elif command.name == "stop-commands":
            word = command.data
        else:
            found.append(command)
    assert not word, "commands were stopped and never let on again"
    return found


def _read(line: str) -> Command | None:
    match = _COMMAND.fullmatch(line) or _FIRST_FORM.fullmatch(line)
    if match is None:
        return None
    pairs = [pair.partition("=") for pair in (match["properties"] or "").split(",") if pair]
    return Command(match["name"], {name: _decoded(value) for name, _, value in pairs}, _decoded(match["data"]))


def _decoded(text: str) -> str:
    for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text
