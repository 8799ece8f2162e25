"""What the schedule and the index need of a file, fast: no pydantic, no more of the file than that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fedisched.content.essentials import Essentials, claims, essentials
from fedisched.content.fences import split
from fedisched.content.longest import longest
from fedisched.content.settled import settled
from fedisched.content.times import as_rfc3339, microseconds
from fedisched.content.tree import Scalar, Tree, parse
from fedisched.content.variants import needs_of
from fedisched.model.post import Entry, Need, Status
from fedisched.model.problem import Problem
from fedisched.model.results import Result
from fedisched.model.settings import Settings


def glance(data: bytes, path: str, settings: Settings) -> Entry:
    """The entry of a file, which agrees with `read_post` in all it says; broken (with the first error as its problem)
    where the file cannot be cut or parsed, or a key is unknown, or status, time, targets, results or body are wrong.
    A broken entry keeps what could be read: its claims keep other posts from being taken for its own."""
    digest = hashlib.sha256(data).hexdigest()
    return settled(data, path, digest, settings) or _read(data, path, digest, settings)


def _read(data: bytes, path: str, digest: str, settings: Settings) -> Entry:
    fenced = split(data, path)
    tree = fenced if isinstance(fenced, Problem) else parse(fenced, path)
    if isinstance(tree, Problem):
        return Entry(path, digest, Status.DRAFT, None, "", None, problem=tree)
    read = essentials(tree, settings)
    problem = next((problem for problem in read.problems if problem.is_error), None)
    is_settled = problem is not None or read.status is Status.PUBLISHED
    return Entry(
        path=path,
        digest=digest,
        status=read.status,
        due=None if read.time is None else microseconds(read.time),
        time="" if read.time is None else as_rfc3339(read.time),
        targets=read.targets,
        title=_title(tree),
        claims=claims(read.results),
        needs=_needs(tree, read, settings),
        problem=problem,
        longest=None if is_settled else longest(tree, settings),
    )


def _needs(tree: Tree, read: Essentials, settings: Settings) -> tuple[Need, ...]:
    if read.status is Status.PUBLISHED:
        return ()
    return needs_of(tree, settings.accounts_named(read.targets), settings)


def _title(tree: Tree) -> str:
    node = tree.get("title")
    return node.text if isinstance(node, Scalar) else ""


def results_of(data: bytes, path: str, settings: Settings) -> Mapping[str, Result]:
    """What a file's `results` say, by target; empty if the file cannot be read as a post."""
    fenced = split(data, path)
    tree = fenced if isinstance(fenced, Problem) else parse(fenced, path)
    return {} if isinstance(tree, Problem) else essentials(tree, settings).results
