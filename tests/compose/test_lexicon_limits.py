"""Every number that the official lexicons set for a field that we write is one of ours: what is at it is taken by us
and by the validator, what is one beyond by neither.

The numbers come from the lexicons themselves, by the fields of the records below. A field with a number and without a
case here fails, and so does a case for a number that there is not.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fedisched.compose.bluesky_keys import LABELS
from fedisched.model.rendered import Rendering
from tests.oracle.atproto_api import Limit, Oracle, completed

from .media.films import mp4
from .posts import codes, png, post, render

pytestmark = pytest.mark.node
FAMILY = "👨‍👩‍👧‍👧"
POST, THREADGATE, POSTGATE = "app.bsky.feed.post", "app.bsky.feed.threadgate", "app.bsky.feed.postgate"

Make = Callable[[int, Path], Rendering]
"""A post with so many of something, in a folder of its own."""


class Case(NamedTuple):
    """`make` a post at a number. `beyond` is the problem that one with one more (less, of a minimum) has; empty where
    it becomes something else, that has no such field."""

    make: Make
    beyond: str = ""


def so_many_bytes(number: int, character: str) -> str:
    size = len(character.encode())
    return character * (number // size) + "a" * (number % size)


def text(number: int, folder: Path) -> Rendering:
    return render("a" * number, "bluesky")


def text_in_bytes(number: int, folder: Path) -> Rendering:
    return render(so_many_bytes(number, FAMILY), "bluesky")


def tag(number: int, folder: Path) -> Rendering:
    return render(f"#{'é' * number}", "bluesky")


def tags(number: int, folder: Path) -> Rendering:
    return render(post("Hello", tags=tuple("abcdefghijkl"[:number])), "bluesky")


def one_tag(number: int, folder: Path) -> Rendering:
    return render(post("Hello", tags=("日" * number,)), "bluesky")


def one_tag_in_bytes(number: int, folder: Path) -> Rendering:
    return render(post("Hello", tags=(so_many_bytes(number, FAMILY),)), "bluesky")


def pictures(number: int, folder: Path) -> Rendering:
    (folder / "posts/a.png").write_bytes(png(8, 8))
    return render("![what is there](a.png)\n" * number, "bluesky", folder)


def width(number: int, folder: Path) -> Rendering:
    (folder / "posts/a.png").write_bytes(png(number, 8))
    return render("![what is there](a.png)", "bluesky", folder)


def height(number: int, folder: Path) -> Rendering:
    (folder / "posts/a.png").write_bytes(png(8, number))
    return render("![what is there](a.png)", "bluesky", folder)


def film(folder: Path, alt: str = "A film") -> Rendering:
    (folder / "posts/a.mp4").write_bytes(mp4())
    return render(f"![{alt}](a.mp4)", "bluesky", folder)


def captions(number: int, folder: Path) -> Rendering:
    for index in range(number):
        (folder / f"posts/a.{'abcdefghijklmnopqrstuvwxyz'[index]}a.vtt").write_text("WEBVTT\n")
    return film(folder)


def size_of_captions(number: int, folder: Path) -> Rendering:
    (folder / "posts/a.en.vtt").write_text("WEBVTT\n".ljust(number))
    return film(folder)


def alt_of_a_film(number: int, folder: Path) -> Rendering:
    return film(folder, "é" * number)


def alt_of_a_film_in_bytes(number: int, folder: Path) -> Rendering:
    return film(folder, so_many_bytes(number, FAMILY))


def rules(number: int, folder: Path) -> Rendering:
    lists = tuple(f"at://did:plc:abc/app.bsky.graph.list/{index}" for index in range(number - 1))
    return render(post("Hello", replies=("mentioned", *lists)), "bluesky")


CASES = {
    ("app.bsky.feed.post.text", "maxGraphemes"): Case(text, "too-long"),
    ("app.bsky.feed.post.text", "maxLength"): Case(text_in_bytes, "too-long"),
    ("app.bsky.richtext.facet#tag.tag", "maxGraphemes"): Case(tag),
    ("app.bsky.feed.post.tags", "maxLength"): Case(tags, "too-many-tags"),
    ("app.bsky.feed.post.tags[]", "maxGraphemes"): Case(one_tag, "tag-too-long"),
    ("app.bsky.feed.post.tags[]", "maxLength"): Case(one_tag_in_bytes, "tag-too-long"),
    ("app.bsky.embed.images.images", "maxLength"): Case(pictures),
    ("app.bsky.embed.defs#aspectRatio.width", "minimum"): Case(width, "damaged-image"),
    ("app.bsky.embed.defs#aspectRatio.height", "minimum"): Case(height, "damaged-image"),
    ("app.bsky.embed.video.captions", "maxLength"): Case(captions, "captions"),
    ("app.bsky.embed.video#caption.file", "maxSize"): Case(size_of_captions, "captions"),
    ("app.bsky.embed.video.alt", "maxGraphemes"): Case(alt_of_a_film, "alt-too-long"),
    ("app.bsky.embed.video.alt", "maxLength"): Case(alt_of_a_film_in_bytes, "alt-too-long"),
    ("app.bsky.feed.threadgate.allow", "maxLength"): Case(rules, "replies-too-many"),
}
NEVER_REACHED = {
    ("app.bsky.richtext.facet#tag.tag", "maxLength"): "the app takes no tag of more than 64 units of UTF-16 for one",
    ("app.bsky.feed.post.langs", "maxLength"): "a post has one language",
    ("com.atproto.label.defs#selfLabels.values", "maxLength"): "there are five labels, each once",
    ("com.atproto.label.defs#selfLabel.val", "maxLength"): "only the five that there are can be named",
    ("app.bsky.feed.postgate.embeddingRules", "maxLength"): "there is one rule",
    ("app.bsky.richtext.facet#byteSlice.byteStart", "minimum"): "a place in a text is not before its beginning",
    ("app.bsky.richtext.facet#byteSlice.byteEnd", "minimum"): "a place in a text is not before its beginning",
}
"""What no post can come to, whatever is in its file; that the validator refuses it is seen all the same."""
OF_FILES = {
    ("app.bsky.embed.images#image.image", "maxSize"): 2_000_000,
    ("app.bsky.embed.external#external.thumb", "maxSize"): 1_000_000,
    # Bluesky takes 300 MB by now (https://docs.bsky.app/docs/tutorials/video); this version of its library is older.
    ("app.bsky.embed.video.video", "maxSize"): 100_000_000,
}
"""How large a file may be: pictures are made to fit, which the tests of media see; no validator knows sizes."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "posts").mkdir()
    return tmp_path


