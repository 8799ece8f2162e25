from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fedisched.content import tree as tree_module
from fedisched.content.fences import Fenced, split
from fedisched.content.tree import Entries, Listing, Scalar, Tree, parse, plain
from fedisched.model.problem import Problem


def cut(front: str) -> Fenced:
    fenced = split(f"\n---\n{front}---\nHello\n".encode(), "a.md")
    assert isinstance(fenced, Fenced), fenced
    return fenced


def tree(front: str) -> Tree:
    result = parse(cut(front), "a.md")
    assert isinstance(result, Tree), result
    return result


def refused(front: str) -> tuple[str, int, int]:
    result = parse(cut(front), "a.md")
    problem = result if isinstance(result, Problem) else result.problems[0]
    assert problem.hint.endswith(".")
    return problem.code, problem.line, problem.column


def test_every_scalar_is_the_text_that_was_written() -> None:
    front = "a: no\nb: 09:30\nc: 0123\nd: 2026-02-30\ne: 'x # y'\nf: \"\\u00e9\"\ng: |\n  two\n  lines\nh: [1, yes]\n"
    assert plain(tree(front).root) == {
        "a": "no",
        "b": "09:30",
        "c": "0123",
        "d": "2026-02-30",
        "e": "x # y",
        "f": "é",
        "g": "two\nlines\n",
        "h": ["1", "yes"],
    }


def test_empty_null_and_tilde_are_missing_but_a_quoted_null_is_a_text() -> None:
    found = tree("a:\nb: ''\nc: ~\nd: null\ne: 'null'\nf: '~'\n")
    assert [key for key in "abcdefg" if found.get(key) is None] == ["a", "b", "c", "d", "g"]


def test_marks_are_places_in_the_file_in_code_points() -> None:
    found = tree("é😀: x\ntargets:\n  - one\n  - 'two'\n")
    targets = found.root.values["targets"]
    assert isinstance(targets, Listing)
    marks = [found.mark(item.offset) for item in targets.items]
    assert [(mark.line, mark.column) for mark in marks] == [(5, 5), (6, 5)]
    assert found.mark(found.root.values["é😀"].offset).column == 5


def test_only_line_feeds_end_a_line_whatever_yaml_says() -> None:
    found = tree("a: 'x\u2028\u0085 y'\nb: z\n")
    mark = found.mark(found.root.keys["b"])
    assert (mark.line, mark.column) == (4, 1)


def test_a_file_without_keys_is_an_empty_tree() -> None:
    assert tree("").root.values == {}
    assert tree("# nothing\n").root.values == {}


