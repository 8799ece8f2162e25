"""Text for a terminal: cleaned of what could steer it, styled piece by piece, and measured in columns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fedisched.model.secret import discreet

_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS: titles, links, clipboard
    r"|\x1b[ -/]*[0-~]?"
)
# Everything that C0 and C1 know but a tab and a line feed, and what turns the direction of the text around: a file
# name with an override in it reads as another file's.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]")
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")


def clean(text: str) -> str:
    """A text from a file or a server without escape sequences, control characters and changes of direction. Tabs and
    line feeds stay."""
    return _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\r\n", "\n")))


def clean_line(text: str) -> str:
    """The same on one line: a name with a line break in it must not be able to write a line of its own."""
    if text.isprintable():
        # Nothing that the patterns look for is printable, and most texts are.
        return text
    return clean(_BREAKS.sub(" ", text))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line in a style; `codes` are SGR parameters."""

    text: str
    codes: str


@dataclass(frozen=True, slots=True)
class UpTo:
    """Spaces up to a column, counted from 1. `text` are as many as we count; a terminal that is told the column itself
    gets there however wide it draws what stands before, which of emoji and some scripts nobody can tell."""

    text: str
    column: int


Words = str | Piece | UpTo


def strong(text: str) -> Piece:
    return Piece(text, "1")


def faint(text: str) -> Piece:
    return Piece(text, "2")


def underlined(text: str) -> Piece:
    return Piece(text, "4;36")


def good(text: str) -> Piece:
    return Piece(text, "32")


def bad(text: str) -> Piece:
    return Piece(text, "1;31")


def doubtful(text: str) -> Piece:
    return Piece(text, "33")


def paint(pieces: tuple[Words, ...], coloured: bool) -> str:
    """One line of pieces, each cleaned and without what is secret; styles only where colours are wanted."""
    painted = []
    for piece in pieces:
        text = discreet(clean_line(piece if isinstance(piece, str) else piece.text))
        if coloured and isinstance(piece, UpTo):
            text = f"\x1b[{piece.column}G"
        if coloured and isinstance(piece, Piece) and text:
            text = f"\x1b[{piece.codes}m{text}\x1b[0m"
        painted.append(text)
    return "".join(painted)


def columns(text: str) -> int:
    """How many columns a text takes in a terminal. Emoji sequences are counted as most terminals draw them."""
    if text.isascii() and text.isprintable():
        return len(text)
    total = last = 0
    joined = False
    for character in text:
        if character == "\u200d":
            joined = True
            continue
        if not joined:
            # What is asked for as an emoji is drawn as wide as one.
            last = 2 - last if character == "\ufe0f" and last == 1 else _columns_of(character)
            total += last
        joined = False
    return total


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf", "Cc"} or "\U0001f3fb" <= character <= "\U0001f3ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """A text filled up with spaces to a width in columns."""
    return text + " " * max(0, width - columns(text))


def clip(text: str, width: int) -> str:
    """A text cut to a width in columns, with an ellipsis where something is missing."""
    if columns(text) <= width:
        return text
    kept = ""
    for character in text:
        if columns(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"


def clip_left(text: str, width: int) -> str:
    """The same cut at its beginning, for paths, whose end says most."""
    if columns(text) <= width:
        return text
    while text and columns(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def plural(number: int, word: str) -> str:
    """`1 post`, `2 posts`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
