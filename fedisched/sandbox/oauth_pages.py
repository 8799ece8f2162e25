"""The pages of the sandbox's login: signing in, agreeing, a code to copy. They work without scripts, with a keyboard
and read aloud."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_MEANINGS = {
    "profile": "See who you are, and nothing else of your account",
    "read": "Read everything in your account",
    "read:accounts": "See accounts",
    "read:search": "Search on your behalf",
    "read:statuses": "See posts",
    "write": "Change everything in your account",
    "write:media": "Upload media files",
    "write:statuses": "Publish posts",
}


def policy(leads_to: str = "") -> str:
    """The Content-Security-Policy of these pages; `leads_to` is where a form may lead beside this server."""
    return (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"form-action 'self' {leads_to}".strip()
    )


def sign_in_page(application: str, asked: str, origin: str, *, failed: bool = False, name: str = "") -> str:
    """The form of who is not signed in yet; `asked` comes back with it."""
    wrong = '<p class="wrong" role="alert">There is no such name, or its password is another one.</p>' if failed else ""
    return _document(
        "Sign in",
        f"<h1>Sign in to {_text(origin.partition('//')[2])}</h1>"
        f"<p>Then you can decide whether <b>{_text(application)}</b> may use your account.</p>{wrong}"
        '<form method="post" action="/auth/sign_in">'
        f'<input type="hidden" name="asked" value="{_text(asked)}">'
        '<label for="username">User name</label>'
        '<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" '
        f'value="{_text(name)}" required autofocus>'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required>'
        '<button class="main">Sign in</button></form>',
    )


def consent_page(application: str, website: str, who: str, scopes: Sequence[str], fields: Mapping[str, str]) -> str:
    """What the application asks for, and the two answers."""
    kept = "".join(
        f'<input type="hidden" name="{_text(name)}" value="{_text(value)}">' for name, value in fields.items()
    )
    wanted = "".join(f"<li>{_text(_MEANINGS.get(scope, scope))} <code>{_text(scope)}</code></li>" for scope in scopes)
    about = f'<p class="soft">{_text(website)}</p>' if website else ""
    return _document(
        "Authorization required",
        f"<h1><b>{_text(application)}</b> would like to use your account</h1>{about}"
        f"<p>You are signed in as <b>{_text(who)}</b>. If you agree, it may:</p><ul>{wanted}</ul>"
        f'<form method="post" action="/oauth/authorize">{kept}<div class="answers">'
        '<button class="main" name="decision" value="allow">Authorize</button>'
        '<button name="decision" value="deny">Deny</button></div></form>',
    )


def code_page(code: str) -> str:
    """A code to be copied into a terminal."""
    return _document(
        "Authorization code",
        '<h1>Copy this code</h1><p><label for="code">and paste it where the application asks for it.</label></p>'
        f'<input id="code" class="code" value="{_text(code)}" readonly autofocus>'
        '<p class="soft">It works once, for ten minutes.</p>',
    )


def error_page(words: str) -> str:
    return _document("Authorization", f'<h1>That did not work out</h1><p role="alert">{_text(words)}</p>')


def _document(title: str, body: str) -> str:
    template = _template()
    return template.replace("{{title}}", _text(title)).replace("{{body}}", body)


def _text(text: str) -> str:
    return html.escape(text)


@cache
def _template() -> str:
    return (Path(__file__).parent / "oauth.html").read_text(encoding="utf-8")
