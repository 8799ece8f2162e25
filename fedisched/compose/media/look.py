"""What is known of a media file once it was looked through, without decoding it."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """`width` and `height` in pixels as they are shown, turned as the file says; 0 where they cannot be told.

    `frames` is more than 1 for what moves. `has_alpha`: parts may be transparent. `is_plain`: taking the metadata off
    leaves the picture as it is; otherwise it is turned by them, or they say what its colours mean.
    """

    width: int = 0
    height: int = 0
    frames: int = 1
    has_alpha: bool = False
    is_plain: bool = True

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return self.width * self.height


def is_srgb(profile: bytes) -> bool:
    """Whether a colour profile is the one that a picture without any is taken to have."""
    return not profile or b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def orientation(exif: bytes) -> int:
    """How a picture is turned, by its EXIF data (a TIFF file of its own): 1 for not at all, 5 to 8 on its side.

    CIPA DC-008, tag 0x0112. What makes no sense turns nothing, as in every viewer.
    """
    if exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(exif[:4])
    if order is None:
        return 1

    def number(at: int, length: int) -> int:
        return int.from_bytes(exif[at : at + length], "little" if order == "little" else "big")

    start = number(4, 4)
    for entry in range(start + 2, min(start + 2 + 12 * number(start, 2), len(exif) - 11), 12):
        if number(entry, 2) == 0x0112:
            turned = number(entry + 8, 2)
            return turned if 1 <= turned <= 8 else 1
    return 1


def turned(width: int, height: int, how: int) -> tuple[int, int]:
    """Width and height as they are shown."""
    return (height, width) if how >= 5 else (width, height)
