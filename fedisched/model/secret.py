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
_pieces: set[str] = set()
"""Everything that is `_SHORTEST` long in a secret, and not a word or a number by itself: in a person's own password
there may be those that messages have."""
_forms: dict[str, set[str]] = {}
"""What secrets look like, by their first characters."""


def keep_secret(*secrets: str) -> None:
    """From now on, none of these is shown by this process."""
    for secret in secrets:
        if len(secret) >= _SHORTEST and secret not in _known:
            for form in _forms_of(secret):
                _forms.setdefault(form[:_SHORTEST], set()).add(form)
            pieces = (secret[at : at + _SHORTEST] for at in range(len(secret) - _SHORTEST + 1))
            _pieces.update(piece for piece in pieces if not _is_word(piece))
            _known.add(secret)


def discreet(text: str) -> str:
    """A text without what is secret: as it is, escaped for an address, in base64 or hexadecimal, cut off at either end,
    or broken into lines."""
    for head in tuple(_forms):
        if head in text:
            text = _without(text, head, tuple(_forms[head]))
    return _without_pieces(text) if _pieces else text


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


def _is_word(piece: str) -> bool:
    return piece.isdigit() or (piece.isalpha() and piece[1:].islower()) or len(set(piece)) == 1


def _without_pieces(text: str) -> str:
    """A text without what is left of a secret: its end, where it was cut off in front or a line ended within it."""
    places = [at for at, character in enumerate(text) if not character.isspace()]
    dense = "".join([text[at] for at in places])
    found = [at for at in range(len(dense) - _SHORTEST + 1) if dense[at : at + _SHORTEST] in _pieces]
    kept, shown = [], 0
    for at in found:
        start, end = places[at], places[at + _SHORTEST - 1] + 1
        if start >= shown:
            kept += [text[shown:start], HIDDEN]
        shown = end
    return "".join([*kept, text[shown:]])


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
