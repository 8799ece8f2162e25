"""Fetching from the remote and pushing to it: one branch, no tags, nothing forced."""

from __future__ import annotations

from fedisched.git.command import REMOTE, in_short
from fedisched.git.repository import Repository
from fedisched.model.errors import GitError, Unreachable

_LOST_A_RACE = ("fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "incorrect old value")


def remote_branch(repository: Repository, branch: str) -> str:
    """The remote's branch that this one follows: the one that git knows as its upstream, else the one of its name."""
    git = repository.git
    if git.text("config", f"branch.{branch}.remote", ok=(0, 1)) == repository.settings.git.remote:
        merges = git.text("config", f"branch.{branch}.merge", ok=(0, 1))
        if merges.startswith("refs/heads/"):
            return merges.removeprefix("refs/heads/")
    return branch


def fetch(repository: Repository, branch: str, limit: float = REMOTE) -> str:
    """Fetch the remote's branch; gives its commit, empty if the remote has no such branch.

    Raises Unreachable, and GitError if there is no such remote.
    """
    git, remote = repository.git, repository.settings.git.remote
    if not git.text("config", f"remote.{remote}.url", ok=(0, 1)):
        raise GitError(
            f"there is no remote `{remote}`",
            f"Add it (`git remote add {remote} URL`), or take `remote` out of [git] in {repository.settings.source}.",
        )
    tracking = f"refs/remotes/{remote}/{branch}"
    words = ("fetch", "-q", "--no-tags", "--no-write-fetch-head", remote, f"+refs/heads/{branch}:{tracking}")
    code, _, err = git.run(*words, limit=limit)
    if code != 0:
        if "find remote ref" in err:
            return ""
        raise Unreachable(f"{remote} could not be fetched from: {in_short(err)}", _TRY)
    return git.text("rev-parse", "-q", "--verify", f"{tracking}^{{commit}}")


def push(repository: Repository, commit: str, branch: str, limit: float = REMOTE) -> bool:
    """Push a commit as the remote's branch; false if somebody else was quicker. Raises Unreachable."""
    git, remote = repository.git, repository.settings.git.remote
    words = ("push", "--porcelain", "--no-verify", remote, f"{commit}:refs/heads/{branch}")
    code, out, err = git.run(*words, limit=limit)
    if code == 0:
        git.run("update-ref", f"refs/remotes/{remote}/{branch}", commit)
        return True
    refused = "\n".join(line for line in out.decode("utf-8", "replace").splitlines() if line.startswith("!"))
    if any(words in refused for words in _LOST_A_RACE):
        return False
    raise Unreachable(f"{remote} did not take the results: {in_short(err)}", _TRY)


_TRY = "Results are kept and pushed later. To see more, type `git fetch` in the content folder."
