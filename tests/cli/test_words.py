"""What reaches a terminal: cleaned, styled, measured."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedisched.cli.words import UpTo, bad, clean, clean_line, clip, clip_left, columns, pad, paint

STEERING = {
    *map(chr, range(32)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("\x1bcreset", "reset"),
        ("unfinished \x1b[3", "unfinished "),
        ("ring\x07 back\x08 null\x00", "ring back null"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("keep\ttabs\nand lines\r\n", "keep\ttabs\nand lines\n"),
        ("👩‍👩‍👧 नमस्ते ﷽ é", "👩‍👩‍👧 नमस्ते ﷽ é"),
    ],
)
def test_what_steers_a_terminal_is_taken_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_line_stays_one_line() -> None:
    assert clean_line("posts/a\nposts/b.md:1:1: error\r\u2028x") == "posts/a posts/b.md:1:1: error x"


@settings(max_examples=100)
@given(st.text())
def test_nothing_that_steers_survives_in_any_text(text: str) -> None:
    assert not STEERING & set(clean_line(text))
    assert not (STEERING - {"\t", "\n"}) & set(clean(text))


def test_styles_are_ours_alone() -> None:
    pieces = ("a \x1b[5mblink", bad("b\x1b[0m"))
    assert paint(pieces, coloured=True) == "a blink\x1b[1;31mb\x1b[0m"
    assert paint(pieces, coloured=False) == "a blinkb"


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("漢字", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("🎉", 2),
        ("👩‍👩‍👧", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("1️⃣", 2),
        ("🎉\ufe0f", 2),
        ("", 0),
    ],
)
def test_wide_and_joined_characters_are_measured_in_columns(text: str, width: int) -> None:
    assert columns(text) == width
    assert columns(pad(text, 10)) == 10


def test_a_column_is_told_to_a_terminal_and_filled_up_to_elsewhere() -> None:
    pieces = ("ab", UpTo("   ", 6), "c")
    assert (paint(pieces, coloured=True), paint(pieces, coloured=False)) == ("ab\x1b[6Gc", "ab   c")


def test_a_path_is_cut_at_its_beginning() -> None:
    assert clip_left("posts/2026/漢字.md", 9) == "…/漢字.md"
    assert clip_left("a.md", 4) == "a.md"


def test_a_text_is_cut_to_its_columns() -> None:
    assert clip("漢字漢字", 5) == "漢字…"
    assert clip("abc", 3) == "abc"
