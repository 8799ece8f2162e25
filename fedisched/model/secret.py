"""What is secret in this process, so that nothing that is said or kept shows it.

Whoever gets hold of a secret tells it here; whatever passes on texts that are not ours (a server's words, an
exception's) or writes to people takes it out. Servers do echo a request in their errors, and exceptions do carry requests.
"""

from __future__ import annotations

from collections.abc import Mapping

HIDDEN = "[hidden]"

_SHORTEST = 8
"""Characters of a secret that are too many to be shown, wherever a text is cut off; anything shorter is no secret."""

_known: dict[str, tuple[str, ...]] = {}


def keep_secret(*secrets: str) -> None:
    """From now on, none of these is shown by this process."""
    for secret in secrets:
        if len(secret) >= _SHORTEST and secret not in _known:
            _known[secret] = _forms(secret)


def discreet(text: str) -> str:
    """A text without what is secret: as it is, escaped for an address, in base64 or hexadecimal, or cut off."""
    for forms in tuple(_known.values()):
        for form in forms:
            if form[:_SHORTEST] in text:
                text = _without(text, form)
    return text


def is_credential(variable: str) -> bool:
    """Whether a variable of the environment holds a credential of ours, or the key to them."""
    if not variable.startswith("FEDISCHED_"):
        return False
    return variable == "FEDISCHED_KEY" or variable.endswith(("_TOKEN", "_PASSWORD"))


def without_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for programs that have no business with our credentials."""
    return {name: value for name, value in environ.items() if not is_credential(name)}


def _without(text: str, form: str) -> str:
    """A text with every beginning of `form` that is long enough taken out."""
    head, kept, at = form[:_SHORTEST], [], 0
    while (found := text.find(head, at)) >= 0:
        end = found + _SHORTEST
        while end < len(text) and end - found < len(form) and text[end] == form[end - found]:
            end += 1
        kept += [text[at:found], HIDDEN]
        at = end
    return "".join([*kept, text[at:]])


def _forms(secret: str) -> tuple[str, ...]:
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
