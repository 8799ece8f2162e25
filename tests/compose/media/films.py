"""Small films and sounds, put together from their pieces: enough for everything that looks at them without decoding."""

from __future__ import annotations

import struct

PLACE = b"+52.5200+013.4050/"
TRACKED = b"52.5200,13.4050;52.5201,13.4052"


def box(name: bytes, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return struct.pack(">I", 8 + len(body)) + name + body


def _full(name: bytes, *payload: bytes, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]), *payload)


def _header(width: int, height: int, turned: bool) -> bytes:
    one = 0x10000
    matrix = (0, one, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000) if turned else (one, 0, 0, 0, one, 0, 0, 0, 0x40000000)
    times = struct.pack(">IIIII", 0xD0000000, 0xD0000001, 1, 0, 1000)
    return _full(b"tkhd", times, bytes(16), struct.pack(">9I", *matrix), struct.pack(">II", width * one, height * one))


def _track(handler: bytes, header: bytes, offset: int, sizes: tuple[int, ...]) -> bytes:
    tables = (
        _full(b"stsz", struct.pack(">II", 0, len(sizes)), *(struct.pack(">I", size) for size in sizes)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, len(sizes), 1)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    media = (
        _full(b"mdhd", struct.pack(">IIII", 0xD0000000, 0xD0000001, 1000, 1000), bytes(4)),
        _full(b"hdlr", bytes(4), handler, bytes(12), b"\0"),
        box(b"minf", box(b"stbl", *tables)),
    )
    return box(b"trak", header, box(b"mdia", *media), box(b"udta", box(b"\xa9xyz", PLACE)))


def mp4(
    width: int = 640,
    height: int = 360,
    *,
    brand: bytes = b"isom",
    turned: bool = False,
    is_sound: bool = False,
    filling: int = 0,
) -> bytes:
    """A film with a place in each spot where cameras write one, and a track of places."""
    start = box(b"ftyp", brand, bytes(4), brand)
    picture = b"PICTURES" + bytes(filling)
    mdat = box(b"mdat", picture, TRACKED)
    begin = len(start) + 8
    handler = b"soun" if is_sound else b"vide"
    header = _header(0 if is_sound else width, 0 if is_sound else height, turned)
    moov = box(
        b"moov",
        _full(b"mvhd", struct.pack(">IIII", 0xD0000000, 0xD0000001, 1000, 1000), bytes(80)),
        _track(handler, header, begin, (len(picture),)),
        _track(b"meta", _header(0, 0, False), begin + len(picture), (15, len(TRACKED) - 15)),
        box(b"udta", box(b"\xa9xyz", PLACE), _full(b"meta", box(b"ilst", PLACE))),
        _full(b"meta", box(b"ilst", PLACE)),
    )
    return start + mdat + moov + box(b"uuid", bytes(16), PLACE) + box(b"free", PLACE)


def _element(name: bytes, payload: bytes) -> bytes:
    return name + (len(payload) | 1 << 56).to_bytes(8, "big") + payload


def webm(width: int = 640, height: int = 360, kind: bytes = b"webm") -> bytes:
    """A film with tags, a title and a date."""
    video = _element(b"\xe0", b"\xb0\x82" + width.to_bytes(2, "big") + b"\xba\x82" + height.to_bytes(2, "big"))
    tracks = _element(b"\x16\x54\xae\x6b", _element(b"\xae", b"\xd7\x81\x01\x83\x81\x01" + video))
    info = _element(b"\x15\x49\xa9\x66", b"\x7b\xa9\x92" + PLACE + b"\x44\x61\x88" + b"\1" * 8)
    tags = _element(b"\x12\x54\xc3\x67", PLACE)
    cluster = _element(b"\x1f\x43\xb6\x75", b"PICTURES")
    head = _element(b"\x1a\x45\xdf\xa3", b"\x42\x82" + bytes([0x80 | len(kind)]) + kind)
    return head + _element(b"\x18\x53\x80\x67", info + tracks + tags + cluster)


def mp3() -> bytes:
    tag = b"ID3\x04\0\0" + bytes((0, 0, 0, len(PLACE))) + PLACE
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32 + len(PLACE), 1, 0) + bytes(8)
    return tag + b"\xff\xfb\x90\x00SOUND" + PLACE + ape + (b"TAG" + PLACE).ljust(128, b"\0")


def flac() -> bytes:
    def block(kind: int, payload: bytes) -> bytes:
        return bytes([kind]) + len(payload).to_bytes(3, "big") + payload

    return b"fLaC" + block(0, bytes(34)) + block(4, PLACE) + block(6, PLACE) + block(0x81, bytes(8)) + b"\xff\xf8SOUND"


def wav() -> bytes:
    def chunk(name: bytes, payload: bytes) -> bytes:
        return name + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)

    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"LIST", b"INFOIART" + PLACE) + chunk(b"data", b"SOUND")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def ogg() -> bytes:
    """An Opus stream's three first packets, each on a page; sums are left at 0."""

    def page(number: int, payload: bytes) -> bytes:
        segments = bytes([255] * (len(payload) // 255) + [len(payload) % 255])
        head = b"OggS\0\0" + bytes(8) + struct.pack("<III", 7, number, 0) + bytes([len(segments)])
        return head + segments + payload

    comment = b"LOCATION=" + PLACE
    long = b"DESCRIPTION=" + PLACE * 30
    words = b"OpusTags" + struct.pack("<I", 4) + b"opus" + struct.pack("<I", 2)
    words += struct.pack("<I", len(comment)) + comment + struct.pack("<I", len(long)) + long
    return page(0, b"OpusHead" + bytes(11)) + page(1, words) + page(2, b"SOUND")
