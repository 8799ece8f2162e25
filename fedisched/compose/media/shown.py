"""What a network shows, and how a picture has to change for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from fedisched.compose.media.look import Look
from fedisched.model.rendered import Limits, Making


@dataclass(frozen=True, slots=True)
class Shows:
    """The types of files that a network shows as they are. `films_gifs`: what moves has to be a video there.
    `video_alt_characters` and `video_alt_bytes` (UTF-8) are how long a video's description may be, None where it may be
    as long as a picture's."""

    images: frozenset[str]
    videos: frozenset[str]
    sounds: frozenset[str] = frozenset()
    films_gifs: bool = False
    video_alt_characters: int | None = None
    video_alt_bytes: int | None = None

    @property
    def types(self) -> frozenset[str]:
        return self.images | self.videos | self.sounds

    def takes(self, mime: str, limits: Limits) -> bool:
        """Whether a file of a type can be sent as it is, by the network and by what its server tells."""
        return mime in self.types and (not limits.types or not _ALIASES.get(mime, {mime}).isdisjoint(limits.types))


# What servers call the same thing.
_ALIASES = {
    "audio/wav": {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wave"},
    "audio/mp4": {"audio/mp4", "audio/m4a", "audio/x-m4a"},
    "audio/flac": {"audio/flac", "audio/x-flac"},
    "audio/mpeg": {"audio/mpeg", "audio/mp3"},
    "audio/ogg": {"audio/ogg", "audio/vorbis"},
}


class Fit(NamedTuple):
    """How a file is made fit: what becomes of it, as what type, and how large it is shown."""

    making: Making
    mime: str
    width: int
    height: int


_LOSSLESS = frozenset(("image/png", "image/gif"))


def fitted(mime: str, look: Look, size: int, limits: Limits, shows: Shows) -> Fit:
    """What a picture becomes; `size` is what it has in bytes without its metadata."""
    width, height = within(look, limits)
    is_small = (width, height) == (look.width, look.height) and size <= limits.image_bytes
    if shows.takes(mime, limits) and look.is_plain and is_small:
        return Fit("", mime, width, height)
    if mime in _LOSSLESS and is_small and shows.takes("image/png", limits):
        return Fit("image", "image/png", width, height)
    if look.has_alpha and shows.takes("image/webp", limits):
        return Fit("image", "image/webp", width, height)
    return Fit("image", "image/jpeg", width, height)


def within(look: Look, limits: Limits) -> tuple[int, int]:
    """Width and height of the largest picture of the same shape that a server takes; at least one pixel each way."""
    scale = 1.0
    if limits.image_side and max(look.width, look.height) > limits.image_side:
        scale = limits.image_side / max(look.width, look.height)
    if limits.image_pixels and look.pixels * scale * scale > limits.image_pixels:
        scale = sqrt(limits.image_pixels / look.pixels)
    if scale == 1.0:
        return look.width, look.height
    return max(int(look.width * scale), 1), max(int(look.height * scale), 1)
