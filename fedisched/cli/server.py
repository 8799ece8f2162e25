"""`fedisched init --server`: a bare repository beside the content folder, with hooks that check and that wake."""

from __future__ import annotations

import getpass
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from fedisched.cli.here import Here
from fedisched.cli.hooks import hooks
from fedisched.cli.scaffold import posts_of
from fedisched.cli.words import Words, columns, doubtful, faint, good, pad, strong
from fedisched.config.folder import OWN_FILE, config_file
from fedisched.git import bare as bares
from fedisched.git.command import Git
from fedisched.git.repository import EMAIL, NAME
from fedisched.model.errors import ConfigError, GitError

_BRANCH = "main"
_SAYS = {
    bares.Hook.MADE: good("made  "),
    bares.Hook.MENDED: good("fixed "),
    bares.Hook.KEPT: faint("kept  "),
}
_FOR = {"pre-receive": "checks what is pushed", "post-receive": "wakes the daemon"}


class Server:
    """One content folder's. `prepare`, then write the folder's files, then `finish`. Raises GitError and OSError; a
    second time mends what is missing, and does nothing else."""

    def __init__(self, here: Here, folder: Path, top: Path) -> None:
        """`top` is the top of the repository that the folder is in; the folder itself if it is in none."""
        self._here = here
        self.folder = folder
        self.top = top
        self.bare = bares.beside(top)
        self._git = Git(top, here.environ)
        self._remote = ""
        self._is_configured = config_file(folder) is not None

    def prepare(self) -> str:
        """Have both repositories there; gives the name of the remote that leads from the clone to the bare one."""
        there = bares.is_bare(self.bare, self._here.environ)
        if not (self.top / ".git").exists():
            self._make_clone(there)
        branch = self._branch()
        if there:
            self._say(faint("kept  "), self.bare.name, "was there already")
        else:
            bares.make_bare(self.bare, branch, self._here.environ)
            self._say(good("made  "), self.bare.name, "the repository to push to, beside the folder")
        self._remote = bares.connect(self._git, self.bare)
        return self._remote

    def finish(self, made: Sequence[Path]) -> None:
        """Commit what was made in a new repository, fill the bare one, and write the hooks."""
        branch = self._branch()
        if not self._has_commit():
            if bares.has_branch(self.bare, branch, self._here.environ):
                hint = f"Move {self.top} away, run this once more, and copy what you need into the clone that it makes."
                raise GitError(f"{self.bare} has commits, and {self.top} has none", hint)
            self._commit()
        elif made:
            names = " ".join(shlex.quote(str(path.relative_to(self.top))) for path in made)
            self._advise(f"Commit what was made: git add {names} && git commit -m 'Set up fedisched' && git push")
        if bares.has_branch(self.bare, branch, self._here.environ):
            self._look_for_common_ground(branch)
        else:
            # Before the hooks are there: what a person has already is theirs to mend later.
            self._git("push", "-q", "--no-verify", "-u", self._remote, f"refs/heads/{branch}")
        self._write_hooks()
        self._look_at_config()
        self._say_what_next()

    def _look_for_common_ground(self, branch: str) -> None:
        theirs = f"refs/remotes/{self._remote}/{branch}"
        self._git("fetch", "-q", "--no-tags", self._remote, f"+refs/heads/{branch}:{theirs}")
        if self._git.run("merge-base", "HEAD", theirs)[0] != 0:
            message = f"{self.bare} has another history than {self.top}: it is no clone of it"
            raise GitError(message, "Move one of the two out of the way, then try again.")

    def _make_clone(self, there: bool) -> None:
        """Make the folder a repository: a clone, if the bare one has something to clone and the folder is empty."""
        branch = bares.branch_of(self.bare, self._here.environ) if there else ""
        if branch and not any(self.top.iterdir()):
            self._git("clone", "-q", str(self.bare), ".", limit=600.0)
            self._say(good("made  "), self.top.name, f"a clone of {self.bare.name}")
            return
        self._git("init", "-q")
        self._git("symbolic-ref", "HEAD", f"refs/heads/{branch or _BRANCH}")

    def _branch(self) -> str:
        branch = self._git.text("symbolic-ref", "-q", "--short", "HEAD", ok=(0, 1))
        if not branch:
            raise GitError(f"{self.top} is on no branch (detached HEAD)", "Type `git switch` with a branch, try again.")
        return branch

    def _has_commit(self) -> bool:
        return self._git.run("rev-parse", "-q", "--verify", "HEAD^{commit}")[0] == 0

    def _commit(self) -> None:
        """The first commit: the configuration and the posts, those that were there before too."""
        source = config_file(self.folder)
        names = [source.name if source else OWN_FILE, posts_of(self.folder), ".gitignore", ".gitattributes"]
        there = [self.folder / name for name in names if (self.folder / name).exists()]
        names = [path.relative_to(self.top).as_posix() for path in there]
        environ: dict[str, str] = {}
        if not self._is_somebody():
            for role in ("AUTHOR", "COMMITTER"):
                environ |= {f"GIT_{role}_NAME": NAME, f"GIT_{role}_EMAIL": EMAIL}
        self._git("add", "--", *names)
        self._git("commit", "-q", "-m", "Set up fedisched", "--only", "--", *names, environ=environ)

    def _is_somebody(self) -> bool:
        """Whether git knows who commits here."""
        return self._git.run("var", "GIT_COMMITTER_IDENT", settings=("user.useConfigOnly=true",))[0] == 0

    def _write_hooks(self) -> None:
        bares.use_own_hooks(self.bare, self._here.environ)
        for name, text in hooks(sys.executable, self.folder, self._here.environ).items():
            became = bares.write_hook(self.bare, name, text)
            shown = f"{self.bare.name}/hooks/{name}"
            if became is not bares.Hook.THEIRS:
                self._say(_SAYS[became], shown, _FOR[name])
                continue
            ours = self.bare / "hooks" / f"{name}.fedisched"
            bares.write_hook(self.bare, ours.name, text)
            self._advise(
                f"{shown} is your own, and was left alone. Have it run {shlex.quote(str(ours))}, which "
                f"{_FOR[name]}, with its standard input, and end as that ends."
            )

    def _look_at_config(self) -> None:
        from fedisched.config import load_settings

        try:
            settings = load_settings(self.folder)
        except ConfigError as error:
            self._advise(f"{error.message}: `fedisched check -C {shlex.quote(str(self.folder))}` says more.")
            return
        if settings.git.remote != self._remote:
            lines = f'[git] remote = "{self._remote}"'
            self._advise(f"Set {lines} in {settings.source}: the daemon does not look at what is pushed without it.")

    def _say_what_next(self) -> None:
        away = shlex.quote(str(self.folder))
        steps = [
            (f"fedisched run -C {away}", "on this machine: the daemon; leave it running"),
            (
                f"git clone {_user()}@{socket.gethostname()}:{shlex.quote(str(self.bare))}",
                "on yours; write, commit, push",
            ),
        ]
        if not self._is_configured:
            steps.insert(
                0, (f"edit {shlex.quote(str(self.folder / OWN_FILE))}", "put your own accounts in, commit, push")
            )
        if not self._is_somebody():
            named = ("git config --global user.name You", "git does not know yet who commits here")
            steps[:0] = [named, ("git config --global user.email you@example.org", "")]
        width = max(columns(command) for command, _ in steps)
        self._here.voice.remark()
        self._here.voice.remark("Next:")
        for command, words in steps:
            self._here.voice.remark("  ", strong(pad(command, width)), "  ", faint(words))

    def _say(self, done: Words, what: str, words: str) -> None:
        self._here.voice.result(done, pad(what, 37), " ", faint(words))

    def _advise(self, words: str) -> None:
        self._here.voice.complain(doubtful(words))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "you"
