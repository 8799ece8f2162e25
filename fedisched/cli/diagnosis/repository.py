"""git: is it new enough, can results be committed and travel, does this clone know how to merge posts, and is somebody
else publishing from the same repository."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fedisched.cli.diagnosis import aside
from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.git.command import Git
from fedisched.git.repository import NAME, Repository, open_repository
from fedisched.model.command import typed
from fedisched.model.errors import FedischedError, GitError
from fedisched.model.settings import Settings

_OLDEST = (2, 30)
_VERSION = re.compile(r"git version (\d+)\.(\d+)")
_RECENT = 30 * 86_400
"""Seconds: what another publisher did before that says nothing of today."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The remote was asked; `reason` says why it did not answer, empty if it did."""

    reason: str = ""


def git(case: Case) -> Iterator[Diagnosis]:
    folder = case.folder or Path.cwd()
    try:
        said = Git(folder, case.environ).text("--version")
    except FedischedError as error:
        needs = case.settings is not None and bool(case.settings.git.remote)
        say = wrong if needs else doubtful
        yield say("git", error.message, f"{error.hint} Without it, posts are published all the same.")
        return
    found = _VERSION.match(said)
    if found and (int(found[1]), int(found[2])) < _OLDEST:
        yield wrong("git", f"{said} is too old", "Install git 2.30 or later.")
    else:
        yield fine("git", said)
    if case.settings is not None:
        yield from _repository(case, case.settings)


def ask_remote(case: Case) -> None:
    """Begin to ask the remote, if there is one."""
    settings = case.settings
    if settings is None or not settings.git.remote or case.offline:
        return

    def question() -> Remote:
        repository = open_repository(settings, case.environ)
        if repository is None:
            return Remote()
        remote = settings.git.remote
        code, _, err = repository.git.run("ls-remote", "-q", "--heads", remote, limit=aside.EACH)
        return Remote() if code == 0 else Remote(" ".join(err.split())[:300] or "it did not say why")

    case.aside.ask("remote", question)


def remote(case: Case) -> Iterator[Diagnosis]:
    """What the remote said, if it was asked."""
    settings = case.settings
    if settings is None or not settings.git.remote:
        return
    name = settings.git.remote
    if case.offline:
        yield fine("remote", f"{name} was not asked (--offline)")
        return
    try_it = f"`git -C {shlex.quote(str(settings.folder))} ls-remote {name}`"
    hint = f"Try {try_it}. Posts go out all the same, and results are pushed when it is back."
    answer = case.aside.answer("remote", Remote)
    if answer is None or isinstance(answer, Exception):
        why = answer.message if isinstance(answer, FedischedError) else "it did not answer in time"
        yield wrong("remote", f"{name} cannot be reached: {why}", hint)
    elif answer.reason:
        yield wrong("remote", f"{name} cannot be reached: {answer.reason}", hint)
    else:
        yield fine("remote", f"{name} answers")


def _repository(case: Case, settings: Settings) -> Iterator[Diagnosis]:
    try:
        repository = open_repository(settings, case.environ)
    except GitError as error:
        yield wrong("repository", error.message, error.hint)
        return
    if repository is None:
        if settings.git.remote:
            hint = f"Type `git init` there, or take `remote` out of {settings.source}."
            yield wrong(
                "repository", f"{settings.folder} is in none, but [git] names the remote {settings.git.remote}", hint
            )
        else:
            yield fine("repository", "the posts are in none, so results stay in the files")
        return
    yield from _standing(repository, settings)
    yield from _author(repository, settings)
    yield from _merging(case, repository)
    yield from _others(case, repository, settings)


def _standing(repository: Repository, settings: Settings) -> Iterator[Diagnosis]:
    standing, top = repository.status(), repository.top
    name = settings.git.remote
    if name and not repository.git.text("config", f"remote.{name}.url", ok=(0, 1)):
        add = f"git -C {shlex.quote(str(top))} remote add {name} URL"
        hint = f"Add it (`{add}`), or correct `remote` in {settings.source}."
        yield wrong("repository", f"{top} has no remote `{name}`, which [git] names", hint)
    if standing.busy:
        hint = "Bring it to an end (`git status` says how): results are committed then."
        yield doubtful("repository", f"{standing.busy} is under way in {top}", hint)
    elif standing.head and not standing.branch:
        yield wrong("repository", f"{top} is on no branch, so results are not committed", "Type `git switch main`.")
    else:
        yield fine("repository", f"{top}, on {standing.branch or 'no branch'}")


def _author(repository: Repository, settings: Settings) -> Iterator[Diagnosis]:
    if not settings.git.commit:
        yield fine("repository", "results are not committed, as [git] commit = false says")
        return
    author = repository.author()
    if author:
        name = author["GIT_AUTHOR_NAME"]
    else:
        name = repository.git.text("var", "GIT_COMMITTER_IDENT").rpartition(" <")[0]
    whose = " (nobody is configured: `git config user.name`, or `author` under [git])" if name == NAME else ""
    yield fine("repository", f"results are committed by {name}{whose}")


def _merging(case: Case, repository: Repository) -> Iterator[Diagnosis]:
    from fedisched.git.merge import ATTRIBUTE, is_asked_for

    git, prefix = repository.git, repository.prefix
    if prefix is None or not git.text("remote"):
        # Nobody else's edits ever come here.
        return
    command = git.text("config", f"merge.{ATTRIBUTE}.driver", ok=(0, 1))
    again = f"`{typed('init', str(repository.settings.folder))}` sets it up, and overwrites nothing of yours."
    program = shlex.split(command)[0] if command else ""
    if not command:
        yield doubtful("merge driver", "this clone does not know how to merge results with your edits", again)
    elif not shutil.which(program, path=case.environ.get("PATH")):
        hint = f"`git config --unset merge.{ATTRIBUTE}.driver`, then {again}"
        yield doubtful("merge driver", f"git is to call `{program}`, which is not there any more", hint)
    elif not is_asked_for(git, f"{prefix}a.md"):
        hint = f"Add this line to .gitattributes: `/{prefix}**/*.md merge={ATTRIBUTE}`."
        yield doubtful("merge driver", "it is set up, but .gitattributes does not ask for it", hint)
    else:
        yield fine("merge driver", "edits and results are merged by their meaning")


def _others(case: Case, repository: Repository, settings: Settings) -> Iterator[Diagnosis]:
    """Whether somebody else publishes these posts, too, while nobody claims any."""
    from fedisched.git.others import others_commits
    from fedisched.git.remote import remote_branch

    known = case.known
    if settings.git.claim or known.since is None:
        # Who never sent anything here is no second publisher.
        return
    since = max(known.since // 1_000_000, case.clock.now() // 1_000_000 - _RECENT)

    def tips() -> list[str]:
        standing = repository.status()
        named = f"refs/remotes/{settings.git.remote}/{remote_branch(repository, standing.branch)}"
        kept = repository.git.text("rev-parse", "-q", "--verify", named, ok=(0, 1, 128)) if settings.git.remote else ""
        return [standing.head, kept]

    found = others_commits(repository, since, known.sent_here, tips)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        hint = (
            f"If that is meant, write `claim = true` under [git] in {settings.source}, so that no post goes out twice; "
            "else stop one of the two."
        )
        yield doubtful("other publishers", f"another one has committed results here ({found[0]}{more})", hint)
    elif settings.git.remote:
        yield fine("other publishers", "no results but this machine's own were committed of late")
