"""What `check --online` asks: each account's server for its limits, whether handles that posts mention exist, and the
pages that posts link to for what their cards will show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from fedisched.cli.survey import Examined, known_limits
from fedisched.model.errors import StateUnusable
from fedisched.model.outcome import NotSent
from fedisched.model.post import Post, Status
from fedisched.model.problem import Mark, Problem
from fedisched.networks import open_enquiry

if TYPE_CHECKING:
    from fedisched.cli.here import Here
    from fedisched.model.network import Enquiry, ShownCard
    from fedisched.model.rendered import Card, Limits, Mention

_AT_ONCE = 8
T = TypeVar("T")


@dataclass(slots=True)
class Told:
    """What the servers told: limits by account, those of a server that was not reached as they are known here; and why
    it was not, by account. `handles` are those that were asked for, by account, and whether they exist."""

    limits: dict[str, Limits]
    unreached: dict[str, str] = field(default_factory=dict)
    handles: dict[tuple[str, str], bool] = field(default_factory=dict)


def ask_limits(here: Here) -> Told:
    """Ask every account's server what it allows, all at once; what they told is kept for `check` and `render`."""
    told = Told(known_limits(here))
    fresh = {}
    for name, limits in _each(here, here.settings.accounts, lambda enquiry, name: enquiry.limits()):
        if isinstance(limits, NotSent):
            told.unreached[name] = limits.reason
        else:
            told.limits[name] = fresh[name] = limits
    _keep(here, fresh)
    return told


def ask_handles(here: Here, told: Told, examined: Iterable[Examined]) -> list[Examined]:
    """The posts again, with a problem for each handle that nobody has. A server that does not answer says nothing of
    its handles, and is named in `told`."""
    posts = list(examined)
    wanted: dict[str, set[str]] = {}
    for post, target, mention in _mentions(posts):
        if target not in told.unreached and post.status is not Status.PUBLISHED:
            wanted.setdefault(target, set()).add(mention.handle)

    def ask(enquiry: Enquiry, name: str) -> str:
        for handle in sorted(wanted[name]):
            found = enquiry.is_there(handle)
            if isinstance(found, NotSent):
                return found.reason
            told.handles[name, handle] = found
        return ""

    told.unreached |= {name: reason for name, reason in _each(here, wanted, ask) if reason}
    return [_with_strangers(each, told) for each in posts]


def ask_cards(here: Here, examined: Iterable[Examined]) -> list[Examined]:
    """The posts again with their cards as they would be made now, and a warning for what is missing. Nothing of it
    stops a post."""
    posts = list(examined)
    wanted: dict[tuple[str, Card], None] = {}
    for each in posts:
        if each.post is not None and each.post.status is not Status.PUBLISHED:
            wanted |= {(target, card): None for target, card, _ in _cards(each)}

    def asked(key: tuple[str, Card]) -> ShownCard:
        enquiry = open_enquiry(here.settings.accounts[key[0]], here.clock.now)
        try:
            return enquiry.card(key[1])
        finally:
            enquiry.close()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        shown = dict(zip(wanted, pool.map(asked, wanted), strict=True))
    return [_with_cards(each, shown) for each in posts]


def _with_cards(each: Examined, shown: Mapping[tuple[str, Card], ShownCard]) -> Examined:
    if each.post is None:
        return each
    cards: dict[str, ShownCard] = {}
    missing: dict[Problem, None] = {}
    for target, card, at in _cards(each):
        found = shown.get((target, card))
        if found is not None:
            cards[target] = found
        if found is not None and found.remark:
            hint = "The post goes out all the same. Look at the page, or say in `link` what the card shows."
            missing[Problem(each.path, at.line, at.column, "card", found.remark, hint, "warning")] = None
    problems = sorted((*each.problems, *missing), key=lambda problem: (problem.line, problem.column))
    return replace(each, problems=tuple(problems), cards=cards)


def _cards(each: Examined) -> Iterable[tuple[str, Card, Mark]]:
    """The card of each target, and where in the file a person would look for it."""
    for target, rendering in each.renderings.items():
        for part in rendering.rendered.parts:
            if part.card is not None and each.post is not None:
                at = each.post.mark("link.url") if each.post.link else Mark(part.line, part.column)
                yield target, part.card, at


def _each(here: Here, names: Iterable[str], ask: Callable[[Enquiry, str], T]) -> list[tuple[str, T]]:
    """Ask the servers of these accounts something, all at once."""

    def asked(name: str) -> tuple[str, T]:
        enquiry = open_enquiry(here.settings.accounts[name], here.clock.now)
        try:
            return name, ask(enquiry, name)
        finally:
            enquiry.close()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(asked, names))


def _keep(here: Here, fresh: dict[str, Limits]) -> None:
    """Keep what was told; where nothing can be written, the next one asks again."""
    from fedisched.config import make_state_folder
    from fedisched.engine.accounts import Accounts
    from fedisched.engine.journal import open_journal

    try:
        journal = open_journal(make_state_folder(here.state), here.clock.now(), here.voice.complain)
    except StateUnusable:
        return
    try:
        for name, limits in fresh.items():
            if limits.source == "server":
                Accounts(journal).told(name, here.settings.accounts[name].server, limits)
    finally:
        journal.close()


def _mentions(posts: Sequence[Examined]) -> Iterable[tuple[Post, str, Mention]]:
    for each in posts:
        for target, rendering in each.renderings.items():
            for mention in rendering.mentions:
                if each.post is not None:
                    yield each.post, target, mention


def _with_strangers(each: Examined, told: Told) -> Examined:
    """A post with its unknown handles as problems, each once, whichever targets have it."""
    strangers = {
        Problem(
            post.path,
            mention.at.line,
            mention.at.column,
            "unknown-handle",
            f"there is no account with the handle {mention.handle}",
            "Correct the handle, or put a backslash before the @ if it is meant as text.",
        )
        for post, target, mention in _mentions([each])
        if told.handles.get((target, mention.handle)) is False
    }
    found = sorted((*each.problems, *strangers), key=lambda problem: (problem.line, problem.column))
    return replace(each, problems=tuple(found))
