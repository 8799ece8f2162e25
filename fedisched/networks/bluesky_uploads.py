"""What a Bluesky account uploads before a post leaves: pictures and captions to its own server, videos by the service
that works them over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fedisched.model.network import ReadMedia, Task, Upload
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.rendered import Attachment
from fedisched.model.settings import Account
from fedisched.networks.bluesky_answers import verdict
from fedisched.networks.bluesky_session import BlueskySession
from fedisched.networks.bluesky_video import VideoService, service_of
from fedisched.networks.cid import cid_of_blob
from fedisched.networks.verdict import Verdict, of_an_upload
from fedisched.networks.wire import Answer

if TYPE_CHECKING:
    from atproto import Client

_JSON = "application/json"
_TOKEN_SECONDS = 1800


class BlueskyUploads:
    """One account's uploads. What was uploaded once in this run is not uploaded again, whatever fails later."""

    def __init__(self, account: Account, session: BlueskySession, now: Callable[[], int]) -> None:
        self._account = account
        self._host = urlsplit(account.server).netloc
        self._session = session
        self._now = now
        self._uploaded: dict[tuple[str, str], str] = {}
        self._lost: set[str] = set()
        self._service: VideoService | None = None

    def lost(self, key: str) -> None:
        """The server no longer has a delivery's uploads: they are made again."""
        self._lost.add(key)

    def of(self, did: str, task: Task, read_media: ReadMedia) -> tuple[Upload, ...] | NotSent | Refused:
        """Every upload of a task's parts that are not done yet; those that are there are used again."""
        given = () if task.key in self._lost else task.uploads
        there = {(upload.part, upload.position): upload for upload in given}
        done = {part.number for part in task.done}
        uploads = []
        for number, part in enumerate(task.rendered.parts, start=1):
            for position, attachment in enumerate(part.files, start=1):
                upload = there.get((number, position))
                if upload is None and number not in done:
                    handle = self._upload(did, task.key, attachment, read_media(attachment))
                    if not isinstance(handle, str):
                        return handle
                    upload = Upload(number, position, handle)
                if upload is not None:
                    uploads.append(upload)
        self._lost.discard(task.key)
        return tuple(uploads)

    def file(self, key: str, attachment: Attachment, data: bytes) -> str | NotSent | Refused:
        """The upload of a picture that is no attachment of its own: a card's."""
        return self._upload("", key, attachment, data)

    def close(self) -> None:
        """Close connections. Never fails."""
        if self._service is not None:
            self._service.close()

    def _upload(self, did: str, key: str, attachment: Attachment, data: bytes) -> str | NotSent | Refused:
        digest = hashlib.sha256(data).hexdigest()
        if (key, digest) in self._uploaded and key not in self._lost:
            return self._uploaded[key, digest]
        service = self._video_service() if attachment.mime.startswith("video/") else None
        if service is None:
            blob = self._to_its_server(attachment, data)
        else:
            blob = service.blob_of(did, self._token, attachment, data, digest)
        if not isinstance(blob, Mapping):
            return blob
        self._uploaded[key, digest] = json.dumps(blob)
        return self._uploaded[key, digest]

    def _to_its_server(self, attachment: Attachment, data: bytes) -> Mapping[str, Any] | NotSent | Refused:
        def call(client: Client) -> object:
            return client.invoke_procedure(
                "com.atproto.repo.uploadBlob", content=data, input_encoding=attachment.mime, output_encoding=_JSON
            )

        answer = self._answer(call)
        if not isinstance(answer, Answer):
            return of_an_upload(answer)
        said: Any = answer.object().get("blob")
        match said:
            case {"ref": {"$link": str(cid)}, "mimeType": str(), "size": int()} if cid == cid_of_blob(data):
                return dict(said)
            case _:
                return NotSent(f"{self._host} did not take {attachment.path} as it was sent")

    def _video_service(self) -> VideoService | None:
        if self._service is None and (origin := service_of(self._account, self._session.server())):
            self._service = VideoService(origin, self._now)
        return self._service

    def _token(self) -> str | NotSent | Refused:
        """A token that lets the service put one kind of thing, a file, on the account's server, for half an hour."""
        from atproto_client.models.dot_dict import DotDict

        host = urlsplit(self._session.server()).netloc.replace(":", "%3A")
        expires = self._now() // 1_000_000 + _TOKEN_SECONDS
        query = {"aud": f"did:web:{host}", "lxm": "com.atproto.repo.uploadBlob", "exp": expires}

        def call(client: Client) -> object:
            return client.invoke_query(
                "com.atproto.server.getServiceAuth", params=DotDict(query), output_encoding=_JSON
            )

        answer = self._answer(call)
        if not isinstance(answer, Answer):
            return of_an_upload(answer)
        token = answer.object().get("token")
        return token if isinstance(token, str) else NotSent(f"{self._host} made no token for the upload of a video")

    def _answer(self, call: Callable[[Client], object]) -> Answer | Verdict:
        heard = self._session.ask(call)
        if isinstance(heard, NotSent | Refused):
            return heard
        return heard if isinstance(heard, Answer) and heard.is_ok else verdict(heard, self._host)
