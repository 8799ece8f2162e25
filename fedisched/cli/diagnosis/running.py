"""What publishes: a daemon on this machine, or a workflow on GitHub; and whether the posts have what they need."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from fedisched.cli import workflows
from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.cli.diagnosis.machine import ffmpeg
from fedisched.cli.words import plural
from fedisched.model.command import typed
from fedisched.model.errors import ConfigError, FedischedError
from fedisched.model.settings import Settings

_REF = re.compile(r"^\s+ref: [\"']?([^\"'\s#]+)", re.MULTILINE)
_CHECKOUT = re.compile(r"uses:\s*(actions/checkout@[0-9a-f]+)")
_LONGEST = 3.0
"""Seconds for looking at posts: of thousands, those that are due first tell enough."""
_NEEDS_HEIF = re.compile(rb"\.(?:heic|heif|hif)\b", re.IGNORECASE)


def daemon(case: Case) -> Iterator[Diagnosis]:
    from fedisched.publisher.locks import PidFile, daemon_lock

    if case.folder is None or case.state is None:
        return
    try:
        runs = not daemon_lock(case.folder, case.state).is_free()
    except FedischedError as error:
        yield doubtful("daemon", error.message, error.hint)
        return
    if runs:
        number = PidFile(case.state).read()
        yield fine("daemon", f"it is running{f', process {number}' if number else ''}")
    elif publishing_workflow(case) is not None:
        yield fine("daemon", "none is running here, and there is a workflow that publishes on GitHub")
    else:
        hint = "To publish on time, leave this running: `fedisched run`."
        yield doubtful("daemon", "none is running for this folder, so nothing goes out by itself", hint)


def telling(case: Case) -> Iterator[Diagnosis]:
    """Whether a person is told of what needs them."""
    from fedisched.config.machine import machine_file, ways_for

    if case.folder is None:
        return
    file = machine_file(case.environ)
    try:
        ways = ways_for(case.folder, case.environ)
    except ConfigError as error:
        first = f": line {error.problems[0].line}: {error.problems[0].message}" if error.problems else ""
        hint = error.problems[0].hint if error.problems else error.hint
        yield wrong("telling", f"you cannot be told of what needs you: {error.message}{first}", hint)
        return
    if ways is None or not (ways.command or ways.urls):
        yield fine("telling", f"you are not told of what needs you; `[notify]` in {file} says how to")
    else:
        yield fine("telling", f"you are told of what needs you, as {file} says; `{typed('notify', '--test')}` tries it")


def workflow(case: Case) -> Iterator[Diagnosis]:
    """Whether the workflow hands over every credential, and runs what is installed here."""
    settings, file = case.settings, publishing_workflow(case)
    if settings is None or file is None:
        return
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        yield doubtful("workflow", f"{file} cannot be read ({error})", f"`chmod u+r {file}`")
        return
    missing = [account.variable for account in settings.accounts.values() if account.variable not in text]
    if missing:
        lines = "; ".join(f"`{name}: ${{{{ secrets.{name} }}}}`" for name in missing)
        yield doubtful(
            "workflow", f"{file} does not hand over {', '.join(missing)}", f"Add below its last `env:`: {lines}."
        )
    yield from _age(file, text)
    if not missing:
        yield fine("workflow", f"{file} hands over every account's credential")


def posts(case: Case) -> Iterator[Diagnosis]:
    """Problems of posts that are still to go out, and what they need of this machine."""
    settings = case.settings
    if settings is None or not settings.posts_folder.is_dir():
        return
    broken, codes, looked, to_come = _looked_at(case, settings)
    if "needs-ffmpeg" in codes:
        hint = "`apt install ffmpeg` (macOS: `brew install ffmpeg`), or save those files as MP4."
        yield wrong("extras", f"{codes['needs-ffmpeg']} needs ffmpeg, which is not installed", hint)
    elif ffmpeg() is None:
        yield fine(
            "extras", "ffmpeg is not installed; no post needs it so far (moving GIFs, QuickTime, WebM on Bluesky)"
        )
    else:
        yield fine("extras", "ffmpeg is installed")
    if "needs-heif" in codes:
        hint = "Install it: `pip install pillow-heif`."
        yield wrong("extras", f"{codes['needs-heif']} has a HEIC picture, and pillow-heif cannot be loaded", hint)
    more = "" if looked == to_come else f" (the first {looked} were looked at)"
    if broken:
        yield wrong(
            "posts",
            f"{plural(len(broken), 'post')} to come cannot go out, {broken[0]} first{more}",
            f"`{typed('check')}`",
        )
    else:
        yield fine("posts", f"{plural(to_come, 'post')} to come, no mistakes{more}")


def _looked_at(case: Case, settings: Settings) -> tuple[list[str], dict[str, str], int, int]:
    """The paths of those that cannot go out; the first post by what it needs; how many were looked at, of how many."""
    from fedisched.cli.survey import examine, known_limits
    from fedisched.content.folder import read_file
    from fedisched.model.post import Status
    from fedisched.model.problem import Problem

    entries = sorted(_to_come(settings), key=lambda found: (found[0], found[1]))
    limits, ends = known_limits(case.here, settings), time.monotonic() + _LONGEST
    broken: list[str] = []
    codes: dict[str, str] = {}
    looked = 0
    for _, path in entries:
        if time.monotonic() > ends:
            break
        looked += 1
        found = examine(settings, path, limits)
        if any(problem.is_error for problem in found.problems) and (
            found.post is None or found.post.status is not Status.DRAFT
        ):
            broken.append(path)
        for problem in found.problems:
            codes.setdefault(problem.code, path)
        read = read_file(settings.folder, path)
        if not isinstance(read, Problem) and _NEEDS_HEIF.search(read[0]) and not _has_heif():
            codes.setdefault("needs-heif", path)
    return broken, codes, looked, len(entries)


def _to_come(settings: Settings) -> Iterator[tuple[int, str]]:
    """When each post is due that is neither published nor a draft, and its path; broken ones first."""
    from fedisched.content.folder import read_file, scan
    from fedisched.content.glance import glance
    from fedisched.model.post import Status
    from fedisched.model.problem import Problem

    for found in scan(settings.folder, settings.posts):
        if isinstance(found, Problem):
            continue
        read = read_file(settings.folder, found.path)
        if isinstance(read, Problem):
            yield 0, found.path
            continue
        entry = glance(read[0], found.path, settings)
        if entry.problem is not None or entry.status not in (Status.PUBLISHED, Status.DRAFT):
            yield entry.due or 0, found.path


def _has_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    return bool(pillow_heif)


def _age(file: Path, text: str) -> Iterator[Diagnosis]:
    from fedisched.cli.origin import revision

    here, there = revision(), next(iter(_REF.findall(text)), "")
    again = (
        f"Move {file} away and type `{typed('init')}`, which writes it as this version does; then put your changes in."
    )
    pins = set(_CHECKOUT.findall(text))
    if pins and pins != {workflows.CHECKOUT.partition(" ")[0]}:
        yield doubtful("workflow", f"{file} checks out with another version than this fedisched writes", again)
    if there and there != here and here != "main":
        words = f"{file} runs fedisched {there[:12]}, and here {here[:12]} is installed"
        yield doubtful("workflow", words, f"Write `ref: {here}` there to have the same on both.")


def publishing_workflow(case: Case) -> Path | None:
    """The workflow that publishes this folder's posts, at the top of its repository."""
    if case.folder is None:
        return None
    for top in (case.folder, *case.folder.parents):
        if (top / workflows.PUBLISH).is_file():
            return top / workflows.PUBLISH
        if (top / ".git").exists():
            return None
    return None
