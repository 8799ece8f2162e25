"""Claims: one ref a delivery on the remote, which exactly one publisher can create.

`refs/fedisched/claims/…` names a commit without files or parents that says who claims what until when. A push that
creates the ref, or replaces the very one that was seen, is the remote's compare-and-swap; no branch gets a commit of
it, no clone fetches it unasked, and a shallow checkout can do it as well as any. A commit and not a blob, since some
hosts and their hooks expect nothing else behind a ref.

The order is the point: first the claim is won, then the branch is fetched. Whoever gave the claim back had pushed what
came of it before, so the winner sees it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from fedisched.git.command import REMOTE, in_short
from fedisched.git.objects import blobs_at, read_blobs, records
from fedisched.git.remote import remote_branch
from fedisched.git.repository import Repository
from fedisched.model.claims import Claimed, Granted, NotGranted, Taken, Wanted
from fedisched.model.errors import GitError, Unreachable
from fedisched.model.said import Said, Wording

CLAIMS = "refs/fedisched/claims"
"""On the remote."""
SEEN = "refs/worktree/fedisched-claims"
"""What was last seen there."""
SKEW = 120_000_000
"""Microseconds after its end from which a claim counts as over: nobody sends by a clock that is more than a minute
from the server's, so two publishers' clocks are no more than two minutes apart."""
TRIES = 4
UNREADABLE_LASTS = 3600_000_000
FORGOTTEN_AFTER = 7 * 86400 * 1_000_000
"""When a claim that nobody took over is cleared away: by then its post is long overdue, and looked up in any case."""

_SECOND = 1_000_000
_LOST = (
    "stale info",
    "already exists",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
    "fetch first",
)


@dataclass(frozen=True, slots=True)
class Note:
    """What a claim says. `path` is relative to the repository's top; `after` is the last moment at which an earlier
    holder may have sent it, 0 if there was none. Moments in microseconds since 1970 UTC."""

    holder: str
    path: str
    target: str
    account: str
    key: str
    digest: str
    until: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers, in order; and the commit that the remote's branch had once they were won, empty for none."""

    answers: tuple[Claimed, ...]
    upstream: str


@dataclass(frozen=True, slots=True)
class _Bid:
    name: str
    note: Note
    commit: str
    over: str
    """The claim that it replaces, empty where there is none."""


def claim(repository: Repository, holder: str, wanted: Sequence[Wanted], now: int, limit: float = REMOTE) -> Asked:
    """Claim deliveries for a holder, whose name no other publisher has. `limit` in seconds for each request. Raises
    Unreachable, GitError."""
    standing = repository.status()
    if not standing.branch:
        raise GitError(
            f"{repository.top} is on no branch (detached HEAD), so nobody can tell what others published",
            "Switch to one: `git switch`.",
        )
    branch = remote_branch(repository, standing.branch)
    names = [claim_name(repository, each) for each in wanted]
    notes = dict(zip(names, (_note(repository, holder, each) for each in wanted), strict=True))
    seen = _seen(repository)
    answers: dict[str, Claimed] = {}
    upstream, refused = "", ""
    for _ in range(TRIES):
        bids = [
            _bid(repository, name, notes[name], seen.get(name))
            for name in dict.fromkeys(names)
            if name not in answers and _is_free(seen.get(name), holder, now)
        ]
        refused = _push(repository, bids, limit)
        upstream = fetch_all(repository, branch, limit)
        seen = _seen(repository)
        # What the remote has counts, not what it answered.
        answers |= {bid.name: _granted(bid.note) for bid in bids if seen.get(bid.name, ("",))[0] == bid.commit}
        for name in names:
            found = seen.get(name)
            if name not in answers and found is not None and not _is_free(found, holder, now):
                answers[name] = _taken(found[1])
        if all(name in answers for name in names):
            break
    answers |= _of_renamed(repository, answers, notes, seen, upstream, now)
    words = f"{repository.settings.git.remote} did not take the claim: {refused or 'others were quicker'}"
    return Asked(tuple(answers.get(name, NotGranted(words)) for name in names), upstream)


def release(repository: Repository, wording: Wording, now: int, limit: float = REMOTE, upstream: str = "") -> int:
    """Clear away the claims, anybody's, whose deliveries the remote's branch (`upstream`, or as a sync last fetched it)
    says are settled, and those that are long over; gives how many. Without a request if there are none. Raises
    Unreachable."""
    seen = _seen(repository)
    if not seen:
        return 0
    remote = repository.settings.git.remote
    upstream = upstream or f"refs/remotes/{remote}/{remote_branch(repository, repository.status().branch)}"
    blobs = blobs_at(repository.git, upstream, {note.path for _, note in seen.values() if note.path})
    contents = read_blobs(repository.git, [blob.id for blob in blobs.values()])
    said = {path: wording.read(contents[blob.id]) for path, blob in blobs.items()}
    over = {
        name: commit
        for name, (commit, note) in seen.items()
        if _is_settled(said.get(note.path), note) or now > note.until + FORGOTTEN_AFTER
    }
    if not over:
        return 0
    return len(_give_back(repository, over, limit))


