r"""What the body of a post says: as typed, with only these meanings added.

- `![alt](file)` is an attachment and leaves the text. The file may have spaces, balanced or `\(` escaped parentheses,
  or stand in `<...>`; the alt text may run over line breaks, but not over a blank line.
- `[text](https://...)` is a link, if what is in the parentheses is an http or https address; nothing else is, so that
  `call[0](x)` stays what it is.
- A line that is only `---` (white space may follow) starts the next part.
- `<!-- ... -->` is dropped, over line breaks too. Without an end it is text, and a warning.
- `@name` is a mention for a name of the people in the config, where a mention can stand: not inside a word, an e-mail
  address, a URL, a longer handle, or between backticks.
- A backslash directly before one of these, and before an `@` or `#` that would be a mention or a tag, takes the meaning
  away and is dropped itself; two are one backslash before the thing itself. Every other backslash is text.

A line that held only attachments and comments goes with its line break, and with one of the blank lines around it.
Between two spaces, what is dropped takes one of them along, and at the beginning or end of a line those beside it.
Everything else is text, character for character.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from fedisched.compose.brackets import Destination, destination, matching_brackets, matching_parentheses, slashes_before
from fedisched.compose.links import leads_elsewhere
from fedisched.compose.source import Source
from fedisched.model.problem import Problem


class Words(NamedTuple):
    """Text as typed at `offset`; `plain` if the author escaped it."""

    offset: int
    text: str
    plain: bool = False


class Link(NamedTuple):
    """`[label](url)`; the label may be empty."""

    offset: int
    label: tuple[Words, ...]
    url: str


class Person(NamedTuple):
    """`@name`, a name from the config."""

    offset: int
    name: str


class Picture(NamedTuple):
    """`![alt](path)`, the path as typed."""

    offset: int
    alt: str
    path: str


Piece: TypeAlias = Words | Link | Person


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its text in pieces, its pictures, and where it begins and ends in the body."""

    start: int
    end: int
    pieces: tuple[Piece, ...]
    pictures: tuple[Picture, ...]

    def cut(self, end: int, resume: int) -> tuple[Part, Part]:
        """What stands before `end` in the body, and what stands from `resume` on: each the place of a character that
        is shown. Words can be cut anywhere, links and people stay whole; what is between the places is left out."""
        first: list[Piece] = []
        second: list[Piece] = []
        for piece in self.pieces:
            if not isinstance(piece, Words):
                (first if _begin_of(piece) < end else second).append(piece)
                continue
            if before := piece.text[: max(0, end - piece.offset)]:
                first.append(piece._replace(text=before))
            if after := piece.text[max(0, resume - piece.offset) :]:
                second.append(piece._replace(offset=max(resume, piece.offset), text=after))
        before_it = tuple(picture for picture in self.pictures if picture.offset < resume)
        after_it = tuple(picture for picture in self.pictures if picture.offset >= resume)
        return Part(self.start, end, tuple(first), before_it), Part(resume, self.end, tuple(second), after_it)


@dataclass(frozen=True, slots=True)
class Body:
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]


class _Find(NamedTuple):
    """Something found at `body[start:end]`; None is dropped without a trace."""

    start: int
    end: int
    what: Link | Person | Picture | Words | None


