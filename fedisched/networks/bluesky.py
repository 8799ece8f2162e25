"""Bluesky, and any personal data server of the AT Protocol, by atproto.

A delivery's key is its record key, so a look-up is exact, and a second send of the same delivery cannot make a second
post: `putRecord` with `swapRecord: null` writes only where nothing is, and `applyWrites` writes a whole thread or
nothing (https://docs.bsky.app/docs/api/com-atproto-repo-apply-writes).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlsplit

from fedisched.model.network import Allowance, Identity, Prepared, ReadMedia, Sessions, Task
from fedisched.model.outcome import (
    Absent,
    CannotTell,
    Finding,
    Found,
    NotSent,
    Outcome,
    Perhaps,
    Published,
    Refused,
    SentPart,
    Unsure,
)
from fedisched.model.rendered import Pending, Rendered
from fedisched.model.secret import discreet
from fedisched.model.settings import Account
from fedisched.model.tid import part_key
from fedisched.model.usual import BLUESKY
from fedisched.networks.bluesky_answers import error_name, verdict
from fedisched.networks.bluesky_cards import PreparedCards
from fedisched.networks.bluesky_public import BlueskyEnquiry
from fedisched.networks.bluesky_records import (
    POST,
    blobs,
    completed,
    filled,
    gated,
    pending_in,
    same_record,
    uri_of,
    without_unknown_mentions,
    without_what_its_card_lacks,
)
from fedisched.networks.bluesky_references import references
from fedisched.networks.bluesky_session import BlueskySession
from fedisched.networks.bluesky_uploads import BlueskyUploads
from fedisched.networks.cards import Cards, cards_for
from fedisched.networks.verdict import Verdict, before_sending, of_a_look_up, of_the_account
from fedisched.networks.wire import LOOPBACK, Answer, Heard, shortened

if TYPE_CHECKING:
    from atproto import Client

_JSON = "application/json"
_INACTIVE = "Activate the account again in the app; posts wait until then."


def enquire(account: Account, now: Callable[[], int]) -> BlueskyEnquiry:
    """What the account's server tells anybody."""
    return BlueskyEnquiry(account, BLUESKY, now, cards_of(account))


def cards_of(account: Account) -> Cards:
    """What makes an account's link cards."""
    return cards_for(is_on_this_machine=urlsplit(account.server).hostname in LOOPBACK)


def connect(account: Account, credential: str, sessions: Sessions, now: Callable[[], int]) -> Bluesky:
    return Bluesky(account, credential, sessions, now, cards_of(account))


