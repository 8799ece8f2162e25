"""Text that remembers where it came from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fedisched.compose.traced import NOWHERE, Edit, Span, Traced


def traced(text: str, *spans: Span) -> Traced:
    return Traced(text, tuple(range(len(text))), spans)


def test_an_edit_moves_spans_and_origins() -> None:
    text = traced("  abc def", Span(2, 5, "link", "u"), Span(6, 9, "tag", "t"))
    edited = text.edited([Edit(0, 2, ""), Edit(2, 5, "wxyz")])
    assert edited.text == "wxyz def"
    assert edited.origins == (2, 2, 2, 2, 5, 6, 7, 8)
    assert edited.spans == (Span(0, 4, "link", "u"), Span(5, 8, "tag", "t"))


def test_a_span_with_nothing_left_is_gone() -> None:
    assert traced("ab  ", Span(2, 4, "link", "u")).edited([Edit(2, 4, "")]).spans == ()


def test_a_span_shrinks_with_what_is_cut_off() -> None:
    edited = traced("  ab  ", Span(1, 5, "link", "u")).edited([Edit(0, 2, ""), Edit(4, 6, "")])
    assert (edited.text, edited.spans) == ("ab", (Span(0, 2, "link", "u"),))


def test_a_head_comes_from_nowhere() -> None:
    text = traced("ab", Span(0, 2, "link", "u")).with_head("CW")
    assert (text.text, text.origins, text.spans) == ("CWab", (NOWHERE, NOWHERE, 0, 1), (Span(2, 4, "link", "u"),))


@given(st.text(max_size=30), st.data())
def test_every_span_keeps_its_characters(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=4)))
    start, end, first, last = cuts
    span = Span(first, last, "link", "u")
    edited = traced(text, span).edited([Edit(start, end, "xyz")])
    assert edited.text == text[:start] + "xyz" + text[end:]
    assert len(edited.origins) == len(edited.text)
    shown = [edited.text[span.start : span.end] for span in edited.spans]
    assert shown == ([text[first:last]] if first < last else [])
