"""What a post's front matter is on Mastodon beside its text: polls, quote policies, and what its servers cannot do."""

from __future__ import annotations

from collections.abc import Iterator

from fedisched.compose import without_effect
from fedisched.compose.draft import Draft, is_bluesky_page
from fedisched.compose.graphemes import count_graphemes
from fedisched.model.problem import Problem
from fedisched.model.rendered import Body, Pending

_POLICIES = {"everyone": "public", "followers": "followers", "nobody": "nobody"}
_DAY = 86_400


def more_of(draft: Draft) -> dict[str, Body]:
    """The fields of the form for a poll and a quote, which go with the first part, and for who may quote, which every
    part says."""
    post = draft.post
    form: dict[str, Body] = {}
    if post.poll and draft.number == 1:
        poll: dict[str, Body] = {"options": list(post.poll.options), "expires_in": post.poll.seconds}
        poll["multiple"], poll["hide_totals"] = post.poll.multiple, post.poll.hide_totals
        form["poll"] = poll
    if post.quote and draft.number == 1:
        form["quoted_status_id"] = Pending("quoted_status_id", post.quote)
    if post.quotes and draft.limits.quotes:
        form["quote_approval_policy"] = _POLICIES[post.quotes]
    return form


def unfit(draft: Draft) -> Iterator[Problem]:
    """What the front matter asks for and this server cannot do."""
    post, target = draft.post, draft.target
    if post.replies is not None:
        message = f"{target} cannot limit who may reply: Mastodon has nothing of the kind"
        yield draft.cannot("replies", "replies-unfit", message)
    if post.tags:
        message = f"{target} has no tags outside of the text, as Bluesky has them"
        words = " ".join(f"#{tag}" for tag in post.tags)
        hint = f"Write {words} into the text. Or: {draft.ways_out('tags')}"
        yield draft.wrong("tags", "tags-unfit", message, hint)
    if post.quotes not in (None, "everyone") and not draft.limits.quotes:
        message = f"{target}'s server knows no quotes (Mastodon does from 4.5 on), so it cannot say who may quote"
        yield draft.cannot("quotes", "quotes-unfit", message)
    if post.quote and not draft.limits.quotes:
        message = f"{target}'s server knows no quotes (Mastodon does from 4.5 on)"
        yield draft.cannot("quote", "quotes-unfit", message)
    yield from _strange_addresses(draft)
    if post.poll:
        yield from _wrong_poll(draft)
    yield from without_effect.on_mastodon(draft)


def _strange_addresses(draft: Draft) -> Iterator[Problem]:
    for key, name in (("reply_to", draft.post.reply_to), ("quote", draft.post.quote)):
        if name.startswith("at://") or is_bluesky_page(name):
            yield draft.elsewhere(key, f"{name} is a post on Bluesky, and {draft.target} is on Mastodon")


def _wrong_poll(draft: Draft) -> Iterator[Problem]:
    poll, limits, target = draft.post.poll, draft.limits, draft.target
    if poll is None:
        return
    if limits.poll_options < 2:
        yield draft.cannot("poll", "no-polls", f"{target}'s server has no polls")
        return
    if len(poll.options) > limits.poll_options:
        message = f"{len(poll.options)} options in the poll, and {target} takes {limits.poll_options}"
        yield draft.wrong(f"poll.options.{limits.poll_options}", "poll-options", message, "Take some out.")
    for number, option in enumerate(poll.options):
        if (length := count_graphemes(option)) > limits.poll_characters:
            message = f"an option of the poll has {length} characters, and {target} takes {limits.poll_characters}"
            hint = f"Shorten “{option[:20]}…”."
            yield draft.wrong(f"poll.options.{number}", "poll-option-too-long", message, hint)
    if not limits.poll_shortest <= poll.seconds <= limits.poll_longest:
        message = f"{target} takes polls that last from {_told(limits.poll_shortest)} to {_told(limits.poll_longest)}"
        yield draft.wrong("poll.duration", "poll-duration", message, "Set `duration` to a time between these.")
    if draft.part.pictures or draft.media:
        hint = "Move the picture behind a line `---`, or take out the one or the other."
        yield draft.wrong("poll", "poll-with-media", f"{target} takes no poll beside a picture", hint)


def _told(seconds: int) -> str:
    """`30m`, `7d`: the largest unit that fits, rounded down."""
    for unit, size in (("d", _DAY), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