class Bluesky:
    """One Bluesky account."""

    settle = 0.0  # the record key is the fence: a second send meets `InvalidSwap` or writes nothing
    settle_unrecorded = 0.0
    is_exact = True

    def __init__(
        self, account: Account, credential: str, sessions: Sessions, now: Callable[[], int], cards: Cards
    ) -> None:
        self._account = account
        self._host = urlsplit(account.server).netloc
        self._session = BlueskySession(account, credential, sessions, now)
        self.allowance: Allowance | None = None
        self._now = now
        self._did = ""
        self._dids: dict[str, str | None] = {}
        self._uploads = BlueskyUploads(account, self._session, now)
        self._cards = PreparedCards(cards, self._uploads.file)

    def __repr__(self) -> str:
        return f"Bluesky({self._account.handle} on {self._host})"

    @property
    def clock(self) -> tuple[int, float] | None:
        return self._session.clock

    # Who

    def identify(self) -> Identity | NotSent | Refused:
        answer = self._get("com.atproto.server.getSession")
        if not isinstance(answer, Answer):
            return of_the_account(answer)
        match answer.object():
            case {"active": False, "status": status}:
                words = shortened(status) or "it does not say why"
                return Refused(f"the account is not active on {self._host}: {words}", _INACTIVE, account=True)
            case {"did": str(did), "handle": str(handle)} if did.startswith("did:") and discreet(did) == did:
                self._did = did
                return Identity(did, discreet(handle), BLUESKY, answer.clock_offset)
            case _:
                return before_sending(verdict(answer, self._host))

    def _known(self) -> NotSent | Refused | None:
        """Make sure that our DID is known; otherwise say why it cannot be."""
        if self._did:
            return None
        identity = self.identify()
        return None if isinstance(identity, Identity) else identity

    # Before the moment

    def foresee(self, posts: Iterable[Rendered], read_media: ReadMedia) -> None:
        self._cards.begin(posts, read_media)

    def prepare(self, task: Task, read_media: ReadMedia) -> Prepared | NotSent | Refused:
        identity = self.identify()  # renews a session that would end soon, too
        if not isinstance(identity, Identity):
            return identity
        mentions = self._resolved(task)
        if not isinstance(mentions, Mapping):
            return mentions
        found = self._with_references(task)
        if not isinstance(found, Task):
            return found
        task = found
        cards = self._cards.prepare(task, read_media)
        if not isinstance(cards, tuple):
            return cards
        uploads = self._uploads.of(self._did, task, read_media)
        if not isinstance(uploads, tuple):
            return uploads
        known_of_cards, remark = cards
        records = []
        for number, part in enumerate(task.rendered.parts, start=1):
            known = {**mentions, **blobs(number, uploads), **known_of_cards}
            records.append(without_what_its_card_lacks(without_unknown_mentions(filled(part.body, known))))
        notes = {"unknown_handles": self._unknown_handles(task), "remark": remark}
        return Prepared(task, uploads, records, notes)

    def _with_references(self, task: Task) -> Task | NotSent | Refused:
        """The task with the posts that it answers and quotes, and with lists, in the places that waited for them."""
        known = references(task, self._ask, self._host)
        if not isinstance(known, Mapping):
            return known
        parts = (
            replace(part, body=filled(part.body, known), gates=tuple(filled(gate, known) for gate in part.gates))
            for part in task.rendered.parts
        )
        return replace(task, rendered=replace(task.rendered, parts=tuple(parts))) if known else task

    def _resolved(self, task: Task) -> Mapping[Pending, str] | NotSent | Refused:
        """The DIDs of the handles that a post mentions; a handle that nobody has is not in it."""
        wanted = _mentions(task)
        for pending in wanted:
            if pending.of not in self._dids:
                answer = self._get("com.atproto.identity.resolveHandle", handle=pending.of)
                if isinstance(answer, Refused) and not answer.account:
                    self._dids[pending.of] = None
                elif not isinstance(answer, Answer):
                    return before_sending(answer)
                else:
                    did = answer.object().get("did")
                    self._dids[pending.of] = did if isinstance(did, str) and did.startswith("did:") else None
        return {pending: did for pending in wanted if (did := self._dids[pending.of]) is not None}

    def _unknown_handles(self, task: Task) -> tuple[str, ...]:
        """The handles whose mentions became plain text."""
        handles = {pending.of for pending in _mentions(task)}
        return tuple(sorted(handle for handle in handles if self._dids[handle] is None))

    def warm(self) -> None:
        self._session.freshen()
        self._get("com.atproto.server.getSession")

    # The moment

    def publish(self, prepared: Prepared, done: Sequence[SentPart]) -> Outcome:
        problem = self._known()
        if problem is not None:
            return problem
        ready = completed(self._did, prepared.task.key, prepared.requests, done, self._now())
        if not ready:
            return Published(())
        is_alone = len(prepared.requests) == 1 and not prepared.task.rendered.parts[0].gates
        heard = self._put(*ready[0]) if is_alone else self._apply(ready, prepared.task.rendered)
        self.allowance = heard.allowance if isinstance(heard, Answer) else None
        if not isinstance(heard, Answer):
            return heard if isinstance(heard, NotSent | Refused | Unsure) else verdict(heard, self._host)
        if heard.is_ok:
            return self._confirmed(heard, prepared, [part for part, _ in ready])
        # A 500 with a name is the server's own: it is done with the request. One without is a proxy's.
        if error_name(heard) == "InvalidSwap" or (heard.status == 500 and error_name(heard)):
            return self._what_is_there(prepared, [part for part, _ in ready])
        return self._refused(heard, prepared.task)

    def _put(self, part: SentPart, record: Mapping[str, Any]) -> Heard | NotSent | Refused:
        # A null here means "only if nothing is there"; left out, it would mean "whatever is there".
        body = {"repo": self._did, "collection": POST, "rkey": part.key, "record": record, "swapRecord": None}
        return self._send("com.atproto.repo.putRecord", body)

    def _apply(
        self, ready: Sequence[tuple[SentPart, Mapping[str, Any]]], rendered: Rendered
    ) -> Heard | NotSent | Refused:
        """Write the parts, then their gates, all or nothing."""
        create = "com.atproto.repo.applyWrites#create"
        writes = [{"$type": create, "collection": POST, "rkey": part.key, "value": record} for part, record in ready]
        for part, record in ready:
            for gate in gated(rendered.parts[part.number - 1].gates, part, record):
                writes.append({"$type": create, "collection": gate["$type"], "rkey": part.key, "value": gate})
        return self._send("com.atproto.repo.applyWrites", {"repo": self._did, "writes": writes})

    def _confirmed(self, answer: Answer, prepared: Prepared, expected: Sequence[SentPart]) -> Outcome:
        """The server said yes: to what we sent, as it should be, or else what it has is looked at."""
        said = answer.object()
        results = said.get("results", [said])
        names = [(part.uri, part.cid) for part in expected]
        if isinstance(results, list) and [_name(result) for result in results[: len(names)]] == names:
            return Published(tuple(self._shown(part) for part in expected), prepared.notes["remark"])
        outcome = self._what_is_there(prepared, expected)
        return verdict(answer, self._host) if isinstance(outcome, NotSent) else outcome

    def _what_is_there(self, prepared: Prepared, expected: Sequence[SentPart]) -> Outcome:
        """Settle what an answer leaves open: by the records that are there under our keys."""
        found: list[SentPart] = []
        for part in expected:
            match self._look(part.number, part.key, prepared.requests[part.number - 1]):
                case SentPart() as there:
                    found.append(there)
                case Absent():
                    pass
                case Perhaps(url=url, reason=reason):
                    return Unsure(f"{reason} ({url})")
                case CannotTell(reason=reason):
                    return Unsure(f"nobody can tell whether {self._host} has it: {reason}")
                case other:
                    assert_never(other)
        if len(found) == len(expected):
            return Published(tuple(found), prepared.notes["remark"])
        if found:
            return Unsure(f"{len(found)} of {len(expected)} parts are on {self._host}")
        return NotSent(f"{self._host} did not write it, and has nothing under its key")

    def _refused(self, answer: Answer, task: Task) -> Verdict:
        words = answer.object().get("message")
        if isinstance(words, str) and words.startswith("Could not find blob"):
            # Uploads that nothing refers to are deleted after a while. Once more costs nothing: a blob is its content.
            self._uploads.lost(task.key)
            return NotSent(f"{self._host} has lost the uploads: they are made again", retry_after=0.0)
        return verdict(answer, self._host)

    # Looking up

    def find(self, tasks: Sequence[Task]) -> Sequence[Finding]:
        problem = self._known()
        if problem is not None:
            return [of_a_look_up(problem)] * len(tasks)
        return [self._find(task) for task in tasks]

    def _find(self, task: Task) -> Finding:
        done = {part.number for part in task.done}
        found: list[SentPart] = []
        gap = False
        for number, part in enumerate(task.rendered.parts, start=1):
            if number in done:
                continue
            body = filled(part.body, blobs(number, task.uploads))
            match self._look(number, part_key(task.key, number), body):
                case SentPart() as there if not gap:
                    found.append(there)
                case SentPart(url=url):
                    return Perhaps(url, "a later part of the thread is there, but not all before it")
                case Absent():
                    gap = True
                case other:
                    return other
        return Found(tuple(found)) if found else Absent()

    def _look(self, number: int, key: str, wanted: Mapping[str, Any]) -> SentPart | Absent | Perhaps | CannotTell:
        answer = self._ask("com.atproto.repo.getRecord", repo=self._did, collection=POST, rkey=key)
        if isinstance(answer, NotSent | Refused):
            return of_a_look_up(answer)
        # Only this name is a no. An account that is taken down has the same words under another name.
        if error_name(answer) == "RecordNotFound":
            return Absent()
        if not isinstance(answer, Answer) or not answer.is_ok:
            return of_a_look_up(verdict(answer, self._host))
        match answer.object():
            case {"uri": str(uri), "cid": str(cid), "value": dict(value)} if uri == uri_of(self._did, key):
                part = self._shown(SentPart(number, key, url="", uri=uri, cid=discreet(cid)))
                if same_record(wanted, value):
                    return part
                return Perhaps(part.url, f"another post is on {self._host} under the same key")
            case _:
                return of_a_look_up(verdict(answer, self._host))

    def _shown(self, part: SentPart) -> SentPart:
        return replace(part, url=f"{self._account.web}/profile/{self._did}/post/{part.key}")

    # Calls

    def _ask(self, method: str, **query: str) -> Heard | NotSent | Refused:
        from atproto_client.models.dot_dict import DotDict

        def call(client: Client) -> object:
            return client.invoke_query(method, params=DotDict(query), output_encoding=_JSON)

        return self._session.ask(call)

    def _get(self, method: str, **query: str) -> Answer | Verdict:
        return self._usable(self._ask(method, **query))

    def _send(self, method: str, body: Mapping[str, Any]) -> Heard | NotSent | Refused:
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._session.ask(partial(_invoke, method, data, _JSON))

    def _usable(self, heard: Heard | NotSent | Refused) -> Answer | Verdict:
        if isinstance(heard, NotSent | Refused):
            return heard
        return heard if isinstance(heard, Answer) and heard.is_ok else verdict(heard, self._host)

    def close(self) -> None:
        self._uploads.close()
        self._session.close()


def _mentions(task: Task) -> set[Pending]:
    return {pending for part in task.rendered.parts for pending in pending_in(part.body) if pending.what == "did"}


def _invoke(method: str, data: bytes, mime: str, client: Client) -> object:
    # As bytes: the typed calls would rewrite the record and drop a null.
    return client.invoke_procedure(method, content=data, input_encoding=mime, output_encoding=_JSON)


def _name(result: object) -> tuple[object, object]:
    return (result.get("uri"), result.get("cid")) if isinstance(result, Mapping) else (None, None)
