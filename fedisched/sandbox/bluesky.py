"""The Bluesky side: the part of a personal data server's XRPC that publishing and looking up need.

Shapes, statuses and messages are those of @atproto/pds 0.4 (https://docs.bsky.app/docs/category/http-reference).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fedisched.model.tid import ALPHABET
from fedisched.sandbox import sniff
from fedisched.sandbox.cid import cid_of_blob, cid_of_record
from fedisched.sandbox.lexicon import wrong_key, wrong_record
from fedisched.sandbox.quota import Quota
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.sessions import Sessions, invalid, refusal, sent_json
from fedisched.sandbox.store import Blob, Record, Repo, Store
from fedisched.sandbox.wire import Call, Reply, Route, Turned, answer

_MOST_WRITES = 200
_MOST_BYTES = 150 * 1024


def broken() -> Turned:
    return refusal("InternalServerError", "Internal Server Error", 500)


@dataclass(frozen=True, slots=True)
class Write:
    """One step of a commit; without a record a deletion."""

    action: str
    collection: str
    rkey: str
    record: Mapping[str, Any] | None = None
    cid: str = ""


@dataclass(slots=True)
class Bluesky:
    """One personal data server with its repositories."""

    store: Store
    rules: Rules
    sessions: Sessions
    last_tid: int = 0

    def routes(self) -> Sequence[Route]:
        queries: dict[str, Callable[[Call], Reply]] = {
            "com.atproto.server.describeServer": self.sessions.describe_server,
            "com.atproto.server.getSession": self.sessions.get_session,
            "com.atproto.identity.resolveHandle": self.sessions.resolve_handle,
            "com.atproto.repo.describeRepo": self.sessions.describe_repo,
            "com.atproto.repo.getRecord": self.get_record,
            "com.atproto.repo.listRecords": self.list_records,
            "com.atproto.sync.getBlob": self.get_blob,
        }
        procedures: dict[str, Callable[[Call], Reply]] = {
            "com.atproto.server.createSession": self.sessions.create_session,
            "com.atproto.server.refreshSession": self.sessions.refresh_session,
            "com.atproto.server.deleteSession": self.sessions.delete_session,
            "com.atproto.repo.uploadBlob": self.upload_blob,
            "com.atproto.repo.createRecord": self.create_record,
            "com.atproto.repo.putRecord": self.put_record,
            "com.atproto.repo.applyWrites": self.apply_writes,
            "com.atproto.repo.deleteRecord": self.delete_record,
        }
        return (
            *(Route("GET", f"/xrpc/{name}", handle) for name, handle in queries.items()),
            *(Route("POST", f"/xrpc/{name}", handle) for name, handle in procedures.items()),
        )

    # Blobs

    def upload_blob(self, call: Call) -> Reply:
        repo = self.sessions.active(call)
        named = call.headers.get("content-type", "").partition(";")[0].strip()
        if not named:
            raise invalid("Request encoding (Content-Type) required but not provided")
        if len(call.body) > self.rules.blob_limit:
            raise refusal("PayloadTooLarge", "request entity too large", 413)
        blob = Blob(repo.did, cid_of_blob(call.body), sniff.mime_of(call.body) or named, call.body)
        self.store.blobs[repo.did, blob.cid] = blob
        reference = {"$type": "blob", "ref": {"$link": blob.cid}, "mimeType": blob.mime, "size": len(blob.data)}
        return answer({"blob": reference})

    def get_blob(self, call: Call) -> Reply:
        blob = self.store.blobs.get((call.query.get("did", ""), call.query.get("cid", "")))
        if blob is None:
            raise refusal("BlobNotFound", "Blob not found")
        return Reply(200, blob.data, blob.mime if blob.mime in sniff.TYPES else "application/octet-stream")

    # Writing

    def create_record(self, call: Call) -> Reply:
        form = sent_json(call)
        repo = self.sessions.writer(call, form)
        write = self._write("create", form, "record")
        return self._written(self._commit(repo, [write])[0])

    def put_record(self, call: Call) -> Reply:
        form = sent_json(call)
        repo = self.sessions.writer(call, form)
        if "rkey" not in form:
            raise invalid('Input must have the property "rkey"')
        write = self._write("put", form, "record")
        there = self.store.records.get((repo.did, write.collection, write.rkey))
        if there is not None and there.cid == write.cid:
            return answer({"uri": there.uri, "cid": there.cid, "validationStatus": "valid"})
        self._expect(form, there)
        quota = Quota(self.store, self.rules, "bluesky")
        quota.expect_one_more(repo.did)
        return quota.told(self._written(self._commit(repo, [write])[0]), repo.did)

    def delete_record(self, call: Call) -> Reply:
        form = sent_json(call)
        repo = self.sessions.writer(call, form)
        write = self._write("delete", form, "record")
        there = self.store.records.get((repo.did, write.collection, write.rkey))
        self._expect(form, there)
        if there is None:
            return answer({})
        self._commit(repo, [write])
        return answer({"commit": self._revision()})

    def apply_writes(self, call: Call) -> Reply:
        form = sent_json(call)
        if len(call.body) > _MOST_BYTES:
            raise refusal("PayloadTooLarge", "request entity too large", 413)
        repo = self.sessions.writer(call, form)
        steps = form.get("writes")
        if not isinstance(steps, list):
            raise invalid('Input must have the property "writes"')
        if len(steps) > _MOST_WRITES:
            raise invalid(f"Too many writes. Max: {_MOST_WRITES}")
        writes = [self._write(_action(step), step, "value") for step in steps]
        quota = Quota(self.store, self.rules, "bluesky")
        quota.expect_one_more(repo.did)
        return quota.told(self._committed(writes, self._commit(repo, writes)), repo.did)

    def _expect(self, form: Mapping[str, Any], there: Record | None) -> None:
        """`swapRecord` names the record that must be there now, null that none is."""
        if "swapRecord" in form and form["swapRecord"] != (there.cid if there else None):
            raise refusal("InvalidSwap", f"Record was at {there.cid if there else 'null'}")

    def _write(self, action: str, form: Mapping[str, Any], name: str) -> Write:
        collection = form.get("collection")
        if not isinstance(collection, str) or collection.count(".") < 2:
            raise invalid("Input/collection must be a valid nsid")
        rkey = form.get("rkey", self._tid() if action == "create" else None)
        if wrong := wrong_key(collection, rkey):
            raise invalid(wrong)
        if action == "delete":
            return Write(action, collection, rkey)
        record = form.get(name)
        if not isinstance(record, dict):
            raise invalid(f"Input/{name} must be an object")
        record = {"$type": collection, **record}
        if wrong := wrong_record(collection, record):
            raise invalid(wrong)
        try:
            return Write(action, collection, rkey, record, cid_of_record(record))
        except ValueError as error:
            raise invalid(f"Bad record: {error}") from error

    def _commit(self, repo: Repo, writes: Sequence[Write]) -> list[Record | None]:
        """Write all or nothing."""
        before = dict(self.store.records)
        try:
            return [self._step(repo, write) for write in writes]
        except Turned:
            self.store.records.clear()
            self.store.records.update(before)
            raise

    def _step(self, repo: Repo, write: Write) -> Record | None:
        place = (repo.did, write.collection, write.rkey)
        there = place in self.store.records
        if (write.action == "create" and there) or (write.action in ("update", "delete") and not there):
            raise broken()
        if write.record is None:
            del self.store.records[place]
            return None
        self._check_blobs(repo, write.record)
        body = json.dumps(write.record, ensure_ascii=False)
        record = self.store.records[place] = Record(*place, cid=write.cid, body=body, at=self.store.now())
        return record

    def _check_blobs(self, repo: Repo, record: Mapping[str, Any]) -> None:
        """Size and type of a blob are judged when a record refers to it, not when it is uploaded."""
        for place, reference in blobs_in(record):
            cid = reference["ref"]["$link"]
            blob = self.store.blobs.get((repo.did, cid))
            if blob is None:
                raise refusal("BlobNotFound", f"Could not find blob: {cid}")
            if reference.get("mimeType") != blob.mime:
                got = reference.get("mimeType")
                raise refusal(
                    "InvalidMimeType",
                    f"Referenced Mimetype does not match stored blob. Expected: {blob.mime}, Got: {got}",
                )
            accepted, limit = self._taken(place, len(blob.data))
            if not blob.mime.startswith(accepted.rstrip("*")):
                raise refusal("InvalidMimeType", f"Wrong type of file. It is {blob.mime} but it must match {accepted}.")
            if len(blob.data) > limit:
                size = f"This file is too large. It is {len(blob.data)} bytes but the maximum size is {limit} bytes."
                raise refusal("BlobTooLarge", size)

    def _taken(self, place: str, any_size: int) -> tuple[str, int]:
        """Which files a field takes, and how large."""
        rules = self.rules
        return {
            "image": ("image/*", rules.image_limit),
            "thumb": ("image/*", rules.thumb_limit),
            "video": ("video/mp4", rules.video_limit),
            "file": ("text/vtt", rules.captions_limit),
        }.get(place, ("", any_size))

    def _committed(self, writes: Sequence[Write], records: Sequence[Record | None]) -> Reply:
        results = [_result(write, record) for write, record in zip(writes, records, strict=True)]
        created = tuple(record.uri for record in records if record)
        return replace(answer({"commit": self._revision(), "results": results}), created=created)

    def _written(self, record: Record | None) -> Reply:
        if record is None:
            raise broken()
        body = {"uri": record.uri, "cid": record.cid, "commit": self._revision(), "validationStatus": "valid"}
        return replace(answer(body), created=(record.uri,))

    def _revision(self) -> dict[str, str]:
        rev = self._tid()
        return {"cid": cid_of_record({"rev": rev}), "rev": rev}

    def _tid(self) -> str:
        """A TID of this moment, always greater than the one before."""
        self.last_tid = max(self.last_tid + 1, self.store.now())
        number = self.last_tid << 10
        return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))

    # Reading

    def get_record(self, call: Call) -> Reply:
        place = [call.query.get(name, "") for name in ("repo", "collection", "rkey")]
        repo = self.sessions.repo_named(place[0])
        uri = f"at://{'/'.join(place)}"
        if repo is None or repo.state != "active":
            raise invalid(f"Could not locate record: {uri}")
        record = self.store.records.get((repo.did, place[1], place[2]))
        wanted = call.query.get("cid")
        if record is None or record.uri in self.store.unlisted or wanted not in (None, record.cid):
            raise refusal("RecordNotFound", f"Could not locate record: {uri}")
        return answer({"uri": record.uri, "cid": record.cid, "value": record.value})

    def list_records(self, call: Call) -> Reply:
        repo = self.sessions.repo_named(call.query.get("repo", ""))
        if repo is None or repo.state != "active":
            raise invalid(f"Could not find repo: {call.query.get('repo')}")
        records = self.store.records_of(repo.did, call.query.get("collection", ""))
        records = [record for record in records if record.uri not in self.store.unlisted]
        limit = call.query.get("limit", "50")
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            raise invalid("limit must be between 1 and 100")
        shown = _after(records, call.query.get("cursor"), call.query.get("reverse") == "true")[: int(limit)]
        body = [{"uri": record.uri, "cid": record.cid, "value": record.value} for record in shown]
        return answer({"records": body, **({"cursor": shown[-1].rkey} if shown else {})})


def blobs_in(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every blob that a record refers to, with the name of the field it stands in."""
    match value:
        case {"$type": "blob", "ref": {"$link": str()}}:
            yield place, value
        case dict():
            for name, item in value.items():
                yield from blobs_in(item, name)
        case list():
            for item in value:
                yield from blobs_in(item, place)


def _after(records: list[Record], cursor: str | None, reverse: bool) -> list[Record]:
    if reverse:
        return [record for record in reversed(records) if cursor is None or record.rkey > cursor]
    return [record for record in records if cursor is None or record.rkey < cursor]


def _action(step: Any) -> str:
    kind = step.get("$type", "") if isinstance(step, dict) else ""
    name, _, action = kind.partition("#")
    if name != "com.atproto.repo.applyWrites" or action not in ("create", "update", "delete"):
        raise invalid('Input/writes must be an object which includes the "$type" property')
    return str(action)


def _result(write: Write, record: Record | None) -> dict[str, Any]:
    kind = {"$type": f"com.atproto.repo.applyWrites#{write.action}Result"}
    return {**kind, "uri": record.uri, "cid": record.cid, "validationStatus": "valid"} if record else kind
