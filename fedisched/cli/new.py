"""`fedisched new`: write a post's file."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import clean_line, faint, good
from fedisched.clock import SECOND
from fedisched.model.errors import CannotWrite
from fedisched.model.problem import Problem
from fedisched.model.secret import without_credentials
from fedisched.model.settings import Settings

if TYPE_CHECKING:
    from fedisched.cli.survey import Examined

_LARGEST = 1_000_000
_LONGEST_SLUG = 40
_NOT_WORDS = re.compile(r"https?://\S+|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|[^\w\s-]")
_PLAIN = re.compile(r"[^\W_][\w ,.!?()/+-]*[\w.!?)]|[^\W_]")


@verb
@click.argument("text", metavar="[TEXT]", required=False)
@click.option("--at", "when", metavar="WHEN", help="When it goes out; without it, the post is a draft.")
@click.option("--to", "targets", metavar="TARGETS", help="Accounts or groups, with commas; default: the config's.")
@click.option("--title", metavar="T", help="A title for yourself; it is not published.")
@click.option("--edit", is_flag=True, help="Open it in your editor ($VISUAL or $EDITOR).")
@json_option
def new(
    here: Here, text: str | None, when: str | None, targets: str | None, title: str | None, edit: bool, as_json: bool
) -> Exit:
    """Write a post's file.

    TEXT is the text, or - to read it from standard input. WHEN is a moment such as `2026-12-01 09:00`, with an
    offset if you like, or `in 2 hours`, `today 18:00`, `tomorrow 09:00`, `friday 17:30`, `next friday 9am`.

    Examples:
    fedisched new "Good morning" --at "tomorrow 09:00"
    fedisched new "Both of you" --to mastodon,bluesky --at "in 2 hours"
    fedisched new --title "Trip report" --edit
    fortune | fedisched new - --at "next friday 9am"
    """
    settings = here.settings
    body = _body(text)
    if when is not None and not body and not edit:
        raise click.UsageError("There is no text to send at that time: give TEXT, or write it with --edit.")
    moment = _moment(when, here) if when is not None else None
    names = _targets(targets, settings) if targets is not None else None
    day = (moment or datetime.fromtimestamp(here.clock.now() / SECOND, UTC)).astimezone(_zone(settings)).date()
    front = _front_matter(moment, names, clean_line(title or ""), settings)
    stem = f"{day.isoformat()}-{_slug(title or body or '')}"
    path = _write_new(settings.posts_folder, stem, f"{front}{body}\n" if body else front)
    if edit:
        _open_in_editor(path, here)
    return _tell(here, path.relative_to(settings.folder).as_posix(), finished=bool(body) or edit)


def _body(text: str | None) -> str:
    if text == "-":
        data = sys.stdin.buffer.read(_LARGEST + 1) if sys.stdin else b""
        if len(data) > _LARGEST:
            raise click.BadParameter("The text is larger than 1 MB.", param_hint="TEXT")
    else:
        data = (text or "").encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8").replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError:
        raise click.BadParameter("The text is not UTF-8.", param_hint="TEXT") from None


def _moment(when: str, here: Here) -> datetime:
    from fedisched.cli.moments import resolve

    found = resolve(when, here.clock.now(), here.settings.timezone)
    if isinstance(found, Problem):
        raise click.BadParameter(f"{found.message}. {found.hint}", param_hint="--at")
    return found


def _targets(text: str, settings: Settings) -> list[str]:
    from difflib import get_close_matches

    names = list(dict.fromkeys(name for name in re.split(r"[,\s]+", text) if name))
    known = [*settings.accounts, *settings.groups]
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(known) or 'none yet'}."
            raise click.BadParameter(f"There is no account or group `{name}`. {hint}", param_hint="--to")
    if not names:
        raise click.BadParameter("No target is named. Leave --to out for the config's.", param_hint="--to")
    return names


def _zone(settings: Settings) -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(settings.timezone) if settings.timezone else UTC


def _front_matter(moment: datetime | None, targets: list[str] | None, title: str, settings: Settings) -> str:
    lines = ["---"]
    if title:
        # JSON's quoted text is YAML's, too.
        lines.append(f"title: {title if _PLAIN.fullmatch(title) else json.dumps(title, ensure_ascii=False)}")
    if moment:
        from fedisched.cli.moments import time_text

        lines.append(f"time: {time_text(moment, settings.timezone)}")
    if targets:
        lines.append(f"targets: [{', '.join(targets)}]")
    lines += [f"status: {'scheduled' if moment else 'draft'}", "---", ""]
    return "\n".join(lines)


def _slug(text: str) -> str:
    """The first words of a text, as they may stand in a file's name on every system and in every script."""
    words = _NOT_WORDS.sub(" ", text.casefold()).replace("_", " ").replace("-", " ")
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode("ascii")
    # Where little is left in ASCII, the script is another, and its own letters say more.
    letters = sum(character.isalnum() for character in words)
    kept = plain if 2 * sum(map(str.isalnum, plain)) > letters else unicodedata.normalize("NFC", words)
    slug = ""
    for word in kept.split():
        if slug and len(slug) + len(word) >= _LONGEST_SLUG:
            break
        slug = f"{slug}-{word}" if slug else word[:_LONGEST_SLUG]
    return slug or "post"


