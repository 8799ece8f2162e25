"""The account that a person names on the command line, or how to add it."""

from __future__ import annotations

import json
import re

from fedisched.cli.here import Here
from fedisched.model.errors import FedischedError
from fedisched.model.settings import Account

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def account_named(here: Here, name: str) -> Account:
    """The account of this name in the configuration. Raises FedischedError, after what to write was shown."""
    settings = here.settings
    if name in settings.accounts:
        return settings.accounts[name]
    file = settings.source.name
    if name in settings.groups:
        members = ", ".join(settings.groups[name])
        raise FedischedError(f"`{name}` is a group", f"Name one of its accounts: {members}.")
    for line in _lines_that_add(name, file):
        here.voice.complain(line)
    raise FedischedError(f"there is no account `{name}` in {file}", _near(name, list(settings.accounts)))


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    plain = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), list(plain), n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{plain[close[0]]}`?"
    has = f"It has {', '.join(known)}. " if known else ""
    return f"{has}To add it, write the lines above."


def _lines_that_add(name: str, file: str) -> list[str]:
    """The lines that add the account, to be copied as they stand but for what is the person's own."""
    key = name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    header = f"[{'tool.fedisched.' if file == 'pyproject.toml' else ''}accounts.{key}]"
    mastodon = [header, 'network = "mastodon"', 'server = "https://mastodon.social"']
    bluesky = [header, 'network = "bluesky"', 'handle = "me.bsky.social"']
    return [f"A new account is three lines in {file}:", "", *mastodon, "", "or, on Bluesky:", "", *bluesky, ""]
