"""What is secret in this process, so that nothing that is said or kept shows it.

Whoever gets hold of a secret tells it here; whatever passes on texts that are not ours (a server's words, an
exception's) or writes to people takes it out. Servers do echo a request in their errors, and exceptions do carry one.
"""

from __future__ import annotations

from collections.abc import Mapping

HIDDEN = "[hidden]"

_SHORTEST = 8
"""Characters of a secret that are too many to be shown, wherever a text is cut off; anything shorter is no secret."""

_OF_TOKENS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.~%")

_known: set[str] = set()
_forms: dict[str, set[str]] = {}
"""What secrets look like, by their first characters."""


def keep_secret(*secrets: str) -> None:
    """From now on, none of these is shown by this process."""
    for secret in secrets:
        if len(secret) >= _SHORTEST and secret not in _known:
            for form in _forms_of(secret):
                _forms.setdefault(form[:_SHORTEST], set()).add(form)
            _known.add(secret)


def discreet(text: str) -> str:
    """A text without what is secret: as it is, escaped for an address, in base64 or hexadecimal, or cut off."""
    for head in tuple(_forms):
        if head in text:
            text = _without(text, head, tuple(_forms[head]))
    return text


def is_credential(variable: str) -> bool:
    """Whether a variable of the environment holds a credential of ours, or the key to them."""
    if not variable.startswith("FEDISCHED_"):
        return False
    return variable == "FEDISCHED_KEY" or variable.endswith(("_TOKEN", "_PASSWORD"))


def without_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for programs that have no business with our credentials."""
    return {name: value for name, value in environ.items() if not is_credential(name)}


def _without(text: str, head: str, forms: tuple[str, ...]) -> str:
    """A text without everything that begins like one of these forms."""
    kept, at = [], 0
    while (found := text.find(head, at)) >= 0:
        shown, form = max((_in_common(text, found, form), form) for form in forms)
        end = found + shown
        # Only the beginning is known: it was cut off, or is another token of the same kind. Its rest goes, too.
        while shown < len(form) and end < len(text) and text[end] in _OF_TOKENS:
            end += 1
        kept += [text[at:found], HIDDEN]
        at = end
    return "".join([*kept, text[at:]])


def _in_common(text: str, at: int, form: str) -> int:
    """How many characters of a form stand at a place in a text."""
    pairs = zip(text[at : at + len(form)], form, strict=False)
    return next((number for number, (shown, own) in enumerate(pairs) if shown != own), min(len(form), len(text) - at))


def _forms_of(secret: str) -> tuple[str, ...]:
    # Not imported before there is a secret: whatever is said on a terminal comes through here.
    import base64
    from urllib.parse import quote

    data = secret.encode("utf-8", "surrogateescape")
    forms = [secret, quote(secret, safe=""), data.hex(), data.hex().upper()]
    for before in range(3):
        # Whatever stands before it, `Bearer ` or a JSON's beginning, decides only how it is shifted. What depends on
        # its neighbours at both ends is left out.
        whole = base64.b64encode(b"\0" * before + data).decode("ascii").rstrip("=")
        middle = whole[(0, 2, 3)[before] : len(whole) - (0 if (len(data) + before) % 3 == 0 else 1)]
        forms += [middle, middle.replace("+", "-").replace("/", "_")]
    return tuple(dict.fromkeys(form for form in forms if len(form) >= _SHORTEST))
