"""Characters as people see them: extended grapheme clusters of current Unicode (UAX #29).

Both networks count them. The standard library cannot; the package `regex` follows Unicode closely. It is imported
only where a text needs it.
"""

from __future__ import annotations


def count_graphemes(text: str) -> int:
    """How many characters a person sees."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    import regex

    return sum(1 for _ in regex.finditer(r"\X", text))


def first_graphemes(text: str, number: int) -> str:
    """The beginning of a text, at most so many characters as a person sees them."""
    return text[: start_of_grapheme(text, number)]


def start_of_grapheme(text: str, number: int) -> int:
    """The index at which grapheme `number` (from 0) starts; the text's length where there are fewer."""
    if text.isascii() and "\r" not in text:
        return min(number, len(text))
    import regex

    for index, match in enumerate(regex.finditer(r"\X", text)):
        if index == number:
            return int(match.start())
    return len(text)
