"""Logging in on Mastodon: by the browser that comes back, by a code that is pasted, or with a token from elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Never
from urllib.parse import parse_qs

import click

from fedisched.cli.here import Here
from fedisched.cli.login import failed
from fedisched.cli.secret import secret
from fedisched.cli.words import clean_line, doubtful, faint, underlined
from fedisched.model.command import typed
from fedisched.model.errors import FedischedError
from fedisched.model.login import OUT_OF_BAND, Answered, Asked, OAuth, Registered
from fedisched.model.outcome import NotSent, Refused
from fedisched.model.secret import is_credential
from fedisched.model.settings import Account
from fedisched.networks import open_oauth
from fedisched.networks.wire import shortened
from fedisched.publisher.admission import Admission, Admitted

PATIENCE = 600.0
"""Seconds for which an answer is waited for: a server's code is good for no longer, either."""
_FAILS_WITHIN = 1.0
_SAID_NO = "you did not let fedisched in"
_LONGEST_CODE = 2048


def log_in_on_mastodon(here: Here, account: Account, admission: Admission, *, paste: bool, by_token: bool) -> Admitted:
    """Let the account in. Raises FedischedError where that fails; nothing is changed then."""
    if by_token:
        return _by_token(here, account, admission)
    oauth = open_oauth(account, here.clock.now)
    try:
        if paste or (why := why_not_a_browser(here.environ)):
            if not paste:
                here.voice.remark(faint(f"{why}, so you paste a code."))
            return _by_code(here, account, admission, oauth)
        return _by_browser(here, account, admission, oauth)
    finally:
        oauth.close()


def why_not_a_browser(environ: Mapping[str, str], system: str = sys.platform) -> str:
    """Why no browser on this machine can be opened for a person; empty where one can. Who names a browser in BROWSER
    knows that it can, from afar too."""
    if environ.get("BROWSER"):
        return ""
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return "You are on this machine from afar"
    if system != "darwin" and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return "There is no screen to show a browser on"
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        return "There is no browser on this machine"
    return ""


# By a token


def _by_token(here: Here, account: Account, admission: Admission) -> Admitted:
    token = secret(here, f"the access token of {account.name} on {account.server}", may_be_words=False)
    other = admission.belongs_elsewhere(account, token)
    if other:
        hint = f"Make a token on {account.server}, or log in without --token."
        raise FedischedError(f"this token belongs to {other}, and was not sent anywhere else", hint)
    return _admit(account, admission, token, None)


# By a browser that comes back


def _by_browser(here: Here, account: Account, admission: Admission, oauth: OAuth) -> Admitted:
    from fedisched.networks.callback import Callback

    try:
        callback = Callback()
    except OSError as error:
        here.voice.remark(doubtful("note: "), f"no browser can come back here ({error.strerror}), so you paste a code.")
        return _by_code(here, account, admission, oauth)
    with callback:
        asked = _asked(oauth, callback.address)
        callback.expect(asked.state)
        here.voice.result("Your browser opens at ", underlined(asked.url))
        if not _opened(asked.url):
            here.voice.result(doubtful("note: "), "it could not be opened: copy the address into it.")
        here.voice.remark(faint(f"Agree there, then come back. {_how_else(account)}"))
        answer = callback.wait(PATIENCE)
        if answer is None:
            minutes = round(PATIENCE / 60)
            raise FedischedError(f"nothing came back from the browser within {minutes} minutes", _how_else(account))
        try:
            admitted = _by_answer(account, admission, oauth, asked, answer)
        except FedischedError as error:
            words = f"{error.message[:1].upper()}{error.message[1:]}. The terminal says what to do now."
            callback.show("That did not work out", words, good=False)
            raise
        words = "fedisched can publish for it now. You can close this page and go back to the terminal."
        callback.show(f"You are logged in as @{clean_line(admitted.identity.handle)}", words, good=True)
        return admitted


def _opened(url: str) -> bool:
    """Open a browser; false if that failed at once. Some stay in the foreground until they are closed, so it is not
    waited for: what matters comes back by itself."""
    import webbrowser

    found: list[bool] = []

    def open_it() -> None:
        try:
            found.append(webbrowser.open(url))
        except (webbrowser.Error, OSError):
            found.append(False)

    opening = Thread(target=open_it, name="browser", daemon=True)
    with _nothing_secret_to_inherit():
        opening.start()
        opening.join(_FAILS_WITHIN)
    return found != [False]


