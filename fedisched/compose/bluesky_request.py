"""A whole post in one request: what Bluesky's servers take of that, which no part can tell alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from fedisched.compose.source import Source
from fedisched.model.problem import Mark, Problem
from fedisched.model.rendered import Body, Json, Pending, RenderedPart

MOST_WRITES = 200
"""Records in one `applyWrites`: more are refused by name, and in two requests a thread could be half there."""
MOST_BYTES = 150 * 1024
"""Of one request in JSON, as the servers are set up; they refuse a larger one before they look at it."""

_REQUEST, _WRITE = 100, 130
"""Bytes around all of it, and around each record: the kind of write, the collection and the key."""
_PENDING: Mapping[str, int] = {
    "did": 40,
    "blob": 160,
    "created_at": 24,
    "root": 170,
    "parent": 170,
    "quoted": 170,
    "uri": 100,
    "list": 100,
    "title": 1200,
    "description": 4000,
    "thumb": 160,
}
"""How many bytes that is which only the network can tell: what is usual, and some to spare."""


def too_much(source: Source, target: str, parts: Sequence[RenderedPart]) -> Iterator[Problem]:
    """The problem with a post that is too much for one request, at the first part that does not fit any more."""
    writes, size = 0, _REQUEST
    crossing = None
    for part in parts:
        writes += 1 + len(part.gates)
        size += sum(_WRITE + _length(record) for record in (part.body, *part.gates))
        if crossing is None and (writes > MOST_WRITES or size > MOST_BYTES):
            crossing = part
    if crossing is None:
        return
    number = parts.index(crossing) + 1
    mark = Mark(crossing.line, crossing.column)
    if len(parts) == 1:
        message = f"the post has {size:,} bytes with its links, and {target} takes {MOST_BYTES:,}"
        yield source.problem_at(mark, "request-too-large", message, "Use fewer or shorter links.")
    elif writes > MOST_WRITES:
        gates = writes - len(parts)
        what = f"{len(parts)} parts" + (f" and {gates} records of who may reply and quote" if gates else "")
        message = f"{what} are too many for {target}: Bluesky writes at most {MOST_WRITES} at once"
        yield source.problem_at(mark, "thread-too-long", message, _ways_out(source, number, gates > 1))
    else:
        message = f"the thread has {size:,} bytes, and {target} takes {MOST_BYTES:,} at once"
        yield source.problem_at(mark, "thread-too-long", message, _ways_out(source, number, many_gates=False))


def _ways_out(source: Source, number: int, many_gates: bool) -> str:
    name = source.post.path.rpartition("/")[2]
    hint = f"End it before part {number}, and go on in another post with `reply_to: {name}`."
    return f"{hint} Without `quotes`, each part takes one record less." if many_gates else hint


def _length(record: Body) -> int:
    return len(json.dumps(_guessed(record), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _guessed(value: Body) -> Json:
    if isinstance(value, Pending):
        return "?" * _PENDING.get(value.what, 0)
    if isinstance(value, Mapping):
        return {key: _guessed(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_guessed(item) for item in value]
    return value