def records(rendering: Rendering) -> Iterator[dict[str, Any]]:
    for part in rendering.rendered.parts:
        for record in (part.body, *part.gates):
            yield completed(record)


def limits_of(oracle: Oracle, rendering: Rendering) -> list[tuple[dict[str, Any], Limit]]:
    found = []
    for record in records(rendering):
        found += [(record, limit) for limit in oracle.limits(record["$type"], record)]
    return found


def everything(folder: Path) -> Iterator[Rendering]:
    """Posts with every field that we write."""
    text = "Hello @alice, @a.bsky.social: #tag https://example.com/a"
    gates = {"replies": ("mentioned", "at://did:plc:a/app.bsky.graph.list/3k"), "quotes": "nobody"}
    keys = {"lang": "en", "labels": LABELS, "tags": ("art",), "cw": "Careful"}
    yield render(post(text, **keys, **gates), "bluesky")  # type: ignore[arg-type]
    yield render(post(text, quote="posts/b.md", reply_to="posts/b.md"), "bluesky")
    yield pictures(2, folder)
    yield render(post("![what is there](a.png)", quote="posts/b.md"), "bluesky", folder)
    yield captions(1, folder)


def test_every_number_has_a_case(oracle: Oracle, folder: Path) -> None:
    found = {
        (limit.field, limit.rule): limit.number
        for rendering in everything(folder)
        for _, limit in limits_of(oracle, rendering)
    }
    assert found.keys() == CASES.keys() | NEVER_REACHED.keys() | OF_FILES.keys()
    assert {key: found[key] for key in OF_FILES} == OF_FILES


def at(record: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        record = record[step]
    return record


def one_beyond(record: dict[str, Any], limit: Limit) -> dict[str, Any]:
    """The record with one more of what is limited, or one less of what has a minimum."""
    changed = copy.deepcopy(record)
    holder, last = at(changed, limit.place[:-1]), limit.place[-1]
    value = holder[last]
    if limit.rule == "minimum":
        holder[last] = limit.number - 1
    elif isinstance(value, list):
        holder[last] = (value * (limit.number + 1))[: limit.number + 1]
    else:
        holder[last] = value + "a" * (limit.number + 1 - measured(value, limit.rule))
    return changed


def measured(value: Any, rule: str) -> int:
    import regex

    if isinstance(value, str):
        return len(regex.findall(r"\X", value)) if rule == "maxGraphemes" else len(value.encode())
    return len(value) if isinstance(value, list) else value


def number_of(oracle: Oracle, folder: Path, key: tuple[str, str]) -> int:
    return next(
        limit.number
        for rendering in everything(folder)
        for _, limit in limits_of(oracle, rendering)
        if (limit.field, limit.rule) == key
    )


@pytest.mark.parametrize("key", CASES, ids=str)
def test_what_is_at_a_number_is_taken_and_what_is_beyond_it_is_not(
    oracle: Oracle, folder: Path, key: tuple[str, str]
) -> None:
    case = CASES[key]
    number = number_of(oracle, folder, key)
    for old in (folder / "posts").iterdir():
        old.unlink()
    rendering = case.make(number, folder)
    assert codes(rendering) == []
    for record in records(rendering):
        oracle.assert_valid(record["$type"], record)
    found = [(record, limit) for record, limit in limits_of(oracle, rendering) if (limit.field, limit.rule) == key]
    assert found
    if key[1] != "maxSize":  # no validator knows sizes, and how large a file is does not stand in the record
        record, limit = found[0]
        assert measured(at(record, limit.place), limit.rule) == number, "the case comes to the number itself"
        assert oracle.problem(record["$type"], one_beyond(record, limit)) is not None
    beyond = case.make(number - 1 if key[1] == "minimum" else number + 1, folder)
    assert codes(beyond) == ([case.beyond] if case.beyond else [])
    assert beyond.can_be_sent == (not case.beyond)
    if not case.beyond:
        assert key not in {(limit.field, limit.rule) for _, limit in limits_of(oracle, beyond)}


@pytest.mark.parametrize("key", NEVER_REACHED, ids=str)
def test_what_no_post_comes_to_would_be_refused(oracle: Oracle, folder: Path, key: tuple[str, str]) -> None:
    found = [
        (record, limit)
        for rendering in everything(folder)
        for record, limit in limits_of(oracle, rendering)
        if (limit.field, limit.rule) == key
    ]
    for record, limit in found:
        value = at(record, limit.place)
        assert measured(value, limit.rule) >= limit.number if key[1] == "minimum" else True
        assert oracle.problem(record["$type"], record) is None
        assert oracle.problem(record["$type"], one_beyond(record, limit)) is not None