def give_back(repository: Repository, holder: str, wanted: Sequence[Wanted], limit: float = REMOTE) -> int:
    """Give back the holder's claims on deliveries of which certainly nothing was sent; gives how many. Raises
    Unreachable."""
    seen = _seen(repository)
    names = {claim_name(repository, each) for each in wanted}
    mine = {name: seen[name][0] for name in names & seen.keys() if seen[name][1].holder == holder}
    return len(_give_back(repository, mine, limit)) if mine else 0


def fetch_all(repository: Repository, branch: str, limit: float = REMOTE) -> str:
    """Fetch the remote's branch and all claims; gives the branch's commit, empty if there is no such branch. Leaves
    alone what a sync fetches into, which another process may be at. Raises Unreachable."""
    git, remote = repository.git, repository.settings.git.remote
    place = f"refs/worktree/fedisched-seen/{branch.replace('/', '%2F')}"
    words = ("fetch", "-q", "--no-tags", "--no-write-fetch-head", "--prune", remote)
    claims = f"+{CLAIMS}/*:{SEEN}/*"
    code, _, err = git.run(*words, claims, f"+refs/heads/{branch}:{place}", limit=limit)
    if code != 0 and "find remote ref" in err:
        git.run("update-ref", "-d", place)
        code, _, err = git.run(*words, claims, limit=limit)
    if code != 0:
        raise Unreachable(f"{remote} could not be asked: {in_short(err)}", _TRY)
    return git.text("rev-parse", "-q", "--verify", f"{place}^{{commit}}", ok=(0, 1, 128))


def unlike(repository: Repository, upstream: str, head: str, paths: Sequence[str]) -> set[str]:
    """Which of these posts (paths relative to the content folder) the remote has otherwise than this clone."""
    inside = {in_repository(repository, path): path for path in paths}
    theirs = blobs_at(repository.git, upstream, inside)
    ours = blobs_at(repository.git, head, inside) if head else {}
    return {path for full, path in inside.items() if full in theirs and theirs[full] != ours.get(full)}


def in_repository(repository: Repository, path: str) -> str:
    """A post's path, relative to the top."""
    return f"{repository.prefix or ''}{path.removeprefix(f'{repository.settings.posts}/')}"


def claim_name(repository: Repository, wanted: Wanted) -> str:
    """The last piece of a claim's ref: the same in every clone, for one post and one account, whatever its key."""
    path = unicodedata.normalize("NFC", in_repository(repository, wanted.path))
    return hashlib.sha256(f"{wanted.account}\0{path}".encode("utf-8", "surrogateescape")).hexdigest()[:40]


# --- one claim ---------------------------------------------------------------------------------------------------


def _note(repository: Repository, holder: str, wanted: Wanted) -> Note:
    path = in_repository(repository, wanted.path)
    return Note(holder, path, wanted.target, wanted.account, wanted.key, wanted.digest, wanted.until)


def _granted(note: Note) -> Granted:
    return Granted(note.until, note.key, note.after)


def _taken(note: Note) -> Taken:
    return Taken(note.until, note.until + SKEW)


def _of_renamed(
    repository: Repository,
    answers: Mapping[str, Claimed],
    notes: Mapping[str, Note],
    seen: Mapping[str, tuple[str, Note]],
    upstream: str,
    now: int,
) -> dict[str, Claimed]:
    """Other answers for the posts that were renamed while somebody else had claimed them under their old path."""
    ours = {(notes[name].account, notes[name].digest): name for name in answers}
    others = [note for _, note in seen.values() if note.digest and (note.account, note.digest) in ours]
    elsewhere = [note for note in others if note.holder != notes[ours[note.account, note.digest]].holder]
    gone = {note.path for note in elsewhere}
    if gone and upstream:
        gone -= blobs_at(repository.git, upstream, gone).keys()
    found: dict[str, Claimed] = {}
    for note in elsewhere:
        name = ours[note.account, note.digest]
        answer = answers[name]
        if note.path == notes[name].path or note.path not in gone or not isinstance(answer, Granted):
            continue
        if now < note.until + SKEW:
            found[name] = _taken(note)
        else:
            found[name] = replace(answer, key=note.key, taken_over=max(answer.taken_over, note.until + SKEW))
    return found


def _is_free(found: tuple[str, Note] | None, holder: str, now: int) -> bool:
    return found is None or found[1].holder == holder or now >= found[1].until + SKEW


