"""Photos as cameras and telephones make them, drawn for these tests."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageDraw

PLACE = "GPS-52N-13E"
"""A word that is in the metadata, beside the place itself."""
GPS = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{PLACE}</x:xmpmeta>".encode()


def exif(orientation: int = 1) -> Image.Exif:
    """What a telephone says of a photo: its make, a comment, and where it was taken."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = PLACE
    data[0x010E] = f"a comment at {PLACE}"
    data.get_ifd(0x8825).update(GPS)
    return data


def drawn(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """A picture of which one can tell where is up: red above, blue below, green on the left edge."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height // 2, width, height), fill=(30, 30, 200))
    pen.rectangle((0, 0, width // 8, height), fill=(30, 200, 30))
    return image.convert(mode)


def seen_through() -> Image.Image:
    """A picture that is transparent in one corner."""
    image = drawn(mode="RGBA")
    image.paste((0, 0, 0, 0), (48, 32, 96, 64))
    return image


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that nothing makes small. The same each time."""
    import random

    bands = len(mode)
    return Image.frombytes(mode, (width, height), random.Random(1).randbytes(width * height * bands))


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def photo(kind: str = "JPEG", orientation: int = 1, **how: Any) -> bytes:
    """A photo with everything in it that a program may add."""
    more: dict[str, Any] = {"exif": exif(orientation), "xmp": XMP, **how}
    if kind == "JPEG":
        more |= {"comment": PLACE.encode(), "icc_profile": srgb()}
    return saved(drawn(), kind, **more)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def wide() -> bytes:
    """A profile of other colours than sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def animation(frames: int = 3, width: int = 32, height: int = 24, **how: Any) -> bytes:
    """A GIF that moves."""
    pictures = [Image.new("P", (width, height), number) for number in range(frames)]
    for number, picture in enumerate(pictures):
        picture.putpalette([number * 40, 80, 200 - number * 40] * 256)
    return saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], loop=0, duration=100, **how)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def says_nothing_of_the_place(data: bytes) -> bool:
    """Whether neither our word nor any EXIF is left in a file, by Pillow's reading and by the bytes."""
    if PLACE.encode() in data or b"Exif" in data or b"exif" in data.lower():
        return False
    image = opened(data)
    return not image.getexif() and not {"exif", "xmp", "comment", "icc_profile"} & image.info.keys()
