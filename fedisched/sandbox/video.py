"""The service that works videos over for Bluesky: it takes a file with a token of the account's own server, works for a
while, and puts the result on that server (https://docs.bsky.app/docs/tutorials/video)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fedisched.sandbox import sniff
from fedisched.sandbox.cid import cid_of_blob
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.sessions import Sessions, invalid, refusal
from fedisched.sandbox.store import Blob, Store
from fedisched.sandbox.wire import Call, Reply, Route, answer

_UPLOAD = "com.atproto.repo.uploadBlob"
_LONGEST_TOKEN = 3600
_SECOND = 1_000_000


@dataclass(slots=True)
class Job:
    """One video that is worked over; `looks` is how often it will still say that it is not done."""

    id: str
    blob: Blob
    looks: int

    def told(self) -> dict[str, Any]:
        """Its status, as the service tells it."""
        status = {"jobId": self.id, "did": self.blob.did}
        if self.looks > 0:
            return {**status, "state": "JOB_STATE_ENCODING", "progress": 50}
        if not self.blob.mime.startswith("video/"):
            return {**status, "state": "JOB_STATE_FAILED", "error": "InvalidVideo", "message": "Not a video"}
        reference = {"$type": "blob", "ref": {"$link": self.blob.cid}, "mimeType": "video/mp4"}
        return {**status, "state": "JOB_STATE_COMPLETED", "blob": {**reference, "size": len(self.blob.data)}}


@dataclass(slots=True)
class Video:
    """The service, and the one thing that an account's server does for it: making tokens."""

    store: Store
    rules: Rules
    sessions: Sessions
    jobs: dict[str, Job] = field(default_factory=dict)

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/xrpc/com.atproto.server.getServiceAuth", self.service_auth),
            Route("POST", "/xrpc/app.bsky.video.uploadVideo", self.upload),
            Route("GET", "/xrpc/app.bsky.video.getJobStatus", self.job_status),
        )

    def service_auth(self, call: Call) -> Reply:
        repo = self.sessions.active(call)
        audience, method = call.query.get("aud", ""), call.query.get("lxm", "")
        if not audience.startswith("did:"):
            raise invalid("Error: aud must be a valid did")
        now = self.store.now() // _SECOND
        wanted = call.query.get("exp", "")
        expires = int(wanted) if wanted.isdigit() else now + 60
        if expires > now + _LONGEST_TOKEN:
            raise refusal("BadExpiration", "cannot request a token with an expiration more than an hour in the future")
        return answer({"token": self.sessions.mint.for_service(repo.did, audience, method, expires)})

    def upload(self, call: Call) -> Reply:
        claims = self.sessions.mint.claims(call.token) or {}
        did = call.query.get("did", "")
        if claims.get("lxm") != _UPLOAD or claims.get("iss") != did or not claims.get("aud"):
            raise refusal("Unauthorized", "the token is not for uploading this account's videos", 401)
        if claims["exp"] <= self.store.now() // _SECOND:
            raise refusal("ExpiredToken", "the token has expired", 401)
        if len(call.body) > self.rules.video_limit:
            raise refusal("VideoTooLarge", "the video is too large", 400)
        blob = Blob(did, cid_of_blob(call.body), sniff.mime_of(call.body) or "application/octet-stream", call.body)
        name = f"job-{blob.cid}"
        if name in self.jobs:
            return answer({"error": "already_exists", "message": "already processed", **self.jobs[name].told()}, 409)
        job = self.jobs[name] = Job(name, blob, self.rules.video_looks)
        return answer(job.told())

    def job_status(self, call: Call) -> Reply:
        job = self.jobs.get(call.query.get("jobId", ""))
        if job is None:
            raise invalid("job not found")
        status = job.told()
        if status["state"] == "JOB_STATE_COMPLETED":
            self.store.blobs[job.blob.did, job.blob.cid] = job.blob
        job.looks -= 1
        return answer({"jobStatus": status})
