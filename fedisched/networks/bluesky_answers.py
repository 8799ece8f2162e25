"""What a Bluesky server's answers mean for a post that was being published."""

from __future__ import annotations

from fedisched.model.outcome import NotSent, Refused
from fedisched.networks.verdict import Verdict, over_http
from fedisched.networks.wire import Answer, Heard, shortened

EXPIRED = frozenset({"ExpiredToken", "InvalidToken"})
"""The access token has to be renewed. The server looks at it first, so nothing was done."""

_MAKE_ANOTHER = "Make an app password in the app's settings (Privacy and security, App passwords)."
_ACCOUNT_HINTS = {
    "AccountTakedown": "Ask the server's moderators; posts wait until the account is back.",
    "AccountDeactivated": "Activate the account again in the app; posts wait until then.",
    "AccountSuspended": "Ask the server's moderators; posts wait until the account is back.",
    "AuthFactorTokenRequired": f"The account's own password needs a code by mail. {_MAKE_ANOTHER}",
}


def error_name(heard: Heard) -> str:
    """The name in an XRPC error (`InvalidSwap`); empty for anything else."""
    if not isinstance(heard, Answer) or heard.is_ok:
        return ""
    name = heard.object().get("error")
    return name if isinstance(name, str) else ""


def verdict(heard: Heard, server: str) -> Verdict:
    """Judge what is not a usable answer; as `over_http`, with what only this network says."""
    match error_name(heard), heard:
        case name, Answer(status=400 | 401) if name in EXPIRED:
            return NotSent(f"{server} does not accept the session any more ({name})")
        case name, Answer(status=401 | 403) if name:
            hint = _ACCOUNT_HINTS.get(name, _MAKE_ANOTHER)
            reason = f"{server} does not let the account in: {_words(heard)}"
            return Refused(reason, hint, account=True, credential=_MAKE_ANOTHER in hint)
        case _:
            return over_http(heard, server, _words(heard))


def _words(heard: Heard) -> str:
    if not isinstance(heard, Answer):
        return ""
    said = heard.object()
    words = shortened(said.get("message")) or shortened(said.get("error"))
    return words or f"it answered {heard.status} without a word"
