"""`fedisched render`: exactly what each target would get."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.extras import extras
from fedisched.cli.here import Here
from fedisched.cli.problems import show_problems
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import Words, bad, clean, clean_line, columns, faint, strong, underlined

if TYPE_CHECKING:
    from fedisched.cli.survey import Examined
    from fedisched.model.rendered import Attachment, Card, Rendered, RenderedPart

_WORD = re.compile(r"\s*\S+|\s+")
Cell = tuple[str, bool]


@verb
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path())
@click.option("--target", metavar="NAME", help="Only what this account or group would get.")
@json_option
@click.option("--since", metavar="REVISION", help="Only posts that differ from this commit or branch of git.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="For people, for programs, or as Markdown for a job's summary on GitHub.",
)
def render(
    here: Here, paths: tuple[str, ...], target: str | None, as_json: bool, since: str | None, style: str
) -> Exit:
    """Show exactly what each target would get.

    Nothing is sent or asked for. PATH is a post or a folder of posts; without one, all that are not yet published are
    shown. With --json, one object a line, with the record or form as it would be sent. With --since, only those that
    were changed since, as a pull request changes them.

    Examples:
    fedisched render
    fedisched render posts/2026-12-01-hello.md --target bluesky
    fedisched render posts/2026-12-01-hello.md --json
    fedisched render --since main
    """
    wanted = _targets(here, target)
    if style == "github":
        from fedisched.cli.preview import preview

        return preview(here, _examined(here, paths, since), wanted)
    broken = False
    for each in _examined(here, paths, since):
        broken = broken or any(problem.is_error for problem in each.problems)
        show_problems(each.problems, here.folder, here.voice.complain, here.voice.on_terminal)
        for name, rendering in each.renderings.items():
            if wanted is None or name in wanted:
                _show(here, each, rendering.rendered)
    return Exit.NEEDS_YOU if broken else Exit.DONE


def _examined(here: Here, paths: Sequence[str], since: str | None) -> Iterator[Examined]:
    """The posts to show; of those that nobody named, what is published is done."""
    from fedisched.cli.survey import examine_all

    changed = None
    if since is not None:
        from fedisched.git.changed import changed_since

        changed = changed_since(here.folder, since)
    for each in examine_all(here, paths):
        if changed is not None and each.path not in changed:
            continue
        if paths or each.post is None or each.post.status != "published":
            yield each


def _targets(here: Here, target: str | None) -> tuple[str, ...] | None:
    if target is None:
        return None
    names = here.settings.accounts_named([target])
    if not names:
        known = ", ".join([*here.settings.accounts, *here.settings.groups]) or "none yet"
        raise click.BadParameter(f"There is no account or group `{target}`. There are {known}.", param_hint="--target")
    return names


def _show(here: Here, each: Examined, rendered: Rendered) -> None:
    if here.voice.as_json:
        from fedisched.compose import as_json

        here.voice.json(as_json(rendered))
        return
    width = here.voice.width
    title = f" {rendered.target} "
    place = f" {each.path} "
    filled = "─" * max(2, width - 4 - columns(title) - columns(place))
    here.voice.result(faint("╭─"), strong(title), faint(f"{filled}{place}─╮"))
    for number, part in enumerate(rendered.parts, 1):
        if number > 1:
            here.voice.result(faint(f"├{'─' * (width - 2)}┤"))
        for line in _body(part, number, len(rendered.parts), width - 4):
            used = sum(columns(piece if isinstance(piece, str) else piece.text) for piece in line)
            here.voice.result(faint("│ "), *line, " " * (width - 4 - used), faint(" │"))
    here.voice.result(faint(f"╰{'─' * (width - 2)}╯"))


def _body(part: RenderedPart, number: int, total: int, width: int) -> list[list[Words]]:
    """The lines of a part: its text, its attachments, its lengths."""
    lines = [line for text in _lines(part) for line in _wrapped(text, width)]
    told = (*(f"· {clean(extra)}" for extra in extras(part)), *map(described, part.media))
    for line in (*told, *map(captioned, part.captions)):
        lines += _wrapped([(line, False)], width)
    if part.card:
        lines += _wrapped([(carded(part.card), False)], width)
    lines.append([""])
    lines.append(_counted(part, number, total))
    return lines


def described(attachment: Attachment) -> str:
    """An attachment in a line: what is sent, and its description."""
    shape = f"{attachment.width}×{attachment.height}, " if attachment.width else ""
    alt = attachment.alt or "no description"
    if attachment.making:
        kind = attachment.mime.partition("/")[2].upper()
        size = f"made {'an' if kind == 'MP4' else 'a'} {kind} of at most {attachment.most // 1000:,} kB"
    else:
        size = f"{-(-attachment.size // 1000):,} kB"
    return f"▣ {attachment.path} ({shape}{size}): {clean(alt)}"


def captioned(captions: Attachment) -> str:
    """A video's captions in a line."""
    return f"≡ {captions.path} (captions, {clean(captions.alt)})"


def carded(card: Card) -> str:
    """The link card as far as it is known: the page is asked shortly before the post goes out."""
    told = [f"“{clean_line(card.title)}”"] if card.title is not None else []
    told += [clean_line(card.description)] if card.description else []
    told += [f"picture {card.thumb.path}"] if card.thumb else []
    told += [] if card.is_known else ["the page says the rest"]
    return f"▤ card of {card.url} ({'; '.join(told)})"


def _counted(part: RenderedPart, number: int, total: int) -> list[Words]:
    count = f"{part.length}/{part.limit}"
    words: list[Words] = [bad(count) if part.length > part.limit else faint(count)]
    if total > 1:
        words.insert(0, faint(f"part {number} of {total} · "))
        words.append(faint(f" · from {part.line}:{part.column}"))
    return words


def _lines(part: RenderedPart) -> list[list[Cell]]:
    """The text's lines as pieces that are inside a facet or not. Facets count bytes of UTF-8."""
    data = part.text.encode("utf-8", "surrogatepass")
    pieces: list[Cell] = []
    at = 0
    for facet in part.facets:
        pieces += [(_text(data[at : facet.start]), False), (_text(data[facet.start : facet.end]), True)]
        at = facet.end
    pieces.append((_text(data[at:]), False))
    lines: list[list[Cell]] = [[]]
    for text, inside in pieces:
        first, *more = clean(text).split("\n")
        lines[-1].append((first, inside))
        lines += [[(each, inside)] for each in more]
    return lines


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _wrapped(pieces: Sequence[Cell], width: int) -> list[list[Words]]:
    """One line of text in as many lines as it needs, broken between words where that is possible."""
    lines: list[list[Words]] = [[]]
    used = 0
    for text, inside in pieces:
        for found in _WORD.findall(text.replace("\t", "    ")):
            word = found
            if used + columns(word) > width and used:
                lines.append([])
                used, word = 0, word.lstrip()
            for chunk in _chunks(word, width):
                if used + columns(chunk) > width:
                    lines.append([])
                    used = 0
                lines[-1].append(underlined(chunk) if inside else chunk)
                used += columns(chunk)
    return lines


def _chunks(word: str, width: int) -> list[str]:
    """A word cut into pieces of at most a width, nearly always one."""
    if columns(word) <= width:
        return [word]
    chunks = [""]
    for character in word:
        if columns(chunks[-1] + character) > width:
            chunks.append("")
        chunks[-1] += character
    return chunks
