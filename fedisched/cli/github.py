"""What GitHub Actions reads: workflow commands in a log, the summary of a job, and outputs.

Texts from posts and servers are fenced off from all three: in the log, commands are stopped until a word that nobody
can know beforehand; in the summary, every character that means something to Markdown or HTML is written by its number.
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from fedisched.cli.words import clean, clean_line

SUMMARY_LIMIT = 1_000_000
"""Bytes that a step's summary may have; GitHub takes 1 MiB and drops one that is larger."""
_MEANING = re.compile(r"[!-/:-@\[-`{-~]")
_UNSAFE_IN_ADDRESS = re.compile(r"[^A-Za-z0-9\-._~:/?#@!$&*+,;=%]")

Severity = Literal["error", "warning", "notice"]


class Fence:
    """From `begin` to `end`, nothing in the log is taken for a workflow command."""

    def __init__(self) -> None:
        self._word = ""

    def begin(self) -> None:
        self._word = os.urandom(16).hex()
        _write(f"::stop-commands::{self._word}")

    def end(self) -> None:
        """Let commands be commands again; what went to standard error before stands before it in the log."""
        if self._word and sys.stderr is not None:
            sys.stderr.flush()
        if self._word:
            _write(f"::{self._word}::")
        self._word = ""


def annotate(severity: Severity, text: str, file: str = "", line: int = 0, column: int = 0, title: str = "") -> None:
    """A remark that GitHub shows at a line of a file, ten of a kind for a step. `file` is relative to the checkout."""
    named = {"file": file, "line": str(line or ""), "col": str(column or ""), "title": title}
    place = ",".join(f"{name}={_property(value)}" for name, value in named.items() if value)
    _write(f"::{severity}{' ' if place else ''}{place}::{_data(text)}")


def root_of(folder: Path, environ: Mapping[str, str]) -> Path:
    """The content folder as GitHub counts it, from its checkout; elsewhere, from where we stand."""
    workspace = Path(environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    return Path(os.path.relpath(folder, workspace))


def inline(text: str) -> str:
    """A text on one line of Markdown, a table's cell included, that is nothing but text there."""
    return _MEANING.sub(lambda found: f"&#{ord(found[0])};", clean_line(text))


def code(text: str) -> str:
    """The same as code, in which GitHub makes no mentions or references either."""
    return f"<code>{inline(text)}</code>"


def block(text: str) -> str:
    """A text of many lines, shown as it is."""
    escaped = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<pre>{escaped}</pre>"


def link(words: str, address: str) -> str:
    """A link to what a server told is its address, if that is a web address; else the words alone."""
    if not address.startswith(("https://", "http://")):
        return inline(words)
    return f"[{inline(words)}]({_UNSAFE_IN_ADDRESS.sub(_percent, clean_line(address))})"


def add_to_summary(environ: Mapping[str, str], text: str, only_if_empty: bool = False) -> None:
    """Append Markdown to the step's summary; nothing without one, or where it would grow too large for GitHub."""
    named = environ.get("GITHUB_STEP_SUMMARY")
    if not named:
        return
    path = Path(named)
    size = path.stat().st_size if path.exists() else 0
    data = text.encode("utf-8", "replace")
    if size + len(data) <= SUMMARY_LIMIT and not (only_if_empty and size):
        with path.open("ab") as file:
            file.write(data)


def set_output(environ: Mapping[str, str], name: str, value: str) -> None:
    """Set an output of the step, a word on one line; nothing outside of a workflow."""
    if named := environ.get("GITHUB_OUTPUT"):
        with Path(named).open("a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")


def _write(line: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(f"{clean_line(line)}\n")
        sys.stdout.flush()


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
