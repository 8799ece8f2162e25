"""What a browser may ask for: the timeline, a thread's page behind each link, and the files in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fedisched.sandbox import markup, sniff
from fedisched.sandbox.sessions import Sessions
from fedisched.sandbox.store import Store
from fedisched.sandbox.timeline import Entry, Thread, embedded, entries, linked, threads
from fedisched.sandbox.wire import Call, Reply, Route, page

TITLE = "fedisched sandbox"
_OWN_LINK = re.compile(r'<a((?: class="[^"]*")?) href="/[^"]*"')


@dataclass(slots=True)
class Pages:
    """The pages."""

    store: Store
    sessions: Sessions

    def routes(self) -> Sequence[Route]:
        shown = ("/", "/@{name}", "/@{name}/{id}", "/profile/{actor}", "/profile/{actor}/post/{rkey}", "/tags/{tag}")
        return (
            *(Route("GET", path, self.show) for path in shown),
            Route("GET", "/sandbox/timeline", self.fragment),
            Route("GET", "/media/{id}", self.media),
            Route("GET", "/avatars/{name}.svg", self.avatar),
        )

    def show(self, call: Call) -> Reply:
        """The threads that a path speaks of; 404 if it names one that is not there."""
        found = self._threads(call.path)
        one = "id" in call.parts or "rkey" in call.parts
        text = markup.document(TITLE, found, live=True)
        return page(text, 404 if one and not found else 200, {"Content-Security-Policy": markup.policy()})

    def fragment(self, call: Call) -> Reply:
        """The part of the page that changes; 304 if nothing has changed."""
        text = markup.timeline(TITLE, self._threads(call.query.get("path", "/")))
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        if call.headers.get("if-none-match") == tag:
            return Reply(304, b"", "", {"ETag": tag})
        return page(text, headers={"ETag": tag})

    def export(self, title: str, *, embed_media: bool) -> str:
        """The timeline as one file that follows nothing. Links into this server, which may be gone by then, are left
        out."""
        found = threads(entries(self.store, embedded if embed_media else self._absolute))
        return _OWN_LINK.sub(r"<a\1", markup.document(title, found, live=False))

    def _absolute(self, path: str, mime: str, data: bytes) -> str:
        return self.store.origin + path

    def _threads(self, path: str) -> list[Thread]:
        wanted = self._wanted(path)
        found = threads(entries(self.store, linked))
        return [thread for thread in found if any(wanted(entry) for entry in thread)]

    def _wanted(self, path: str) -> Callable[[Entry], bool]:
        match path.strip("/").split("/"):
            case ["tags", tag]:
                return lambda entry: tag.lower() in entry.tags
            case ["profile", actor, *rest]:
                repo = self.sessions.repo_named(actor)
                url = "/".join(["/profile", repo.handle if repo else actor, *rest])
            case [""]:
                return lambda entry: True
            case _:
                url = path
        return lambda entry: url.rstrip("/") in (entry.url, entry.profile)

    def media(self, call: Call) -> Reply:
        media = self.store.media.get(call.parts["id"])
        return Reply(200, media.data, media.mime) if media and media.mime in sniff.TYPES else page("", 404)

    def avatar(self, call: Call) -> Reply:
        name = call.parts["name"]
        person = next((person for person in self.store.people.values() if person.username == name), None)
        svg = markup.avatar(person.display_name if person else name, f"@{name}")
        return Reply(200, svg.encode(), "image/svg+xml")
