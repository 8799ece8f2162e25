"""A content folder whose accounts nobody has logged in to, and a person with a browser."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fedisched.cli.commands import command
from fedisched.cli.here import Surroundings
from fedisched.clock import SystemClock
from fedisched.model.credential import Credential
from fedisched.sandbox import Sandbox
from fedisched.vault import Vault
from tests.cli.folder_with_server import FolderWithServer
from tests.sandbox.browser import Browser


class Newcomer:
    """`served` is the folder with its server; nothing is in the environment but a home and a named browser."""

    def __init__(self, root: Path, sandbox: Sandbox, **more: str) -> None:
        self.sandbox = sandbox
        self.served = FolderWithServer(root / "content", sandbox, **more)
        self.folder = self.served.folder
        self.state = self.folder / ".fedisched"
        self.environ: dict[str, str] = {"HOME": str(root), "BROWSER": "the test's"}

    def runs(self, *arguments: str, typed: str = "") -> Result:
        """Run a verb in this process; `typed` comes by standard input, which is no terminal."""
        surroundings = Surroundings(SystemClock(), self.environ)
        done = CliRunner().invoke(
            command, [*arguments, "-C", str(self.folder)], obj=surroundings, input=typed, prog_name="fedisched"
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    def kept(self, name: str) -> Credential | None:
        return Vault.open(self.state, self.folder, self.environ).get(name)

    def everything_written(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())


@dataclass
class Person:
    """Who answers in the browser that the command opens: signs in as `name` and says `decision`, then comes back as
    `comes_back` has it."""

    name: str = "me"
    decision: str = "allow"
    comes_back: Callable[[Browser], Any] = Browser.go_on
    asked: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    wrong: list[BaseException] = field(default_factory=list)

    def opens(self, url: str) -> bool:
        self.asked.append(url)
        self._thread = Thread(target=self._answers, args=(url,))
        self._thread.start()
        return True

    def is_done(self) -> None:
        self._thread.join(30)
        assert not self.wrong, self.wrong

    def _answers(self, url: str) -> None:
        try:
            with Browser() as browser:
                browser.opens(url)
                browser.signs_in(self.name)
                browser.answers(self.decision)
                self.comes_back(browser)
                self.pages.append(browser.page.text)
        except BaseException as error:
            self.wrong.append(error)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    person = Person()
    monkeypatch.setattr(webbrowser, "open", person.opens)
    yield person
    if person.asked:
        person.is_done()


def code_from(url: str, name: str = "me") -> str:
    """What the page shows to who opens an address by hand, signs in and agrees."""
    with Browser() as browser:
        browser.opens(url)
        browser.signs_in(name)
        browser.answers("allow")
        return str(browser.page.url)
