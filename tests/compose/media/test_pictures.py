"""Pictures: looked through without decoding, and without their metadata."""

from __future__ import annotations

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fedisched.compose.media import gif, jpeg, kinds, paint, png, webp
from fedisched.compose.media.damaged import Damaged
from fedisched.compose.media.look import Look, is_srgb, orientation
from fedisched.compose.media.made import bare, look_at_picture

from .photos import PLACE, animation, drawn, exif, noise, opened, photo, saved, says_nothing_of_the_place, srgb, wide

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_are_taken_off_and_the_picture_stays_bit_for_bit(kind: str) -> None:
    data = photo(kind) + b"trailing " + PLACE.encode()
    clean = bare(data, KINDS[kind])
    assert not says_nothing_of_the_place(data)
    assert says_nothing_of_the_place(clean)
    assert opened(clean).tobytes() == opened(data).tobytes()
    assert bare(clean, KINDS[kind]) == clean


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turned", [1, 2, 3, 6, 8])
def test_a_turned_photo_is_known_for_one(kind: str, turned: int) -> None:
    look, _ = look_at_picture(photo(kind, turned), KINDS[kind])
    assert (look.width, look.height) == ((64, 96) if turned >= 5 else (96, 64))
    assert look.is_plain == (turned == 1)


def test_a_text_in_a_png_goes() -> None:
    words = PngInfo()
    words.add_text("Comment", PLACE)
    words.add_itxt("XML:com.adobe.xmp", PLACE)
    words.add_text("Packed", PLACE, zip=True)
    clean = png.bare(saved(drawn(), "PNG", pnginfo=words, dpi=(300, 300)))
    assert opened(clean).info == {}


@pytest.mark.parametrize(
    ("mode", "has_alpha"), [("RGB", False), ("RGBA", True), ("L", False), ("LA", True), ("P", False), ("1", False)]
)
def test_whether_a_png_is_transparent_is_known(mode: str, has_alpha: bool) -> None:
    assert png.look(saved(drawn(mode=mode), "PNG")) == Look(96, 64, has_alpha=has_alpha)


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_is_looked_at_in_each_of_its_forms(mode: str, lossless: bool) -> None:
    image = drawn(mode=mode)
    if mode == "RGBA":
        image.putpixel((0, 0), (1, 2, 3, 4))
    look = webp.look(saved(image, "WEBP", lossless=lossless))
    assert (look.width, look.height, look.has_alpha) == (96, 64, mode == "RGBA")


@pytest.mark.parametrize("progressive", [True, False])
def test_a_jpeg_with_several_scans_is_kept_whole(progressive: bool) -> None:
    data = saved(noise(200, 100), "JPEG", progressive=progressive, exif=exif(), restart_marker_rows=1)
    clean = jpeg.bare(data)
    assert jpeg.look(clean) == Look(200, 100)
    assert opened(clean).tobytes() == opened(data).tobytes()


def test_a_jpegs_own_little_picture_goes() -> None:
    data = saved(drawn(), "JPEG")
    start = data.index(b"JFIF\0")
    with_thumbnail = data[: start - 2] + (16 + 12).to_bytes(2, "big") + data[start : start + 12] + b"\2\2" + bytes(12)
    assert jpeg.bare(with_thumbnail + data[start + 14 :]) == jpeg.bare(data)


def test_colours_that_only_a_profile_explains_are_not_plain() -> None:
    assert jpeg.look(saved(drawn(), "JPEG", icc_profile=srgb())).is_plain
    for kind, look in (("JPEG", jpeg.look), ("PNG", png.look), ("WEBP", webp.look)):
        assert not look(saved(drawn(), kind, icc_profile=wide())).is_plain
    assert not jpeg.look(saved(drawn(mode="CMYK"), "JPEG")).is_plain
    assert jpeg.look(saved(drawn(mode="L"), "JPEG")).is_plain
    assert is_srgb(b"")


def test_a_gif_keeps_its_movement_and_loses_its_words() -> None:
    data = animation(comment=PLACE.encode())
    clean = gif.bare(data)
    assert PLACE.encode() in data
    assert PLACE.encode() not in clean
    assert gif.look(clean) == gif.look(data)
    assert gif.look(clean).frames == 3
    image = opened(clean)
    assert isinstance(image, Image.Image)
    assert image.info["loop"] == 0
    assert getattr(image, "n_frames", 1) == 3


def test_a_gif_without_its_last_byte_is_forgiven() -> None:
    data = animation()
    assert gif.bare(data[:-1]) == gif.bare(data)
    assert gif.look(saved(drawn(mode="P"), "GIF")).frames == 1


