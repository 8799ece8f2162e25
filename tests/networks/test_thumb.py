"""A card's picture: small enough, upright, and nothing but a picture."""

from __future__ import annotations

import io
import os
import struct
import zlib

import pytest
from PIL import Image

from fedisched.networks.thumb import MOST_BYTES, fit_thumb
from tests.networks.pages import photo
from tests.networks.rendering import png


def fitted(data: bytes) -> Image.Image:
    done = fit_thumb(data)
    assert done is not None
    assert len(done) <= MOST_BYTES
    return Image.open(io.BytesIO(done))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_picture_is_made_a_jpeg_that_fits(kind: str) -> None:
    picture = fitted(photo(2400, 1200, kind))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (1200, 600))
    red, green, blue = picture.getpixel((600, 300))  # type: ignore[misc]
    assert (abs(red - 20), abs(green - 120), abs(blue - 200)) < (9, 9, 9)


def test_a_small_one_is_not_made_larger() -> None:
    assert fitted(png()).size == (4, 4)


def test_nothing_but_the_picture_is_in_it() -> None:
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("Comment", "taken at home")
    for data in (
        photo(comment=b"taken at home"),
        photo(kind="PNG", pnginfo=words),
        photo(kind="WEBP", xmp=b"taken at home"),
    ):
        assert b"taken at home" in data
        done = fit_thumb(data)
        assert done is not None
        assert b"taken at home" not in done
        assert b"Exif" not in done
        assert set(Image.open(io.BytesIO(done)).info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }


def test_it_is_turned_as_it_is_to_be_seen() -> None:
    picture = Image.new("RGB", (40, 20), "white")
    exif = picture.getexif()
    exif[0x0112] = 6
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    assert fitted(out.getvalue()).size == (20, 40)


def test_what_can_be_seen_through_is_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    assert fitted(out.getvalue()).getpixel((4, 4)) == (255, 255, 255)


def test_noise_is_made_to_fit_too() -> None:
    out = io.BytesIO()
    Image.frombytes("RGB", (1200, 1200), os.urandom(1200 * 1200 * 3)).save(out, "PNG")
    assert fitted(out.getvalue()).size == (1200, 1200)


def bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", bomb(60_000, 60_000), bomb(2**31 - 1, 2**31 - 1),
     bomb(0, 0), photo()[:300], photo(kind="PNG")[:60], b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_usable_picture_is_none(data: bytes) -> None:
    assert fit_thumb(data) is None


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert fit_thumb(photo()) == fit_thumb(photo())
