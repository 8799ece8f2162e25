"""`fedisched init`: scaffold a content folder."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from fedisched.cli import scaffold, workflows
from fedisched.cli.exit import Exit
from fedisched.cli.here import Here, away
from fedisched.cli.origin import revision
from fedisched.cli.serving import keep_running, must_not_be_roots
from fedisched.cli.verb import verb
from fedisched.cli.words import columns, doubtful, faint, good, pad, strong
from fedisched.config.folder import config_file
from fedisched.model.command import typed

_LOCALTIME = Path("/etc/localtime")


@verb
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--systemd", is_flag=True, help="Write a systemd unit for the daemon; by root, for the whole machine.")
@click.option("--compose", "composes", is_flag=True, help="Write a compose.yaml, to run the daemon in a container.")
@click.option("--server", "serves", is_flag=True, help="Also make DIR.git beside it, to push posts to.")
def init(here: Here, directory: Path | None, systemd: bool, composes: bool, serves: bool) -> Exit:
    """Make a content folder: configuration, a first draft, a workflow.

    In DIR, or here. What is there already is left as it is. With --server, for the machine that publishes: DIR becomes
    a clone of a bare repository beside it, which checks what is pushed and wakes the daemon. In a content folder that
    is there, --systemd and --compose write what they are for and nothing else.

    Examples:
    fedisched init
    fedisched init ~/posts
    fedisched init --server ~/posts
    fedisched init --systemd
    sudo fedisched init --systemd /home/me/posts
    fedisched init --compose
    """
    folder = (directory or here.named or Path.cwd()).resolve()
    if (systemd or composes) and not serves and config_file(folder):
        keep_running(here, folder, _repository_of(folder), systemd=systemd, composes=composes)
        return Exit.DONE
    if systemd:
        must_not_be_roots(folder, is_root=os.geteuid() == 0)
    _make(here, folder, serves)
    if systemd or composes:
        keep_running(here, folder, _repository_of(folder), systemd=systemd, composes=composes)
    return Exit.DONE


def _make(here: Here, folder: Path, serves: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    server, remote, made = None, "", []
    if serves:
        from fedisched.cli.server import Server

        server = Server(here, folder, _repository_of(folder))
        remote = server.prepare()
    for path, text, words in _files(folder, here.environ, remote):
        shown = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
        if _write_new(path, text):
            made.append(path)
            here.voice.result(good("made  "), pad(shown, 37), " ", faint(words))
        else:
            here.voice.remark(faint("kept  "), pad(shown, 37), " ", faint("was there already"))
    _teach_git(here, folder)
    if server:
        server.finish(made)
    else:
        _say_what_next(here, folder)


def guess_timezone(environ: Mapping[str, str], localtime: Path = _LOCALTIME) -> str:
    """The machine's IANA timezone: what `TZ` names, else where /etc/localtime leads; UTC where neither tells."""
    named = environ.get("TZ", "").removeprefix(":")
    link = os.path.realpath(localtime)
    for name in (named, link.rpartition("/zoneinfo/")[2] if "/zoneinfo/" in link else ""):
        if _is_timezone(name):
            return "UTC" if name == "Etc/UTC" else name
    return "UTC"


def _is_timezone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        return bool(name) and ZoneInfo(name).key == name
    except (OSError, ValueError, KeyError):
        return False


def _files(folder: Path, environ: Mapping[str, str], remote: str) -> Iterator[tuple[Path, str, str]]:
    """What a content folder begins with: path, text, and what it is for. A `remote` is its own server's, which needs
    nothing of GitHub's."""
    top = _repository_of(folder)
    source = config_file(folder) or folder / "fedisched.toml"
    yield source, scaffold.config(guess_timezone(environ), remote), "your accounts and your timezone"
    if source.name == "fedisched.toml" and not (folder / "posts").exists():
        yield folder / "posts" / "hello.md", scaffold.DRAFT, "a first draft"
    yield folder / ".gitignore", scaffold.IGNORED, "what git leaves alone"
    posts = scaffold.posts_of(folder)
    yield folder / ".gitattributes", scaffold.attributes(posts), "how git merges posts"
    if remote:
        return
    place = folder.relative_to(top).as_posix()
    fedisched = workflows.Source(revision())
    publishing = workflows.publishing(place, source.name, fedisched, posts)
    yield top / workflows.PUBLISH, publishing, "publishing from GitHub, if you like"
    checking = workflows.checking(place, source.name, fedisched, posts)
    yield top / workflows.CHECK, checking, "previews on pull requests"


def _repository_of(folder: Path) -> Path:
    """The top of the repository that the folder is in, since GitHub looks for workflows there only; else the folder."""
    for top in (folder, *folder.parents):
        if (top / ".git").exists():
            return top
    return folder


def _write_new(path: Path, text: str) -> bool:
    """Write a file unless something of its name is there; whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _teach_git(here: Here, folder: Path) -> None:
    """Tell the repository's git how to merge posts; the attribute alone travels with the repository."""
    if not (_repository_of(folder) / ".git").exists():
        return
    from fedisched.git.command import Git
    from fedisched.git.merge import install, is_asked_for
    from fedisched.model.errors import GitError

    git = Git(folder, here.environ)
    try:
        install(git, _own_command(here.environ))
        here.voice.result(good("set   "), pad("git config merge.fedisched.*", 37), " ", faint("how git merges posts"))
        posts = scaffold.posts_of(folder)
        if not is_asked_for(git, f"{posts}/a.md"):
            line = scaffold.attributes(posts).splitlines()[-1]
            here.voice.remark(doubtful(f"Add this line to {folder / '.gitattributes'} to have it used: {line}"))
    except GitError as error:
        here.voice.complain(doubtful(str(error)))


def _own_command(environ: Mapping[str, str]) -> str:
    """How git is to call us: by name where a shell finds it, else by this very Python, which must not import what lies
    in the repository (-P): git runs merge drivers at its top."""
    found = shutil.which("fedisched", path=environ.get("PATH", os.defpath))
    return "fedisched" if found else f"{shlex.quote(sys.executable)} -P -m fedisched"


def _say_what_next(here: Here, folder: Path) -> None:
    where = away(folder)
    steps = [
        (f"edit {shlex.quote(str(folder / 'fedisched.toml'))}", "put your own accounts in"),
        (typed("login", "mastodon", *where), "let fedisched publish for each of them"),
        (typed("new", "Hello", "--at", "tomorrow 09:00", *where), "write a post"),
        (typed("check", *where), "see whether everything is right"),
        (typed("render", *where), "see what each network would get"),
    ]
    width = max(columns(command) for command, _ in steps)
    here.voice.remark()
    here.voice.remark("Next:")
    for command, words in steps:
        here.voice.remark("  ", strong(pad(command, width)), "  ", faint(words))
