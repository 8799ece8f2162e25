"""The kinds of value that a post's keys have beyond a word: each reads the texts that the author wrote, or says what is
wrong and what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from fedisched.content.keys import did_you_mean
from fedisched.content.tree import short
from fedisched.model.post import Poll, Quotes

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_DURATION = re.compile(r"(?:(\d{1,4})w)?(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_UNITS = (604_800, 86_400, 3600, 60)
_DAY = 86_400
_LIST = re.compile(r"at://\S+/app\.bsky\.graph\.list/[^\s/]+|https?://[^\s/]+/profile/[^\s/]+/lists/[^\s/?#]+")
REPLIES = ("everyone", "nobody", "mentioned", "followers", "following")
# What the networks' own words for the same are.
_ANYBODY = {"everyone": "everyone", "anyone": "everyone", "everybody": "everyone", "public": "everyone"}
_NOBODY = {"nobody": "nobody", "noone": "nobody", "none": "nobody"}
_QUOTES: Mapping[str, Quotes] = {"everyone": "everyone", "followers": "followers", "nobody": "nobody"}


def wrong(code: str, message: str, hint: str) -> PydanticCustomError:
    """The error of a value that cannot be used; becomes a Problem with this code, message and hint."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def yes_or_no(value: object) -> bool:
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    message = f"`{short(str(value))}` is neither yes nor no"
    raise wrong("not-yes-or-no", message, "Write `true` or `false`.")


def _texts(value: object, key: str, example: str) -> list[str]:
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        raise wrong("not-a-list", f"`{key}` is not a list of words", f"Write it as a list: `{key}: {example}`.")
    return [text for text in texts if text]


def _tags(value: object) -> tuple[str, ...]:
    tags = [tag.removeprefix("#").removeprefix("＃").strip() for tag in _texts(value, "tags", "[art, cats]")]
    if "" in tags:
        raise wrong("tag-form", "a tag is empty", "Write its word, or delete the item.")
    if split := next((tag for tag in tags if "," in tag), None):
        raise wrong(
            "tag-form", f"`{short(split)}` is not one tag", f"Write several tags as a list: `[{short(split)}]`."
        )
    return tuple(dict.fromkeys(tags))


def _replies(value: object) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    words = _texts(value, "replies", "[mentioned, followers]")
    for word in words:
        rule = _ANYBODY.get(word) or _NOBODY.get(word) or word
        if rule not in REPLIES and not _LIST.fullmatch(rule):
            hint = f"{did_you_mean(word, REPLIES)}Write one of {', '.join(REPLIES)}, or the address of a list."
            raise wrong("unknown-replies", f"`{short(word)}` does not say who may reply", hint)
        found[rule] = None
    alone = next((rule for rule in ("everyone", "nobody") if rule in found), None)
    if alone and len(found) > 1:
        raise wrong("replies-mixed", f"`{alone}` stands alone in `replies`", f"Delete `{alone}`, or all others.")
    return None if alone == "everyone" else () if alone else tuple(found)


def _quotes(value: object) -> str:
    word = str(value)
    known = _ANYBODY.get(word) or _NOBODY.get(word) or word
    if known not in _QUOTES:
        is_address = "/" in word or word.endswith(".md")
        meant = "Did you mean `quote`? " if is_address else did_you_mean(word, _QUOTES)
        hint = f"{meant}Write who may quote it: {', '.join(_QUOTES)}."
        raise wrong("unknown-quotes", f"`{short(word)}` does not say who may quote the post", hint)
    return known


def _duration(value: object) -> int:
    text = str(value).replace(" ", "").lower()
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        hint = "Write it like `30m`, `6h`, `1d`, `1d12h` or `1w`."
        raise wrong("bad-duration", f"`{short(str(value))}` is no duration", hint)
    return sum(int(count or 0) * unit for count, unit in zip(match.groups(), _UNITS, strict=True))


def _options(value: object) -> tuple[str, ...]:
    options = _texts(value, "options", "[Tea, Coffee]")
    if len(options) < 2:
        raise wrong("poll-options", "a poll needs at least two options", "Write them as a list: `[Tea, Coffee]`.")
    if len(set(options)) < len(options):
        raise wrong("poll-options", "an option is there twice", "Delete one of the two.")
    return tuple(options)


class PollShape(BaseModel):
    """`poll`: a mapping, or the list of its options alone."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    options: Annotated[tuple[str, ...], BeforeValidator(_options)]
    duration: Annotated[int, BeforeValidator(_duration)] = _DAY
    multiple: Annotated[bool, BeforeValidator(yes_or_no)] = False
    hide_totals: Annotated[bool, BeforeValidator(yes_or_no)] = False

    def poll(self) -> Poll:
        return Poll(self.options, self.duration, self.multiple, self.hide_totals)


def _poll(value: object) -> object:
    if isinstance(value, list):
        return {"options": value}
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if each != ""}
    hint = "Write `poll: {options: [Tea, Coffee], duration: 1d}`."
    raise wrong("poll-form", "`poll` is not a list of options", hint)


Tags = Annotated[tuple[str, ...], BeforeValidator(_tags)]
Replies = Annotated[tuple[str, ...] | None, BeforeValidator(_replies)]
WhoQuotes = Annotated[Literal["everyone", "followers", "nobody"] | None, BeforeValidator(_quotes)]
APoll = Annotated[PollShape | None, BeforeValidator(_poll)]
