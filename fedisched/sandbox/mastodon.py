"""The Mastodon side: the part of its API that publishing and looking up need.

Shapes and messages are those of Mastodon 4.6 (https://docs.joinmastodon.org/methods/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from fedisched.sandbox import sniff
from fedisched.sandbox.quota import Quota
from fedisched.sandbox.quotes import found_at, quoting
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.statuses import length, media_json, person_json, status_json
from fedisched.sandbox.store import Media, Person, Status, Store
from fedisched.sandbox.wire import Call, Reply, Route, Turned, answer, refusal

VISIBILITIES = ("public", "unlisted", "private", "direct")
SHORTEST_POLL, LONGEST_POLL = 300, 2_629_746
_PAGE, _LONGEST_PAGE = 20, 40


def not_found() -> Turned:
    return refusal("Record not found", 404)


@dataclass(slots=True)
class Mastodon:
    """`replies` are the answers that idempotency keys stand for, with the moment they were given; `working` are the
    keys whose first request is not done yet. Both per account."""

    store: Store
    rules: Rules
    replies: dict[tuple[str, str], tuple[int, Reply]] = field(default_factory=dict)
    working: set[tuple[str, str]] = field(default_factory=set)

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/api/v1/instance", self.instance_v1),
            Route("GET", "/api/v2/instance", self.instance_v2),
            Route("GET", "/api/v1/accounts/verify_credentials", self.verify_credentials),
            Route("GET", "/api/v1/accounts/{id}/statuses", self.account_statuses),
            Route("GET", "/api/v2/search", self.search),
            Route("POST", "/api/v1/statuses", self.post_status),
            Route("GET", "/api/v1/statuses/{id}", self.get_status),
            Route("GET", "/api/v1/statuses/{id}/source", self.get_source),
            Route("DELETE", "/api/v1/statuses/{id}", self.delete_status),
            Route("POST", "/api/v1/media", self.post_media),
            Route("POST", "/api/v2/media", self.post_media),
            Route("GET", "/api/v1/media/{id}", self.get_media),
            Route("PUT", "/api/v1/media/{id}", self.put_media),
        )

    # Who

    def account(self, call: Call, *scopes: str) -> Person:
        """Whose token it is; one of these scopes, or the wider one before its colon, has to be the token's."""
        account_id = self.store.tokens.get(call.token)
        if account_id is None:
            raise refusal("The access token is invalid", 401)
        grant = self.store.grants.get(call.token)
        enough = {*scopes, *(scope.partition(":")[0] for scope in scopes)}
        if grant is not None and not grant.scopes & enough:
            raise refusal("This action is outside the authorized scopes", 403)
        return self.store.people[account_id]

    def verify_credentials(self, call: Call) -> Reply:
        person = self.account(call, "profile", "read:accounts")
        source = {"privacy": "public", "sensitive": False, "language": "en", "note": "", "fields": []}
        return answer({**person_json(person, self.store, self.store.origin), "source": source})

    # The instance

    def _configuration(self) -> dict[str, Any]:
        rules = self.rules
        return {
            "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
            "statuses": {
                "max_characters": rules.max_characters,
                "max_media_attachments": rules.max_media,
                "characters_reserved_per_url": rules.characters_per_url,
            },
            "media_attachments": {
                "supported_mime_types": list(sniff.TYPES),
                "description_limit": rules.max_description,
                "image_size_limit": rules.media_limit,
                "image_matrix_limit": 33_177_600,
                "video_size_limit": rules.film_limit,
                "video_frame_rate_limit": 120,
                "video_matrix_limit": 8_294_400,
            },
            "polls": {
                "max_options": 4,
                "max_characters_per_option": 50,
                "min_expiration": SHORTEST_POLL,
                "max_expiration": LONGEST_POLL,
            },
        }

    def _software(self) -> tuple[str, str]:
        """The version and the address of the source, as the server that is played tells them."""
        if self.rules.counts_code_points:
            return "0.19.1+git-fedisched", "https://codeberg.org/superseriousbusiness/gotosocial"
        if self.rules.key_seconds <= 0:
            return "takahe/0.11.0", "https://github.com/jointakahe/takahe"
        version = "4.4.9" if not self.rules.quotes else "4.6.0" if self.rules.locks_key else "4.5.2"
        return version, "https://github.com/mastodon/mastodon"

    def instance_v1(self, call: Call) -> Reply:
        return answer(
            {
                "uri": self.store.origin.partition("//")[2],
                "title": "fedisched sandbox",
                "short_description": "A place to try things out",
                "description": "",
                "email": "",
                "version": self._software()[0],
                "urls": {},
                "stats": {"user_count": len(self.store.people), "status_count": len(self.store.statuses)},
                "languages": ["en"],
                "registrations": False,
                "approval_required": False,
                "invites_enabled": False,
                "configuration": self._configuration(),
                "contact_account": None,
                "rules": [],
            }
        )

    def instance_v2(self, call: Call) -> Reply:
        return answer(
            {
                "domain": self.store.origin.partition("//")[2],
                "title": "fedisched sandbox",
                "version": self._software()[0],
                "source_url": self._software()[1],
                "description": "A place to try things out",
                "usage": {"users": {"active_month": len(self.store.people)}},
                "api_versions": {"mastodon": 7 if self.rules.quotes else 6},
                "languages": ["en"],
                "configuration": self._configuration(),
                "registrations": {"enabled": False, "approval_required": False, "message": None},
                "contact": {"email": "", "account": None},
                "rules": [],
            }
        )

    # Idempotency

    @contextmanager
    def keyed(self, call: Call) -> Iterator[Reply | None]:
        """The answer that the request's idempotency key already has, decided when the request arrives; meanwhile the
        key counts as being worked on."""
        key = self._key(call)
        if key is None:
            yield None
            return
        if key in self.working and self.rules.locks_key:
            yield answer({"error": "There was a temporary problem serving your request, please try again"}, 503)
            return
        replay = self._replay(key)
        self.working.add(key)
        try:
            yield replay
        finally:
            self.working.discard(key)

    def _key(self, call: Call) -> tuple[str, str] | None:
        account_id = self.store.tokens.get(call.token)
        if not call.seen.key or account_id is None or self.rules.key_seconds <= 0:
            return None
        return (account_id, call.seen.key) if (call.method, call.path) == ("POST", "/api/v1/statuses") else None

    def _replay(self, key: tuple[str, str]) -> Reply | None:
        given, reply = self.replies.get(key, (0, None))
        if reply is None or self.store.now() - given > self.rules.key_seconds * 1_000_000:
            return None
        return answer({"error": "Internal Server Error"}, 500) if self.rules.replay_fails else reply

    # Statuses

    def post_status(self, call: Call) -> Reply:
        person = self.account(call, "write:statuses")
        quota = Quota(self.store, self.rules, "mastodon")
        quota.expect_one_more(person.id)
        media = self._attachable(person, call.texts("media_ids"))
        parent = call.text("in_reply_to_id") or None
        if parent is not None and parent not in self.store.statuses:
            raise refusal("The post you are trying to reply to does not appear to exist.", 404)
        status = self._create(self._drafted(call, person, media, parent))
        reply = replace(answer(status_json(status, self.store, self.store.origin)), created=(status.id,))
        reply = quota.told(reply, person.id)
        key = self._key(call)
        if key is not None and call.remember:
            self.replies[key] = (self.store.now(), reply)
        return reply

    def _drafted(self, call: Call, person: Person, media: tuple[Media, ...], parent: str | None) -> Status:
        text = call.text("status").strip() if call.keep_text else ""
        warning = call.text("spoiler_text").strip()
        visibility = call.text("visibility") or "public"
        if not text and warning:
            text = "🖼" if any(item.kind == "image" for item in media) else "."
        if not text and not media and call.keep_text:
            raise refusal("Validation failed: Text can't be blank")
        if length(text, warning, self.rules) > self.rules.max_characters:
            raise refusal(f"Validation failed: Text character limit of {self.rules.max_characters} exceeded")
        if visibility not in VISIBILITIES:
            raise refusal("Validation failed: Visibility is not included in the list")
        return Status(
            id=self.store.new_id(),
            account_id=person.id,
            text=text,
            created_at=self.store.now(),
            spoiler_text=warning,
            visibility=visibility,
            language=call.text("language") or "en",
            sensitive=call.flag("sensitive") or bool(warning),
            in_reply_to_id=parent,
            media=media,
            poll=self._poll(call, media),
            **(quoting(call, person, self.store) if self.rules.quotes else {}),
            application=self.rules.application,
            key=call.seen.key,
        )

    def _poll(self, call: Call, media: tuple[Media, ...]) -> dict[str, Any] | None:
        poll = call.form.get("poll")
        if not isinstance(poll, dict):
            return None
        options = poll.get("options")
        if media:
            raise refusal("Validation failed: Media attachments cannot be combined with a poll")
        if not isinstance(options, list) or not 2 <= len(options) <= 4:
            raise refusal("Validation failed: Options must have 2 to 4 items")
        if any(len(str(option)) > 50 for option in options):
            raise refusal("Validation failed: Options cannot be longer than 50 characters each")
        _expect_duration(str(poll.get("expires_in") or ""))
        return dict(poll)

    def _attachable(self, person: Person, ids: tuple[str, ...]) -> tuple[Media, ...]:
        """The uploads of these ids. Each can be attached once: a fence even for servers that ignore keys."""
        if len(ids) > self.rules.max_media:
            raise refusal(f"Validation failed: Cannot attach more than {self.rules.max_media} files")
        found = [self.store.media.get(media_id) for media_id in ids]
        media = tuple(item for item in found if item and item.account_id == person.id and item.status_id is None)
        missing = [media_id for media_id in ids if media_id not in {item.id for item in media}]
        if missing:
            raise refusal(
                f"Validation failed: Media {', '.join(missing)} not found or already attached to another post"
            )
        if len(media) > 1 and any(item.kind != "image" for item in media):
            raise refusal("Validation failed: Cannot attach a video to a post that already contains images")
        if any(item.looks for item in media):
            raise refusal("Cannot attach files that have not finished processing. Try again in a moment!")
        return media

    def _create(self, status: Status) -> Status:
        self.store.statuses[status.id] = status
        for item in status.media:
            self.store.media[item.id] = replace(item, status_id=status.id)
        return status

    def get_status(self, call: Call) -> Reply:
        return answer(status_json(self._visible(call), self.store, self.store.origin))

    def search(self, call: Call) -> Reply:
        """Only for the address of a status of this server: it knows no other."""
        person = self.account(call, "read:search")
        found = found_at(call.query.get("q", ""), person, self.store)
        statuses = [status_json(status, self.store, self.store.origin) for status in found]
        return answer({"accounts": [], "statuses": statuses, "hashtags": []})

    def get_source(self, call: Call) -> Reply:
        status = self._own(call, "read:statuses")
        return answer({"id": status.id, "text": status.text, "spoiler_text": status.spoiler_text})

    def delete_status(self, call: Call) -> Reply:
        status = self._own(call, "write:statuses")
        shown = status_json(status, self.store, self.store.origin)
        del self.store.statuses[status.id]
        for item in status.media:
            self.store.media[item.id] = replace(item, status_id=None)
        return answer({**shown, "text": status.text})

    def _own(self, call: Call, scope: str) -> Status:
        person = self.account(call, scope)
        status = self.store.statuses.get(call.parts["id"])
        if status is None or status.account_id != person.id:
            raise not_found()
        return status

    def _visible(self, call: Call) -> Status:
        status = self.store.statuses.get(call.parts["id"])
        if status is None or not self._may_see(call, status):
            raise not_found()
        return status

    def _may_see(self, call: Call, status: Status) -> bool:
        return status.visibility in ("public", "unlisted") or self.store.tokens.get(call.token) == status.account_id

    def account_statuses(self, call: Call) -> Reply:
        if call.token:
            self.account(call, "read:statuses")
        if call.parts["id"] not in self.store.people:
            raise not_found()
        listed = [status for status in self.store.statuses_of(call.parts["id"]) if self._listed(call, status)]
        shown = _one_page(listed, call, oldest="min_id" in call.query and not self.rules.min_id_is_since_id)
        body = [status_json(status, self.store, self.store.origin) for status in shown]
        return answer(body, headers=self._links(call, shown))

    def _listed(self, call: Call, status: Status) -> bool:
        parent = self.store.statuses.get(status.in_reply_to_id or "")
        to_others = status.in_reply_to_id is not None and (parent is None or parent.account_id != status.account_id)
        return not (
            status.id in self.store.unlisted
            or not self._may_see(call, status)
            or (_asked(call, "exclude_reblogs") and status.boost_of is not None)
            or (_asked(call, "exclude_replies") and to_others)
            or (_asked(call, "exclude_direct") and status.visibility == "direct")
            or (_asked(call, "only_media") and not status.media)
            or _asked(call, "pinned")
        )

    def _links(self, call: Call, shown: Sequence[Status]) -> dict[str, str]:
        if not shown:
            return {}
        url = f"{self.store.origin}{call.path}?limit={_page_length(call)}"
        older, newer = f'<{url}&max_id={shown[-1].id}>; rel="next"', f'<{url}&min_id={shown[0].id}>; rel="prev"'
        return {"Link": f"{older}, {newer}" if len(shown) == _page_length(call) else newer}

    # Media

    def post_media(self, call: Call) -> Reply:
        person = self.account(call, "write:media")
        file = call.files.get("file")
        if file is None or not file.data:
            raise refusal("Validation failed: File can't be blank")
        mime = sniff.mime_of(file.data)
        if mime is None:
            raise refusal("Validation failed: File content type is invalid")
        is_image = mime.startswith("image/")
        limit = self.rules.media_limit if is_image else self.rules.film_limit
        if len(file.data) > limit:
            raise refusal(f"Validation failed: File must be less than {limit} bytes")
        looks = self.rules.processing_looks if is_image else self.rules.processing_looks + self.rules.film_looks
        media = Media(self.store.new_id(), person.id, mime, file.data, looks=looks)
        media = self.store.media[media.id] = self._described(media, call)
        return answer(media_json(media, self.store.origin), 202 if media.looks else 200)

    def get_media(self, call: Call) -> Reply:
        media = self._upload(call)
        if media.looks == 0:
            return answer(media_json(media, self.store.origin))
        self.store.media[media.id] = replace(media, looks=media.looks - 1)
        return answer(media_json(media, self.store.origin), 206)

    def put_media(self, call: Call) -> Reply:
        media = self._upload(call)
        media = self.store.media[media.id] = self._described(media, call)
        return answer(media_json(media, self.store.origin))

    def _upload(self, call: Call) -> Media:
        person = self.account(call, "write:media")
        media = self.store.media.get(call.parts["id"])
        if media is None or media.account_id != person.id or media.status_id is not None:
            raise not_found()
        return media

    def _described(self, media: Media, call: Call) -> Media:
        description = call.text("description") if "description" in call.form else media.description
        if len(description) > self.rules.max_description:
            limit = self.rules.max_description
            raise refusal(f"Validation failed: Description is too long (maximum is {limit} characters)")
        return replace(media, description=description, focus=_focus(call.text("focus")) or media.focus)


