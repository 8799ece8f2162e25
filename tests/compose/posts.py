"""Posts, accounts and pictures for the tests of this room."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, Literal

from fedisched import compose
from fedisched.model.post import Medium, Post, Status, Visibility
from fedisched.model.problem import Mark
from fedisched.model.rendered import Limits, RenderedPart, Rendering
from fedisched.model.settings import Account, NetworkName, OnBluesky, Settings, Threads

FIRST_LINE = 5


def png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    """A black picture as a real file, with more chunks in it."""
    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), *more, (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


PEOPLE = {
    "alice": {"mastodon": "@alice@hachyderm.io", "bluesky": "@alice.example.com"},
    "bob": {"mastodon": "@bob@chaos.social"},
    "anna-lena": {"bluesky": "anna.bsky.social"},
}
PNG = png(640, 480)
NOWHERE = Path("/nonexistent/content")


def post(
    body: str,
    *,
    cw: str = "",
    lang: str = "",
    labels: tuple[str, ...] = (),
    visibility: Visibility | None = None,
    sensitive: bool | None = None,
    thread: Literal["auto"] | None = None,
    media: tuple[Medium, ...] = (),
    **more: Any,
) -> Post:
    return Post(
        path="posts/a.md",
        digest="",
        status=Status.DRAFT,
        time=None,
        targets=("mastodon", "bluesky"),
        body=body,
        body_line=FIRST_LINE,
        lang=lang,
        visibility=visibility,
        cw=cw,
        sensitive=sensitive,
        labels=labels,
        thread=thread,
        media=media,
        marks={
            "cw": Mark(2, 5),
            "visibility": Mark(3, 13),
            "labels": Mark(3, 9),
            "lang": Mark(3, 7),
            **{key: Mark(4, 9) for key in more},
        },
        **more,
    )


def render(
    what: Post | str,
    network: NetworkName,
    folder: Path = NOWHERE,
    limits: Limits | None = None,
    threads: Threads | None = None,
    alt_required: bool = True,
    cw: str = "text",
) -> Rendering:
    settings = Settings(
        folder,
        folder / "fedisched.toml",
        people=PEOPLE,
        threads=threads or Threads(),
        alt_required=alt_required,
        bluesky=OnBluesky(cw),
    )
    account = Account(network, network, "https://example.social", "me.bsky.social")
    written = post(what) if isinstance(what, str) else what
    return compose.render(written, network, account, settings, limits or compose.default_limits(network))


def only_part(rendering: Rendering) -> RenderedPart:
    (part,) = rendering.rendered.parts
    return part


def codes(rendering: Rendering) -> list[str]:
    return [problem.code for problem in rendering.problems]


def places(rendering: Rendering) -> list[tuple[str, int, int]]:
    return [(problem.code, problem.line, problem.column) for problem in rendering.problems]
