"""Mastodon, and any server that speaks its API, by Mastodon.py.

A delivery's key goes along as Idempotency-Key. Servers forget it after an hour or never knew it, so what proves that a
post is there is a look at the account's own statuses (https://docs.joinmastodon.org/methods/statuses/#create).
"""

from __future__ import annotations

import hashlib
import mimetypes
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fedisched.model.network import Allowance, Identity, Prepared, ReadMedia, Sessions, ShownCard, Task, Upload
from fedisched.model.outcome import (
    CannotTell,
    Finding,
    NotSent,
    Outcome,
    Published,
    Refused,
    SentPart,
)
from fedisched.model.rendered import Attachment, Card, Limits, Pending, Rendered
from fedisched.model.secret import discreet
from fedisched.model.settings import Account
from fedisched.model.usual import MASTODON
from fedisched.networks.mastodon_answers import verdict
from fedisched.networks.mastodon_instance import limits_of, locks_keys, section
from fedisched.networks.mastodon_matching import EARLIER, Matching, key_of, part_of
from fedisched.networks.mastodon_references import with_references
from fedisched.networks.mastodon_status import Shown, difference, shown
from fedisched.networks.verdict import (
    Verdict,
    before_sending,
    of_a_look_up,
    of_an_upload,
    of_the_account,
    upload_failed,
)
from fedisched.networks.wire import Answer, Heard, NoAnswer, Wire

if TYPE_CHECKING:
    from mastodon import Mastodon as Client

    from fedisched.networks.wire_requests import Session

_OWN_APPLICATION = "fedisched"
_PAGE, _MOST_PAGES = 40, 100
_STILL_PROCESSING = 15.0
# How long to wait before each further look at an upload, in seconds; then somebody else's turn comes.
_LOOKS_AT_UPLOAD = (0.0, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 10.0)


def enquire(account: Account, now: Callable[[], int]) -> Mastodon:
    """The same without a credential, for what a server tells anybody: a person waits for it."""
    return Mastodon(account, None, now, wire=Wire(now, piece_within=10.0, answer_within=20.0))


def connect(account: Account, credential: str, sessions: Sessions, now: Callable[[], int]) -> Mastodon:
    """A Mastodon account needs no session: its token is all there is."""
    return Mastodon(account, credential, now)


