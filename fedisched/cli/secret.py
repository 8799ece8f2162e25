"""Secrets that a person hands over: typed without being shown, or sent to standard input. Never an argument, which
anybody on the machine can read."""

from __future__ import annotations

import sys

import click

from fedisched.cli.here import Here
from fedisched.cli.words import clean_line
from fedisched.model.errors import FedischedError
from fedisched.model.secret import keep_secret

_LONGEST = 4096


def secret(here: Here, what: str, *, may_be_words: bool) -> str:
    """The secret, without white space around it. Raises FedischedError where what came cannot be one: a token is one
    word of plain characters, a password a person made may be more."""
    if sys.stdin is not None and sys.stdin.isatty():
        text = click.prompt(
            clean_line(f"{what[:1].upper()}{what[1:]}"), hide_input=True, err=here.voice.as_json, prompt_suffix=": "
        )
    else:
        data = sys.stdin.buffer.read(_LONGEST + 1) if sys.stdin is not None else b""
        text = data.decode("utf-8", "replace") if len(data) <= _LONGEST else ""
    text = str(text).strip()
    keep_secret(text)
    if not text:
        raise FedischedError(f"nothing usable came as {what}", "Paste it when you are asked, or send it alone.")
    is_odd = not text.isprintable() or (not may_be_words and (not text.isascii() or " " in text))
    if is_odd or len(text) > _LONGEST:
        hint = "Copy it again, alone, on one line: look for quotes or spaces that came along."
        raise FedischedError(f"what came as {what} has characters in it that none has", hint)
    return text
