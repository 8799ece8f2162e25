"""What is broken, as exceptions; each carries the hint that ends its message.

    FedischedError
    ├── ConfigError        the configuration cannot be used
    ├── FileChanged        a file is no longer the one that was read
    ├── MediaUnfit         a picture, video or sound cannot be made fit for its network
    ├── CannotSplice       results cannot be written into this file without touching what is not ours
    ├── CannotWrite        a file in the content folder cannot be written: full, read-only, or not ours
    ├── JournalCorrupt     the SQLite file is damaged
    ├── StateUnusable      the state folder cannot be written
    ├── VaultUnusable      the vault cannot be opened, read or written
    │   ├── KeyMissing     there is no key to open it with
    │   ├── NoKey          what is in the place of a key is none
    │   └── WrongKey       the key that is there does not open it
    ├── AlreadyRunning     another process of ours holds what we need
    └── GitError           git refused or is not there
        ├── GitBusy        somebody else is at work in the repository, or nobody can commit there just now
        └── Unreachable    the remote did not answer, or did not let us in

An author's mistake is a `Problem` and what a network said is an `Outcome`: both are values, not exceptions.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedisched.model.problem import Problem


class FedischedError(Exception):
    """Something is broken that a person can mend. `str()` gives the message and then the hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"


class ConfigError(FedischedError):
    """The configuration cannot be used; `problems` has every mistake in it, not only the first."""

    def __init__(self, message: str, hint: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class FileChanged(FedischedError):
    """A file is no longer the one that was read: read it again and decide again."""


class MediaUnfit(FedischedError):
    """A media file cannot be made fit for its network, which only showed when it was decoded: a person is needed."""


class CannotSplice(FedischedError):
    """The write-back would have to touch bytes that are not ours, so it refuses; the file is as it was."""


class CannotWrite(FedischedError):
    """A file in the content folder cannot be written, and is as it was: disk full, read-only, or not ours."""


class JournalCorrupt(FedischedError):
    """The journal's file is damaged and must not be trusted."""


class StateUnusable(FedischedError):
    """The state folder cannot be used: full, read-only, or not ours."""


class VaultUnusable(FedischedError):
    """The vault, or one entry in it, cannot be opened, read or written. It is as it was."""


class KeyMissing(VaultUnusable):
    """There is no key to open the vault with."""


class NoKey(VaultUnusable):
    """What is in the place of the vault's key is no key."""


class WrongKey(VaultUnusable):
    """The key that is there does not open the vault, which is never written over."""


class AlreadyRunning(FedischedError):
    """Another process of ours holds what we need."""


class GitError(FedischedError):
    """git refused, or is not there."""


class GitBusy(GitError):
    """Something in the repository is to be waited for: a merge, a rebase, a lock, a detached HEAD. Nothing was done."""


class Unreachable(GitError):
    """The remote did not answer in time, or did not let us in."""