class Mastodon:
    """One account on a server with Mastodon's API."""

    is_exact = False  # what proves a post is its text, which others may have too

    def __init__(
        self,
        account: Account,
        credential: str | None,
        now: Callable[[], int],
        settle: float = 120.0,  # a server may still be working on a request whose connection died
        wait: Callable[[float], None] = time.sleep,
        wire: Wire | None = None,
    ) -> None:
        self.settle = settle
        self._account = account
        self._credential = credential
        self._host = urlsplit(account.server).netloc
        self._wire = wire or Wire(now)
        self._wait = wait
        self.allowance: Allowance | None = None
        self._client: Client | None = None
        self._session: Session | None = None
        self._locks_keys = False
        self._identity: Identity | None = None
        self._applications: frozenset[str] | None = None
        # Uploads that no caller has been told of yet: a preparation that failed later does not repeat them.
        self._uploaded: dict[tuple[str, int, int, str], str] = {}

    def __repr__(self) -> str:
        return f"Mastodon({self._host})"

    @property
    def settle_unrecorded(self) -> float:
        return 0.0 if self._locks_keys else self.settle

    @property
    def clock(self) -> tuple[int, float] | None:
        return self._wire.clock

    # Who

    def identify(self) -> Identity | NotSent | Refused:
        answer = self._ask(lambda client: client.account_verify_credentials())
        if not isinstance(answer, Answer):
            return of_the_account(answer)
        said = answer.object()
        match said.get("id"):
            case (str() | int()) as number if str(number) and isinstance(said.get("username"), str):
                self._identity = Identity(
                    f"{self._account.server}#{number}",
                    f"{discreet(said['username'])}@{self._host}",
                    self._limits(said),
                    answer.clock_offset,
                )
                return self._identity
            case _:
                return before_sending(verdict(answer, self._host))

    def _limits(self, person: Mapping[str, Any]) -> Limits:
        """What the instance allows, as far as it tells; a server that tells nothing gets the network's defaults."""
        told = self.limits()
        usual = section(person, "source").get("privacy")
        return replace(
            told if isinstance(told, Limits) else MASTODON, visibility=usual if isinstance(usual, str) else ""
        )

    def limits(self) -> Limits | NotSent:
        """What the instance tells anybody that it allows."""
        for ask in (lambda client: client.instance_v2(), lambda client: client.instance_v1()):
            heard = self._hear(ask)
            if isinstance(heard, NoAnswer):
                return NotSent(f"{self._host} was not reached: {heard.reason}")
            if heard.is_ok and (limits := limits_of(heard.object())) is not None:
                self._locks_keys = locks_keys(heard.object())
                return limits
        return NotSent(f"{self._host} does not tell its limits")

    def is_there(self, handle: str) -> bool | NotSent:
        """Mastodon looks a name up only when a post mentions it."""
        return True

    def card(self, card: Card) -> ShownCard:
        """Mastodon makes its cards itself, when it has the post."""
        return ShownCard("", "", has_picture=False)

    def _known(self) -> Identity | NotSent | Refused:
        return self._identity or self.identify()

    # Before the moment

    def foresee(self, posts: Iterable[Rendered], read_media: ReadMedia) -> None:
        """Mastodon's servers ask the pages themselves."""

    def prepare(self, task: Task, read_media: ReadMedia) -> Prepared | NotSent | Refused:
        identity = self._known()
        if not isinstance(identity, Identity):
            return identity
        found = with_references(task, self._hear, self._host)
        if not isinstance(found, Task):
            return found
        task = found
        uploads = self._uploads(task, read_media)
        if not isinstance(uploads, tuple):
            return uploads
        forms = []
        for number, part in enumerate(task.rendered.parts, start=1):
            ids = {str(upload.position): upload.handle for upload in uploads if upload.part == number}
            forms.append({name: _filled(value, ids) for name, value in part.body.items()})
        return Prepared(task, uploads, forms, self._held(task, forms))

    def _held(self, task: Task, forms: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The request of the part that comes first, by its number, made before the moment."""
        number = len(task.done) + 1
        if number > len(forms) or self._session is None:
            return {}
        post = _posting(task, number, forms, task.done)
        return {_held_as(number): self._session.held(lambda: post(self._opened()))}

    def _uploads(self, task: Task, read_media: ReadMedia) -> tuple[Upload, ...] | NotSent | Refused:
        there = {(upload.part, upload.position): upload for upload in task.uploads}
        done = {part.number for part in task.done}
        uploads = []
        for number, part in enumerate(task.rendered.parts, start=1):
            for position, attachment in enumerate(part.media, start=1):
                upload = there.get((number, position))
                if upload is None and number not in done:
                    data = read_media(attachment)
                    place = (task.key, number, position, hashlib.sha256(data).hexdigest())
                    handle = self._upload(place, attachment, data)
                    if not isinstance(handle, str):
                        return handle
                    upload = Upload(number, position, handle)
                if upload is not None:
                    uploads.append(upload)
        return tuple(uploads)

    def _upload(self, place: tuple[str, int, int, str], attachment: Attachment, data: bytes) -> str | NotSent | Refused:
        if place in self._uploaded:
            return self._processed(self._uploaded[place], attachment)
        ending = mimetypes.guess_extension(attachment.mime) or f".{attachment.mime.partition('/')[2]}"
        focus = tuple(float(number) for number in attachment.focus.split(",")) if attachment.focus else None
        answer = self._ask(
            lambda client: client.media_post(
                data,
                mime_type=attachment.mime,
                description=attachment.alt or None,
                focus=focus,
                file_name=f"attachment{ending}",
            )
        )
        if not isinstance(answer, Answer):
            return of_an_upload(answer)
        match answer.object().get("id"):
            case (str() | int()) as number if str(number):
                self._uploaded[place] = str(number)
                return str(number) if answer.status == 200 else self._processed(str(number), attachment)
            case _:
                return upload_failed(verdict(answer, self._host))

    def _processed(self, media_id: str, attachment: Attachment) -> str | NotSent | Refused:
        """Wait until the server has worked an upload over: a post with it is refused before."""
        for pause in _LOOKS_AT_UPLOAD:
            self._wait(pause)
            answer = self._ask(lambda client: client.media(media_id))
            if not isinstance(answer, Answer):
                return self._unprocessed(answer, media_id, attachment)
            if answer.status != 206:
                return media_id
        return NotSent(f"{self._host} is still working on {attachment.path}", _STILL_PROCESSING)

    def _unprocessed(self, answer: Verdict, media_id: str, attachment: Attachment) -> NotSent | Refused:
        answer = upload_failed(answer)
        if isinstance(answer, Refused) and not answer.account:
            self._uploaded = {place: known for place, known in self._uploaded.items() if known != media_id}
            return Refused(f"{self._host} could not work on {attachment.path}", "Convert the file and try again.")
        return answer

    def warm(self) -> None:
        self._ask(lambda client: client.account_verify_credentials())

    # The moment

    def publish(self, prepared: Prepared, done: Sequence[SentPart]) -> Outcome:
        task, number = prepared.task, len(done) + 1
        if number > len(prepared.requests):
            return Published(())
        held: Callable[[], object] | None = prepared.notes.get(_held_as(number))
        post = _posting(task, number, prepared.requests, done)
        heard = self._wire.hear(held) if held else self._hear(post)
        self.allowance = heard.allowance if isinstance(heard, Answer) else None
        if not isinstance(heard, Answer) or not heard.is_ok:
            return verdict(heard, self._host)
        status = shown(heard.json())
        if status is None or not self._is_ours(status):
            return verdict(heard, self._host)
        return Published((part_of(task, number, status),), difference(_form(prepared.requests, number, done), status))

    def _is_ours(self, status: Shown) -> bool:
        mine = self._identity.account_id.rpartition("#")[2] if self._identity else ""
        return not mine or not status.account or status.account == mine

    # Looking up

    def find(self, tasks: Sequence[Task]) -> Sequence[Finding]:
        identity = self._known()
        if not isinstance(identity, Identity):
            return [of_a_look_up(identity)] * len(tasks)
        offset = round((identity.clock_offset or 0.0) * 1_000_000)
        listed = self._own_statuses(identity, min((task.since for task in tasks), default=0) + offset - EARLIER)
        if isinstance(listed, CannotTell):
            return [listed] * len(tasks)
        sources: dict[str, str | None] = {}

        def source_of(status: Shown) -> str | None:
            if status.id not in sources:
                sources[status.id] = self._source(status.id)
            return sources[status.id]

        return Matching(listed, source_of, offset, self._own_applications()).findings(tasks)

    def _own_statuses(self, identity: Identity, since: int) -> list[Shown] | CannotTell:
        """Every status of ours since a moment by the server's clock, paged to the end."""
        mine, last = identity.account_id.rpartition("#")[2], None
        listed: dict[str, Shown] = {}
        for _ in range(_MOST_PAGES):
            page = self._page(mine, last)
            if isinstance(page, CannotTell):
                return page
            if not page:
                return list(listed.values())
            if all(status.id in listed for status in page):
                return CannotTell(f"{self._host} lists the same posts again and again")
            listed |= {status.id: status for status in page}
            last, oldest = page[-1].id, page[-1].created_at
            if oldest is not None and oldest < since:
                return list(listed.values())
        return CannotTell(f"{self._host} lists more posts than can be read")

    def _page(self, mine: str, last: str | None) -> list[Shown] | CannotTell:
        heard = self._hear(lambda client: client.account_statuses(mine, limit=_PAGE, max_id=last))
        if isinstance(heard, Answer) and heard.is_ok and isinstance(said := heard.json(), list):
            read = [shown(status) for status in said]
            page = [status for status in read if status is not None]
            if len(page) == len(read):
                return page
        found = of_a_look_up(verdict(heard, self._host))
        # A token that may post but not read is a token that may post.
        return replace(found, refused=None) if isinstance(heard, Answer) and heard.status == 403 else found

    def _source(self, status_id: str) -> str | None:
        answer = self._ask(lambda client: client.status_source(status_id))
        text = answer.object().get("text") if isinstance(answer, Answer) else None
        return text if isinstance(text, str) else None

    def _own_applications(self) -> frozenset[str]:
        """The names under which our posts appear: what the server calls our token's application."""
        if self._applications is None:
            answer = self._ask(lambda client: client.app_verify_credentials())
            name = answer.object().get("name") if isinstance(answer, Answer) else None
            self._applications = frozenset({_OWN_APPLICATION} | ({name} if isinstance(name, str) and name else set()))
        return self._applications

    # Calls

    def _ask(self, call: Callable[[Client], object]) -> Answer | Verdict:
        heard = self._hear(call)
        return heard if isinstance(heard, Answer) and heard.is_ok else verdict(heard, self._host)

    def _hear(self, call: Callable[[Client], object]) -> Heard:
        return self._wire.hear(lambda: call(self._opened()))

    def _opened(self) -> Client:
        if self._client is None:
            from mastodon import Mastodon as Client

            from fedisched.networks.wire_requests import Session

            # With any other settings it may sleep in a call, send a POST again, or ask for the version for ever.
            self._session = Session(self._wire)
            self._client = Client(
                access_token=self._credential,
                api_base_url=self._account.server,
                session=self._session,
                ratelimit_method="throw",
                mastodon_version="4.6.0",
                version_check_mode="created",
                user_agent=_OWN_APPLICATION,
            )
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._wire.hear(self._client.session.close)
            self._client = None


def _form(forms: Sequence[Mapping[str, Any]], number: int, done: Sequence[SentPart]) -> dict[str, Any]:
    """A part's form, with its parent's id once that is known."""
    form = dict(forms[number - 1])
    if form.get("in_reply_to_id") == Pending("in_reply_to_id"):
        form["in_reply_to_id"] = done[-1].id
    # Left out, the library would send a "0", which some servers refuse beside a poll.
    form.setdefault("sensitive", None)
    return form


def _posting(
    task: Task, number: int, forms: Sequence[Mapping[str, Any]], done: Sequence[SentPart]
) -> Callable[[Client], object]:
    """The library's call that posts a part."""
    form = _form(forms, number, done)
    return lambda client: client.status_post(**form, idempotency_key=key_of(task, number))


def _held_as(number: int) -> str:
    return f"part {number}"


def _filled(value: Any, media_ids: Mapping[str, str]) -> Any:
    match value:
        case Pending(what="media", of=position):
            return media_ids.get(position, value)
        case list() | tuple():
            return [_filled(item, media_ids) for item in value]
        case _:
            return value
