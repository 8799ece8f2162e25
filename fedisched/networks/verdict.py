"""What an answer that cannot be used means: for a publishing request, and for one where nothing was to be published."""

from __future__ import annotations

from dataclasses import replace

from fedisched.model.outcome import CannotTell, NotSent, Refused, Unsure
from fedisched.networks.wire import Answer, Heard, NoAnswer

Verdict = NotSent | Refused | Unsure
"""What a network said that is not the answer we asked for."""


def over_http(heard: Heard, server: str, words: str) -> Verdict:
    """The rows that every server shares, `words` being the server's own. An answer of 200 to 299 that comes here is
    not what was asked for."""
    match heard:
        case NoAnswer(sent=False, reason=reason):
            return NotSent(f"{server} was not reached: {reason}", account=True)
        case NoAnswer(reason=reason):
            return Unsure(f"{server} may have got the post: {reason}", f"{server} gave no answer: {reason}")
        case Answer(status=429):
            return NotSent(f"{server} asks to slow down (429)", heard.retry_after, account=True)
        case Answer(status=401 | 403 as status):
            return NotSent(f"something before {server}, a firewall perhaps, turned the request away ({status})")
        case Answer(status=413):
            return Refused(f"too large for {server}: {words}", "Make the attachment smaller.")
        case Answer(status=status) if 200 <= status < 300:
            return Unsure(f"{server} answered with something that is no answer to this request")
        case Answer(status=status) if 400 <= status < 500 and status not in _MAY_HAVE_BEEN_DONE:
            return Refused(f"{server} refused it: {words}", "Change the post as the server's words say.")
        case Answer(status=status):
            return Unsure(f"{server} may have got the post (it answered {status})", f"{server} answered {status}")


# Time-out, conflict (with a first request of the same key), too early.
_MAY_HAVE_BEEN_DONE = frozenset({408, 409, 425})


def before_sending(verdict: Verdict) -> NotSent | Refused:
    """A verdict on a request that could not publish anything: what is unclear about it was certainly not sent."""
    return NotSent(verdict.heard or verdict.reason) if isinstance(verdict, Unsure) else verdict


def upload_failed(verdict: Verdict) -> NotSent | Refused:
    """A verdict on a part of an upload: nothing of the post itself has left by then."""
    failed = before_sending(verdict)
    return replace(failed, reason=f"the upload failed: {failed.reason}") if isinstance(verdict, Unsure) else failed


def of_an_upload(verdict: Verdict) -> NotSent | Refused:
    """A verdict on an upload: these have a quota of their own, which keeps no post without one from going out."""
    failed = upload_failed(verdict)
    return replace(failed, account=False) if isinstance(failed, NotSent) and failed.retry_after else failed


def of_the_account(verdict: Verdict) -> NotSent | Refused:
    """A verdict on opening an account: a refusal is the account's, whatever its words."""
    verdict = before_sending(verdict)
    return replace(verdict, account=True) if isinstance(verdict, Refused) else verdict


def of_a_look_up(verdict: Verdict) -> CannotTell:
    """A verdict on a request that looks something up: whatever it is, it is no answer."""
    match verdict:
        case Refused(reason=reason, account=account):
            return CannotTell(reason, refused=verdict if account else None)
        case NotSent(reason=reason, retry_after=retry_after):
            return CannotTell(reason, retry_after)
        case Unsure(reason=reason, heard=heard):
            return CannotTell(heard or reason)
