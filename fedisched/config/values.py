"""The kinds of value a configuration has: each reads a person's text, or says what is wrong and what to write."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Strict
from pydantic_core import PydanticCustomError

from fedisched.config.durations import seconds

_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_AUTHOR = re.compile(r"[^<>\x00-\x1f\x7f]{1,100}<[^<>\s\x00-\x1f\x7f]{1,100}>")
_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?")
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_FEDIVERSE_NAME = re.compile(r"@?([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)@([^@\s]+)")

_PLACEHOLDER = re.compile(r"\{(?:n|total)\}")
_BRACES = re.compile(r"[{}]")
_LONGEST_NUMBERING = 40
_VAULT_ENDING = ".vault"
_WARNED = ["text", "porn", "sexual", "nudity", "graphic-media", "!no-unauthenticated"]


def wrong(code: str, message: str, hint: str) -> PydanticCustomError:
    """The error of a value that cannot be used; becomes a Problem with this code, message and hint."""
    # Braces are pydantic's placeholders: the texts go in as context, so that a person's braces stay as they are.
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def nearest(name: str, known: list[str]) -> str:
    """The start of a hint: "Did you mean `x`? ", or nothing when no known name is near."""
    plain = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), list(plain), n=1, cutoff=0.6)
    return f"Did you mean `{plain[close[0]]}`? " if close else ""


def _duration(text: str) -> float:
    found = seconds(text)
    if found is None:
        raise wrong("bad-duration", f"`{text}` is no duration", "Write it like `90s`, `10m`, `12h`, `1h30m` or `2d`.")
    return found


def _timezone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        near = nearest(name, _timezone_names())
        hint = f"{near}Write an IANA name such as `Europe/Berlin`, `America/New_York` or `UTC`."
        raise wrong("unknown-timezone", f"there is no timezone `{name}`", hint) from None
    return name


@cache
def _timezone_names() -> list[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())


def _server(text: str) -> str:
    """An origin: scheme, host and port, nothing behind it."""
    hint = "Write the server's address alone, such as `https://mastodon.social`."
    if "://" not in text:
        raise wrong("bad-server", f"`{text}` has no `https://`", f"Write `https://{text.strip('/ ')}`.")
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError as error:
        raise wrong("bad-server", f"`{text}` is no address ({error})", hint) from None
    host = (split.hostname or "").lower()
    if split.username is not None or split.password is not None:
        secret = "Credentials go into the environment or the vault, never into this file."  # noqa: S105
        raise wrong("bad-server", "the server's address has a user name or a password in it", secret)
    if split.path.strip("/") or split.query or split.fragment or any(c in text for c in "?#\\") or text != text.strip():
        raise wrong("bad-server", f"`{text}` is more than a server's address", hint)
    _check_host(host, text, hint)
    _check_scheme(split, host, text)
    shown = f"[{host}]" if ":" in host else host
    default_port = 443 if split.scheme.lower() == "https" else 80
    return f"{split.scheme.lower()}://{shown}" + (f":{port}" if port not in (None, default_port) else "")


def _check_host(host: str, text: str, hint: str) -> None:
    if not host.isascii():
        try:
            ascii_host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise wrong("bad-server", f"`{text}` has no usable host", hint) from None
        # Look-alike letters are how people are led to another server, so the spelling that DNS uses is asked for.
        raise wrong("bad-server", f"`{host}` is not written as DNS spells it", f"Write `{ascii_host}`.")
    if not _is_ip(host) and not _HOST.fullmatch(host):
        raise wrong("bad-server", f"`{text}` has no usable host", hint)


def _check_scheme(split: SplitResult, host: str, text: str) -> None:
    match split.scheme.lower():
        case "https":
            return
        case "http" if _is_loopback(host):
            return
        case "http":
            raise wrong(
                "insecure-server",
                f"`{text}` would send your credential unencrypted",
                "Write `https://`; `http://` is for this machine's own addresses only, such as `http://127.0.0.1:3000`.",
            )
        case scheme:
            raise wrong("bad-server", f"`{scheme}://` is no way to reach a server", "Write `https://`.")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_ip(host) and ipaddress.ip_address(host).is_loopback


def _handle(text: str) -> str:
    handle = text.removeprefix("@").lower()
    if len(handle) > 253 or not _DOMAIN.fullmatch(handle):
        hint = "Write the whole handle, such as `me.bsky.social`."
        raise wrong("bad-handle", f"`{text}` is no Bluesky handle", hint)
    return handle


def _person_on_bluesky(text: str) -> str:
    return f"@{_handle(text)}"


def _person_on_mastodon(text: str) -> str:
    found = _FEDIVERSE_NAME.fullmatch(text)
    if found is None or not _DOMAIN.fullmatch(found[2]):
        raise wrong("bad-person", f"`{text}` is no Mastodon name", "Write it like `@alice@mastodon.social`.")
    return f"@{found[1]}@{found[2].lower()}"


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        hint = "Use letters, digits, `-`, `_` and `.`, at most 64 of them, a letter or digit first."
        raise wrong("bad-name", f"`{text}` cannot be a name", hint)
    return text


def _posts(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or text.startswith("~") or "\0" in text:
        raise wrong(
            "posts-outside", f"`{text}` is not inside the content folder", "Write a sub-folder, such as `posts`."
        )
    if str(path) == "." or any(part.startswith(".") for part in path.parts):
        raise wrong("bad-posts", f"posts cannot be kept in `{text}`", "Write a visible sub-folder, such as `posts`.")
    return str(path)


def _vault(text: str) -> str:
    hint = f"Write a file of the content folder that ends in `{_VAULT_ENDING}`, such as `fedisched{_VAULT_ENDING}`."
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or text.startswith("~") or "\0" in text:
        raise wrong("vault-outside", f"`{text}` is not inside the content folder", hint)
    # The ending keeps whoever can push this file from having a vault written over, or beside, something else.
    if not path.name.removesuffix(_VAULT_ENDING) or path.suffix != _VAULT_ENDING or not text.isprintable():
        raise wrong("bad-vault", f"`{text}` is no name for the vault", hint)
    if any(part.startswith(".") for part in path.parts):
        raise wrong("bad-vault", f"the vault cannot be kept in `{text}`", hint)
    return str(path)


def _remote(text: str) -> str:
    # A URL or path here could run a command (`ext::sh -c …`), and whoever can push posts can change this file.
    if not _REMOTE.fullmatch(text):
        raise wrong(
            "bad-remote", f"`{text}` is no remote's name", "Write a name that `git remote` lists, such as `origin`."
        )
    return text


def _author(text: str) -> str:
    if not _AUTHOR.fullmatch(text) or not text.partition("<")[0].strip():
        raise wrong("bad-author", f"`{text}` is no author", 'Write it like `"fedisched <me@example.org>"`.')
    return text


def _numbering(text: str) -> str:
    hint = 'Write it like `"{n}/{total}"` or `"({n})"`; leave it empty for no numbers.'
    if text and ("{n}" not in text or _BRACES.search(_PLACEHOLDER.sub("", text))):
        raise wrong("bad-number", f"`{text}` does not say where the number goes", hint)
    if len(text) > _LONGEST_NUMBERING or not text.isprintable() or "://" in text:
        message = f"the number is one short line of at most {_LONGEST_NUMBERING} characters, without an address"
        raise wrong("bad-number", message, hint)
    return text.strip()


def _warned(text: str) -> str:
    if text not in _WARNED:
        hint = f"{nearest(text, _WARNED)}Write one of {', '.join(_WARNED)}."
        raise wrong("bad-cw", f"`{text}` is no way to show a content warning on Bluesky", hint)
    return text


def _must_be(kind: type, message: str, hint: str) -> Callable[[object], object]:
    def check(value: object) -> object:
        # A bool is an int to Python, and neither is what a person meant by the other.
        if type(value) is not kind:
            raise wrong("wrong-type", message, hint)
        return value

    return check


Text = Annotated[str, BeforeValidator(_must_be(str, "this must be a text", 'Put it in quotes: `"…"`.'))]
Switch = Annotated[
    bool, Strict(), BeforeValidator(_must_be(bool, "this must be true or false", "Write `true` or `false`."))
]
Seconds = Annotated[
    float,
    BeforeValidator(lambda text: _duration(text)),
    BeforeValidator(_must_be(str, "a duration must be a text", 'Write it in quotes with a unit, such as `"12h"`.')),
]
TimezoneName = Annotated[Text, AfterValidator(_timezone)]
Server = Annotated[Text, AfterValidator(_server)]
Handle = Annotated[Text, AfterValidator(_handle)]
OnBluesky = Annotated[Text, AfterValidator(_person_on_bluesky)]
OnMastodon = Annotated[Text, AfterValidator(_person_on_mastodon)]
Name = Annotated[Text, AfterValidator(_name)]
PostsFolder = Annotated[Text, AfterValidator(_posts)]
VaultFile = Annotated[Text, AfterValidator(_vault)]
Warned = Annotated[Text, AfterValidator(_warned)]
Numbering = Annotated[Text, AfterValidator(_numbering)]
Remote = Annotated[Text, AfterValidator(_remote)]
Author = Annotated[Text, AfterValidator(_author)]
