"""What a Mastodon server's answers mean for a post that was being published."""

from __future__ import annotations

from fedisched.model.outcome import NotSent, Refused, Unsure
from fedisched.networks.verdict import Verdict, over_http
from fedisched.networks.wire import Answer, Heard, shortened

PROCESSING_SECONDS = 5.0

_MAKE_ANOTHER = "Make a new access token in the account's settings (Development, scopes read and write)."


def verdict(heard: Heard, server: str) -> Verdict:
    """Judge what is not a usable answer; as `over_http`, with what only this network says."""
    words = _words(heard)
    match heard:
        case Answer(status=401 | 403) if heard.json() is not None:
            reason = f"{server} does not let the account in: {words}"
            return Refused(reason, _MAKE_ANOTHER, account=True, credential=True)
        case Answer(status=404 | 422) if "not finished processing" in words:
            return NotSent(f"{server} is still working on the attachments", PROCESSING_SECONDS)
        case Answer(status=404 | 422) if _are_attached(words.lower()):
            return Unsure(f"{server} may have the post: {words}")
        case _:
            return over_http(heard, server, words)


def _are_attached(words: str) -> bool:
    """Media can be attached once: so media that are gone may mean that the post is there with them."""
    return "already attached" in words or ("media" in words and "not found" in words)


def _words(heard: Heard) -> str:
    if not isinstance(heard, Answer):
        return ""
    said = heard.object()
    words = shortened(said.get("error_description")) or shortened(said.get("error"))
    return words or f"it answered {heard.status} without a word"