@pytest.mark.parametrize(
    ("front", "code", "line", "column"),
    [
        ("a: b: c\n", "unquoted-colon", 3, 5),
        ("title: Now: how?\n", "unquoted-colon", 3, 11),
        ("a: b\ncw: @alice\n", "unquoted-value", 4, 5),
        ("a: `b`\n", "unquoted-value", 3, 4),
        ("a: %b\n", "unquoted-value", 3, 4),
        ("a: **b**\n", "unquoted-value", 3, 4),
        ("a: ]\n", "unquoted-value", 3, 4),
        ("a: - b\n", "unquoted-value", 3, 4),
        ("a: | b\n", "unquoted-value", 3, 4),
        ("a:\n\t- b\n", "tab", 4, 1),
        ("\ta: b\n", "tab", 3, 1),
        ("a:\n  \tb: c\n", "tab", 4, 3),
        ("a: 'it's'\nb: c\n", "invalid-yaml", 3, 8),
        ("a: 'its\nb: c\n", "open-quote", 3, 4),
        ("a: 'it's fine\nb: c\n", "invalid-yaml", 3, 8),
        ('a: "b\nc: d\n', "open-quote", 3, 4),
        ('a: "C:\\new\\q"\n', "invalid-yaml", 3, 11),
        ("a: [b, c\nd: e\n", "open-bracket", 3, 4),
        ("a: {b: c\nd: e\n", "open-bracket", 3, 4),
        ("hello\nb: c\n", "no-colon", 3, 1),
        ("a: b\nhello\n", "no-colon", 4, 1),
        ("a: b\n c: d\n", "indentation", 4, 2),
        ("a:\n  b: c\n d: e\n", "indentation", 5, 2),
        ("a: \x07\n", "control-character", 3, 4),
        ("a: b\na: c\n", "duplicate-key", 4, 1),
        ("a: {b: c, b: d}\n", "duplicate-key", 3, 11),
        ("a: &x b\n", "anchor", 3, 4),
        ("a: *x\n", "alias", 3, 4),
        ("a: !!python/object:os.system b\n", "tag", 3, 4),
        ("a: !x [b]\n", "tag", 3, 4),
        ("<<: {a: b}\n", "merge-key", 3, 1),
        ("[a]: b\n", "key-not-text", 3, 1),
        ("? {a: b}\n: c\n", "key-not-text", 3, 3),
        ("a: b\n--- # two\nc: d\n", "several-documents", 4, 1),
        ("a: b\n... # end\n", "several-documents", 4, 1),
        ("%x: a\n", "unquoted-value", 3, 1),
        ("hello\n", "not-a-mapping", 3, 1),
        ("a:b\n", "not-a-mapping", 3, 1),
        ("- a\n- b\n", "not-a-mapping", 3, 1),
        ("a: " + "[" * 100 + "]" * 100 + "\n", "too-deep", 3, 23),
    ],
)
def test_what_is_refused_and_where(front: str, code: str, line: int, column: int) -> None:
    assert refused(front) == (code, line, column)


def test_a_duplicate_key_says_where_the_first_is() -> None:
    assert "line 3" in tree("a: b\nc: d\na: e\n").problems[0].message


def test_a_quoted_merge_key_is_a_key() -> None:
    assert tree("'<<': a\n").problems == ()


def test_bombs_and_depths_are_quick() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    merges = "a: &a {x: y}\n" + "".join(
        f"{b}: &{b} {{<<: [*{a}, *{a}]}}\n" for a, b in zip("abcde", "bcdef", strict=True)
    )
    before = time.perf_counter()
    for front in (
        laughs,
        merges,
        "[" * 60_000,
        "a: " + "{" * 60_000,
        "? " * 30_000,
        "k: v\n" * 12_000,
        "a: &a" * 12_000,
    ):
        assert refused(f"{front}\n")
    assert time.perf_counter() - before < 5


@given(st.text("abk:-#'\"[]{},&*!|>%@`?~<.=\n \té\\01", max_size=60))
def test_any_text_gives_a_tree_or_problems_inside_the_file(front: str) -> None:
    fenced = split(f"---\n{front}\n---\n".encode(), "a.md")
    if isinstance(fenced, Problem):
        return
    result = parse(fenced, "a.md")
    lines = fenced.text.split("\n")
    for problem in [result] if isinstance(result, Problem) else result.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@given(st.text("ab:-#'\"[]{},&*!|>?~\n é1", max_size=40))
def test_pure_python_reads_the_same(front: str) -> None:
    fenced = split(f"---\n{front}\n---\n".encode(), "a.md")
    if isinstance(fenced, Problem):
        return
    fast = parse(fenced, "a.md")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_module, "_LOADER", yaml.BaseLoader)
        pure = parse(fenced, "a.md")
    if isinstance(fast, Tree) and isinstance(pure, Tree) and not fast.problems:
        assert plain(pure.root) == plain(fast.root)


def test_nodes_keep_what_the_splice_and_the_schema_ask_for() -> None:
    found = tree("a: 'b'\nc: {d: e}\n")
    a, c = found.root.values["a"], found.root.values["c"]
    assert isinstance(a, Scalar)
    assert not a.plain
    assert isinstance(c, Entries)
    assert list(c.keys) == ["d"]
