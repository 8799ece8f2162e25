"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

HEAD = 4096
"""How many bytes of a file are enough to tell."""

ENDINGS = {
    "image/png": (".png", ".apng"),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/heic": (".heic", ".heif", ".hif"),
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov", ".qt"),
    "video/webm": (".webm",),
    "video/x-matroska": (".mkv",),
    "audio/mpeg": (".mp3",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/flac": (".flac",),
    "audio/wav": (".wav", ".wave"),
    "audio/mp4": (".m4a", ".m4b", ".mp4"),
    "audio/aac": (".aac",),
}
"""The types that can be attached, each with the endings of its files; the first is the one to recommend."""

NAMES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
    "video/mp4": "MP4",
    "video/quicktime": "QuickTime",
    "video/webm": "WebM",
    "video/x-matroska": "Matroska",
    "audio/mpeg": "MP3",
    "audio/ogg": "Ogg",
    "audio/flac": "FLAC",
    "audio/wav": "WAV",
    "audio/mp4": "M4A",
    "audio/aac": "AAC",
}

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"pnot"}
"""What an old QuickTime file, from before there were brands, begins with."""


def mime_of(head: bytes) -> str | None:
    """The type of the file that begins with these bytes; None if it is none that can be attached."""
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"\x42\x82\x84webm" in head[:64] else "video/x-matroska"
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[4:8] in _QUICKTIME_BOXES:
        return "video/quicktime"
    return _of_frame(head)


def kind_of(mime: str) -> str:
    """`image`, `video` or `audio`."""
    return mime.partition("/")[0]


def _of_brands(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4], "big"), 256)
    major = head[8:12]
    brands = {major, *(head[i : i + 4] for i in range(16, length, 4))}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if major == b"qt  ":
        return "video/quicktime"
    if major in (b"M4A ", b"M4B "):
        return "audio/mp4"
    if major in _HEIC_BRANDS or (brands & _HEIC_BRANDS and not brands & {b"isom", b"mp41", b"mp42", b"avc1"}):
        return "image/heic"
    return "video/mp4" if length >= 8 else None


def _of_frame(head: bytes) -> str | None:
    """Sound without a container begins with the header of its first frame: eleven ones, then version and layer."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else None
    is_frame = version != 1 and layer == 1 and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3
    return "audio/mpeg" if is_frame else None
