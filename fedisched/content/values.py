"""The kinds of value that a post's keys have beyond a word: each reads the texts that the author wrote, or says what is
wrong and what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from fedisched.content.keys import NOTHING, did_you_mean
from fedisched.content.tree import short
from fedisched.model.post import Poll, Quotes

Label = Literal["porn", "sexual", "nudity", "graphic-media", "!no-unauthenticated"]
"""What an author may say about their own post on Bluesky."""

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


Place = tuple[int | str, ...]


def wrong(code: str, message: str, hint: str, at: Place = (), *, is_key: bool = False) -> PydanticCustomError:
    """The error of a value that cannot be used; becomes a Problem with this code, message and hint. `at` is where in
    the value it is, `is_key` whether the key there is what is wrong, and not what it says."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint, "at": at, "is_key": is_key})


def yes_or_no(value: object) -> bool:
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    message = f"`{short(str(value))}` is neither yes nor no"
    raise wrong("not-yes-or-no", message, "Write `true` or `false`.")


def _listed(key: str, example: str) -> BeforeValidator:
    """A value as a list: one that stands alone is a list of one."""

    def listed(value: object) -> tuple[object, ...]:
        if isinstance(value, dict):
            raise wrong("not-a-list", f"`{key}` is not a list of words", f"Write it as a list: `{key}: {example}`.")
        return tuple(value) if isinstance(value, list) else (value,)

    return BeforeValidator(listed)


def _entry(key: str, example: str) -> BeforeValidator:
    """An item of a list, which says something: what is left empty was to be filled in, or is left over."""

    def entry(value: object) -> str:
        if not isinstance(value, str):
            message = f"this item of `{key}` is not a word"
            raise wrong("not-a-list", message, f"Write it as a list: `{key}: {example}`.")
        if not value.strip():
            raise wrong("empty-item", f"this item of `{key}` is empty", "Fill it in, or delete it.")
        return value

    return BeforeValidator(entry)


def bare_tag(text: str) -> str:
    """A tag without its `#`."""
    return text.removeprefix("#").removeprefix("＃").strip()


def _tag(text: str) -> str:
    tag = bare_tag(text)
    if not tag:
        raise wrong("tag-form", "a tag is empty", "Write its word, or delete the item.")
    if "," in tag:
        raise wrong("tag-form", f"`{short(tag)}` is not one tag", f"Write several tags as a list: `[{short(tag)}]`.")
    return tag


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def reply_rule(word: str) -> str:
    """A word for who may reply as we write it."""
    return _ANYBODY.get(word) or _NOBODY.get(word) or word


def _rule(word: str) -> str:
    rule = reply_rule(word)
    if rule not in REPLIES and not _LIST.fullmatch(rule):
        hint = f"{did_you_mean(word, REPLIES)}Write one of {', '.join(REPLIES)}, or the address of a list."
        raise wrong("unknown-replies", f"`{short(word)}` does not say who may reply", hint)
    return rule


def _rules_together(rules: tuple[str, ...]) -> tuple[str, ...] | None:
    found = _each_once(rules)
    alone = next((rule for rule in ("everyone", "nobody") if rule in found), None)
    if alone and len(found) > 1:
        at = (rules.index(alone),)
        raise wrong("replies-mixed", f"`{alone}` stands alone in `replies`", f"Delete `{alone}`, or all others.", at)
    return None if alone == "everyone" or not found else () if alone else found


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


def _options(options: tuple[str, ...]) -> tuple[str, ...]:
    if len(options) < 2:
        raise wrong("poll-options", "a poll needs at least two options", "Write them as a list: `[Tea, Coffee]`.")
    for index, option in enumerate(options):
        if option in options[:index]:
            raise wrong("poll-options", "an option is there twice", "Delete one of the two.", (index,))
    return options


class PollShape(BaseModel):
    """`poll`: a mapping, or the list of its options alone."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    options: Annotated[
        tuple[Annotated[str, _entry("options", "[Tea, Coffee]")], ...],
        _listed("options", "[Tea, Coffee]"),
        AfterValidator(_options),
    ]
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
    if isinstance(value, str) and value.lower() in NOTHING:
        return None
    hint = "Write `poll: {options: [Tea, Coffee], duration: 1d}`, or `poll: false` for none."
    raise wrong("poll-form", "`poll` is not a list of options", hint)


Labels = Annotated[
    tuple[Annotated[Label, _entry("labels", "[nudity]")], ...],
    _listed("labels", "[nudity]"),
    AfterValidator(_each_once),
]
Tags = Annotated[
    tuple[Annotated[str, AfterValidator(_tag), _entry("tags", "[art, cats]")], ...],
    _listed("tags", "[art, cats]"),
    AfterValidator(_each_once),
]
Replies = Annotated[
    tuple[Annotated[str, AfterValidator(_rule), _entry("replies", "[mentioned, followers]")], ...] | None,
    AfterValidator(_rules_together),
    _listed("replies", "[mentioned, followers]"),
]
WhoQuotes = Annotated[Literal["everyone", "followers", "nobody"] | None, BeforeValidator(_quotes)]
APoll = Annotated[PollShape | None, BeforeValidator(_poll)]
