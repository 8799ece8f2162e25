"""The write-back: `status` and `results` change, and nothing else, whatever the front matter looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from fedisched.content import fences
from fedisched.content.splice import splice
from fedisched.model.errors import CannotSplice
from fedisched.model.post import Status
from fedisched.model.results import PartResult, Result

SENT = {"mastodon": Result(key="3kabc", url="https://example.com/@me/1155", id="1155")}
WRITTEN = """\
results:
  mastodon:
    key: "3kabc"
    url: https://example.com/@me/1155
    id: "1155"
"""
FLOW = 'results: {mastodon: {key: "3kabc", url: "https://example.com/@me/1155", id: "1155"}}'


def spliced(front: str, status: Status | None = Status.PUBLISHED, results: dict[str, Result] | None = SENT) -> str:
    """The front matter after the write-back; the fences and the body are checked on the way."""
    new = splice(f"---\n{front}---\nbody\n".encode(), status, results).decode()
    assert new.startswith("---\n")
    assert new.endswith("---\nbody\n")
    assert splice(new.encode(), status, results) == new.encode()
    return new[4 : -len("---\nbody\n")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: scheduled\n", "status: published\n"),
        ("status: 'scheduled'\n", "status: 'published'\n"),
        ('"status" : "scheduled" # why\n', '"status" : "published" # why\n'),
        ("status:\n", "status: published\n"),
        ("status: # why\n", "status: published # why\n"),
        ("status:\t# why\n", "status: published\t# why\n"),
        ("status: ~\n", "status: published\n"),
        ("status:\tscheduled\n", "status:\tpublished\n"),
        ("status:\n  # why\n  scheduled\n", "status:\n  # why\n  published\n"),
        ("status: sched\n  uled\n# end\n", "status: published\n# end\n"),
        ('status: "sched\n  uled"\n', 'status: "published"\n'),
        ("status: |\n  scheduled\n\n# end\n", "status: published\n\n# end\n"),
        ("status: >2- # why\n   scheduled\n  again\nx-a: b\n", "status: published # why\nx-a: b\n"),
        ("status: |\nx-a: b\n", "status: published\nx-a: b\n"),
        ("status: !!str scheduled\n", "status: published\n"),
        ("? status\n: scheduled\n", "? status\n: published\n"),
        ("? status # why\n? x-a\n", "? status # why\n: published\n? x-a\n"),
        ("  status: scheduled\n  x-a: b\n", "  status: published\n  x-a: b\n"),
        ("x-a: |\n  status: scheduled\nstatus: draft\n", "x-a: |\n  status: scheduled\nstatus: published\n"),
        ("x-a:\n  status: draft\n", "x-a:\n  status: draft\nstatus: published\n"),
        ("", "status: published\n"),
        ("# only\n\n", "# only\n\nstatus: published\n"),
        ("x-a: |+\n  kept\n\n", "x-a: |+\n  kept\n\nstatus: published\n"),
        ("x-a: '---\n  ---'\n", "x-a: '---\n  ---'\nstatus: published\n"),
        ("x-a: 🦊 नमस्ते\x85 \u2028  b\n", "x-a: 🦊 नमस्ते\x85 \u2028  b\nstatus: published\n"),
        ("x-🦊: a\nstatus: scheduled # 🦊\n", "x-🦊: a\nstatus: published # 🦊\n"),
        ("{time: x, status: 'draft'}\n", "{time: x, status: 'published'}\n"),
        ("{status: , time: x}\n", "{status: published , time: x}\n"),
        ("{status}\n", "{status: published}\n"),
        ("{}\n", "{status: published}\n"),
        ("{ # why\n}\n", "{status: published # why\n}\n"),
        ("{time: x,}\n", "{time: x, status: published,}\n"),
        ("{time: 'x'#why\n}\n", "{time: 'x', status: published #why\n}\n"),
        ("{\n  time: [x, # why\n  y] # end\n}\n", "{\n  time: [x, # why\n  y], status: published # end\n}\n"),
    ],
)
def test_a_status_is_set_in_its_place(old: str, new: str) -> None:
    assert spliced(old, results=None) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", WRITTEN),
        ("x-a: b\n# end\n", f"x-a: b\n# end\n{WRITTEN}"),
        ("results:\n", WRITTEN),
        ("results: {}\n", WRITTEN),
        ("results: ~ # ours\n", WRITTEN.replace('"1155"', '"1155" # ours')),
        ("results: # ours\nx-a: b\n", WRITTEN.replace("results:", "results: # ours") + "x-a: b\n"),
        ("results:\n  a:\n    key: b # mine\n\n  # next\nx-a: b\n", WRITTEN[:-1] + " # mine\n\n  # next\nx-a: b\n"),
        ("results:\n  # ours\n  a: b\n", WRITTEN.replace("results:", "results:\n  # ours")),
        ("results:\n- a\n-\n# next\nx-a: b\n", f"{WRITTEN}# next\nx-a: b\n"),
        ("results:\n  a: |\n    text\n\n# next\nx-a: b\n", f"{WRITTEN}\n# next\nx-a: b\n"),
        ("results: |\n  text\nx-a: b\n", f"{WRITTEN}x-a: b\n"),
        ("results: {a: {key: b},\n  c: d}\nx-a: b\n", f"{WRITTEN}x-a: b\n"),
        ("results:\n  {a: b}\nx-a: b\n", f"{WRITTEN}x-a: b\n"),
        ("? results\n: a: b\nx-a: b\n", "? results\n:" + WRITTEN.removeprefix("results:") + "x-a: b\n"),
        ("? results # ours\n? x-a\n", "? results # ours\n:" + WRITTEN.removeprefix("results:") + "? x-a\n"),
        ("  x-a: b\n", "  x-a: b\n" + "".join(f"  {line}\n" for line in WRITTEN.splitlines())),
        ("{x-a: b}\n", f"{{x-a: b, {FLOW}}}\n"),
        ("{results: {a: b}, x-a: b}\n", f"{{{FLOW}, x-a: b}}\n"),
        ("{results, x-a: b}\n", f"{{{FLOW}, x-a: b}}\n"),
    ],
)
def test_results_are_written_where_they_stand_or_last(old: str, new: str) -> None:
    assert spliced(old, status=None) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"x-a: b\n{WRITTEN}# next\nx-c: d\n", "x-a: b\n# next\nx-c: d\n"),
        ("results: # ours\nx-a: b\n", "x-a: b\n"),
        ("results: {}\n", ""),
        ("? results\n: a: b\n? x-a\n", "? x-a\n"),
        ("x-a: b\n", "x-a: b\n"),
        (f"{{{FLOW}, x-a: b}}\n", "{results: {}, x-a: b}\n"),
        ("{x-a: b}\n", "{x-a: b}\n"),
    ],
)
def test_empty_results_remove_the_block(old: str, new: str) -> None:
    assert spliced(old, status=None, results={}) == new


def test_a_new_status_stands_before_results() -> None:
    assert spliced(f"x-a: b\n{WRITTEN}x-c: d\n") == f"x-a: b\nstatus: published\n{WRITTEN}x-c: d\n"
    assert spliced("{}\n") == f"{{status: published, {FLOW}}}\n"


def test_what_says_the_same_already_is_not_touched() -> None:
    front = f"status: 'published'\nresults: {FLOW.removeprefix('results: ')} # by hand\n"
    assert spliced(front) == front


def test_nothing_asked_is_nothing_changed() -> None:
    data = b"\xef\xbb\xbf---\r\ntime: x\r\n---\n"
    assert splice(data, None, None) == data


@pytest.mark.parametrize(
    "front",
    [
        "status: [draft]\n",
        "status:\n  a: b\n",
        "status: draft\nstatus: draft\n",
        "results: {}\nresults: {}\n",
        "x-a: &a b\nx-c: *a\n",
        "status: &a draft\n",
        "- status\n",
        "just text\n",
        "x-a: 'never closed\n",
        "x-a:\tb\n\tx-c: d\n",
        "\ufeffstatus: draft\n",
        "status: |\n  draft\x85x-a: b\n",
        "status:\n> # why\n  draft\n",
        "x-a: b\n--- # another document\nx-c: d\n",
    ],
)
def test_what_no_reader_takes_is_refused_with_the_line_to_write(front: str) -> None:
    with pytest.raises(CannotSplice) as caught:
        splice(f"---\n{front}---\n".encode(), Status.PUBLISHED, SENT)
    assert "`status: published`" in caught.value.hint
    assert f"`{FLOW}`" in caught.value.hint


def test_a_file_without_front_matter_is_refused() -> None:
    with pytest.raises(CannotSplice, match="no front matter"):
        splice(b"Hello\n", Status.PUBLISHED, None)


def test_front_matter_that_would_grow_too_large_is_refused() -> None:
    data = b"---\nx-a: " + b"b" * (fences.FRONT_CAP - 100) + b"\n---\n"
    with pytest.raises(CannotSplice, match="larger than 64 KB"):
        splice(data, Status.FAILED, {"mastodon": Result(error="e" * 200)})


# What people write, with what must become of it.


@dataclass(frozen=True)
class Piece:
    """Some lines of a front matter; `after` gives them with the new value in them."""

    text: str
    after: Callable[[str], str]


def kept(text: str) -> Piece:
    return Piece(text, lambda value: text)


def around(before: str, value: str, behind: str, new: str = "{}") -> Piece:
    return Piece(before + value + behind, lambda word: before + new.format(word) + behind)


comments = st.sampled_from(["", " # why", "  # status: draft", " # 🦊: x", "\t# 'open", " "])
names = st.sampled_from(["time", "title", "x-a", "x-été", "cw", "'x: y'", '"x\\tz"', "media"])
values = st.sampled_from(
    [
        *(" hello", " 'it''s'", ' "a\\tb"', " [a, 'b']", " {a: b, c: [d]}", "", " ~", " 2026-12-01 09:00", " 🦊"),
        *(" |\n  two\n   lines\n\n  more", " >-\n  folded\n\n", " |+\n  kept\n\n", " |2\n    deep\n  less", " #"),
        *(
            " plain\n  going on",
            " 'quoted\n\n  lines'",
            "\n- a\n- b: c",
        ),
        *("\n  status: draft\n  results: {}", " !!str x", " a#b", " http://x/#y", " |\n  ---\n  status: x\n  # no"),
    ]
)
others = st.one_of(
    st.builds(
        lambda name, value, comment: f"{name}:{value}{comment if _takes_comment(value) else ''}\n",
        names,
        values,
        comments,
    ),
    st.sampled_from(["\n", "# status: draft\n", "# results:\n", " # deep\n", "#\n", "   \n"]),
)
words = st.sampled_from(["draft", "scheduled", "failed", "publishing"])
statuses = st.one_of(
    st.builds(lambda word, c: around("status: ", word, f"{c}\n"), words, comments),
    st.builds(
        lambda word, c, q: around("status:  ", f"{q}{word}{q}", f"{c}\n", f"{q}{{}}{q}"),
        words,
        comments,
        st.sampled_from("'\""),
    ),
    st.builds(lambda c: around("'status':", "", f"{c}\n", " {}"), comments),
    st.builds(lambda word: around("status:\n  # why\n  ", word, "\n"), words),
    st.builds(lambda word: around("status: ", f"|\n  {word}\n", "", "{}\n"), words),
    st.builds(lambda word: around("? status\n: ", word, " # why\n"), words),
)
blocks = st.sampled_from(
    [
        "  mastodon:\n    key: 'a'",
        "  mastodon:\n    key: a\n    # mine\n    error: |\n      two\n      lines",
        "  a: {key: b}\n\n  c: 'd'",
        "  bluesky:\n    parts:\n    - uri: a\n      cid: b\n    -   uri: c",
        "     deep: er",
    ]
)
blocks_of_results = st.one_of(
    st.builds(lambda block, c: around(f"results:{c}\n", block, "\n"), blocks, comments),
    st.builds(lambda block: around("'results':\n  # ours\n", block, "\n"), blocks),
    st.builds(lambda c: around(f"results:{c}", "", "\n", "\n{}"), comments),
    st.builds(lambda c: around("results:", " {a: {key: b},\n  c: {}}", f"{c}\n", "\n{}"), comments),
)


def _takes_comment(value: str) -> bool:
    return "|" not in value and ">" not in value and not value.endswith("#")


@dataclass(frozen=True)
class Document:
    """A post as text, and what it must be after a write-back."""

    old: str
    expected: Callable[[str, str], str]


@st.composite
def documents(draw: st.DrawFn) -> Document:
    pieces = [[kept(text) for text in draw(st.lists(others, max_size=4))] for _ in range(3)]
    status = draw(st.none() | statuses)
    results = draw(st.none() | blocks_of_results)
    ours: list[tuple[str, Piece | None]] = [("status", status), ("results", results)]
    if status and results:
        ours = draw(st.permutations(ours))
    body = draw(st.sampled_from(["", "\n", "text\n---\nmore", "status: draft\n", "🦊\n\n", "x\r\ny\n"]))

    def whole(word: str | None, block: str) -> str:
        """The file; without a word, the old one."""
        front = "".join(piece.text for piece in pieces[0])
        for (name, piece), following in zip(ours, pieces[1:], strict=True):
            if piece and word:
                if name == "results" and status is None:
                    front += f"status: {word}\n"
                front += piece.after(word if name == "status" else block)
            elif piece:
                front += piece.text
            front += "".join(other.text for other in following)
        if word and not status and not results:
            front += f"status: {word}\n"
        if word and results is None:
            front += f"results:\n{block}\n"
        return f"---\n{front}---\n{body}"

    return Document(whole(None, ""), lambda word, block: whole(word, block))


part_texts = st.sampled_from(["1155", "a: b", "https://example.com/1#x", "🦊", "no"])
results_maps = st.dictionaries(
    st.sampled_from(["mastodon", "bluesky", "no", "my account"]),
    st.builds(
        Result,
        key=part_texts,
        url=part_texts,
        error=st.sampled_from(["", 'said: "no" # twice\n', "---"]),
        parts=st.lists(st.builds(PartResult, id=part_texts), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=2,
)
new_statuses = st.sampled_from([Status.PUBLISHED, Status.HELD])


def block_of(results: dict[str, Result]) -> str:
    """The block as it is written, taken from a file where nothing else is."""
    return splice(b"---\n---\n", None, results).decode().removeprefix("---\nresults:\n").removesuffix("\n---\n")


@given(documents(), new_statuses, results_maps, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_human_front_matter_is_never_refused_and_changes_nowhere_else(
    document: Document, status: Status, results: dict[str, Result], newline: str, bom: bool
) -> None:
    def in_bytes(text: str) -> bytes:
        return (b"\xef\xbb\xbf" if bom else b"") + text.replace("\r\n", "\n").replace("\n", newline).encode()

    old, expected = in_bytes(document.old), in_bytes(document.expected(str(status), block_of(results)))
    assert splice(old, status, results) == expected


# What nobody writes, but somebody's file may hold.

FRAGMENTS = [
    *("status", "results", "x-a", ":", ": ", " ", "  ", "\n", "\n", "\r\n", "- ", "'", '"', "|", ">", "|+\n", ">2-\n"),
    *("#", " # c", "? ", "{", "}", "[", "]", ",", "&a ", "*a", "!!str ", "!<x> ", "~", "---", "...", "\t", "é", "🦊"),
    *("\x85", "\u2028", "\ufeff", "x", "draft", "%", "@", "`", "<<", "\\", "status: draft\n", "results:\n  a: b\n"),
    *("\nstatus: ", "\nresults: ", "\n  ", "\n# c", "x: y\n", "- x\n", "? x\n: y\n", "{a: b}", "\n---\n"),
]
hostile = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A human front matter with some damage done to it."""
    text = draw(documents()).old[4:]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        until = min(len(text), at + draw(st.integers(0, 3)))
        text = text[:at] + draw(st.sampled_from(FRAGMENTS)) + text[until:]
    return text


