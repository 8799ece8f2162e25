"""From a part to the form of Mastodon's `POST /api/v1/statuses`, for all servers that speak its API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from fedisched.compose.body import Link, Person
from fedisched.compose.draft import Composed, Draft, Overrun, overrun_in_characters, overrun_in_code_points
from fedisched.compose.graphemes import count_graphemes
from fedisched.compose.links import says_the_same
from fedisched.compose.mastodon_keys import more_of, unfit
from fedisched.compose.mastodon_length import counted, meanings
from fedisched.compose.media.shown import Shows
from fedisched.compose.traced import Edit, Span, Traced, Tracing
from fedisched.model.rendered import Body, Pending, RenderedPart

SHOWS = Shows(
    images=frozenset(("image/png", "image/jpeg", "image/gif", "image/webp")),
    videos=frozenset(("video/mp4", "video/webm", "video/quicktime")),
    sounds=frozenset(("audio/mpeg", "audio/ogg", "audio/flac", "audio/wav", "audio/mp4", "audio/aac")),
)

_STRIPPED = "\0\t\n\v\f\r "
"""What the server takes off both ends of text and warning (Ruby's `strip`)."""


def compose(draft: Draft) -> Composed:
    """The form of one part, and what is wrong with it on Mastodon."""
    text = _written(draft)
    warning = draft.post.cw.strip(_STRIPPED)
    length, overruns = _length(draft, text, warning)
    problems = [*draft.strangers(), *(unfit(draft) if draft.number == 1 else ())]
    if warning and not text.text.strip():
        message = f"{draft.name} has a warning but no text, so {draft.target} shows the warning as its text"
        problems.append(draft.wrong("cw", "cw-without-text", message, "Add a few words of text.", warning=True))
    body = _form(draft, text.text, warning)
    part = RenderedPart(text.text, length, draft.limits.characters, body, media=draft.media)
    if draft.post.thread:  # only splitting asks what must stay whole, and to find it takes as long as all the rest
        text = text.with_spans(_meanings(text))
    return Composed(part, text, tuple(overruns), tuple(problems))


def _length(draft: Draft, text: Traced, warning: str) -> tuple[int, list[Overrun]]:
    """The length as the server counts it, text and warning together."""
    limits = draft.limits
    match limits.counting:
        case "discounted":
            weighed = counted(text, limits.characters_per_url).with_head(warning)
        case "graphemes":
            weighed = text.with_head(warning)
        case "code points":
            whole = text.with_head(warning)
            return len(whole.text), overrun_in_code_points(whole, limits.characters, draft.tail)
        case other:
            assert_never(other)
    length = count_graphemes(weighed.text)
    return length, overrun_in_characters(weighed, length, limits.characters, draft.tail)


def _meanings(text: Traced) -> Iterator[Span]:
    """What is one thing on a Mastodon server: links and people as they were written, and what the server finds."""
    yield from text.spans
    taken = {index for span in text.spans for index in range(span.start, span.end)}
    for span in meanings(text.text):
        if taken.isdisjoint(range(span.start, span.end)):
            yield span


def _written(draft: Draft) -> Traced:
    def add_link(tracing: Tracing, link: Link) -> None:
        start = len(tracing)
        label = "".join(words.text for words in link.label)
        if says_the_same(label, link.url):
            tracing.written(link.url, link.offset)
        else:
            for words in link.label:
                tracing.typed(words.text, words.offset)
            tracing.written(f" ({link.url})", link.offset)
        tracing.mean(start, "link", link.url)

    def add_person(tracing: Tracing, person: Person) -> None:
        start = len(tracing)
        tracing.written(f"@{draft.handle(person) or person.name}", person.offset)
        tracing.mean(start, "mention", person.name)

    text = draft.text(add_link, add_person)
    end = len(text.text.rstrip(_STRIPPED))
    start = min(len(text.text) - len(text.text.lstrip(_STRIPPED)), end)
    return text.edited([Edit(0, start, ""), Edit(end, len(text.text), "")]).with_tail(draft.tail)


def _form(draft: Draft, text: str, warning: str) -> dict[str, Body]:
    post = draft.post
    form: dict[str, Body] = {"status": text}
    if draft.number > 1 or post.reply_to:
        form["in_reply_to_id"] = Pending("in_reply_to_id", post.reply_to if draft.number == 1 else "")
    if draft.media:
        form["media_ids"] = [Pending("media", str(number)) for number in range(1, len(draft.media) + 1)]
    if post.sensitive is not None:
        form["sensitive"] = post.sensitive
    if warning:
        form["spoiler_text"] = warning
    if visibility := _visibility(draft):
        form["visibility"] = visibility
    if post.lang:
        form["language"] = post.lang
    return {**form, **more_of(draft)}


def _visibility(draft: Draft) -> str:
    """Follow-up parts step back if the config says so: from public only, for a step back must never show more."""
    asked = draft.post.visibility or ""
    is_public = (asked or draft.limits.visibility) == "public"
    steps_back = draft.number > 1 and draft.settings.threads.unlisted_follow_ups
    return "unlisted" if is_public and steps_back else asked