@contextmanager
def _nothing_secret_to_inherit() -> Iterator[None]:
    """The standard library starts a browser with this process's own environment, whatever is in it."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if is_credential(name)}
    try:
        yield
    finally:
        os.environ.update(taken)


def _by_answer(account: Account, admission: Admission, oauth: OAuth, asked: Asked, answer: Answered) -> Admitted:
    if "code" not in answer:
        raise _not_agreed(answer, account)
    return _by_exchange(account, admission, oauth, asked, answer["code"])


# By a code that is pasted


def _by_code(here: Here, account: Account, admission: Admission, oauth: OAuth) -> Admitted:
    asked = _asked(oauth, OUT_OF_BAND)
    here.voice.result("Open this address in a browser, on any machine:")
    here.voice.result()
    here.voice.result("  ", underlined(asked.url))
    here.voice.result()
    here.voice.result("Agree there, and paste the code that it shows.")
    return _by_exchange(account, admission, oauth, asked, code_in(_typed_code(), asked))


def _typed_code() -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        # It works once and only for us, so it may be seen; hidden, nobody would know whether the paste came.
        return str(click.prompt("Code"))
    return sys.stdin.readline(_LONGEST_CODE) if sys.stdin is not None else ""


def code_in(text: str, asked: Asked) -> str:
    """The code in what a person pasted: itself, or the address of the page that shows it. Raises FedischedError."""
    text = text.strip().strip("\"'")
    # What a person pastes need not be an address that the standard library takes apart.
    said = text.partition("?")[2].partition("#")[0] if "://" in text else ""
    query = {name: values[0] for name, values in parse_qs(said).items()}
    if query.get("state", asked.state) != asked.state:
        raise FedischedError("this is the answer to another login than this one", "Type the command again.")
    code = query.get("code", "" if "://" in text else text)
    if not code or len(code) > _LONGEST_CODE or not code.isascii() or not code.isprintable() or " " in code:
        raise FedischedError("that is no code", "Type the command again, and copy the whole code from the page.")
    return code


# All of them


def _asked(oauth: OAuth, redirect_uri: str) -> Asked:
    asked = oauth.ask(redirect_uri)
    return asked if isinstance(asked, Asked) else _fail(asked)


def _by_exchange(account: Account, admission: Admission, oauth: OAuth, asked: Asked, code: str) -> Admitted:
    token = oauth.exchange(asked, code)
    if isinstance(token, NotSent | Refused):
        _fail(token)
    try:
        return _admit(account, admission, token.secret, asked.app)
    except BaseException:
        # Nobody will ever use this token: it shall not stay good.
        oauth.revoke(asked.app, token.secret)
        raise


def _admit(account: Account, admission: Admission, token: str, app: Registered | None) -> Admitted:
    admitted = admission.admit(account, token, app)
    return admitted if isinstance(admitted, Admitted) else _fail(admitted)


def _fail(answer: NotSent | Refused) -> Never:
    raise failed(answer) if isinstance(answer, NotSent) else FedischedError(answer.reason, answer.hint)


def _not_agreed(answer: Answered, account: Account) -> FedischedError:
    """What a server's error means (RFC 6749, 4.1.2.1); its own words are shown where it is none that people make."""
    again = f"To be asked again, type: {typed('login', account.name)}"
    match answer.get("error", ""):
        case "access_denied":
            return FedischedError(_SAID_NO, f"Nothing was changed. {again}")
        case "temporarily_unavailable" | "server_error" as error:
            return FedischedError(f"{account.server} has trouble of its own ({error})", f"Try again later. {again}")
        case error:
            words = shortened(answer.get("error_description")) or shortened(error) or "no reason"
            return FedischedError(f"{account.server} did not let fedisched in: {words}", _how_else(account))


def _how_else(account: Account) -> str:
    return f"If the browser is on another machine, or cannot come back, type: {typed('login', account.name, '--paste')}"
