"""Where a text can be parted: between paragraphs, sentences, words; else where a word can be broken.

A seam is never inside a link, a mention, a tag or a character as people see it. White space at a seam belongs to
neither side, but for the indentation of the line that follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from fedisched.compose.traced import Traced

if TYPE_CHECKING:
    from regex import Pattern


class Level(IntEnum):
    """What a seam parts, the best first. Lines count as sentences."""

    PARAGRAPHS = 1
    SENTENCES = 2
    WORDS = 3
    INSIDE_A_WORD = 4
    """Where a script puts no space between words, or between a word's pieces."""
    CHARACTERS = 5


class Seam(NamedTuple):
    """The text goes up to `end`, and on from `begin`: indices into it."""

    level: Level
    end: int
    begin: int


# Where a line may be broken: not at the spaces that are there to prevent it (no-break, figure, narrow no-break).
_SPACE = re.compile(r"[\t\n\v\f\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]+")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_ABBREVIATION = re.compile(
    r"(?:(?<![^\W\d_])[^\W\d_]|\b(?:Mrs?|Ms|Dr|Prof|St|Nr|No|vs|ca|bzw|usw|etc)|^[ \t]*\d{1,3})\.\Z", re.MULTILINE
)
_SENTENCE_AT_MOST = 64
"""How far back the end of a sentence is looked for, in characters."""


def seams(text: Traced) -> list[Seam]:
    """The seams at white space, in order, and those behind a full stop that takes none."""
    inside = _inside(text)
    found = [Seam(_level(text.text, match), match.start(), _begin(match)) for match in _SPACE.finditer(text.text)]
    if not text.text.isascii():
        found += [Seam(Level.SENTENCES, end, end) for end in _wide_stops(text.text)]
    return sorted((seam for seam in found if seam.begin not in inside), key=lambda seam: seam.begin)


def seams_inside_words(text: Traced) -> list[Seam]:
    """Where words can be broken if they must."""
    import regex

    inside = _inside(text)
    breaks = {match.start() for match in _word_breaks().finditer(text.text)}
    found = []
    for match in regex.finditer(r"\X", text.text):
        start = match.start()
        if start not in inside and not text.text[start].isspace():
            level = Level.INSIDE_A_WORD if start in breaks else Level.CHARACTERS
            found.append(Seam(level, start, start))
    return found


def _inside(text: Traced) -> frozenset[int]:
    """The places that are inside something that stays whole."""
    return frozenset(index for span in text.spans for index in range(span.start + 1, span.end))


def _begin(match: re.Match[str]) -> int:
    """Where the text goes on: the white space before a line is that line's own."""
    return match.start() + match[0].rfind("\n") + 1 if "\n" in match[0] else match.end()


def _level(text: str, match: re.Match[str]) -> Level:
    if _BLANK_LINE.search(match[0]):
        return Level.PARAGRAPHS
    if "\n" in match[0] or _ends_sentence(text, match.start(), text[match.end() : match.end() + 1]):
        return Level.SENTENCES
    return Level.WORDS


def _ends_sentence(text: str, end: int, following: str) -> bool:
    said = text[max(0, end - _SENTENCE_AT_MOST) : end].rstrip("\"'”’»)]*_")
    if not said or (said[-1] not in ".!?…" and (said[-1].isascii() or not _stop().search(said))):
        return False
    return said[-1] != "." or not (following.islower() or _ABBREVIATION.search(said))


def _wide_stops(text: str) -> Iterator[int]:
    for match in re.finditer(r"[。！？｡]+[」』）〕】》”’\"']*(?=\S)", text):
        yield match.end()


@cache
def _stop() -> Pattern[str]:
    """What ends a sentence in any script (https://unicode.org/reports/tr29/#Sentence_Boundaries)."""
    import regex

    return regex.compile(r"[\p{Sentence_Break=STerm}\p{Sentence_Break=ATerm}]\Z")


@cache
def _word_breaks() -> Pattern[str]:
    """The boundaries between words of UAX #29 at which a line can begin: never before what could begin a link, a
    mention or a tag, nor before closing or behind opening punctuation."""
    import regex

    no_start = r"[\x00-\x7f\p{P}\p{M}＃＄＠々〜ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ]"
    return regex.compile(rf"(?w)(?<![\p{{Ps}}\p{{Pi}}])\b(?!{no_start})(?=.)", regex.DOTALL)
