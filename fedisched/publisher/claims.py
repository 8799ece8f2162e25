"""Claims as a publisher asks for them: won on the remote, and the post looked at as the remote has it by then."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fedisched.model.claims import Answered, Claims, Granted, NotGranted, Wanted
from fedisched.model.errors import GitError, StateUnusable
from fedisched.model.settings import Settings
from fedisched.publisher.carrier import Again, Carried, Carrier

if TYPE_CHECKING:
    from fedisched.git import Repository

LIMIT = 20.0
"""Seconds for each request to the remote: what waits for it is due soon."""
AT_THE_END = 5.0
"""The same, when the run ends."""
BRINGS = 10
"""How often it is tried, a second apart, to bring what others pushed, while another process is at it."""
NOTHING_IS_SENT = "nothing is sent before it can be claimed ([git] claim = true)"
NOT_IN_GIT = "[git] claim = true needs a repository with a remote, since the claim is kept there"


class RemoteClaims:
    """One content folder's, at its remote. Used by one thread."""

    def __init__(self, settings: Settings, state: Path, environ: Mapping[str, str], brings: bool = True) -> None:
        """Without `brings` it is left to whoever called this run to bring here what others pushed."""
        self._settings, self._state, self._environ = settings, state, environ
        self._brings = brings
        self._carrier = Carrier(settings, state, environ)

    def ask(self, wanted: Sequence[Wanted], now: int) -> Answered:
        from fedisched.git import open_repository

        try:
            repository = open_repository(self._settings, self._environ)
            if repository is None or not self._carrier.has_remote:
                hint = 'Add `remote = "origin"` under [git], or take `claim` out'
                return _all(wanted, NotGranted(f"{NOT_IN_GIT}. {hint}."))
            return self._ask(repository, wanted, now)
        except (GitError, StateUnusable) as error:
            return _all(wanted, NotGranted(f"{NOTHING_IS_SENT}: {error}"))
        except OSError as error:
            return _all(wanted, NotGranted(f"{NOTHING_IS_SENT}: git: {error.strerror or error}"))

    def give_back(self, wanted: Sequence[Wanted]) -> None:
        from fedisched.git import open_repository
        from fedisched.git.claims import give_back

        with suppress(GitError, StateUnusable, OSError):
            if repository := open_repository(self._settings, self._environ):
                give_back(repository, holder(self._state), wanted, AT_THE_END)

    def _ask(self, repository: Repository, wanted: Sequence[Wanted], now: int) -> Answered:
        from fedisched.content.said import PostWording
        from fedisched.git.claims import claim, release

        asked = claim(repository, holder(self._state), wanted, now, LIMIT)
        if not self._brings and asked.upstream:
            # Nobody else here does it.
            with suppress(GitError):
                release(repository, PostWording(), now, LIMIT, asked.upstream)
        if _has(repository, asked.upstream):
            return Answered(asked.answers)
        # Also where others have them: what came of it there may be on the branch already.
        behind, words = self._follow(repository, asked.upstream, [each.path for each in wanted])
        not_here = NotGranted(f"{NOTHING_IS_SENT}: {words}")
        answers = zip(wanted, asked.answers, strict=True)
        return Answered(
            tuple(not_here if isinstance(it, Granted) and each.path in behind else it for each, it in answers), True
        )

    def _follow(self, repository: Repository, upstream: str, paths: Sequence[str]) -> tuple[set[str], str]:
        """Bring what the remote's branch had once the claims were won. Gives the posts that are still otherwise there
        than here, and why."""
        words = bring(self._carrier).words if self._brings else ""
        if _has(repository, upstream):
            return set(), ""
        from fedisched.git.claims import unlike

        behind = unlike(repository, upstream, repository.status().head, paths)
        return behind, words or f"{self._settings.git.remote} has other versions of it, which could not be brought here"


class RemoteNews:
    """Without claims: only look at what others pushed while this run waited. Everything is granted."""

    def __init__(self, settings: Settings, state: Path, environ: Mapping[str, str], notice: Callable[[str], None]):
        self._carrier = Carrier(settings, state, environ)
        self._notice = notice

    def ask(self, wanted: Sequence[Wanted], now: int) -> Answered:
        done = bring(self._carrier)
        if done.words:
            self._notice(done.words)
        return Answered(tuple(Granted(each.until, each.key) for each in wanted), done.pulled)

    def give_back(self, wanted: Sequence[Wanted]) -> None:
        pass


def bring(carrier: Carrier) -> Carried:
    """Follow the remote, and wait for another process that does."""
    done = carrier.sync(limit=LIMIT)
    for _ in range(BRINGS):
        if done.again is not Again.SOON:
            break
        # Another process of ours, or a person's git, is at it: nobody tells of that.
        time.sleep(1.0)
        done = carrier.sync(limit=LIMIT)
    return done


def _all(wanted: Sequence[Wanted], answer: NotGranted) -> Answered:
    return Answered((answer,) * len(wanted))


def holder(state: Path) -> str:
    """This publisher's name in claims: that of its state folder, which no copy of the folder shares. It tells nobody
    anything. Raises `StateUnusable`."""
    file = state / "publisher-id"
    try:
        if not file.exists():
            new = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
            new.write_text(secrets.token_hex(16), encoding="ascii")
            try:
                # The first one stays.
                os.link(new, file)
            except FileExistsError:
                pass
            finally:
                new.unlink()
        stat = file.stat()
        words = (file.read_text(encoding="ascii"), socket.gethostname(), str(state.resolve()), str(stat.st_ino))
    except OSError as error:
        raise StateUnusable(f"{file} cannot be used: {error.strerror}", "Look after the state folder.") from error
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _has(repository: Repository, upstream: str) -> bool:
    """Whether this clone has, or is ahead of, what the remote's branch has."""
    from fedisched.git.history import is_ancestor

    head = repository.status().head
    return not upstream or (bool(head) and is_ancestor(repository.git, upstream, head))


def claims_of(
    settings: Settings,
    state: Path,
    environ: Mapping[str, str],
    notice: Callable[[str], None],
    *,
    stays: bool = False,
    brings: bool = True,
) -> Claims | None:
    """How a run asks before it sends; None if it need not. `stays`: it waits for moments to come, and nobody else looks
    at the remote for it. `brings`: it may bring what others pushed."""
    if settings.git.claim:
        return RemoteClaims(settings, state, environ, brings)
    return RemoteNews(settings, state, environ, notice) if stays and settings.git.remote else None
