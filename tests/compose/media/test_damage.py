"""Files that are not whole: what a viewer would show half of, or nothing, is a problem before anything is sent."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from fedisched.compose.media.damaged import Damaged
from fedisched.compose.media.kinds import kind_of, mime_of
from fedisched.compose.media.made import bare, look_at_film, look_at_picture
from fedisched.model.settings import NetworkName

from ..posts import codes, png, render
from .films import PLACE, box, mp4, webm
from .photos import animation, drawn, noise, saved, seen_through

RUBBISH = b"\x17RUBBISH behind the file" * 9


def chunk(name: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        yield data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        position += 12 + length


def png_with(change: Callable[[bytes, bytes], bytes | None], data: bytes | None = None) -> bytes:
    """A picture whose chunks were changed, or left out for None, with the right sums."""
    data = data or saved(noise(60, 40), "PNG")
    changed = ((name, change(name, payload)) for name, payload in chunks(data))
    return data[:8] + b"".join(chunk(name, payload) for name, payload in changed if payload is not None)


def pixels(change: Callable[[bytes], bytes | None]) -> bytes:
    return png_with(lambda name, payload: change(payload) if name == b"IDAT" else payload)


def header(change: Callable[[bytes], bytes]) -> bytes:
    return png_with(lambda name, payload: change(payload) if name == b"IHDR" else payload)


def wrong_sum(name: bytes) -> bytes:
    data = bytearray(png(64, 48, (b"tEXt", b"Comment\0Hello")))
    place = data.index(name)
    (length,) = struct.unpack_from(">I", data, place - 4)
    data[place + 4 + length] ^= 0x55
    return bytes(data)


BROKEN_PNGS = {
    "wrong sum of the header": wrong_sum(b"IHDR"),
    "wrong sum of a text": wrong_sum(b"tEXt"),
    "wrong sum of the pixels": wrong_sum(b"IDAT"),
    "wrong sum of the end": wrong_sum(b"IEND"),
    "no pixels": pixels(lambda payload: None),
    "empty pixels": pixels(lambda payload: b""),
    "half the pixels": pixels(lambda payload: payload[: len(payload) // 2]),
    "all pixels but the last few": pixels(lambda payload: payload[:-40]),
    "packed pixels that are none": pixels(lambda payload: payload[:20] + b"\xff" * 200 + payload[220:]),
    "pixels of a smaller picture": header(lambda payload: struct.pack(">II", 60, 41) + payload[8:]),
    "a depth that there is not": header(lambda payload: payload[:8] + b"\x05" + payload[9:]),
    "an interlacing that there is not": header(lambda payload: payload[:12] + b"\x07"),
    "no palette": png_with(lambda name, payload: None if name == b"PLTE" else payload, saved(drawn(mode="P"), "PNG")),
}


@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
@pytest.mark.parametrize("what", BROKEN_PNGS)
def test_a_png_that_is_not_whole_is_a_problem(tmp_path: Path, what: str, network: NetworkName) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/a.png").write_bytes(BROKEN_PNGS[what])
    rendering = render("![what is there](a.png)", network, tmp_path)
    assert codes(rendering) == ["damaged-image"]
    assert not rendering.can_be_sent


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 17), (640, 480)])
def test_a_whole_png_is_one(mode: str, size: tuple[int, int]) -> None:
    data = saved(drawn(*size, mode="L" if mode == "I;16" else mode).convert(mode), "PNG")
    assert look_at_picture(data, "image/png")[0][:2] == size


ADAM7 = "16462646777777775656565677777777364636467777777756565656" + "7" * 8
"""Which pass each pixel of eight by eight belongs to, as the standard draws it."""


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (3, 3), (5, 9), (8, 8), (33, 17)])
@pytest.mark.parametrize("less", [0, 1])
def test_every_pixel_of_an_interlaced_png_has_to_be_there(width: int, height: int, less: int) -> None:
    rows = 0
    for y in range(height):
        for x in range(width):
            number = int(ADAM7[y % 8 * 8 + x % 8])
            rows += 3
            is_first_of_its_row = x == {1: 0, 2: 4, 3: 0, 4: 2, 5: 0, 6: 1, 7: 0}[number]
            rows += is_first_of_its_row
    form = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", form)
    data += chunk(b"IDAT", zlib.compress(bytes(rows - less))) + chunk(b"IEND", b"")
    if less:
        with pytest.raises(Damaged):
            look_at_picture(data, "image/png")
    else:
        assert look_at_picture(data, "image/png")[0][:2] == (width, height)


def test_a_png_of_a_thousand_million_pixels_is_not_unpacked() -> None:
    data = header(lambda payload: struct.pack(">II", 65_000, 65_000) + payload[8:])
    assert look_at_picture(data, "image/png")[0].pixels == 65_000**2


def heif(kind: str) -> bytes:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return saved(noise(96, 64), kind)


PICTURES = {
    "PNG": saved(noise(96, 64), "PNG"),
    "JPEG": saved(noise(96, 64), "JPEG"),
    "JPEG in several scans": saved(noise(96, 64), "JPEG", progressive=True),
    "WebP": saved(noise(96, 64), "WEBP"),
    "WebP without loss": saved(noise(96, 64), "WEBP", lossless=True),
    "WebP that can be seen through": saved(seen_through(), "WEBP"),
    "WebP that moves": saved(noise(96, 64), "WEBP", save_all=True, append_images=[drawn()]),
    "GIF": saved(noise(96, 64).convert("P"), "GIF"),
    "GIF that moves": animation(),
    "AVIF": heif("AVIF"),
    "HEIC": heif("HEIF"),
}
FREE = len(box(b"free", PLACE))
"""Free space at the end of a film may be missing."""
FILMS = {
    "MP4": mp4(filling=4000)[:-FREE],
    "QuickTime": mp4(brand=b"qt  ", filling=4000)[:-FREE],
    "M4A": mp4(brand=b"M4A ", is_sound=True, filling=4000)[:-FREE],
    "WebM": webm(),
    "Matroska": webm(kind=b"matroska"),
}
FILES = {**PICTURES, **FILMS}


def look(data: bytes) -> tuple[int, int]:
    mime = mime_of(data)
    assert mime is not None
    if kind_of(mime) == "image":
        found, _ = look_at_picture(data, mime)
    else:
        found = look_at_film(BytesIO(data), len(data), mime)
    return found.width, found.height


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_was_cut_off_is_damaged(kind: str) -> None:
    data = FILES[kind]
    assert all(look(data)) or kind == "M4A"
    # Only a GIF's last byte may be missing, as in every viewer.
    for end in (40, 100, len(data) // 2, len(data) * 9 // 10, len(data) - 20, len(data) - 2):
        with pytest.raises(Damaged):
            look(data[:end])


@pytest.mark.parametrize("kind", FILES)
def test_rubbish_behind_a_file_is_no_damage_and_does_not_go_out(kind: str) -> None:
    data = FILES[kind] + RUBBISH
    assert look(data) == look(FILES[kind])
    mime = mime_of(data)
    assert mime is not None
    if mime not in ("image/avif", "image/heic"):  # these are always drawn anew
        assert b"RUBBISH" not in bare(data, mime)
        assert look(bare(data, mime)) == look(FILES[kind])


def jpeg_until(marker: bytes, more: int = 0) -> bytes:
    data = PICTURES["JPEG"]
    return data[: data.index(marker) + more] + b"\xff\xd9"


def riff(*pieces: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(p)) + p + b"\0" * (len(p) % 2) for name, p in pieces)
    return b"RIFF" + struct.pack("<I", len(body)) + body


LOSSY = PICTURES["WebP"][20:]
EXTENDED = (b"VP8X", bytes(4) + b"\x5f\0\0\x3f\0\0")
HEAD = box(b"ftyp", b"isom", bytes(4), b"isom")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(jpeg_until(b"\xff\xda"), id="JPEG without a scan"),
        pytest.param(jpeg_until(b"\xff\xda", 14), id="JPEG with an empty scan"),
        pytest.param(jpeg_until(b"\xff\xda", 24), id="JPEG with a few bytes of pixels"),
        pytest.param(PICTURES["JPEG"].replace(b"\xff\xdb", b"\xff\xef"), id="JPEG without tables"),
        pytest.param(riff(EXTENDED), id="WebP without a picture"),
        pytest.param(riff(EXTENDED, (b"ANMF", bytes(16))), id="WebP with an empty frame"),
        pytest.param(riff((b"VP8 ", LOSSY[:10])), id="WebP that is a head alone"),
        pytest.param(riff((b"VP8 ", LOSSY[:60])), id="WebP that ends in its first partition"),
        pytest.param(riff((b"VP8 ", bytes(3) + LOSSY[3:6] + LOSSY[6:10])), id="WebP without partitions"),
        pytest.param(riff((b"VP8 ", LOSSY[:3] + b"???" + LOSSY[6:])), id="WebP that begins wrongly"),
        pytest.param(riff((b"VP8L", b"?" + PICTURES["WebP without loss"][21:])), id="WebP without loss, but wrong"),
        pytest.param(animation()[:13] + b"\x3b", id="GIF without a frame"),
        pytest.param(b"GIF89a\4\0\4\0\0\0\0" + b"\x2c\0\0\0\0\4\0\4\0\0\x02\0\x3b", id="GIF with an empty frame"),
        pytest.param(HEAD, id="MP4 that is a head alone"),
        pytest.param(HEAD + mp4()[mp4().index(b"moov") - 4 :], id="MP4 without media"),
        pytest.param(HEAD + box(b"moov", b"") + box(b"mdat", b"x"), id="MP4 without tracks"),
        pytest.param(webm()[: webm().index(b"\x1f\x43\xb6\x75")], id="WebM without media"),
    ],
)
def test_a_file_that_is_little_more_than_a_head_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        look(data)


def test_a_film_whose_media_run_to_the_end_of_the_file_is_held_against_its_tables() -> None:
    """Its length is not written before it, so that only the index tells that something is missing."""
    whole = mp4(filling=4000)
    start, index = whole.index(b"mdat") - 4, whole.index(b"moov") - 4
    (length,) = struct.unpack_from(">I", whole, index)
    moov, mdat = whole[index : index + length], whole[start:index]
    head = whole[:start] + moov
    # With the index first, everything stands further behind.
    moved = struct.pack(">II", 1, start + 8 + length).join(head.split(struct.pack(">II", 1, start + 8)))
    film = moved + bytes(4) + mdat[4:]
    assert look(film) == (640, 360)
    with pytest.raises(Damaged, match="ends in the middle"):
        look(film[: len(moved) + 8])
