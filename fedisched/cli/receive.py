"""`fedisched receive`: what the server's pre-receive hook calls to check a push. Hidden; `init --server` sets it up.

It ends with 0 if the push may be taken and with 75 if it is to be mended and pushed again. Anything else means that it
could not be checked; the hook then takes it, and says so. A broken post is never sent, whoever let it in: what the
check keeps out is a mistake that would be found too late.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.problems import problem_line
from fedisched.cli.verb import verb
from fedisched.cli.words import bad, doubtful, plural
from fedisched.config.folder import CAP, OWN_FILE, read_config
from fedisched.model.command import typed
from fedisched.model.errors import ConfigError, GitError
from fedisched.model.problem import Problem

if TYPE_CHECKING:
    from fedisched.git import Repository
    from fedisched.git.pushed import Change, Pushed, Update
    from fedisched.model.settings import Account, Settings

_MOST = 50
"""Problems that are told one by one."""
_LONG = 500
"""Posts whose check takes long enough to be told of."""
REFUSED = Exit.TRY_LATER
"""Not 1: with that a Python ends that has lost fedisched, and nobody could push any more."""


@verb
def receive(here: Here) -> Exit:
    """Check what is pushed to the server's repository.

    git runs it in the bare repository, with the updated refs on standard input; -C names the content folder.

    Examples:
    fedisched receive -C ~/posts
    """
    from fedisched.git import open_repository
    from fedisched.git.pushed import Pushed, updates

    bare = Path(here.environ.get("GIT_DIR") or Path.cwd()).resolve()
    pushed_refs = updates(sys.stdin.buffer)
    repository = open_repository(here.settings, here.environ)
    if repository is None:
        raise GitError(f"{here.folder} is in no git repository", "Type `fedisched init --server` there.")
    branch = _published_branch(here, repository, bare)
    place = "" if here.folder == repository.top else f"{here.folder.relative_to(repository.top).as_posix()}/"
    pushed = Pushed(bare, place, here.environ)
    problems: list[Problem] = []
    for update in pushed_refs:
        if update.branch == branch:
            if not update.new:
                return _refuse_deletion(here, branch)
            problems += _check(here, pushed, update, bare)
        elif update.branch and update.new:
            words = (
                f"{update.branch} is taken as it is: what is published is on {branch}, and checked when it gets there"
            )
            here.voice.complain(doubtful(words))
    return _answer(here, problems)


def _published_branch(here: Here, repository: Repository, bare: Path) -> str:
    """The branch here that the content folder follows; if that is on none, as in a rebase, the one that clones are on.
    What it waits for is the daemon's to tell."""
    from fedisched.git.bare import branch_of
    from fedisched.git.remote import remote_branch

    branch = repository.status().branch
    if branch:
        return remote_branch(repository, branch)
    if named := branch_of(bare, here.environ):
        return named
    raise GitError(f"{repository.top} is on no branch (detached HEAD)", "Type `git switch` with a branch there.")


def _refuse_deletion(here: Here, branch: str) -> Exit:
    here.voice.complain(bad("error: "), f"{branch} is what is published, so it cannot be deleted here. ", _TAKE_BACK)
    return REFUSED


_TAKE_BACK = "To take posts back, delete their files or set `status: draft`, commit, and push."


def _check(here: Here, pushed: Pushed, update: Update, bare: Path) -> list[Problem]:
    """The problems in what an update of the published branch changes."""
    from fedisched.cli.pushed_changes import posts_to_check

    settings = here.settings
    configs = dict.fromkeys((OWN_FILE, settings.source.name))
    changes = pushed.changes(update.old, update.new, [settings.posts, *configs])
    found: list[Problem] = []
    configured = False
    for change in changes:
        if change.path in configs and _counts(change, settings):
            found += _problems_in_config(here, pushed, change)
            configured = configured or (not found and _differs_from_the_servers(here, pushed, change))
        elif change.path == settings.posts and change.after:
            message = "the folder of posts would be a file, or a link"
            found.append(Problem(change.path, 1, 1, "not-a-folder", message, "Put the folder back."))
    paths = posts_to_check(pushed, [change for change in changes if change.path not in configs], settings)
    in_posts = _problems_in_posts(here, pushed, update.new, paths, bare)
    if configured and any(problem.is_error for problem in in_posts):
        here.voice.complain(doubtful(_PUSH_IT_FIRST.format(source=settings.source.name)))
    return [*found, *in_posts]


