"""Where keys and values of a TOML text stand."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.config.locate import Path, places
from fedisched.model.problem import Mark

HARD = '''\
# [not.a.table]
a = 1 # b = 2
"c d" = """
e = 3
[f]""""
g.'h.i' = 'x#y'
[j . "k l"]
m = [ # a comment ]
  1, [2, "],"],
  { n = { o = 1979-05-27 07:32:00 }, p = '}' },
]
  q = ''
[[r]]
s = 1
[[r]]
s = 2
[r.t]
u = 1
v = """\\"""x"""
w = 5
'''


def leaves(value: Any, path: Path = ()) -> set[Path]:
    match value:
        case dict():
            return {path} | {leaf for key, each in value.items() for leaf in leaves(each, (*path, key))}
        case list():
            return {path} | {leaf for number, each in enumerate(value) for leaf in leaves(each, (*path, number))}
        case _:
            return {path}


def test_hard_spellings_are_found_where_they_stand() -> None:
    found = places(HARD)
    assert found.key(("a",)) == Mark(2, 1)
    assert found.value(("c d",)) == Mark(3, 9)
    assert found.value(("g", "h.i")) == Mark(6, 11)
    assert found.value(("j", "k l", "m", 1, 1)) == Mark(9, 10)
    assert found.value(("j", "k l", "m", 2, "n", "o")) == Mark(10, 15)
    assert found.key(("j", "k l", "q")) == Mark(12, 3)
    assert found.value(("r", 1, "s")) == Mark(16, 5)
    assert found.value(("r", 1, "t", "u")) == Mark(18, 5)
    assert found.value(("r", 1, "t", "w")) == Mark(20, 5)


def test_everything_that_tomllib_reads_has_a_place() -> None:
    known = set(places(HARD).keys)
    assert leaves(tomllib.loads(HARD)) - {(), ("r",)} <= known


def test_what_is_not_there_falls_back_to_what_is_around_it() -> None:
    assert places("[a]\nb = 1\n").key(("a", "c", "d")) == Mark(1, 1)
    assert places("\n\n[a.b]\n").value(("a", "b", "c")) == Mark(3, 1)
    assert places("").key(("x",)) == Mark(1, 1)


words = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=6)
values = st.recursive(
    st.integers(0, 9) | st.booleans() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def quoted(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


def written(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{quoted(key)} = {written(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(written(each) for each in value) + "]"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case _:
            return quoted(value)


@settings(max_examples=60)
@given(st.dictionaries(words, values, max_size=4))
def test_every_value_begins_where_it_is_said_to(table: dict[str, Any]) -> None:
    text = "".join(f"{quoted(key)} = {written(value)}\n" for key, value in table.items())
    found = places(text)
    lines = text.split("\n")
    for path in leaves(table) - {()}:
        value: Any = table
        for step in path:
            value = value[step]
        mark = found.values[path]
        assert lines[mark.line - 1][mark.column - 1 :].startswith(written(value))
