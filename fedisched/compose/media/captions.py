"""A video's captions: WebVTT files, named in `captions` or lying beside the video under its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from fedisched.compose.media.attach import Attacher
from fedisched.compose.media.made import DIGEST
from fedisched.compose.media.opened import opened
from fedisched.model.post import Medium
from fedisched.model.problem import Problem
from fedisched.model.rendered import Attachment

MOST_FILES, MOST_BYTES = 20, 20_000
"""What a Bluesky record takes (app.bsky.embed.video)."""
MIME = "text/vtt"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def captions_of(attacher: Attacher, medium: Medium, video: Attachment) -> tuple[tuple[Attachment, ...], list[Problem]]:
    """The captions of a video, each with its language as `alt`; and what is wrong with them."""
    found: list[Attachment] = []
    problems: list[Problem] = []
    for name, named in _named(medium) or [(name, medium) for name in _beside(attacher, video)]:
        captions = _read(attacher, named, name)
        if isinstance(captions, Problem):
            problems.append(captions)
        elif any(captions.alt == other.alt for other in found):
            message = f"there are two files with captions in {captions.alt}"
            problems.append(_problem(attacher, named, message, "Name one of them after its language: clip.de.vtt."))
        else:
            found.append(captions)
    if len(found) > MOST_FILES:
        message = f"{len(found)} files with captions, and Bluesky takes {MOST_FILES}"
        problems.append(_problem(attacher, medium, message, "Leave some out."))
    return tuple(found[:MOST_FILES]), problems


def _named(medium: Medium) -> list[tuple[str, Medium]]:
    """The captions that a medium names, each with the place where it does."""
    marks = medium.captions_at or (medium.at,) * len(medium.captions)
    return [(name, replace(medium, at=mark)) for name, mark in zip(medium.captions, marks, strict=True)]


def _beside(attacher: Attacher, video: Attachment) -> Iterator[str]:
    """`clip.vtt` and `clip.de.vtt` beside `clip.mp4`, as paths from the post's own folder."""
    path = attacher.folder / video.path
    stem = path.name.removesuffix(path.suffix)
    base = attacher.beside("")
    try:
        names = sorted(other.name for other in path.parent.iterdir() if other.suffix.lower() == ".vtt")
    except OSError:
        return
    for name in names:
        if name.startswith(f"{stem}.") and name.count(".") <= stem.count(".") + 2:
            yield _from(base, path.parent / name)


def _from(base: Path, path: Path) -> str:
    ups = 0
    while not path.is_relative_to(base):
        base, ups = base.parent, ups + 1
    return "../" * ups + path.relative_to(base).as_posix()


def _read(attacher: Attacher, medium: Medium, name: str) -> Attachment | Problem:
    path = attacher.beside(name)
    try:
        with opened(path, attacher.folder) as (file, status):
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        hint = "Correct the path: it starts from the post's own folder, and stays in the content folder."
        return _problem(attacher, medium, f"there are no captions to be read at {name}", hint)
    if not data.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        return _problem(attacher, medium, f"{name} is no WebVTT file", "Begin it with a line that is only WEBVTT.")
    if len(data) > MOST_BYTES:
        message = f"{name} has {status.st_size:,} bytes of at most {MOST_BYTES:,}"
        return _problem(attacher, medium, message, "Shorten the captions.")
    language = _language(PurePosixPath(name)) or attacher.source.post.lang
    if not language:
        message = f"nobody can tell which language {name} is in"
        return _problem(attacher, medium, message, "Name it after its language (clip.en.vtt), or add lang: en.")
    import hashlib

    mark = DIGEST + hashlib.sha256(data).hexdigest()
    relative = path.relative_to(attacher.folder).as_posix()
    return Attachment(relative, language, MIME, len(data), source=mark, source_size=len(data))


def _language(path: PurePosixPath) -> str:
    _, _, last = path.stem.rpartition(".")
    return last if "." in path.stem and _LANGUAGE.fullmatch(last) else ""


def _problem(attacher: Attacher, medium: Medium, message: str, hint: str) -> Problem:
    return attacher.source.problem_at(medium.at, "captions", message, hint)