def _bid(repository: Repository, name: str, note: Note, found: tuple[str, Note] | None) -> _Bid:
    """The claim to make: over nothing, over one's own, or over a dead holder's, whose key it takes along."""
    over = ""
    if found is not None:
        over, before = found
        after = before.after if before.holder == note.holder else max(before.until + SKEW, before.after)
        # As long as an earlier holder may have sent it, it has that one's key.
        note = replace(note, after=after, key=before.key if after and before.key else note.key)
    return _Bid(name, note, _write(repository, note), over)


def _write(repository: Repository, note: Note) -> str:
    git = repository.git
    tree = git("mktree", data=b"").decode().strip()
    words = json.dumps(asdict(note) | {"nonce": secrets.token_hex(8)}, ensure_ascii=True)
    text = f"claim: {_printable(note.path)} → {_printable(note.target)}\n\n{words}\n"
    settings = ("i18n.commitEncoding=UTF-8",)
    made = git("commit-tree", tree, "-F", "-", data=text.encode(), environ=repository.author(), settings=settings)
    return made.decode().strip()


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _seen(repository: Repository) -> dict[str, tuple[str, Note]]:
    """The claims as they were last seen on the remote, by their names: the commit and what it says."""
    out = repository.git("for-each-ref", "--format=%(refname)%00%(objectname)%00%(committerdate:unix)", SEEN)
    lines = [line.split("\0") for line in out.decode("utf-8", "replace").splitlines()]
    commits = [commit for _, commit, _ in lines]
    texts = dict(_messages(repository, commits))
    return {
        ref.removeprefix(f"{SEEN}/"): (commit, _read(texts.get(commit, ""), int(when or 0) * _SECOND))
        for ref, commit, when in lines
    }


def _messages(repository: Repository, commits: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not commits:
        return
    words = ("log", "-z", "--no-walk=unsorted", "--format=%H%n%B", "--stdin")
    data = "".join(f"{commit}\n" for commit in commits).encode()
    for record in records(repository.git(*words, data=data, settings=("log.showSignature=false",))):
        commit, _, body = record.partition("\n")
        yield commit, body


def _read(text: str, written: int) -> Note:
    """What a claim's message says. One that cannot be read, a later version's or a person's, is nobody's to take for a
    while."""
    try:
        said: Mapping[str, Any] = json.loads(text.rstrip().rpartition("\n")[2])
        note = Note(**{field.name: said[field.name] for field in fields(Note)})
        if isinstance(note.until, int) and isinstance(note.after, int) and isinstance(note.holder, str):
            return note
    except (ValueError, TypeError, KeyError):
        pass
    return Note("", "", "", "", "", "", written + UNREADABLE_LASTS)


def _is_settled(said: Said | None, note: Note) -> bool:
    """Whether the branch says what came of it, so that whoever looks there sends nothing."""
    result = said.results.get(note.target) if said else None
    return result is not None and (result.is_published or bool(result.stands))


# --- the remote --------------------------------------------------------------------------------------------------


def _push(repository: Repository, bids: Sequence[_Bid], limit: float) -> str:
    """In words why the remote took some of the bids not, other than that somebody was quicker. Raises Unreachable if
    it was not reached."""
    leases = [f"--force-with-lease={CLAIMS}/{bid.name}:{bid.over}" for bid in bids]
    specs = [f"{bid.commit}:{CLAIMS}/{bid.name}" for bid in bids]
    return _swap(repository, leases, specs, limit)[1]


def _give_back(repository: Repository, over: Mapping[str, str], limit: float) -> set[str]:
    leases = [f"--force-with-lease={CLAIMS}/{name}:{commit}" for name, commit in over.items()]
    gone, _ = _swap(repository, leases, [f":{CLAIMS}/{name}" for name in over], limit)
    for name in over:
        # One that is another by now is seen again with the next fetch.
        repository.git.run("update-ref", "-d", f"{SEEN}/{name}")
    return gone


def _swap(repository: Repository, leases: Sequence[str], specs: Sequence[str], limit: float) -> tuple[set[str], str]:
    if not specs:
        return set(), ""
    remote = repository.settings.git.remote
    words = ("push", "--porcelain", "--no-verify", *leases, remote, *specs)
    code, out, err = repository.git.run(*words, limit=limit)
    lines = [line.split("\t") for line in out.decode("utf-8", "replace").splitlines() if line.count("\t") >= 2]
    if code != 0 and not lines:
        raise Unreachable(f"{remote} could not be asked: {in_short(err)}", _TRY)
    took = {spec.rpartition("/")[2] for flag, spec, *_ in lines if flag != "!"}
    refused = [said for flag, _, said, *_ in lines if flag == "!" and not any(words in said for words in _LOST)]
    return took, f"{refused[0]}: {in_short(err)}" if refused else ""


_TRY = "It is tried again. To see more, type `git fetch` in the content folder."