def _write_new(folder: Path, stem: str, text: str) -> Path:
    """Write a file under the first name that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}.md"
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            number += 1
        except OSError as error:
            # The disk is full: half a post must not lie there as if it were one.
            path.unlink(missing_ok=True)
            raise CannotWrite(f"{path} cannot be written: {error.strerror}", "Make room, then try again.") from error
        else:
            return path


def _open_in_editor(path: Path, here: Here) -> None:
    editor = here.environ.get("VISUAL") or here.environ.get("EDITOR") or "vi"
    try:
        done = subprocess.run([*shlex.split(editor), str(path)], check=False, env=without_credentials(os.environ))
    except (OSError, ValueError) as error:
        raise click.ClickException(
            f"The editor `{editor}` cannot be started ({error}). The post is in {path}; set EDITOR to another."
        ) from None
    if done.returncode:
        here.voice.complain(f"The editor ended with {done.returncode}; the post is as it left it.")


def _tell(here: Here, path: str, finished: bool) -> Exit:
    """Say what was written, and what is wrong with it: what was meant may not be what a network takes."""
    from fedisched.cli.problems import show_problems
    from fedisched.cli.survey import examine, known_limits

    found = examine(here.settings, path, known_limits(here))
    here.voice.result(good("wrote "), path)
    if found.post and found.post.time and found.post.targets:
        _say_when(here, found.post.time, found.post.targets)
    elif found.post:
        here.voice.remark(faint("      a draft: give it a `time` and `status: scheduled` to send it"))
    problems = found.problems if finished else ()
    show_problems(problems, here.folder, here.voice.complain, here.voice.on_terminal)
    if here.voice.as_json:
        here.voice.json(_row(found))
    return Exit.NEEDS_YOU if any(problem.is_error for problem in problems) else Exit.DONE


def _say_when(here: Here, time: datetime, targets: tuple[str, ...]) -> None:
    from fedisched.cli.moments import local_words
    from fedisched.cli.when import from_now
    from fedisched.content.times import microseconds

    when = local_words(time, here.settings.timezone)
    here.voice.result(
        f"      {when}", faint(f"  ({from_now(microseconds(time), here.clock.now())})  to {', '.join(targets)}")
    )


def _row(found: Examined) -> dict[str, Any]:
    """The post as `queue` lists it, but with all its targets at once: nothing has been delivered yet."""
    post = found.post
    errors = [problem for problem in found.problems if problem.is_error]
    return {
        "path": found.path,
        "title": post.title if post else "",
        "time": post.time.isoformat() if post and post.time else None,
        "targets": list(post.targets) if post else [],
        "state": "broken" if post is None else "waiting" if post.time else "draft",
        "attempts": 0,
        "next_try": None,
        "error": errors[0].message if errors else None,
        "url": None,
    }
