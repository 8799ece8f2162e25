"""The body: as typed, with only the documented meanings added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.compose.body import Body, Link, Part, Person, Words, parse
from fedisched.compose.source import Source

from .posts import PEOPLE, post


def read(text: str) -> Body:
    return parse(Source(post(text)), PEOPLE)


def shown(part: Part) -> str:
    """A part in one line: `{label|url}` for links, `{@name}` for people."""
    pieces = []
    for piece in part.pieces:
        match piece:
            case Words():
                pieces.append(piece.text)
            case Link():
                pieces.append("{" + "".join(words.text for words in piece.label) + "|" + piece.url + "}")
            case Person():
                pieces.append("{@" + piece.name + "}")
    return "".join(pieces)


def text_of(text: str) -> str:
    (part,) = read(text).parts
    return shown(part)


def pictures(text: str) -> list[tuple[str, str]]:
    return [(picture.alt, picture.path) for part in read(text).parts for picture in part.pictures]


@pytest.mark.parametrize(
    "typed",
    [
        "2*3*4 and _this_ and **that** and `code`",
        "C:\\new\\table and \\\\server\\share",
        "¯\\_(ツ)_/¯",
        "call[0](x) and [x] and [ ] and (y) and ![",
        "# no heading\n> no quote\n- no list\n1. no list\n    no code\n***\n----\n --- \n--",
        "a < b > c <https://example.com> &amp; <b>",
        "  indented\ttab  \nand trailing  ",
        "[text] (https://example.com) and [text]\n(https://example.com)",
        "[a](b c) and [](x) and [a]() and ![a]()",
        "mail bob@alice.example or x@alice",
        "@alice.bsky.social @alice@other.example @alicex https://example.com/@alice?u=@alice @nobody",
        "[one\n\ntwo](https://example.com)",
        "\\@ \\# \\ \\n \\* \\. a\\@alice.b \\[x] \\![x] \\<! \\-",
    ],
)
def test_everything_else_is_text(typed: str) -> None:
    assert text_of(typed) == typed
    assert not pictures(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("see [this](https://example.com/a_(b)) now", "see {this|https://example.com/a_(b)} now"),
        ("[a [b] c](https://example.com)", "{a [b] c|https://example.com}"),
        ("[a \\] b](https://example.com)", "{a ] b|https://example.com}"),
        ("[C:\\\\](https://example.com)", "{C:\\|https://example.com}"),
        ("[two\nlines](https://example.com)", "{two\nlines|https://example.com}"),
        ("[](https://example.com)", "{|https://example.com}"),
        ("[a](<https://example.com/)>)", "{a|https://example.com/)}"),
        ("[a](https://example.com/\\))", "{a|https://example.com/)}"),
        ("[1] [a](https://example.com)", "[1] {a|https://example.com}"),
        ("[x [a](https://example.com)", "[x {a|https://example.com}"),
        ("[a](https://a.example)[b](https://b.example)", "{a|https://a.example}{b|https://b.example}"),
        ("[@alice](https://example.com)", "{@alice|https://example.com}"),
    ],
)
def test_a_link_to_a_web_address(typed: str, expected: str) -> None:
    assert text_of(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("![a cat](cat.png)", [("a cat", "cat.png")]),
        ("![](my cat.png)", [("", "my cat.png")]),
        ("![a](<my (cat.png>)", [("a", "my (cat.png")]),
        ("![a](cat (1).png)", [("a", "cat (1).png")]),
        ("![a](cat\\(.png)", [("a", "cat(.png")]),
        ("![a]( cat.png 'Title (1)' )", [("a", "cat.png")]),
        ("![a\nb](cat.png)", [("a\nb", "cat.png")]),
        ("![a [b] \\] c](cat.png)", [("a [b] ] c", "cat.png")]),
        ("![a](1.png) and [b](https://example.com 'x') ![c](2.png)", [("a", "1.png"), ("c", "2.png")]),
        ("[![a](1.png)](https://example.com)", [("a", "1.png")]),
        ("![a](windows\\cat.png)", [("a", "windows\\cat.png")]),
    ],
)
def test_a_picture(typed: str, expected: list[tuple[str, str]]) -> None:
    assert pictures(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("one\n![a](1.png)\ntwo", "one\ntwo"),
        ("one\n\n![a](1.png)\n\ntwo", "one\n\ntwo"),
        ("one\n\n![a](1.png) ![b](2.png)  \n![c](3.png)\n\n\ntwo", "one\n\n\ntwo"),
        ("![a](1.png)\n\ntwo", "two"),
        ("one ![a](1.png) two", "one two"),
        ("one![a](1.png)two", "onetwo"),
        ("one\n<!-- a\n\nb -->\ntwo", "one\ntwo"),
        ("one <!-- a --> two<!---->", "one two"),
        ("one\n<!-- a -->![a](1.png)", "one\n"),
        ("[a<!-- ] -->b](https://example.com)", "{ab|https://example.com}"),
        ("![a](a) start", "start"),
        ("one\n\n![a](a) two\nthree", "one\n\ntwo\nthree"),
        ("one ![a](a)\ntwo", "one\ntwo"),
        ("one ![a](a) ![b](b)  \n![c](c) <!-- c --> two", "one\ntwo"),
        ("  ![a](a) indented", "  indented"),
        ("- ![a](a) one\n- ![b](b)", "- one\n-"),
        ("one\n\n![a](a)\n\n![b](b)\n\ntwo", "one\n\ntwo"),
    ],
)
def test_what_leaves_the_text_takes_its_line_along(typed: str, expected: str) -> None:
    assert text_of(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("\\![a](1.png)", "![a](1.png)"),
        ("!\\[a](1.png)", "![a](1.png)"),
        ("\\[a](https://example.com)", "[a](https://example.com)"),
        ("\\\\[a](https://example.com)", "\\{a|https://example.com}"),
        ("\\\\\\[a](https://example.com)", "\\[a](https://example.com)"),
        ("\\[a](example.com)", "[a](example.com)"),
        ("one\n\\---\ntwo", "one\n---\ntwo"),
        ("one\n\\\\---\ntwo", "one\n\\---\ntwo"),
        ("\\<!-- a -->", "<!-- a -->"),
        ("\\@alice and \\#tag", "@alice and #tag"),
        ("\\@bob.bsky.social (\\@bob.bsky.social)", "@bob.bsky.social (@bob.bsky.social)"),
    ],
)
def test_a_backslash_takes_a_meaning_away(typed: str, expected: str) -> None:
    body = read(typed)
    assert [shown(part) for part in body.parts] == [expected]
    assert not body.problems


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("@alice", "{@alice}"),
        ("Hi @alice, (@bob) @anna-lena's", "Hi {@alice}, ({@bob}) {@anna-lena}'s"),
        ("@alice.", "{@alice}."),
        (".@alice", ".{@alice}"),
        ("@bob\n@alice", "{@bob}\n{@alice}"),
        ("@Alice é@alice न्@alice _@alice /@alice @@alice", None),
    ],
)
def test_a_name_from_the_config_is_a_person(typed: str, expected: str | None) -> None:
    assert text_of(typed) == (typed if expected is None else expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("one\n---\ntwo", ["one\n", "two"]),
        ("one\n---  \t\ntwo\n---\n", ["one\n", "two\n", ""]),
        ("---\n---", ["", "", ""]),
        ("[a\n---\nb](https://example.com)", ["[a\n", "b](https://example.com)"]),
        ("<!-- a\n---\nb -->one", ["one"]),
    ],
)
def test_a_line_of_three_dashes_starts_a_part(typed: str, expected: list[str]) -> None:
    assert [shown(part) for part in read(typed).parts] == expected


@pytest.mark.parametrize(
    ("typed", "code", "line", "column"),
    [
        ("one\ntwo <!-- never", "open-comment", 6, 5),
        ("\n ![a](1.png 'Title')", "title-ignored", 6, 2),
        ("é [a](example.com/b)", "not-a-link", 5, 3),
        ("[a](mailto:me@example.com)", "not-a-link", 5, 1),
    ],
)
def test_doubtful_writing_is_a_warning_at_its_place(typed: str, code: str, line: int, column: int) -> None:
    (problem,) = read(typed).problems
    assert (problem.code, problem.line, problem.column, problem.is_error) == (code, line, column, False)


plain_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r[]<@#＃\\"), max_size=80)


@given(plain_texts.filter(lambda text: "---" not in text))
def test_text_without_special_signs_is_kept_character_for_character(text: str) -> None:
    assert text_of(text) == text


signs = st.text(st.sampled_from("[]()!<>-\\@# \nab\"'/:h"), max_size=40)
snippets = st.lists(
    st.one_of(
        signs,
        st.sampled_from(["[a](https://b.c)", "![a](b)", "<!--", "-->", "\n---\n", "@alice", "\\", "https://", "\n\n"]),
    ),
    max_size=12,
).map("".join)


@given(snippets)
def test_every_piece_stands_where_it_says(typed: str) -> None:
    body = read(typed)
    for part in body.parts:
        position = part.start
        for piece in part.pieces:
            assert part.start <= position <= piece.offset < part.end
            if isinstance(piece, Words):
                assert typed[piece.offset : piece.offset + len(piece.text)] == piece.text
                position = piece.offset + len(piece.text)
    ends = [part.end for part in body.parts]
    assert ends == sorted(ends)
    assert ends[-1] == len(typed)


@given(st.lists(st.sampled_from(["[", "]", "(", ")", "!", "\\", "word7", " ", "\n", "<", "-", "'"]), max_size=40))
def test_no_typed_word_is_lost(tokens: list[str]) -> None:
    typed = "".join(tokens)
    body = read(typed)
    kept = "".join(shown(part) for part in body.parts)
    kept += "".join(alt + path for part in body.parts for _, alt, path in part.pictures)
    kept += "".join(problem.message for problem in body.problems)
    assert kept.count("word7") >= typed.count("word7")


def test_hostile_brackets_take_no_time() -> None:
    for hostile in ("[" * 50_000, "[a](" * 10_000, "\\" * 50_000 + "[", "<!--" * 20_000, "](" * 20_000, "[](" * 10_000):
        read(hostile)
