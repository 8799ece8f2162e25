"""Pictures drawn anew where they cannot go out as they are: turned, made smaller, in another format. Only here Pillow
is imported, and only inside the functions.

The same bytes give the same bytes: nothing here depends on the time or on chance.
"""

from __future__ import annotations

from io import BytesIO
from math import sqrt
from typing import TYPE_CHECKING, Any

from fedisched.compose.media.damaged import MAKES_NO_SENSE, Damaged
from fedisched.compose.media.look import Look

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 89_000_000
"""A picture with more is not decoded: it would take gigabytes of memory. Pillow warns of a bomb from here on, too."""

_QUALITIES = (90, 84, 78, 72, 65, 57, 48)
_SMALLER, _SMALLEST = 0.9, 16


def measured(data: bytes) -> Look:
    """Size and transparency of a picture whose format only a decoder reads (AVIF, HEIC). Raises Damaged."""
    with _Opened(data) as image:
        return Look(*image.size, has_alpha="A" in image.getbands(), is_plain=False)


def painted(data: bytes, mime: str, width: int, height: int, most: int) -> bytes:
    """The first frame of a picture as a JPEG, PNG or WebP of a size in pixels and of at most so many bytes: first the
    quality goes down, then the size. Colours are sRGB, and there is no metadata. Raises Damaged."""
    with _Opened(data) as image:
        if image.width * image.height > MOST_PIXELS:
            raise Damaged("has too many pixels")
        image.draft("RGB", (width, height))
        clean = _clean(image, keep_alpha=mime != "image/jpeg")
    while True:
        sized = clean if clean.size == (width, height) else _resized(clean, width, height)
        drawn = _within(sized, mime, most)
        if len(drawn) <= most or max(width, height) <= _SMALLEST:
            return drawn
        scale = min(_SMALLER, sqrt(most / len(drawn)))
        width, height = max(round(width * scale), 1), max(round(height * scale), 1)


def _within(image: Image.Image, mime: str, most: int) -> bytes:
    """The picture in the best quality that is not too large, or in the lowest if that is too large as well."""
    best = _written(image, mime, _QUALITIES[0])
    if len(best) <= most or mime == "image/png":
        return best
    fits = _written(image, mime, _QUALITIES[-1])
    low, high = 0, len(_QUALITIES) - 1  # the first is too large, the last fits: between them is what we look for
    while len(fits) <= most and high - low > 1:
        middle = (low + high) // 2
        drawn = _written(image, mime, _QUALITIES[middle])
        low, high, fits = (low, middle, drawn) if len(drawn) <= most else (middle, high, fits)
    return fits


class _Opened:
    """A picture, opened; whatever a decoder raises inside the block is `Damaged`."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __enter__(self) -> Image.Image:
        from PIL import Image

        try:
            if self._data[4:8] == b"ftyp":
                from pillow_heif import register_heif_opener

                register_heif_opener()
            self._image = Image.open(BytesIO(self._data))
        except Exception as error:  # decoders raise what they like on files that were made to break them
            raise Damaged(MAKES_NO_SENSE) from error
        return self._image

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._image.close()
        if isinstance(error, Exception) and not isinstance(error, Damaged):
            raise Damaged(MAKES_NO_SENSE) from error


def _clean(image: Image.Image, keep_alpha: bool) -> Image.Image:
    """The picture upright, in sRGB, without anything beside its pixels."""
    from PIL import Image, ImageOps

    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):  # sixteen bits of grey
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    alpha = upright.convert("RGBA").getchannel("A") if has_alpha else None
    picture = _in_srgb(upright, profile)
    if alpha is not None:
        picture.putalpha(alpha)
        if not keep_alpha:
            flat = Image.new("RGB", picture.size, (255, 255, 255))
            flat.paste(picture, mask=alpha)
            picture = flat
    picture.info = {}
    return picture


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        from PIL import ImageCms

        try:
            base = image.convert("RGB") if image.mode == "RGBA" else image
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            turned = ImageCms.profileToProfile(base, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            turned = None  # a profile that nobody can read: the colours are taken as they are
        if turned is not None:
            return turned
    return image.convert("RGB")


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    from PIL import Image

    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _written(image: Image.Image, mime: str, quality: int) -> bytes:
    out = BytesIO()
    match mime:
        case "image/png":
            image.save(out, "PNG", optimize=True)
        case "image/webp":
            image.save(out, "WEBP", quality=quality, method=2)
        case _:
            image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()
