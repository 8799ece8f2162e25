"""Characters as people see them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedisched.compose.graphemes import count_graphemes, first_graphemes, start_of_grapheme


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc\n", 4),
        ("नमस्ते", 3),
        ("👨‍👩‍👧‍👧", 1),
        ("🇩🇪🇫🇷", 2),
        ("e\u0301", 1),
        ("Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", 2),
        ("👍🏽", 1),
        ("❤️", 1),
        ("각", 1),
        ("شكرًا", 4),
        ("שָׁלוֹם", 4),
        ("日本語", 3),
        ("ก็", 1),
        ("a\r\nb", 3),
        ("1️⃣", 1),
    ],
)
def test_counts_what_a_person_sees(text: str, length: int) -> None:
    assert count_graphemes(text) == length


@given(st.text(max_size=50), st.integers(0, 60))
def test_the_first_so_many_are_at_most_so_many(text: str, number: int) -> None:
    head = first_graphemes(text, number)
    assert text.startswith(head)
    assert count_graphemes(head) == min(number, count_graphemes(text))
    assert start_of_grapheme(text, number) == len(head)


@given(st.text(st.characters(max_codepoint=127), max_size=50))
def test_the_short_way_for_ascii_agrees_with_the_long_one(text: str) -> None:
    assert count_graphemes(text) == count_graphemes(text + "\n日") - 2 + text.endswith("\r")
