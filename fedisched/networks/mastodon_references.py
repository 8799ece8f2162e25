"""Other statuses that a post on Mastodon refers to: those it answers and quotes. A server knows each under an id of its
own, so an address is asked for ahead of the moment (https://docs.joinmastodon.org/methods/search/#v2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fedisched.model.network import Task
from fedisched.model.outcome import NotSent, Refused, SentPart
from fedisched.model.rendered import Body, Pending
from fedisched.networks.mastodon_answers import verdict
from fedisched.networks.verdict import before_sending
from fedisched.networks.wire import Answer, Heard

if TYPE_CHECKING:
    from mastodon import Mastodon as Client

Hear = Callable[[Callable[["Client"], object]], Heard]

REFERRING = ("in_reply_to_id", "quoted_status_id")
_OWN_PAGE = re.compile(r"/(?:@[^/]+|users/[^/]+/statuses|web/@[^/]+)/([A-Za-z0-9]+)/?")
_CHECK = "Look at the address; if the post is gone, or not for everybody, take it out of the file."
_MAY_SEARCH = "Make an access token that may also read (scope read, or read:search and read:statuses)."


def with_references(task: Task, hear: Hear, host: str) -> Task | NotSent | Refused:
    """The task with the ids of the statuses that it answers and quotes in the places that waited for them."""
    known: dict[Pending, str] = {}
    done = {part.number for part in task.done}
    for number, part in enumerate(task.rendered.parts, start=1):
        for value in part.body.values() if number not in done else ():
            if isinstance(value, Pending) and value.what in REFERRING and value.of and value not in known:
                found = _id_of(value, task, hear, host)
                if not isinstance(found, str):
                    return found
                known[value] = found
    if not known:
        return task
    parts = (
        replace(part, body={name: _known(value, known) for name, value in part.body.items()})
        for part in task.rendered.parts
    )
    return replace(task, rendered=replace(task.rendered, parts=tuple(parts)))


def _known(value: Body, known: Mapping[Pending, str]) -> Body:
    return known.get(value, value) if isinstance(value, Pending) else value


def other_part(pending: Pending, task: Task) -> SentPart | None:
    """The part of another post that is meant: a thread is answered at its end and quoted at its beginning."""
    parts = task.others.get(pending.of, ())
    if not parts:
        return None
    return parts[0] if pending.what == "quoted_status_id" else parts[-1]


def _id_of(pending: Pending, task: Task, hear: Hear, host: str) -> str | NotSent | Refused:
    part = other_part(pending, task)
    if part is not None and part.id:
        return part.id
    address = part.url if part is not None else pending.of
    split = urlsplit(address)
    if split.netloc == host and (page := _OWN_PAGE.fullmatch(split.path)):
        return _own(page[1], address, hear, host)
    return _searched(address, hear, host)


def _own(number: str, address: str, hear: Hear, host: str) -> str | NotSent | Refused:
    """The id in an address of the account's own server, if there is such a status that we may see."""
    heard = hear(lambda client: client.status(number))
    if isinstance(heard, Answer) and heard.status == 404:
        return Refused(f"there is no post at {address} (any more)", _CHECK)
    if isinstance(heard, Answer) and heard.is_ok and str(heard.object().get("id")) == number:
        return number
    return _not_told(heard, host)


def _searched(address: str, hear: Hear, host: str) -> str | NotSent | Refused:
    """The id that the server gives to a status elsewhere, which it fetches if it does not know it yet."""
    heard = hear(lambda client: client.search_v2(address, resolve=True, result_type="statuses"))
    if not isinstance(heard, Answer) or not heard.is_ok:
        return _not_told(heard, host)
    match heard.object().get("statuses"):
        case [{"id": str() | int() as number}, *_] if str(number):
            return str(number)
        case _:
            # Nothing may mean that the other server did not answer just now.
            return NotSent(f"{host} found no post at {address}. {_CHECK}")


def _not_told(heard: Heard, host: str) -> NotSent | Refused:
    if isinstance(heard, Answer) and heard.status == 403 and heard.json() is not None:
        return Refused(f"{host} does not let this token look up the post that is answered or quoted", _MAY_SEARCH)
    return before_sending(verdict(heard, host))