def _expect_duration(seconds: str) -> None:
    if not seconds.isdigit():
        raise refusal("Validation failed: Expires at can't be blank")
    if not SHORTEST_POLL <= int(seconds) <= LONGEST_POLL:
        how = "too soon" if int(seconds) < SHORTEST_POLL else "too far into the future"
        raise refusal(f"Validation failed: Expires at is {how}")


def _focus(text: str) -> tuple[float, float] | None:
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        return None
    return (x, y)


def _asked(call: Call, name: str) -> bool:
    return call.query.get(name, "").lower() not in {"", "0", "false", "f", "off"}


def _page_length(call: Call) -> int:
    limit = call.query.get("limit", "")
    return min(int(limit), _LONGEST_PAGE) if limit.isdigit() else _PAGE


def _one_page(listed: list[Status], call: Call, *, oldest: bool) -> list[Status]:
    """The newest of what lies between the ids that were asked for, or the oldest."""

    def bound(name: str, default: float) -> float:
        value = call.query.get(name, "")
        return int(value) if value.isdigit() else default

    above = max(bound("since_id", 0), bound("min_id", 0))
    inside = [status for status in listed if above < int(status.id) < bound("max_id", float("inf"))]
    count = _page_length(call)
    return inside[-count:] if oldest else inside[:count]
