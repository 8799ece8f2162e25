"""From a part to the form of Mastodon's `POST /api/v1/statuses`, for all servers that speak its API."""

from __future__ import annotations

from fedisched.compose.body import Link, Person
from fedisched.compose.draft import Draft
from fedisched.compose.graphemes import count_graphemes
from fedisched.compose.links import says_the_same
from fedisched.compose.mastodon_length import counted
from fedisched.compose.traced import Edit, Traced, Tracing
from fedisched.model.problem import Problem
from fedisched.model.rendered import Body, Limits, Pending, RenderedPart

LIMITS = Limits(characters=500, media=4, alt_characters=1500)
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic"})

_STRIPPED = "\0\t\n\v\f\r "
"""What the server takes off both ends of text and warning (Ruby's `strip`)."""


def compose(draft: Draft) -> tuple[RenderedPart, list[Problem]]:
    """The form of one part, and what is wrong with it on Mastodon."""
    text = _written(draft)
    warning = draft.post.cw.strip(_STRIPPED)
    weighed = counted(text, draft.limits.characters_per_url).with_head(warning)
    length = count_graphemes(weighed.text)
    problems = [*draft.strangers(), *draft.too_long(weighed, length, draft.limits.characters)]
    if warning and not text.text.strip():
        message = f"{draft.name} has a warning but no text, so {draft.target} shows the warning as its text"
        problems.append(draft.wrong("cw", "cw-without-text", message, "Add a few words of text.", warning=True))
    body = _form(draft, text.text, warning)
    return RenderedPart(text.text, length, draft.limits.characters, body, media=draft.media), problems


def _written(draft: Draft) -> Traced:
    def add_link(tracing: Tracing, link: Link) -> None:
        label = "".join(words.text for words in link.label)
        if says_the_same(label, link.url):
            tracing.written(link.url, link.offset)
            return
        for words in link.label:
            tracing.typed(words.text, words.offset)
        tracing.written(f" ({link.url})", link.offset)

    def add_person(tracing: Tracing, person: Person) -> None:
        tracing.written(f"@{draft.handle(person) or person.name}", person.offset)

    text = draft.text(add_link, add_person)
    end = len(text.text.rstrip(_STRIPPED))
    start = min(len(text.text) - len(text.text.lstrip(_STRIPPED)), end)
    return text.edited([Edit(0, start, ""), Edit(end, len(text.text), "")])


def _form(draft: Draft, text: str, warning: str) -> dict[str, Body]:
    post = draft.post
    form: dict[str, Body] = {"status": text}
    if draft.number > 1:
        form["in_reply_to_id"] = Pending("in_reply_to_id")
    if draft.media:
        form["media_ids"] = [Pending("media", str(number)) for number in range(1, len(draft.media) + 1)]
    if post.sensitive is not None:
        form["sensitive"] = post.sensitive
    if warning:
        form["spoiler_text"] = warning
    if post.visibility:
        form["visibility"] = post.visibility
    if post.lang:
        form["language"] = post.lang
    return form
