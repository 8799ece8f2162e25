"""The posts of a push, examined as they will be once it is taken; for the server's pre-receive hook.

The files that the push changes, and what they name, are laid out in a folder that is thrown away. Settings and state
are the server's own.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from fedisched.cli.between import between
from fedisched.cli.here import Here, Surroundings
from fedisched.cli.pushed_changes import is_text
from fedisched.cli.survey import Examined, copies, examine, known_limits
from fedisched.cli.words import clip
from fedisched.content.fences import FILE_CAP, split
from fedisched.content.folder import scan
from fedisched.content.said import PostWording
from fedisched.content.tree import parse
from fedisched.content.tree import plain as plainly
from fedisched.git.pushed import LINK, File, Pushed
from fedisched.model.problem import Problem

FOLDER = "fedisched-check-"
"""How the names of the folders begin in which a push is laid out."""
_BETWEEN_NAMES = re.compile(r"[\s/\\\"'()<>\[\]{},:|]+")


def problems_in(here: Here, pushed: Pushed, commit: str, paths: Sequence[str], bare: Path) -> list[Problem]:
    """The problems of these posts as they are in a commit, in order of path and place. Raises GitError, and OSError
    where the disk does not bear them."""
    with _laid_out(here, pushed, commit, paths, bare) as (there, laid_out):
        limits = known_limits(here)
        found: list[Problem] = []
        examined: list[Examined] = []
        for one in scan(there.folder, there.settings.posts):
            if not laid_out.is_meant(one.path):
                continue
            if isinstance(one, Problem):
                found.append(one)
            else:
                examined.append(examine(there.settings, one.path, limits))
        found += [problem for each in examined for problem in each.problems]
        found += [_unfit(path, why) for path, why in laid_out.unfit.items() if path in laid_out.chosen]
        changed = {each.path for each in examined}
        others = [examine(there.settings, path, limits) for path in laid_out.sharing if path not in changed]
        found += [problem for problem in copies(there, [*examined, *others]) if problem.path in changed]
        found += between(there, examined)
    return sorted(found, key=lambda problem: (problem.path, problem.line, problem.column))


def _unfit(path: str, why: str) -> Problem:
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return Problem(
        clip(shown, 100), 1, 1, "file-name", f"the server's disk does not take the name ({why})", "Rename it."
    )


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """What is in the folder: the posts to examine, those whose results they share, all files, the links, and
    those that could not be there, and why."""

    chosen: Collection[str]
    sharing: Collection[str]
    wanted: Collection[str]
    links: tuple[str, ...]
    unfit: Mapping[str, str]

    def is_meant(self, path: str) -> bool:
        """Whether what is found at a path is one of the posts to examine. A name that cannot be shown is told with
        escapes in it, and so is none that was laid out."""
        return path in self.chosen or (path not in self.wanted and not path.startswith(self.links))


@contextmanager
def _laid_out(
    here: Here, pushed: Pushed, commit: str, paths: Sequence[str], bare: Path
) -> Iterator[tuple[Here, _LaidOut]]:
    """A content folder with these posts and everything that they name."""
    files = pushed.files(commit)
    chosen = {path: files[path] for path in paths if path in files}
    sharing = _sharing_results(pushed, files, chosen)
    wanted = _with_what_is_named(pushed, files, {path: files[path] for path in (*chosen, *sharing) if path in files})
    links = tuple(f"{path}/" for path, file in wanted.items() if file.mode == LINK)
    # Beside the objects: where they have room, this has, and /tmp is often small.
    with tempfile.TemporaryDirectory(prefix=FOLDER, dir=bare) as name:
        folder = Path(name).resolve()
        (folder / here.settings.posts).mkdir(parents=True, exist_ok=True)
        cap = {path: FILE_CAP + 1 for path, file in wanted.items() if is_text(path) and file.size > FILE_CAP}
        unfit = pushed.lay_out(wanted, folder, cap)
        there = Here(name, here.voice, Surroundings(here.clock, here.environ))
        there.folder = folder
        there.state = here.state
        there.settings = replace(here.settings, folder=folder, source=folder / here.settings.source.name)
        yield there, _LaidOut(chosen, sharing, wanted, links, unfit)


def _sharing_results(pushed: Pushed, files: Mapping[str, File], chosen: Mapping[str, File]) -> list[str]:
    """The other posts that may have the same results as these: one of them is a copy."""
    wording = PostWording()
    said = [wording.read(data) for _, data in pushed.read(_texts(chosen)) if b"results" in data]
    keys = [result.key.encode() for each in said if each for result in each.results.values() if result.key]
    if not keys:
        return []
    others = {path: file for path, file in _texts(files).items() if path.endswith(".md") and path not in chosen}
    has_one = re.compile(b"|".join(map(re.escape, keys))).search
    return [path for path, data in pushed.read(others) if has_one(data)]


def _texts(files: Mapping[str, File]) -> dict[str, File]:
    """The posts among files, but for those that are too large to be any."""
    return {path: file for path, file in files.items() if is_text(path) and file.mode != LINK and file.size <= FILE_CAP}


def _with_what_is_named(pushed: Pushed, files: Mapping[str, File], chosen: Mapping[str, File]) -> dict[str, File]:
    """The chosen files, those whose names stand in them, posts that these name in turn, and all links."""
    links = {path: file for path, file in files.items() if file.mode == LINK}
    wanted = dict(chosen) | links
    unread = list(wanted.items())
    known: set[str] = set()
    while unread:
        for path, data in pushed.read(_texts(dict(unread))):
            known |= _names_in_post(data, path)
        for _, data in pushed.read({path: file for path, file in unread if path in links}):
            known |= _names(data.decode("utf-8", "surrogateescape"))
        unread = [(path, file) for path, file in files.items() if path not in wanted and _last_word(path) in known]
        wanted |= unread
    return wanted


def _names_in_post(data: bytes, path: str) -> set[str]:
    """The words in a post that may be names of files: as they are written, and as YAML or an address means them."""
    text = data.decode("utf-8", "surrogateescape")
    found = _names(text) | _names(text.replace("\\", "")) | _names(unquote(text))
    fenced = split(data, path)
    tree = fenced if isinstance(fenced, Problem) else parse(fenced, path)
    return found if isinstance(tree, Problem) else found | _names(" ".join(_strings(plainly(tree.root))))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _names(text: str) -> set[str]:
    return set(_BETWEEN_NAMES.split(unicodedata.normalize("NFC", text)))


def _last_word(path: str) -> str:
    """The end of a file's name as it would be found among the words of a text."""
    words = [word for word in _BETWEEN_NAMES.split(unicodedata.normalize("NFC", path)) if word]
    return words[-1] if words else path
