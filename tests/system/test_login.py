"""Logging in as people do: the command in a terminal, a real browser for the pages, and a code that is pasted.

The screenshots that the browser takes on its way are kept where FEDISCHED_TEST_SCREENSHOTS says, to be looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import title_contains
from selenium.webdriver.support.wait import WebDriverWait

from fedisched.sandbox import PASSWORD, Sandbox
from fedisched.vault import Vault
from tests.cli.logging_in import Newcomer
from tests.stage import PASSWORD as APP_PASSWORD
from tests.system.terminal import PATIENT, Terminal

# Where the browser's sandbox has no right to its namespaces (in a container, as root), it does not start with it; it
# only ever sees pages of our own.
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=900,760", "--no-first-run")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    for program in ("chromium", "chromedriver"):
        assert shutil.which(program), f"{program} is not installed (Debian: chromium, chromium-driver)"
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ARGUMENTS:
        options.add_argument(argument)
    # What a browser keeps of itself belongs to the test.
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("chromium"))}
    driver = Chrome(options=options, service=Service(str(shutil.which("chromedriver")), env=environ))
    driver.set_page_load_timeout(PATIENT)
    yield driver
    driver.quit()


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    with Sandbox() as sandbox:
        yield Newcomer(tmp_path, sandbox)


class Reader:
    """Somebody at the browser, who reads a page before acting on it."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._taken = 0

    def sees(self, title: str) -> str:
        """Wait for a page by its title; gives its words. Takes its picture, light and dark."""
        WebDriverWait(self.driver, PATIENT).until(title_contains(title))
        for scheme in ("light", "dark"):
            media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            self._take(f"{title}-{scheme}")
        return self.driver.find_element(By.TAG_NAME, "body").text

    def _take(self, name: str) -> None:
        folder = os.environ.get("FEDISCHED_TEST_SCREENSHOTS")
        if folder:
            self._taken += 1
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(f"{folder}/{self._taken:02}-{re.sub('[^a-z]+', '-', name.lower())}.png")

    def signs_in(self) -> None:
        """With the keyboard alone: the first field has the focus."""
        self.sees("Sign in")
        self.driver.switch_to.active_element.send_keys(f"me{Keys.TAB}{PASSWORD}{Keys.ENTER}")

    def presses(self, words: str) -> None:
        self.driver.find_element(By.XPATH, f"//button[text()='{words}']").click()


def in_terminal(newcomer: Newcomer, *arguments: str, **environ: str) -> Terminal:
    command = [sys.executable, "-m", "fedisched", *arguments, "-C", str(newcomer.folder)]
    # Where the key is kept follows from these two.
    home = {name: newcomer.environ.get(name, "") for name in ("HOME", "XDG_CONFIG_HOME")}
    home |= {"SSH_CONNECTION": "", "SSH_TTY": "", "SSH_CLIENT": "", "NO_COLOR": "1"}
    settings = [f"{name}={value}" for name, value in {**home, **environ}.items()]
    return Terminal(["env", *settings, *command], str(newcomer.folder))


def a_browser_that_tells(newcomer: Newcomer) -> tuple[str, Path]:
    """What BROWSER is set to, and where the address is then that was opened: the real browser is driven from there."""
    pipe = newcomer.folder.parent / "address"
    os.mkfifo(pipe)
    script = newcomer.folder.parent / "open"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{pipe}"\n')
    script.chmod(0o755)
    return str(script), pipe


@pytest.mark.system
def test_a_person_clicks_through_in_a_real_browser_and_comes_back(newcomer: Newcomer, chromium: Chrome) -> None:
    browser, opened = a_browser_that_tells(newcomer)
    reader = Reader(chromium)
    with in_terminal(newcomer, "login", "mastodon", BROWSER=browser) as terminal:
        chromium.get(opened.read_text())
        reader.signs_in()
        words = reader.sees("Authorization required")
        assert "fedisched would like to use your account" in words and "Publish posts" in words
        reader.presses("Authorize")
        host = newcomer.sandbox.url.partition("//")[2]
        assert f"You are logged in as @me@{host}" in reader.sees("You are logged in")
        terminal.shows(f"mastodon is @me@{host}")
        terminal.shows("Next:")
        assert terminal.process.wait(PATIENT) == 0
    kept = Vault.open(newcomer.state, newcomer.folder, newcomer.environ).get("mastodon")
    assert kept is not None and kept.secret in newcomer.sandbox.tokens_of(newcomer.served.mastodon_id)
    assert not chromium.get_log("browser")  # type: ignore[no-untyped-call]  # no policy of a page was broken


@pytest.mark.system
def test_who_says_no_in_the_browser_is_told_on_both_sides(newcomer: Newcomer, chromium: Chrome) -> None:
    browser, opened = a_browser_that_tells(newcomer)
    reader = Reader(chromium)
    with in_terminal(newcomer, "login", "mastodon", BROWSER=browser) as terminal:
        chromium.get(opened.read_text())
        reader.signs_in()
        reader.sees("Authorization required")
        reader.presses("Deny")
        assert "You did not let fedisched in." in reader.sees("That did not work out")
        terminal.shows("you did not let fedisched in")
        assert terminal.process.wait(PATIENT) == 1


@pytest.mark.system
def test_a_code_is_pasted_into_a_terminal(newcomer: Newcomer, chromium: Chrome) -> None:
    reader = Reader(chromium)
    with in_terminal(newcomer, "login", "mastodon", SSH_CONNECTION="a 1 b 2", DISPLAY=":0", BROWSER="") as terminal:
        terminal.shows("from afar, so you paste a code")
        address = terminal.reads(r"(http://\S+/oauth/authorize\?\S+)\r?\n")
        chromium.get(address)
        reader.signs_in()
        reader.sees("Authorization required")
        reader.presses("Authorize")
        assert "Copy this code" in reader.sees("Authorization code")
        code = chromium.find_element(By.ID, "code").get_attribute("value")
        terminal.shows("Code: ")
        terminal.types(f"{code}\r")
        terminal.shows("mastodon is @me@")
        assert terminal.process.wait(PATIENT) == 0
    assert newcomer.kept("mastodon") is not None


@pytest.mark.system
def test_an_app_password_is_typed_and_not_shown(newcomer: Newcomer) -> None:
    with in_terminal(newcomer, "login", "bluesky") as terminal:
        terminal.shows("The app password of me.test")
        terminal.types(f"{APP_PASSWORD}\r")
        shown = terminal.reads(r"(?s)(.*)bluesky is @me\.test")
        assert terminal.process.wait(PATIENT) == 0
    assert APP_PASSWORD not in shown
    assert newcomer.kept("bluesky") is not None


@pytest.mark.system
def test_what_looks_like_the_main_password_is_used_only_if_the_person_says_so(newcomer: Newcomer) -> None:
    with in_terminal(newcomer, "login", "bluesky") as terminal:
        terminal.shows("The app password of me.test")
        terminal.types("my own password\r")
        terminal.shows("Use it all the same? [y/N]")
        terminal.types("\r")
        terminal.shows("the password was not used")
        assert terminal.process.wait(PATIENT) == 1
    assert not newcomer.sandbox.requests("POST", "/xrpc/com.atproto.server.createSession")


@pytest.mark.system
def test_ctrl_c_ends_the_waiting_for_a_browser(newcomer: Newcomer) -> None:
    browser, opened = a_browser_that_tells(newcomer)
    with in_terminal(newcomer, "login", "mastodon", BROWSER=browser) as terminal:
        opened.read_text()
        terminal.shows("Agree there, then come back")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(PATIENT) == 130
