"""Running git: a clean environment, no prompts, no hooks, no pager, an end to every wait.

git 2.30 is the oldest that is promised. Each subcommand, option and setting here, in the hooks and in the action was
held against git's release notes, and the tests were run with 2.30.0 itself. The youngest that are used:
`rev-parse --end-of-options` 2.30, `fetch --no-write-fetch-head` 2.29, `refs/worktree/` 2.20, `status --no-renames`
2.18, `GIT_OPTIONAL_LOCKS` 2.15, `rev-parse --absolute-git-dir` 2.13, `core.hooksPath` 2.9. What is newer is only
offered, and made up for where it is not known: `GIT_CONFIG_COUNT` 2.31 (by `GIT_CONFIG_PARAMETERS`),
`GIT_CONFIG_GLOBAL` 2.32, `core.fsmonitor` as a yes or no 2.36 (by an empty one), `index.sparse` (unknown, so off).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fedisched.model.errors import GitBusy, GitError, Unreachable
from fedisched.model.lacking import killed_for_memory
from fedisched.model.secret import discreet, without_credentials

LOCAL = 60.0
"""Seconds for what happens on this machine."""
REMOTE = 60.0
"""Seconds for what asks a remote."""
GRACE = 5.0
"""Seconds for git to remove its lock files when it is told to end."""

# How a remote is reached, who commits, and where git's own configuration is: the caller's to say. Everything else that
# starts with GIT_ (a hook sets GIT_DIR, and it is relative) would lead git to another repository, index or editor.
_KEPT = frozenset(
    (
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_EXEC_PATH",
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    )
)
# Settings by environment: `GIT_CONFIG_COUNT` and its like from 2.31 on, the parameters before.
_KEPT_BEGINNINGS = ("GIT_SSL_", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_PARAMETERS")
AT_WORK = "FEDISCHED_AT_WORK"
"""In the environment of our own git, and so of the hooks that a push of ours to a folder runs."""
_OURS = {
    AT_WORK: "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": ":",
    "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
}
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    # Not `false`: before 2.36 that is a program, which is asked, and leaves its mark in the index.
    "core.fsmonitor=",
    "commit.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=no",
    "fetch.writeCommitGraph=false",
    "submodule.recurse=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=20",
    "advice.detachedHead=false",
    # A push can make the content folder look like a bare repository, with a configuration of the pusher's.
    "safe.bareRepository=explicit",
)
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"

_LOCKED = (".lock': File exists", "Unable to lock", "cannot lock ref")
_SECRET_IN_ADDRESS = re.compile(r"://[^/\s@']+@")
_ADVICE = ("Please make sure you have the correct access rights", "and the repository exists")
_REMOTE_WORDS = ("fetch", "push", "ls-remote")


class Git:
    """git in one folder. Raises `GitError` with what git said; used by any thread."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        kept = {name: value for name, value in environ.items() if name in _KEPT or not name.startswith("GIT_")}
        kept |= {name: value for name, value in environ.items() if name.startswith(_KEPT_BEGINNINGS)}
        kept.pop("SSH_ASKPASS", None)
        # git runs what its configuration names: filters, helpers, a transport.
        kept = without_credentials(kept)
        self._environ = {**kept, **_OURS}
        self._asked_for_ssh = "GIT_SSH_COMMAND" in kept or "GIT_SSH" in kept

    def __call__(
        self,
        *words: str,
        data: bytes = b"",
        settings: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        ok: Sequence[int] = (0,),
        limit: float = LOCAL,
    ) -> bytes:
        """What a git command prints. `data` is its input; `settings` hold for this command alone; exit codes other
        than `ok` raise GitError (GitBusy for a lock, Unreachable for a remote), as does no end within `limit`
        seconds."""
        code, out, err = self.run(*words, data=data, settings=settings, environ=environ, limit=limit)
        if code not in ok:
            raise _killed(words[0], code) or _refused(words[0], err)
        return out

    def text(self, *words: str, ok: Sequence[int] = (0,)) -> str:
        """What a git command prints, as one text without the last line break."""
        return os.fsdecode(self(*words, ok=ok)).rstrip("\n")

    def run(
        self,
        *words: str,
        data: bytes = b"",
        settings: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        limit: float = LOCAL,
    ) -> tuple[int, bytes, str]:
        """The exit code, and what was printed and said."""
        command = ["git", "--no-pager"]
        for setting in (*_SETTINGS, *settings):
            command += ["-c", setting]
        own = {**self._environ, **(environ or {})}
        if words[0] in _REMOTE_WORDS and not self._asked_for_ssh and not self._has_ssh_command():
            own["GIT_SSH_COMMAND"] = _SSH
        try:
            process = subprocess.Popen(
                [*command, *words],
                cwd=self.folder,
                env=own,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A Ctrl-C in the terminal is for us: git must not be cut off half-way.
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise GitError("git is not installed", "Install git 2.30 or later.") from error
        except OSError as error:
            raise GitError(f"git cannot be started: {error.strerror}", "Look after what it names.") from error
        try:
            out, err = process.communicate(data, limit)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise _too_slow(words[0], limit) from error
        except BaseException:
            _end(process)
            raise
        return process.returncode, out, err.decode("utf-8", "replace")

    def _has_ssh_command(self) -> bool:
        return bool(self.text("config", "core.sshCommand", ok=(0, 1)))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git with the children that speak to the remote. Told to end, it removes its lock files; killed, it cannot."""
    for number in (15, 9):
        try:
            os.killpg(process.pid, number)
            process.communicate(timeout=GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def _too_slow(verb: str, limit: float) -> GitError:
    message = f"git {verb} did not end within {limit:.0f} seconds"
    if verb in _REMOTE_WORDS:
        return Unreachable(message, "It is tried again later.")
    return GitError(message, "Look after the disk that holds the repository.")


def _killed(verb: str, code: int) -> GitError | None:
    killed = killed_for_memory(code, "git")
    return GitError(f"git {verb} was killed", killed) if killed else None


def _refused(verb: str, err: str) -> GitError:
    said = in_short(err)
    if any(words in err for words in _LOCKED):
        return GitBusy(f"git {verb} found a lock: {said}", "If no other git is running, delete the file that it names.")
    if verb in _REMOTE_WORDS:
        return Unreachable(f"git {verb} failed: {said}", "Try it by hand in the content folder.")
    if "dubious ownership" in err:
        return GitError(
            f"git {verb} failed: {said}",
            "The repository belongs to another user: run fedisched as that one, or set git's `safe.directory`.",
        )
    return GitError(f"git {verb} failed: {said}", f"Run `git {verb}` by hand in the content folder to see more.")


def in_short(err: str) -> str:
    """What git said, on one line, without its advice."""
    # Of a lock git goes on for a whole paragraph.
    before, lock, _ = err.partition(".lock': File exists")
    lines = [line.strip().rstrip(".") for line in (before + lock).splitlines()]
    told = [line for line in lines if line and not line.startswith(("hint:", "warning:", *_ADVICE))]
    words = "; ".join(told or lines)
    return discreet(_SECRET_IN_ADDRESS.sub("://", words))[:400].rstrip(".") or "it did not say why"
