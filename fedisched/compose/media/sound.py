"""Sounds without their tags: MP3, FLAC, WAV and Ogg. M4A is a film without pictures."""

from __future__ import annotations

import struct

from fedisched.compose.media.damaged import ENDS_EARLY, Damaged

_FLAC_KEPT = frozenset((0, 3))  # what the stream is, and where one can jump to
_WAV_KEPT = frozenset((b"fmt ", b"fact", b"data"))
_ID3_FOOTER = 0x10
_OGG_HEADER = 27


def bare(data: bytes, mime: str) -> bytes:
    """The same sound without titles, names, pictures and places. Raises Damaged."""
    match mime:
        case "audio/mpeg" | "audio/aac":
            return _without_id3(data)
        case "audio/flac":
            return _flac(data)
        case "audio/wav":
            return _wav(data)
        case _:
            return _ogg(data)


def _without_id3(data: bytes) -> bytes:
    """Tags stand before the sound (ID3v2) and behind it (ID3v1, APE)."""
    start, end = 0, len(data)
    while data[start : start + 3] == b"ID3" and start + 10 <= end:
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(data[start + 6 : start + 10], (21, 14, 7, 0), strict=True)
        )
        start += 10 + size + (10 if data[start + 5] & _ID3_FOOTER else 0)
    if data[max(end - 128, start) :][:3] == b"TAG":
        end -= 128
    if data[max(end - 32, start) : end][:8] == b"APETAGEX":
        size, flags = int.from_bytes(data[end - 20 : end - 16], "little"), data[end - 9]
        end -= size + (32 if flags & 0x80 else 0)
    if start >= end:
        raise Damaged(ENDS_EARLY)
    return data[start:end]


def _flac(data: bytes) -> bytes:
    kept, position, is_last = [], 4, False
    while not is_last:
        if position + 4 > len(data):
            raise Damaged(ENDS_EARLY)
        is_last, kind = bool(data[position] & 0x80), data[position] & 0x7F
        end = position + 4 + int.from_bytes(data[position + 1 : position + 4], "big")
        if kind in _FLAC_KEPT:
            kept.append((kind, data[position + 1 : end]))
        position = end
    if not kept or position >= len(data):
        raise Damaged(ENDS_EARLY)
    blocks = (bytes([kind | (0x80 if place == len(kept) - 1 else 0)]) + rest for place, (kind, rest) in enumerate(kept))
    return data[:4] + b"".join(blocks) + data[position:]


def _wav(data: bytes) -> bytes:
    pieces, position = [], 12
    while position + 8 <= len(data):
        name, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + length
        if end > len(data) and name != b"data":  # many a recorder leaves the length of the sound open
            raise Damaged(ENDS_EARLY)
        if name in _WAV_KEPT:
            payload = data[position + 8 : end]
            pieces.append(name + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2))
        position = end + length % 2
    if not any(piece.startswith(b"data") for piece in pieces):
        raise Damaged(ENDS_EARLY)
    body = b"WAVE" + b"".join(pieces)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _ogg(data: bytes) -> bytes:
    """The comments' words are blanked where they stand, in the second packet of the stream (RFC 7845, Vorbis I 5):
    then nothing moves, and only the sums of their pages are made anew."""
    sound = bytearray(data)
    places, pages = _second_packet(data)
    packet = bytes(sound[place] for place in places)
    start = 7 if packet.startswith(b"\x03vorbis") else 8 if packet.startswith(b"OpusTags") else None
    if start is None:
        return data
    for first, end in _comments(packet, start):
        name = packet.find(b"=", first, end)
        for index in range(end if name < 0 else name + 1, end):
            sound[places[index]] = 0x20
    for page_start, page_end in pages:
        sound[page_start + 22 : page_start + 26] = b"\0\0\0\0"
        sound[page_start + 22 : page_start + 26] = _ogg_sum(bytes(sound[page_start:page_end])).to_bytes(4, "little")
    return bytes(sound)


def _second_packet(data: bytes) -> tuple[list[int], list[tuple[int, int]]]:
    """Where each byte of the second packet stands, and the pages that it touches."""
    places: list[int] = []
    pages: list[tuple[int, int]] = []
    position, packet = 0, 0
    while data[position : position + 4] == b"OggS" and packet < 2 and position + _OGG_HEADER <= len(data):
        segments = data[position + _OGG_HEADER : position + _OGG_HEADER + data[position + 26]]
        at = position + _OGG_HEADER + len(segments)
        end = at + sum(segments)
        if end > len(data):
            raise Damaged(ENDS_EARLY)
        for length in segments:
            if packet == 1:
                places += range(at, at + length)
            at += length
            packet += length < 255
        if places:
            pages.append((position, end))
        position = end
    if packet < 2:
        raise Damaged(ENDS_EARLY)
    return places, pages


def _comments(packet: bytes, at: int) -> list[tuple[int, int]]:
    """Where in the packet each comment begins and ends."""

    def number(place: int) -> int:
        if place + 4 > len(packet):
            raise Damaged(ENDS_EARLY)
        return int(struct.unpack_from("<I", packet, place)[0])

    at += 4 + number(at)
    count, at = number(at), at + 4
    found = []
    for _ in range(count):
        length, at = number(at), at + 4
        if at + length > len(packet):
            raise Damaged(ENDS_EARLY)
        found.append((at, at + length))
        at += length
    return found


def _ogg_sum(page: bytes) -> int:
    """The checksum of a page: CRC-32 with the polynomial 04C11DB7, not reflected, from 0 (RFC 3533)."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ (0x04C11DB7 if total & 0x80000000 else 0)) & 0xFFFFFFFF
    return total
