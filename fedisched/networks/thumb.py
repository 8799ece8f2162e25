"""A card's picture, made to fit: small enough for the network, and with nothing in it but the picture."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_BYTES = 1_000_000
"""What `app.bsky.embed.external` takes as a thumb."""

_LONGEST_SIDE = 1200
_MOST_PIXELS = 25_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_QUALITIES = (85, 75, 60, 45)


def fit_thumb(data: bytes) -> bytes | None:
    """A picture's bytes as a JPEG of at most `MOST_BYTES`; None if there is no usable picture in them, or nothing that
    could make it one. The first frame of one that moves; turned as it is to be seen; no metadata."""
    try:
        from PIL import Image
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of size and of broken metadata: both are dealt with
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if 0 < picture.width * picture.height <= _MOST_PIXELS:
                    return _fitted(picture)
        except Exception:  # a stranger's bytes: every decoder has its own ways to fail
            return None
    return None


def _fitted(picture: Picture) -> bytes | None:
    from PIL import Image, ImageOps

    picture.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
    small = picture if picture.mode in ("RGB", "RGBA", "L", "LA") else picture.convert("RGBA")
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    turned = ImageOps.exif_transpose(small).convert("RGBA")
    # A new picture has nothing but what is painted on it.
    plain = Image.new("RGB", turned.size, "white")
    plain.paste(turned, mask=turned.getchannel("A"))
    for quality in _QUALITIES:
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    return None
