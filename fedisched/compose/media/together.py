"""Which files can stand together in one part of a post."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fedisched.compose.body import Part
from fedisched.compose.media.attach import Attacher
from fedisched.compose.media.captions import captions_of
from fedisched.compose.media.kinds import kind_of
from fedisched.compose.source import Source
from fedisched.model.post import Medium
from fedisched.model.problem import Problem
from fedisched.model.rendered import Attachment

_ANOTHER_PART = "Start another part before this place with a line that is only ---, or take files out."


def media_of(source: Source, part: Part, number: int) -> tuple[Medium, ...]:
    """Everything that a part attaches: to the first one, what the front matter names too."""
    pictures = (Medium(picture.path, picture.alt, source.mark(picture.offset)) for picture in part.pictures)
    return (*(source.post.media if number == 1 else ()), *pictures)


def attached(
    attacher: Attacher, media: Sequence[Medium], target: str, with_captions: bool
) -> tuple[tuple[Attachment, ...], tuple[Attachment, ...], list[Problem]]:
    """A part's attachments, its video's captions, and what is wrong with them, each alone and together."""
    problems: list[Problem] = []
    found: list[tuple[Medium, Attachment]] = []
    for medium in media:
        attachment, remarks = attacher.attach(medium)
        problems += remarks
        if attachment is not None:
            found.append((medium, attachment))
    problems += _together(attacher, media, found, target)
    most = attacher.limits.media
    kept = tuple(attachment for _, attachment in found[:most])
    if not with_captions or not kept or kind_of(kept[0].mime) != "video":
        return kept, (), problems
    captions, remarks = captions_of(attacher, *found[0])
    return kept, captions, problems + remarks


def _together(
    attacher: Attacher, media: Sequence[Medium], found: Sequence[tuple[Medium, Attachment]], target: str
) -> Iterable[Problem]:
    most = attacher.limits.media
    alone = [(medium, attachment) for medium, attachment in found if kind_of(attachment.mime) != "image"]
    if alone and len(found) > 1:
        medium = alone[0][0] if alone[0] != found[0] else found[1][0]
        kind = {"video": "a video", "audio": "a sound"}[kind_of(alone[0][1].mime)]
        message = f"{kind} stands alone in a part on {target}, and there are {len(found)} files in this one"
        yield attacher.source.problem_at(medium.at, "mixed-media", message, _ANOTHER_PART)
    elif len(media) > most:
        message = f"{len(media)} images in one part, and {target} takes {most}"
        yield attacher.source.problem_at(media[most].at, "too-many-images", message, _ANOTHER_PART)