_DROPPED = "\0"
_FAR = 2048
"""How far around an `@` is looked, in characters."""
_SIGNS = re.compile(r"!?\[|<!--|[@#＃]|^\\*---[ \t]*$", re.MULTILINE)
_LABEL_ESCAPES = re.compile(rf"(?<!\\)\\+(?=[\[\]])|{_DROPPED}+")
_WEB_ADDRESS = re.compile(r"https?://[^\s/][^\s]*", re.IGNORECASE)
_MEANT_AS_LINK = re.compile(r"(?:mailto:\S+@|www\.|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:[/?#]|$))", re.IGNORECASE)
_EMPTY_LINES = re.compile(rf"^(?:[ \t]*{_DROPPED}[{_DROPPED} \t]*(?:\n|\Z))+", re.MULTILINE)
_BETWEEN_SPACES = re.compile(rf"(?<=[ \t]){_DROPPED}+(?=[ \t])")
_AT_A_BEGINNING = re.compile(rf"^[ \t]*+({_DROPPED}[{_DROPPED} \t]*+)(?!\n|\Z)", re.MULTILINE)
_AT_AN_END = re.compile(rf"(?<![{_DROPPED} \t])[ \t]++{_DROPPED}[{_DROPPED} \t]*+$", re.MULTILINE)
_BLANK_LINE = re.compile(r"[ \t]*\n")


def parse(source: Source, people: Collection[str]) -> Body:
    """Read a body. Never fails: what is not one of the documented things is text."""
    return _Parser(source, people).body()


