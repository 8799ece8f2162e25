"""What an image is, told from its first bytes."""

from __future__ import annotations

import struct

import pytest

from fedisched.compose.images import Image, look_at

from .posts import PNG

FRAME = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03"
WEBP = b"RIFF\0\0\0\0WEBP"


@pytest.mark.parametrize(
    ("head", "image"),
    [
        (PNG, Image("image/png", 640, 480)),
        (b"\x89PNG\r\n\x1a\n", Image("image/png")),
        (b"GIF89a" + struct.pack("<HH", 640, 480), Image("image/gif", 640, 480)),
        (b"\xff\xd8\xff\xe0\0\x04ab\xff" + FRAME, Image("image/jpeg", 640, 480)),
        (b"\xff\xd8\xff\xe1\0\x08Exif\0\0" + FRAME, Image("image/jpeg")),
        (b"\xff\xd8\xff\xe0\xff\xff", Image("image/jpeg")),
        (WEBP + b"VP8X" + b"\0" * 8 + b"\x7f\x02\0\xdf\x01\0", Image("image/webp", 640, 480)),
        (WEBP + b"VP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14), Image("image/webp", 640, 480)),
        (WEBP + b"VP8 " + b"\0" * 10 + struct.pack("<HH", 640, 480), Image("image/webp", 640, 480)),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", Image("image/avif")),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", Image("image/heic")),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_the_type_and_size_of_an_image(head: bytes, image: Image | None) -> None:
    assert look_at(head) == image
