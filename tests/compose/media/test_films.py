"""Videos and sounds: looked through without decoding, and without what tells of place and time."""

from __future__ import annotations

from io import BytesIO

import pytest

from fedisched.compose.media import film, matroska, sound
from fedisched.compose.media.damaged import Damaged
from fedisched.compose.media.kinds import mime_of
from fedisched.compose.media.look import Look
from fedisched.compose.media.made import bare, look_at_film

from .films import PLACE, TRACKED, flac, mp3, mp4, ogg, wav, webm

FILES = {
    "video/mp4": mp4(),
    "video/quicktime": mp4(brand=b"qt  "),
    "audio/mp4": mp4(brand=b"M4A ", is_sound=True),
    "video/webm": webm(),
    "audio/mpeg": mp3(),
    "audio/flac": flac(),
    "audio/wav": wav(),
    "audio/ogg": ogg(),
}


@pytest.mark.parametrize("mime", FILES)
def test_no_place_is_left_and_what_is_seen_and_heard_is(mime: str) -> None:
    data = FILES[mime]
    assert mime_of(data) == mime
    clean = bare(data, mime)
    assert PLACE in data
    assert PLACE not in clean
    assert TRACKED not in clean
    assert (b"PICTURES" if mime.startswith("video/") else b"") in clean
    assert b"SOUND" not in data or b"SOUND" in clean
    assert mime_of(clean) == mime
    assert bare(clean, mime) == clean


@pytest.mark.parametrize("mime", ["video/mp4", "video/quicktime", "video/webm"])
def test_nothing_in_a_film_moves(mime: str) -> None:
    data = FILES[mime]
    clean = bare(data, mime)
    assert len(clean) == len(data)
    assert clean.index(b"PICTURES") == data.index(b"PICTURES")
    assert look_at_film(BytesIO(clean), len(clean), mime) == look_at_film(BytesIO(data), len(data), mime)


def test_when_a_film_was_made_is_gone() -> None:
    assert mp4().count(b"\xd0\0\0\0") == 5
    assert film.bare(mp4()).count(b"\xd0\0\0\0") == 0


def test_a_film_is_measured_as_it_is_shown() -> None:
    for data, size in ((mp4(), (640, 360)), (mp4(turned=True), (360, 640)), (mp4(is_sound=True), (0, 0))):
        assert film.look(BytesIO(data), len(data))[:2] == size
    assert matroska.look(BytesIO(webm()), len(webm())) == Look(640, 360)


@pytest.mark.parametrize("mime", ["video/mp4", "video/webm", "audio/flac", "audio/wav", "audio/ogg"])
def test_a_file_that_ends_early_is_damaged(mime: str) -> None:
    data = FILES[mime][: len(FILES[mime]) // 2]
    with pytest.raises(Damaged):
        if mime.startswith("video/"):
            look_at_film(BytesIO(data), len(data), mime)
        else:
            bare(data[:60] if mime != "audio/wav" else data[:40], mime)


@pytest.mark.parametrize("mime", FILES)
def test_no_damage_is_more_than_damage(mime: str) -> None:
    data = FILES[mime]
    for place in range(min(len(data), 1200)):
        broken = bytes(data[:place]) + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        try:
            look_at_film(BytesIO(broken), len(broken), mime)
            bare(broken, mime)
        except Damaged as damage:
            assert str(damage)


def test_a_film_may_be_larger_than_its_first_size_field() -> None:
    large = mp4().replace(b"\0\0\0\x2fmdatPICTURES", b"\0\0\0\1mdat" + (47 + 8).to_bytes(8, "big") + b"PICTURES")
    assert large != mp4()
    assert film.look(BytesIO(large), len(large))[:2] == (640, 360)


def test_the_sums_of_an_ogg_are_right() -> None:
    page = ogg()
    assert sound._ogg_sum(page) == _slow_sum(page)


def _slow_sum(data: bytes) -> int:
    """The same by long division."""
    number = int.from_bytes(data + bytes(4), "big")
    divisor = 0x104C11DB7
    for shift in range(number.bit_length() - 33, -1, -1):
        if number >> (shift + 32) & 1:
            number ^= divisor << shift
    return number


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\0\0\0\x14ftypmp42\0\0\0\0mp42", "video/mp4"),
        (b"\0\0\0\x08wide", "video/quicktime"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "image/avif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"%PDF-1.7", None),
        (b"\xff\xff\xff\xff", None),
        (b"", None),
    ],
)
def test_what_a_file_is(head: bytes, mime: str | None) -> None:
    assert mime_of(head) == mime