class _Parser:
    def __init__(self, source: Source, people: Collection[str]) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.mention = _mention_of(people)
        comments = list(self._comments())
        self.finds = [_Find(start, end, None) for start, end in comments]
        # All matching is done on a text of the same length, in which comments are not there to be seen.
        self.text = _masked(source.body, comments)
        self.last_comment_end = source.body.rfind("-->")
        self.closing = dict(matching_brackets(self.text))
        self.parentheses = dict(matching_parentheses(self.text))

    def body(self) -> Body:
        separators = list(self._scan())
        starts = [0, *(end for _, end in separators)]
        ends = [*(start for start, _ in separators), len(self.text)]
        self.finds.sort(key=_in_order)
        first = [bisect_left(self.finds, start, key=lambda find: find.start) for start in [*starts, len(self.text) + 1]]
        return Body(
            tuple(
                self._part(start, end, self.finds[first[n] : first[n + 1]])
                for n, (start, end) in enumerate(zip(starts, ends, strict=True))
            ),
            tuple(self.problems),
        )

    def _comments(self) -> Iterator[tuple[int, int]]:
        text = self.source.body
        position = 0
        while (start := text.find("<!--", position)) >= 0:
            end = text.find("-->", start + 4)
            if end < 0:
                self._open_comment(start)
                return
            if slashes_before(text, start, position) % 2:
                position = start + 4
            else:
                yield start, end + 3
                position = end + 3

    def _open_comment(self, start: int) -> None:
        if slashes_before(self.source.body, start) % 2 == 0:
            message = "this comment never ends, so it is text"
            hint = "End it with `-->`, or write `\\<!--` if you mean these characters."
            self.problems.append(self.source.problem(start, "open-comment", message, hint, "warning"))

    def _scan(self) -> Iterator[tuple[int, int]]:
        """Collect the finds from left to right; yield the separators, each with its line break."""
        position = 0
        while match := _SIGNS.search(self.text, position):
            start, sign = match.start(), match[0]
            if sign.endswith("[") or sign in "@#＃" or sign == "<!--":
                position = self._sign(start, sign, position)
                continue
            slashes = len(sign) - len(sign.lstrip("\\"))
            position = match.end()
            if slashes:
                self.finds.append(_Find(start, start + (slashes + 1) // 2, None))
            else:
                yield start, min(position + 1, len(self.text))

    def _sign(self, start: int, sign: str, position: int) -> int:
        """Deal with one sign; gives where to go on."""
        slashes = slashes_before(self.text, start, position)
        find = self._found(start, sign, slashes)
        if find is None:
            return start + 1
        if slashes:
            self.finds.append(_Find(start - slashes, start - slashes + (slashes + 1) // 2, None))
        if slashes % 2:
            plain = sign in "@#＃"
            if plain:
                self.finds.append(_Find(start, start + 1, Words(start, sign, plain=True)))
            return start + 1 if plain or sign == "<!--" else find.end
        if find.what is not None:
            self.finds.append(find)
        return find.end

    def _found(self, start: int, sign: str, slashes: int) -> _Find | None:
        """What stands at a sign, were it not for the backslashes before it; None where it means nothing."""
        before = self.text[start - slashes - 1 : start - slashes]
        match sign:
            case "![":
                return self._bracket(start, start + 1, is_picture=True, escaped=slashes % 2 > 0)
            case "[":
                # `!\[` escapes an attachment too: its other bracket has lost its meaning.
                return self._bracket(start, start, slashes > 0 and before == "!", slashes % 2 > 0)
            case "<!--":
                # Only escaped ones are still to be seen, and one without an end.
                ends = self.last_comment_end >= start + 4
                return _Find(start, start + 4, None) if slashes % 2 and ends else None
            case "@":
                return self._at(start, before, slashes)
            case _:
                after = self.text[start + 1 : start + 2]
                is_tag = slashes > 0 and (not before or before.isspace()) and after and not after.isspace()
                return _Find(start, start + 1, None) if is_tag else None

    def _at(self, start: int, before: str, slashes: int) -> _Find | None:
        word = self.text[start + 1 : start + 2]
        mention = self.mention.match(self.text, start) if self.mention else None
        if mention and not _joins(before) and not self._inside_address(start) and not self._inside_code(start):
            return _Find(start, mention.end(), Person(start, mention[0][1:]))
        if slashes and (not before or before.isspace() or before == "(") and word.isascii() and word.isalnum():
            return _Find(start, start + 1, None)
        return None

    def _inside_address(self, position: int) -> bool:
        run = re.search(r"\S*\Z", self.text[max(0, position - _FAR) : position])
        return run is not None and "://" in run[0]

    def _inside_code(self, position: int) -> bool:
        """Whether this stands between backticks on its line, as people quote code."""
        before = self.text[max(0, position - _FAR) : position].rpartition("\n")[2]
        after = self.text[position : position + _FAR].partition("\n")[0]
        return before.count("`") % 2 == 1 and "`" in after

    def _bracket(self, start: int, opening: int, is_picture: bool, escaped: bool) -> _Find | None:
        """The attachment or link whose `[` is at `opening`. An escaped one gives no problems."""
        closing = self.closing.get(opening)
        if closing is None or self.text[closing + 1 : closing + 2] != "(":
            return None
        found = destination(self.text, closing + 1, self.parentheses.get(closing + 1))
        if found is None or not found.target:
            return None
        meant = is_picture or self._is_meant_as_link(opening, closing, found)
        if not meant or escaped:
            return _Find(start, found.end, None) if meant else None
        if is_picture:
            self._warn_of_title(start, found.title, "alt text")
            alt = "".join(words.text for words in self._label(opening + 1, closing))
            return _Find(start, found.end, Picture(start, alt.strip(), found.target))
        return self._link(start, closing, found)

    def _is_meant_as_link(self, opening: int, closing: int, found: Destination) -> bool:
        address = _WEB_ADDRESS.fullmatch(found.target) or _MEANT_AS_LINK.match(found.target)
        return address is not None and self.text.find("](", opening, closing) < 0

    def _link(self, start: int, closing: int, found: Destination) -> _Find | None:
        if not _WEB_ADDRESS.fullmatch(found.target):
            message = f"({found.target}) is not a web address, so this is no link"
            hint = "Write the whole address, with https://, or put a backslash before the [ if it is meant as text."
            self.problems.append(self.source.problem(start, "not-a-link", message, hint, "warning"))
            return None
        self._warn_of_title(start, found.title, "text of the link")
        label = tuple(self._label(start + 1, closing))
        self._warn_of_another_host("".join(words.text for words in label), start, found.target)
        return _Find(start, found.end, Link(start, label, found.target))

    def _warn_of_another_host(self, label: str, start: int, url: str) -> None:
        """On Bluesky only the text is seen, and its app asks readers whether they trust such a link."""
        if hosts := leads_elsewhere(label, url):
            message = f"the link shows {hosts[0]} and leads to {hosts[1]}"
            hint = "Show the address that it leads to, or words that are no address."
            self.problems.append(self.source.problem(start, "misleading-link", message, hint, "warning"))

    def _warn_of_title(self, start: int, title: str, place: str) -> None:
        if title:
            message = f"the title {title} has no place on any network and is left out"
            hint = f"Move its words into the {place}."
            self.problems.append(self.source.problem(start, "title-ignored", message, hint, "warning"))

    def _label(self, start: int, end: int) -> Iterator[Words]:
        """What stands between brackets: as typed, but for comments and the backslashes that escape brackets."""
        position = start
        for match in _LABEL_ESCAPES.finditer(self.text, start, end + 1):
            dropped = len(match[0]) if match[0][0] == _DROPPED else (len(match[0]) + 1) // 2
            yield from self._words(position, match.start())
            position = match.start() + dropped
        yield from self._words(position, end)

    def _words(self, start: int, end: int) -> Iterator[Words]:
        if start < end:
            yield Words(start, self.source.body[start:end])

    def _part(self, start: int, end: int, finds: Sequence[_Find]) -> Part:
        pictures = tuple(find.what for find in finds if isinstance(find.what, Picture))
        gone = [(find.start, find.end) for find in finds if find.what is None or isinstance(find.what, Picture)]
        kept = [find for find in finds if find.what is not None and not isinstance(find.what, Picture)]
        seen = _masked(self.text[start:end], [(first - start, last - start) for first, last in gone])
        more = [_Find(first + start, last + start, None) for first, last in _lines_to_drop(seen)]
        dropped = [_Find(first, last, None) for first, last in gone]
        return Part(start, end, tuple(self._pieces(start, end, [*kept, *dropped, *more])), pictures)

    def _pieces(self, start: int, end: int, finds: Iterable[_Find]) -> Iterator[Piece]:
        position = start
        for find in sorted(finds, key=_in_order):
            if find.end <= position:
                continue
            yield from self._words(position, find.start)
            if find.what is not None and not isinstance(find.what, Picture):
                yield find.what
            position = find.end
        yield from self._words(position, end)


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        start = max(start, position)
        pieces += text[position:start], _DROPPED * (end - start)
        position = max(end, position)
    return "".join([*pieces, text[position:]])


def _begin_of(piece: Piece) -> int:
    """The offset of the first character of a piece that is shown: of a link it is its label's."""
    return piece.label[0].offset if isinstance(piece, Link) and piece.label else piece.offset


def _in_order(find: _Find) -> tuple[int, int]:
    return find.start, -find.end


def _joins(before: str) -> bool:
    """Whether an `@` after this character belongs to something else: a word, an e-mail address, a path."""
    return bool(before) and (unicodedata.category(before)[0] in "LMN" or before in "_@=/")


def _mention_of(people: Collection[str]) -> re.Pattern[str] | None:
    if not people:
        return None
    names = "|".join(re.escape(name) for name in sorted(people, key=len, reverse=True))
    return re.compile(rf"@(?:{names})(?![\w@])(?![.-]\w)")


def _lines_to_drop(seen: str) -> Iterator[tuple[int, int]]:
    """What goes along with what is dropped: lines with nothing else on them, and spaces that nothing needs then."""
    for match in _EMPTY_LINES.finditer(seen):
        end = match.end()
        if _follows_blank_line(seen, match.start()) and (blank := _BLANK_LINE.match(seen, end)):
            end = blank.end()
        yield match.start(), end
    for match in _BETWEEN_SPACES.finditer(seen):
        yield match.start(), match.end() + 1
    for match in _AT_A_BEGINNING.finditer(seen):
        yield match.span(1)
    for match in _AT_AN_END.finditer(seen):
        yield match.span()


def _follows_blank_line(text: str, start: int) -> bool:
    """Whether the line before the one that starts here is blank, or there is none."""
    return not text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : start].strip()