OURS = {"status", "results"}


def entries(data: bytes) -> tuple[fences.Fenced, list[tuple[object, object]], set[object]]:
    """A post's fences, everybody else's entries, and which keys of ours are there; by composed nodes, not events."""
    fenced = fences.split(data, "")
    assert isinstance(fenced, fences.Fenced)
    node = yaml.compose(fenced.front, Loader=yaml.CBaseLoader)
    listed = node.value if isinstance(node, yaml.MappingNode) else []
    ours = [key.value for key, _ in listed if isinstance(key.value, str) and key.value in OURS]
    assert len(ours) == len(set(ours))
    theirs = [
        (plain(key), plain(value)) for key, value in listed if not isinstance(key.value, str) or key.value not in OURS
    ]
    return fenced, theirs, set(ours)


def plain(node: yaml.Node) -> object:
    match node:
        case yaml.MappingNode():
            return [(plain(key), plain(value)) for key, value in node.value]
        case yaml.SequenceNode():
            return [plain(item) for item in node.value]
        case _:
            return str(node.value), node.tag, getattr(node, "style", None)


def shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def check_hostile(front: str, status: Status, results: dict[str, Result]) -> None:
    data = f"---\n{front}\n---\nbody\n".encode()
    try:
        new = splice(data, status, results)
    except CannotSplice:
        event("refused")
        return
    event("spliced")
    (old_fenced, theirs, ours), (new_fenced, theirs_now, ours_now) = entries(data), entries(new)
    assert new_fenced.body == old_fenced.body
    assert new_fenced.text[: new_fenced.front_start] == old_fenced.text[: old_fenced.front_start]
    assert theirs_now == theirs
    assert ours_now == OURS
    if _is_loadable(new_fenced.front):
        loaded = yaml.load(new_fenced.front, Loader=yaml.CBaseLoader)
        assert loaded["status"] == str(status)
        assert {name: Result.from_plain(fields) for name, fields in loaded["results"].items()} == results
    assert splice(new, status, results) == new
    if not ours:
        assert shared(data, new) + shared(data[::-1], new[::-1]) >= len(data), "something was not only inserted"
    other = {"bluesky": Result(key="another")}
    assert splice(new, Status.HELD, other) == splice(data, Status.HELD, other)


def _is_loadable(front: str) -> bool:
    try:
        yaml.load(front, Loader=yaml.CBaseLoader)
    except (yaml.YAMLError, ValueError):  # a key that is a list cannot be one in Python
        return False
    return True


@given(hostile, new_statuses, results_maps)
def test_hostile_front_matter_is_spliced_soundly_or_refused(
    front: str, status: Status, results: dict[str, Result]
) -> None:
    check_hostile(front, status, results)


@given(mutated(), new_statuses, results_maps)
def test_damaged_front_matter_is_spliced_soundly_or_refused(
    front: str, status: Status, results: dict[str, Result]
) -> None:
    check_hostile(front, status, results)
