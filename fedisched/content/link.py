"""The key `link`: what an author says of the card that Bluesky shows below a post."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import NamedTuple

from fedisched.content.keys import NOTHING, did_you_mean
from fedisched.content.tree import short
from fedisched.model.post import LinkCard

KEYS = tuple(field.name for field in fields(LinkCard) if field.name != "wanted")
"""What a mapping may say: url, title, description, image."""

_ADDRESS = re.compile(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#:]\S*)?")
_LONGEST_ADDRESS = 4000
_FORMS = (
    "Write an address (`https://…`), `false` for no card, "
    "or a mapping of `url`, `title`, `description` and `image`; or delete it: the first link in the text gets a card."
)


class NoCard(NamedTuple):
    """Why a value makes no card; `at` is where in the mapping, empty for the whole value."""

    message: str
    hint: str
    at: tuple[str, ...] = ()
    is_key: bool = False
    """Whether the key there is wrong, and not what it says."""


def link_card(value: object) -> LinkCard | NoCard:
    """What a value of `link` means: texts, as the author wrote them."""
    if isinstance(value, str):
        if value.lower() in NOTHING:
            return LinkCard(wanted=False)
        return _not_an_address(value) or LinkCard(url=value)
    if isinstance(value, Mapping):
        return _mapping(value)
    return NoCard("`link` is a list, and a post has one card", _FORMS)


def _mapping(value: Mapping[object, object]) -> LinkCard | NoCard:
    texts: dict[str, str] = {}
    for key, text in value.items():
        name = str(key)
        if name not in KEYS:
            hint = f"{did_you_mean(name, KEYS)}A card has {', '.join(KEYS)}."
            return NoCard(f"a card has no `{short(name)}`", hint, (name,), is_key=True)
        if not isinstance(text, str):
            return NoCard(f"`{name}` is not a text", f"Write one text: `{name}: …`.", (name,))
        if text:
            texts[name] = text
    if "url" in texts and (wrong := _not_an_address(texts["url"], ("url",))):
        return wrong
    for name in ("description", "image"):
        if texts.get(name, "").lower() in ("false", "none"):
            texts[name] = ""
    return LinkCard(**{name: _one_line(text) for name, text in texts.items()})  # type: ignore[arg-type]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _not_an_address(text: str, at: tuple[str, ...] = ()) -> NoCard | None:
    if len(text) > _LONGEST_ADDRESS:
        return NoCard(f"the address is longer than {_LONGEST_ADDRESS} characters", "Write a shorter one.", at)
    if _ADDRESS.fullmatch(text):
        return None
    if _WITHOUT_SCHEME.fullmatch(text):
        return NoCard(f"`{short(text)}` is no whole address", f"Write `https://{short(text)}`.", at)
    return NoCard(f"`{short(text)}` is no address of a page", _FORMS, at)
