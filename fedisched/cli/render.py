"""`fedisched render`: exactly what each target would get."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.extras import captioned, carded, described, extras, led
from fedisched.cli.here import Here
from fedisched.cli.problems import show_problems
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import (
    Piece,
    UpTo,
    Words,
    bad,
    clean,
    clean_line,
    clip_left,
    columns,
    doubtful,
    faint,
    strong,
    underlined,
)

if TYPE_CHECKING:
    from fedisched.cli.survey import Examined
    from fedisched.model.problem import Problem
    from fedisched.model.rendered import RenderedPart, Rendering

_WORD = re.compile(r"\s*\S+|\s+")
_NARROWEST = 24
"""Columns; in fewer there is no frame that anybody could read."""
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
    shown. What is refused and what the post waits for stands below it. With --json, one object a line, with the record
    or form as it would be sent. With --since, only those that were changed since, as a pull request changes them.

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
                _show(here, rendering, each.waits.get(name, ()))
    return Exit.NEEDS_YOU if broken else Exit.DONE


def _examined(here: Here, paths: Sequence[str], since: str | None) -> Iterator[Examined]:
    """The posts to show, held against those that they name; of those that nobody named, what is published is done."""
    from fedisched.cli.between import between, waiting
    from fedisched.cli.survey import examine_all

    changed = None
    if since is not None:
        from fedisched.git.changed import changed_since

        changed = changed_since(here.folder, since)
    for each in examine_all(here, paths):
        if changed is not None and each.path not in changed:
            continue
        if each.post is None:
            yield each
        elif paths or each.post.status != "published":
            yield replace(each, problems=(*each.problems, *between(here, [each])), waits=waiting(here, each.post))


def _targets(here: Here, target: str | None) -> tuple[str, ...] | None:
    if target is None:
        return None
    names = here.settings.accounts_named([target])
    if not names:
        known = ", ".join([*here.settings.accounts, *here.settings.groups]) or "none yet"
        raise click.BadParameter(f"There is no account or group `{target}`. There are {known}.", param_hint="--target")
    return names


def _show(here: Here, rendering: Rendering, waits: Sequence[str]) -> None:
    rendered = rendering.rendered
    if here.voice.as_json:
        from fedisched.compose import as_json

        beside = {"refused": [_as_json(problem) for problem in _refused(rendering)], "waits": list(waits)}
        here.voice.json({**as_json(rendered), **{name: found for name, found in beside.items() if found}})
        return
    width = max(here.voice.width, _NARROWEST)
    room = width - 4
    title = f" {rendered.target} "
    place = f" {clip_left(clean_line(rendered.path), max(room - 3 - columns(title), 8))} "
    filled = "─" * max(2, width - 4 - columns(title) - columns(place))
    here.voice.result(faint("╭─"), strong(title), faint(f"{filled}{place}─╮"))
    for number, part in enumerate(rendered.parts, 1):
        if number > 1:
            here.voice.result(faint(f"├{'─' * (width - 2)}┤"))
        _framed(here, _body(part, rendered.network, number, len(rendered.parts), room), room)
    told = [doubtful(why) for why in (f"… {why}" for why in waits)]
    told += [bad(f"✗ {problem.line}:{problem.column} {problem.message}") for problem in _refused(rendering)]
    if told:
        here.voice.result(faint(f"├{'─' * (width - 2)}┤"))
        _framed(here, [line for words in told for line in _noted(words.text, room, words.codes)], room)
    here.voice.result(faint(f"╰{'─' * (width - 2)}╯"))


def _framed(here: Here, lines: Sequence[list[Words]], room: int) -> None:
    for line in lines:
        used = sum(columns(piece if isinstance(piece, str) else piece.text) for piece in line)
        here.voice.result(faint("│ "), *line, UpTo(" " * (room - used + 1), room + 4), faint("│"))


def _refused(rendering: Rendering) -> list[Problem]:
    """Why it is not sent, and what of it is not shown as it was meant: of a picture that is not there, nothing is."""
    return [problem for problem in rendering.problems if problem.is_error]


def _as_json(problem: Problem) -> dict[str, str | int]:
    place = {"line": problem.line, "column": problem.column}
    return {**place, "code": problem.code, "message": problem.message, "hint": problem.hint}


def _body(part: RenderedPart, network: str, number: int, total: int, width: int) -> list[list[Words]]:
    """The lines of a part: its text, what goes with it, its lengths."""
    lines = [line for text in _lines(part) for line in _wrapped(text, width)]
    lines.append([""])
    told = [f"· {clean_line(extra)}" for extra in extras(part)]
    told += [*led(part), *(described(media, network) for media in part.media), *map(captioned, part.captions)]
    told += [carded(part.card)] if part.card else []
    lines += [line for text in told for line in _noted(text, width)]
    lines.append(_counted(part, number, total))
    return lines


def _noted(text: str, width: int, codes: str = "") -> list[list[Words]]:
    """A note below a text, in as many lines as it needs, the further ones indented."""
    lines: list[list[Words]] = []
    for number, line in enumerate(_wrapped([(clean_line(text), False)], width - 2)):
        words = "".join(piece if isinstance(piece, str) else piece.text for piece in line)
        shown = words if number == 0 else f"  {words}"
        lines.append([Piece(shown, codes) if codes else shown])
    return lines


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
    import regex

    chunks, used = [""], 0
    for character in regex.findall(r"\X", word):
        size = columns(character)
        if used + size > width:
            chunks.append("")
            used = 0
        chunks[-1] += character
        used += size
    return chunks
