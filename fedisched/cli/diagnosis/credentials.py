"""Accounts: is there a credential for each, does it belong where it would be sent, does the key open the vault; and
what servers said of the accounts when they were last met. No credential is sent anywhere to find out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.cli.diagnosis.running import publishing_workflow
from fedisched.model.command import how_to_hand_over, how_to_log_in, typed
from fedisched.model.errors import FedischedError, KeyMissing
from fedisched.model.settings import Account, Settings

_APP_PASSWORD = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}")
_ODD = re.compile(r"""\s|^["'<]|["'>]$""")


def credentials(case: Case) -> Iterator[Diagnosis]:
    """A line for each account."""
    settings = case.settings
    if settings is None or case.state is None:
        return
    for account in settings.accounts.values():
        try:
            yield _credential(case, settings, case.state, account)
        except FedischedError as error:
            yield wrong("credentials", f"{account.name}: {error.message}", error.hint)


def key(case: Case) -> Iterator[Diagnosis]:
    """The key of the vault, if there is a vault or a key."""
    from fedisched.vault.key import FILE_VARIABLE, VARIABLE, key_file
    from fedisched.vault.vault import Vault

    settings, state, folder = case.settings, case.state, case.folder
    if settings is None or state is None or folder is None:
        return
    vault = Vault.open(state, folder, case.environ, settings.vault)
    try:
        names = vault.names()
        keys = vault.keys()
        if not vault.opens(keys):
            hint = "Put back the key that the vault was made with; after a lost one: `fedisched key new --lost`."
            yield wrong("key", f"the key in {keys.place} does not open the vault {vault.path}", hint)
        elif names:
            yield fine("key", f"the key in {keys.place} opens the vault; keep a copy of it where this machine is not")
        else:
            yield fine("key", f"there is a key in {keys.place}, and nothing in the vault yet")
    except KeyMissing as error:
        if vault.path.exists():
            yield wrong("key", error.message, error.hint)
        else:
            yield fine(
                "key", f"none, and no vault that needs one ({VARIABLE}, {FILE_VARIABLE} or {key_file(case.environ)})"
            )
    except FedischedError as error:
        yield wrong("key", error.message, error.hint)


def accounts(case: Case) -> Iterator[Diagnosis]:
    """What the journal knows of the accounts."""
    settings, known = case.settings, case.known
    if settings is None or not known.is_there:
        return
    for account in settings.accounts.values():
        at = account.name, account.server
        if at in known.paused:
            why = known.paused[at].rstrip(".")
            hint = f"Log in again: `{typed('login', account.name)}`. Its posts wait, none is lost."
            yield wrong("accounts", f"{account.name} is paused: {why}", hint)
        elif at in known.unreachable:
            hint = "It is tried again by itself; `fedisched queue` says when."
            yield doubtful("accounts", f"{account.name} could not be used: {known.unreachable[at].rstrip('.')}", hint)
    if known.states:
        words = {"held": "held", "refused": "failed", "unsure": "unclear"}
        said = ", ".join(f"{count} {words[state]}" for state, count in sorted(known.states.items()))
        needs = {"held", "refused"} & known.states.keys()
        hint = f"`{typed('queue', '--failed')}` says why, and what to type."
        say = wrong if needs else doubtful
        yield say(
            "accounts", f"of the posts that were tried: {said}", hint if needs else "It is looked up again by itself."
        )


def _credential(case: Case, settings: Settings, state: Path, account: Account) -> Diagnosis:
    from fedisched.vault.binding import bound_server
    from fedisched.vault.environment import credential
    from fedisched.vault.vault import Vault

    name = account.name
    secret, place = credential(account, case.environ), f"in {account.variable}"
    belongs = bound_server(state, account, secret) if secret else account.server
    if secret is None:
        kept = Vault.open(state, settings.folder, case.environ, settings.vault).get(name)
        if kept is None:
            hint = f"Log in with {how_to_log_in(name)}. Or: {how_to_hand_over(account.variable, _what(account))}"
            if publishing_workflow(case) is not None:
                said = f"{name}: there is none on this machine; the workflow has its own on GitHub"
                return doubtful("credentials", said, f"If this machine is to publish, too: {hint}")
            return wrong("credentials", f"{name}: there is none, so nothing is published there", hint)
        secret, place, belongs = kept.secret, "in the vault", kept.server
    if belongs is not None and belongs != account.server:
        words = f"{name}: it belongs to {belongs}, but the configuration says {account.server}: it is not sent there"
        return wrong("credentials", words, f"If the change is yours, log in there with {how_to_log_in(name)}.")
    if _ODD.search(secret):
        hint = f"Copy it once more, the text alone. {how_to_hand_over(account.variable, 'it')}"
        return doubtful("credentials", f"{name}: what is {place} has spaces, quotes or brackets in it", hint)
    if account.network == "bluesky" and not _APP_PASSWORD.fullmatch(secret):
        hint = "Make an app password (Settings → Privacy and security → App passwords): it can be taken back."
        return doubtful("credentials", f"{name}: what is {place} looks like your main password", hint)
    return fine("credentials", f"{name}: {place}")


def _what(account: Account) -> str:
    return "an access token" if account.network == "mastodon" else "an app password"
