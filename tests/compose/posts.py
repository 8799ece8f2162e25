"""Posts, accounts and pictures for the tests of this room."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Literal

from fedisched import compose
from fedisched.model.post import Post, Status, Visibility
from fedisched.model.problem import Mark
from fedisched.model.rendered import Limits, RenderedPart, Rendering
from fedisched.model.settings import Account, NetworkName, OnBluesky, Settings, Threads

FIRST_LINE = 5
PEOPLE = {
    "alice": {"mastodon": "@alice@hachyderm.io", "bluesky": "@alice.example.com"},
    "bob": {"mastodon": "@bob@chaos.social"},
    "anna-lena": {"bluesky": "anna.bsky.social"},
}
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\0\0\0"
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
    cw: str = "text",
) -> Rendering:
    settings = Settings(
        folder, folder / "fedisched.toml", people=PEOPLE, threads=threads or Threads(), bluesky=OnBluesky(cw)
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