def test_what_moves_in_other_formats_is_known() -> None:
    frames = {"save_all": True, "append_images": [drawn().rotate(90)]}
    assert webp.look(saved(drawn(), "WEBP", **frames)).frames == 2
    assert png.look(saved(drawn(), "PNG", **frames)).frames == 2
    assert getattr(opened(png.bare(saved(drawn(), "PNG", **frames))), "n_frames", 1) == 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_that_ends_early_is_damaged_wherever_it_ends(kind: str) -> None:
    data = saved(noise(40, 30).convert("P") if kind == "GIF" else noise(40, 30), kind)
    mime = kinds.mime_of(data)
    assert mime is not None
    for end in (12, 30, len(data) // 2, len(data) - 3):
        with pytest.raises(Damaged):
            look_at_picture(data[:end], mime)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_no_damage_is_more_than_damage(kind: str) -> None:
    data = bytearray(photo(kind) if kind != "GIF" else animation())
    for place in range(0, min(len(data), 700), 3):
        broken = bytes(data[:place]) + bytes([data[place] ^ 0xFF]) + bytes(data[place + 1 :])
        mime = kinds.mime_of(broken)
        if mime is None or not mime.startswith("image/"):
            continue
        try:
            look_at_picture(broken, mime)
        except Damaged as damage:
            assert str(damage)


@pytest.mark.parametrize("data", [b"", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + bytes(12)])
def test_exif_that_makes_no_sense_turns_nothing(data: bytes) -> None:
    assert orientation(data) == 1


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_pictures_that_only_a_decoder_reads_are_measured_and_drawn_anew(kind: str) -> None:
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    data = saved(drawn(), kind, exif=exif())
    assert kinds.mime_of(data) == ("image/avif" if kind == "AVIF" else "image/heic")
    assert paint.measured(data)[:2] == (96, 64)
    clean = paint.painted(data, "image/jpeg", 96, 64, 100_000)
    assert says_nothing_of_the_place(clean)
    assert opened(clean).size == (96, 64)


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_turned_photo_is_drawn_upright(turned: int) -> None:
    upright = drawn()
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[turned]
    data = saved(stored, "JPEG", quality=95, exif=exif(turned))
    clean = paint.painted(data, "image/jpeg", 96, 64, 100_000)
    image = opened(clean)
    assert image.size == (96, 64)
    assert says_nothing_of_the_place(clean)
    for place in ((50, 10), (50, 55), (4, 30)):
        pixel, wanted = image.getpixel(place), upright.getpixel(place)
        assert isinstance(pixel, tuple)
        assert isinstance(wanted, tuple)
        assert all(abs(one - other) < 40 for one, other in zip(pixel, wanted, strict=True))


def test_a_picture_is_drawn_within_its_bytes_and_always_the_same() -> None:
    data = saved(noise(400, 300), "PNG")
    one = paint.painted(data, "image/jpeg", 400, 300, 60_000)
    assert one == paint.painted(data, "image/jpeg", 400, 300, 60_000)
    assert len(one) <= 60_000
    assert opened(one).size == (400, 300)
    tiny = paint.painted(data, "image/jpeg", 400, 300, 8_000)
    assert len(tiny) <= 8_000
    width, height = opened(tiny).size
    assert abs(width / height - 4 / 3) < 0.02


def test_transparency_stays_where_it_can_and_is_white_where_it_cannot() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    data = saved(image, "PNG")
    assert opened(paint.painted(data, "image/webp", 20, 20, 10_000)).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert opened(paint.painted(data, "image/png", 20, 20, 10_000)).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert opened(paint.painted(data, "image/jpeg", 20, 20, 10_000)).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "I;16", "RGBA"])
def test_every_kind_of_picture_can_be_drawn(mode: str) -> None:
    image = Image.new("I;16", (30, 20), 30_000) if mode == "I;16" else drawn(30, 20, mode)
    data = saved(image, "TIFF" if mode == "CMYK" else "PNG")
    assert opened(paint.painted(data, "image/jpeg", 30, 20, 100_000)).mode == "RGB"


def test_other_colours_become_srgb() -> None:
    data = saved(drawn(mode="CMYK"), "JPEG")
    assert opened(paint.painted(data, "image/jpeg", 96, 64, 100_000)).mode == "RGB"
    data = saved(drawn(), "JPEG", icc_profile=b"no profile at all")
    assert says_nothing_of_the_place(paint.painted(data, "image/jpeg", 96, 64, 100_000))


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", b"\0\0\0\x1cftypavif" + bytes(40), b"\0\0\0\x18ftypheic" + bytes(40)]
)
def test_what_cannot_be_decoded_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        paint.measured(data)
    with pytest.raises(Damaged):
        paint.painted(data, "image/jpeg", 10, 10, 1000)
