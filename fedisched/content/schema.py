"""The types of what a post says beyond the essentials. The only module of this room that imports pydantic.

Everything comes in as the text that the author wrote; a text is typed here or refused, and never coerced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from fedisched.content.keys import did_you_mean
from fedisched.content.link import link_card
from fedisched.content.tree import short
from fedisched.content.values import (
    APoll,
    Label,
    Labels,
    Place,
    PollShape,
    Replies,
    Tags,
    WhoQuotes,
    wrong,
    yes_or_no,
)
from fedisched.model.post import LinkCard, Visibility

# Enough of BCP 47 (https://www.rfc-editor.org/rfc/rfc5646) to tell a language's code from its name.
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def _lang(text: str) -> str:
    if not _LANG.fullmatch(text):
        meant = f"`{text.replace('_', '-')}`" if _LANG.fullmatch(text.replace("_", "-")) else "a code such as `en`"
        message = f"`{short(text)}` is not a language's code"
        raise wrong("lang-form", message, f"Write {meant}.")
    language, *rest = text.split("-")
    return "-".join([language.lower(), *rest])


def _auto(text: object) -> object:
    if text != "auto":
        message = f"`{short(str(text))}` is no way to make a thread"
        hint = "Write `auto` to have long parts split, or leave the key out; a line `---` starts a part in any case."
        raise wrong("thread-form", message, hint)
    return text


def _link(value: object) -> LinkCard:
    found = link_card(value)
    if isinstance(found, LinkCard):
        return found
    raise wrong("link-form", found.message, found.hint, found.at, is_key=found.is_key)


class Details(BaseModel):
    """The keys that only rendering needs. Keys that are not here are not this module's to judge."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    title: str = ""
    lang: Annotated[str, AfterValidator(_lang)] = ""
    visibility: Visibility | None = None
    cw: str = ""
    sensitive: Annotated[bool | None, BeforeValidator(yes_or_no)] = None
    labels: Labels = ()
    thread: Annotated[Literal["auto"] | None, BeforeValidator(_auto)] = None
    link: Annotated[LinkCard | None, BeforeValidator(_link)] = None
    tags: Tags = ()
    poll: APoll = None
    replies: Replies = None
    quotes: WhoQuotes = None


@dataclass(frozen=True, slots=True)
class Mistyped:
    """A value of the wrong type: `place` is where in the key's value it stands, empty for the whole value. `is_key`: it
    is the key there that is wrong, and not what it says."""

    key: str
    place: Place
    code: str
    message: str
    hint: str
    is_key: bool = False


def type_details(metadata: Mapping[str, object]) -> tuple[Details, tuple[Mistyped, ...]]:
    """Type the front matter's texts. A mistyped key keeps its default beside the mistake, so that one mistake hides
    no other."""
    given = {key: value for key, value in metadata.items() if value != "" and key in Details.model_fields}
    try:
        return Details.model_validate(given), ()
    except ValidationError as error:
        mistakes = tuple(_mistyped(details) for details in error.errors(include_url=False))
    mistaken = {mistake.key for mistake in mistakes}
    return Details.model_validate({key: value for key, value in given.items() if key not in mistaken}), mistakes


def _mistyped(details: ErrorDetails) -> Mistyped:
    key, *place = details["loc"]
    name, item = str(key), tuple(place)
    context = details.get("ctx", {})
    hint = context.get("hint")
    if isinstance(hint, str):
        at = (*item, *context["at"])
        return Mistyped(name, at, details["type"], details["msg"], hint, context["is_key"])
    value = details["input"]
    if name == "visibility" and isinstance(value, str):
        meaning = "public, unlisted, private (followers only) or direct (only those it mentions)"
        hint = f"{did_you_mean(value, get_args(Visibility))}Write {meaning}."
        return Mistyped(name, item, "unknown-visibility", f"there is no visibility `{short(value)}`", hint)
    if name == "labels" and isinstance(value, str):
        hint = f"{did_you_mean(value, get_args(Label))}Bluesky's labels are {', '.join(get_args(Label))}."
        return Mistyped(name, item, "unknown-label", f"there is no label `{short(value)}`", hint)
    if name == "poll" and details["type"] in ("extra_forbidden", "missing"):
        return _wrong_poll(name, item, str(place[-1]), details["type"])
    hint = f"Write one text: `{name}: …`, in quotes if it has special characters."
    return Mistyped(name, item, "not-text", f"`{name}` is not a text", hint)


def _wrong_poll(name: str, place: Place, key: str, kind: str) -> Mistyped:
    if kind == "missing":
        return Mistyped(name, (), "poll-options", f"the poll has no {key}", f"Add `{key}: [Tea, Coffee]`.")
    hint = f"{did_you_mean(key, PollShape.model_fields)}A poll has {', '.join(PollShape.model_fields)}."
    return Mistyped(name, place, "poll-key", f"a poll has no `{short(key)}`", hint, is_key=True)
