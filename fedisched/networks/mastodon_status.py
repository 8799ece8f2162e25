"""A status as a server shows it, and how to tell whether it is one of ours. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from fedisched.model.secret import discreet

_MENTION = re.compile(r"(?<!\w)(@\w+)@[\w.-]*\w")
_PARAGRAPHS = frozenset({"p", "br", "div", "li", "blockquote", "pre"})


@dataclass(frozen=True, slots=True)
class Shown:
    """One status of ours. `created_at` is the server's, in microseconds since 1970 UTC, None where it cannot be read;
    `text` is the words of its HTML."""

    id: str
    url: str
    created_at: int | None
    parent: str
    text: str
    warning: str
    visibility: str
    media: tuple[str, ...]
    has_poll: bool
    application: str
    account: str
    is_boost: bool
    quote: str = ""
    """The state of its quote (`accepted`, `pending`, …), empty where it quotes nothing."""


def shown(status: object) -> Shown | None:
    """Read a status of the API; None for anything that is none. Some servers give numbers as ids."""
    if not isinstance(status, Mapping) or not _is_id(status.get("id")) or not isinstance(status.get("content"), str):
        return None
    media = status.get("media_attachments")
    return Shown(
        id=_id(status["id"]),
        # It goes into the post's file, and with that to wherever the file is pushed.
        url=discreet(_text(status.get("url")) or _text(status.get("uri"))),
        created_at=_moment(status.get("created_at")),
        parent=_id(status.get("in_reply_to_id")),
        text=words_of_html(status["content"]),
        warning=_text(status.get("spoiler_text")),
        visibility=_text(status.get("visibility")),
        media=tuple(_id(_field(item, "id")) for item in media) if isinstance(media, list) else (),
        has_poll=isinstance(status.get("poll"), Mapping),
        application=_text(_field(status.get("application"), "name")),
        account=_id(_field(status.get("account"), "id")),
        is_boost=isinstance(status.get("reblog"), Mapping),
        quote=_text(_field(status.get("quote"), "state")),
    )


def _is_id(value: object) -> bool:
    """Whether it is an id, and not one that echoes a secret: ids are kept in the post's file."""
    return _id(value) != "" and discreet(_id(value)) == _id(value)


def difference(form: Mapping[str, Any], status: Shown) -> str:
    """How what a server published differs from what it was asked to; empty if it does not."""
    asked = _text(form.get("visibility"))
    media = form.get("media_ids") or ()
    found = []
    if not same_words(_text(form.get("status")), status.text) and not _is_filler(form, status):
        found.append("the text is another" if status.text else "the text is missing")
    if not same_words(_text(form.get("spoiler_text")), status.warning):
        found.append("the content warning is another" if status.warning else "the content warning is missing")
    if asked and status.visibility and asked != status.visibility:
        found.append(f"it is {status.visibility} instead of {asked}")
    if len(media) != len(status.media):
        found.append(f"it has {len(status.media)} attachments instead of {len(media)}")
    if ("poll" in form) != status.has_poll:
        found.append("the poll is missing" if "poll" in form else "there is a poll")
    if form.get("in_reply_to_id") and not status.parent:
        found.append("it is not in its thread")
    if form.get("quoted_status_id") and status.quote != "accepted":
        waits = "the quote waits for the approval of whom it quotes"
        found.append(waits if status.quote == "pending" else "the quote is missing")
    return "what the server shows differs: " + ", ".join(found) if found else ""


def _is_filler(form: Mapping[str, Any], status: Shown) -> bool:
    """A post without a text gets one from the server where there is a warning to open."""
    return not form.get("status") and len(status.text) <= 2


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same, but for white space and what servers do to names: `@user@host` is shown as
    `@user`."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    text = _MENTION.sub(r"\1", unicodedata.normalize("NFC", text))
    return "".join(character for character in text if not character.isspace() and character.isprintable())


def words_of_html(html: str) -> str:
    """The text of a status's HTML: links show their whole address, since what a server hides of it is still there."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "".join(reader.words).strip()


class _Words(HTMLParser):
    """Leaves out what a server puts there for those that show no quotes: `<p class="quote-inline">RE: …</p>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._inside: list[str] = []

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside or "quote-inline" in (dict(attrs).get("class") or "").split():
            if tag != "br":
                self._inside.append(tag)
        elif tag in _PARAGRAPHS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass


def _id(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _moment(value: object) -> int | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return int(moment.timestamp() * 1_000_000) if moment.tzinfo else None
