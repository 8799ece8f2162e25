"""Pictures as large as people's, for the benchmarks: noise, which nothing can pack."""

from __future__ import annotations

import random
import struct
import zlib

WIDTH, HEIGHT = 480, 320


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A PNG of 460 KB, or of three bytes a pixel for other sizes; each number gives another."""
    noise = random.Random(number)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