def _problems_in_posts(here: Here, pushed: Pushed, commit: str, paths: Sequence[str], bare: Path) -> list[Problem]:
    if not paths:
        return []
    from fedisched.cli.pushed import problems_in

    if len(paths) > _LONG:
        here.voice.complain(f"checking {plural(len(paths), 'post')} …")
    return problems_in(here, pushed, commit, paths, bare)


_PUSH_IT_FIRST = (
    "Posts are checked with the {source} that the server has. If yours makes the difference, push the commit that "
    "changes it first, and the posts then."
)


def _differs_from_the_servers(here: Here, pushed: Pushed, change: Change) -> bool:
    own = here.folder / change.path
    return not own.is_file() or read_config(own) != pushed.contents([change.after]).get(change.after)


def _counts(change: Change, settings: Settings) -> bool:
    """Whether a file is, or would become, the configuration; nothing counts that was there already."""
    return change.before != change.after and (change.path == settings.source.name or bool(change.after))


def _problems_in_config(here: Here, pushed: Pushed, change: Change) -> list[Problem]:
    """What is wrong with a pushed configuration, which would stop the daemon; what it redirects is told."""
    from fedisched.config.reader import read_settings

    if not change.after:
        message = "the server cannot do without its configuration"
        return [Problem(change.path, 1, 1, "no-config", message, "Put the file back, commit, and push again.")]
    if change.is_link or pushed.sizes([change.after]).get(change.after, 0) > CAP:
        message = "the configuration would be a link" if change.is_link else "no configuration is as large as this"
        return [Problem(change.path, 1, 1, "no-config", message, "Put the file itself there, commit, and push again.")]
    data = pushed.contents([change.after]).get(change.after, b"")
    try:
        new = read_settings(data, here.folder / change.path, here.folder)
    except ConfigError as error:
        if error.problems:
            return list(error.problems)
        return [Problem(change.path, 1, 1, "config", error.message, error.hint)]
    for words in _redirected(here.settings, new):
        here.voice.complain(doubtful(f"{change.path}: {words}"))
    return []


def _redirected(old: Settings, new: Settings) -> list[str]:
    """Accounts that are to be somewhere else: their credentials do not go there."""
    found = []
    for name, account in new.accounts.items():
        before = old.accounts.get(name)
        if before and _identity(before) != _identity(account):
            words = f"{name} is another account now ({account.handle or account.server}). A credential made for another"
            found.append(
                f"{words} server is not sent there: on the server, `{typed('login', name)}`, or set {account.variable}."
            )
    if new.posts != old.posts:
        found.append(f"posts are in {new.posts} from now on; what is there already was not checked.")
    if new.vault != old.vault:
        found.append(f"credentials are looked for in {new.vault or 'the state folder'} from now on.")
    if not new.git.remote:
        found.append("[git] names no remote: the server will not look here any more.")
    return found


def _identity(account: Account) -> tuple[str, str, str]:
    return account.network, account.server, account.handle


def _answer(here: Here, problems: Sequence[Problem]) -> Exit:
    """Say the problems, the errors first if they are many; git puts `remote: ` before each line."""
    errors = [problem for problem in problems if problem.is_error]
    told = problems if len(problems) <= _MOST else [*errors, *(each for each in problems if not each.is_error)][:_MOST]
    for problem in told:
        here.voice.complain(*problem_line(problem))
    if len(problems) > len(told):
        here.voice.complain(f"and {plural(len(problems) - len(told), 'more problem')}")
    if not errors:
        return Exit.DONE
    here.voice.complain(
        bad(f"{plural(len(errors), 'error')}: nothing was taken. "),
        "Mend it, commit, and push again.",
    )
    return REFUSED
