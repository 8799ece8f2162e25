"""The service that works videos over for Bluesky: it takes a file, and puts what it made of it on the account's server.

It is asked with a token that the account's own server makes for this one purpose, so no credential of the account goes
there (https://docs.bsky.app/docs/tutorials/video).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fedisched.model.outcome import NotSent, Refused
from fedisched.model.rendered import Attachment
from fedisched.model.settings import Account
from fedisched.networks.bluesky_answers import verdict
from fedisched.networks.verdict import of_an_upload
from fedisched.networks.wire import Answer, Heard, NoAnswer, Wire, shortened

if TYPE_CHECKING:
    import httpx

_OFFICIAL = "https://video.bsky.app"
_STILL_WORKING = 15.0
# How long to wait before each further look at a job, in seconds; then somebody else's turn comes.
_LOOKS = (0.0, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 10.0, 10.0)
_CONVERT = "Convert the video (MP4, H.264) and try again."


def service_of(account: Account, server: str) -> str:
    """The origin of the service for an account whose records are kept on a server; empty where there is none, and a
    video goes to the server as any other file does."""
    host = urlsplit(server).hostname or ""
    return account.video or (_OFFICIAL if host == "bsky.social" or host.endswith(".bsky.network") else "")


class VideoService:
    """One service, for one account. Jobs that it still works on are known, so that no video is sent twice."""

    def __init__(self, origin: str, now: Callable[[], int], wait: Callable[[float], None] = time.sleep) -> None:
        self.wire = Wire(now)
        self._origin = origin
        self._host = urlsplit(origin).netloc
        self._wait = wait
        self._jobs: dict[str, str] = {}
        self._client: httpx.Client | None = None

    def blob_of(
        self, did: str, token: Callable[[], str | NotSent | Refused], attachment: Attachment, data: bytes, digest: str
    ) -> Mapping[str, Any] | NotSent | Refused:
        """The blob of a video that is ready. `token` makes a token for the upload; `digest` names the video."""
        job = self._jobs.get(digest)
        if job is None:
            secret = token()
            if not isinstance(secret, str):
                return secret
            said = self._upload(did, secret, attachment, data, digest)
            if isinstance(said, NotSent | Refused):
                return said
            if (blob := _blob(said)) is not None:
                return blob
            job = self._jobs[digest] = str(said["jobId"])
        return self._worked_over(job, attachment, digest)

    def _upload(
        self, did: str, token: str, attachment: Attachment, data: bytes, digest: str
    ) -> Mapping[str, Any] | NotSent | Refused:
        url = f"{self._origin}/xrpc/app.bsky.video.uploadVideo"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": attachment.mime}
        query = {"did": did, "name": f"{digest[:16]}.mp4"}
        heard = self._hear(lambda client: client.post(url, params=query, headers=headers, content=data))
        said = _job(heard)
        # A video that it has already is answered with 409, and with its job.
        if isinstance(heard, Answer) and (heard.is_ok or heard.status == 409) and isinstance(said.get("jobId"), str):
            return said
        return of_an_upload(verdict(heard, self._host))

    def _worked_over(self, job: str, attachment: Attachment, digest: str) -> Mapping[str, Any] | NotSent | Refused:
        url = f"{self._origin}/xrpc/app.bsky.video.getJobStatus"
        for pause in _LOOKS:
            self._wait(pause)
            heard = self._hear(lambda client: client.get(url, params={"jobId": job}))
            if isinstance(heard, NoAnswer) or not heard.is_ok:
                return of_an_upload(verdict(heard, self._host))
            said = _job(heard)
            if (blob := _blob(said)) is not None:
                return blob
            if said.get("state") == "JOB_STATE_FAILED":
                self._jobs.pop(digest, None)
                words = shortened(said.get("message")) or shortened(said.get("error")) or "it did not say why"
                return Refused(f"{self._host} could not work on {attachment.path}: {words}", _CONVERT)
        return NotSent(f"{self._host} is still working on {attachment.path}", _STILL_WORKING)

    def close(self) -> None:
        """Close connections. Never fails."""
        if self._client is not None:
            self.wire.hear(self._client.close)
            self._client = None

    def _hear(self, call: Callable[[httpx.Client], object]) -> Heard:
        return self.wire.hear(lambda: call(self._opened()))

    def _opened(self) -> httpx.Client:
        if self._client is None:
            import httpx

            from fedisched.networks.wire_httpx import settings

            self._client = httpx.Client(**settings(self.wire, self._origin))
        return self._client


def _job(heard: Heard) -> Mapping[str, Any]:
    """A job's status, which some answers wrap and some do not."""
    said = heard.object() if isinstance(heard, Answer) else {}
    inner = said.get("jobStatus")
    return inner if isinstance(inner, Mapping) else said


def _blob(job: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The blob of a job that is done."""
    match job.get("blob"):
        case {"ref": {"$link": str()}, "mimeType": str(), "size": int()} as blob:
            return blob
        case _:
            return None
