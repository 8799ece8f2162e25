"""A browser without a window: it keeps cookies, fills forms in as a person would, and follows where they lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

from fedisched.sandbox import PASSWORD


@dataclass
class Form:
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self.found.append(Form(of.get("action", "")))
            case "input" if self.found:
                self.found[-1].fields[of["name"]] = of.get("value", "")
            case "button" if self.found:
                self.found[-1].buttons.append((of.get("name", ""), of.get("value", "")))
            case "label" if self.found:
                self.found[-1].labels.add(of.get("for", ""))
            case _:
                pass


class Browser:
    """One person's browser. It follows redirects on one server by itself; where another one is meant (a callback on
    this machine), that address is in `left_for` and is asked only by `go_on`."""

    def __init__(self) -> None:
        self._client = httpx.Client(verify=False)
        self.page = httpx.Response(200)
        self.left_for = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def opens(self, url: str) -> None:
        self._arrived(self._client.get(url))

    @property
    def form(self) -> Form:
        forms = _Forms()
        forms.feed(self.page.text)
        return forms.found[0]

    def sends(self, button: tuple[str, str] | None = None, **typed: str) -> None:
        """Fill in the page's form and press a button."""
        form = self.form
        pressed = dict([button]) if button else {}
        url = urljoin(str(self.page.url), form.action)
        self._arrived(self._client.post(url, data={**form.fields, **typed, **pressed}))

    def signs_in(self, name: str, password: str = PASSWORD) -> None:
        self.sends(username=name, password=password)

    def answers(self, decision: str) -> None:
        self.sends(("decision", decision))

    def go_on(self) -> httpx.Response:
        """Follow the redirect away from the server."""
        self.page = self._client.get(self.left_for)
        return self.page

    def _arrived(self, page: httpx.Response) -> None:
        self.left_for = ""
        while page.is_redirect:
            url = urljoin(str(page.url), page.headers["location"])
            if urlsplit(url).netloc != page.url.netloc.decode():
                self.left_for = url
                break
            page = self._client.get(url)
        self.page = page
