"""The accounts' servers: are they there, what are they, what time have they; all asked at once, without credentials."""

from __future__ import annotations

from collections.abc import Iterator

from fedisched.cli.diagnosis import aside
from fedisched.cli.diagnosis.case import Case, Diagnosis, doubtful, fine, wrong
from fedisched.cli.diagnosis.machine import is_kept_in_sync
from fedisched.model.settings import Account
from fedisched.networks.visit import Unreached, Visit, visit
from fedisched.publisher.clocks import APART

_SET_CLOCK = "Set the clock, and have the system keep it: `sudo timedatectl set-ntp true`."
_A_LITTLE = 5.0
"""Seconds by which a clock may be off before it is worth a word: posts are as late or early as it is."""


def ask_servers(case: Case) -> None:
    """Begin to ask every account's server."""
    if case.settings is None or case.offline:
        return
    for account in case.settings.accounts.values():
        case.aside.ask(account, lambda account=account: visit(account, case.clock.now, aside.EACH))  # type: ignore[misc]


def servers(case: Case) -> Iterator[Diagnosis]:
    """What they said."""
    if case.settings is None:
        return
    for account in case.settings.accounts.values():
        if case.offline:
            yield fine("servers", f"{account.name}: {account.server} was not asked (--offline)")
            continue
        yield from _server(account, case.aside.answer(account, object))


def clock(case: Case) -> Iterator[Diagnosis]:
    """This machine's clock by those of the servers, and by what the system says of it."""
    offsets = {} if case.offline else dict(_offsets(case))
    kept = is_kept_in_sync()
    if not offsets:
        nobody = "no server was asked what time it has" if case.offline else "no server told what time it has"
        if kept is False:
            yield doubtful("clock", f"{nobody}, and the system says that it does not keep the clock right", _SET_CLOCK)
        else:
            yield fine("clock", f"{nobody}{'; the system keeps the clock right' if kept else ''}")
        return
    # The one that is nearest: a server's own clock may be the one that is wrong.
    name, offset = min(offsets.items(), key=lambda found: abs(found[1]))
    way = "behind" if offset > 0 else "ahead of"
    said = f"{abs(offset):.0f} s {way} the clock of {name}'s server"
    if abs(offset) > APART:
        yield wrong("clock", f"it is {said}: nothing is sent until that is mended", _SET_CLOCK)
    elif abs(offset) > _A_LITTLE:
        yield doubtful("clock", f"it is {said}, and so are your posts", _SET_CLOCK)
    else:
        alone = {True: ", and the system keeps it so", False: ", though the system does not keep it so", None: ""}[kept]
        yield fine("clock", f"right to within {max(1, round(abs(offset)))} s by the servers' clocks{alone}")
    for other, far in offsets.items():
        if other != name and abs(far) > APART and abs(offset) <= APART:
            hint = "Nothing is sent there until its admins set its clock; tell them."
            yield wrong("clock", f"the clock of {other}'s server is {abs(far):.0f} s off", hint)


def _offsets(case: Case) -> Iterator[tuple[str, float]]:
    for account in case.settings.accounts.values() if case.settings else ():
        answer = case.aside.answer(account, object)
        if isinstance(answer, Visit | Unreached) and answer.clock_offset is not None:
            yield account.name, answer.clock_offset


def _server(account: Account, answer: object) -> Iterator[Diagnosis]:
    name = account.name
    match answer:
        case Visit(repeats=repeats) as found:
            yield fine("servers", f"{name}: {account.server} is there ({_said(found)})")
            if found.handle_is_there is False:
                hint = f"Correct `handle` of [accounts.{name}] in the configuration."
                yield wrong("servers", f"{name}: {account.server} knows no handle {account.handle}", hint)
            if repeats:
                yield fine(
                    "servers", f"{name}: it does not lock idempotency keys, so what is overdue waits two minutes"
                )
        case Unreached(reason, hint):
            yield wrong("servers", f"{name}: {reason}", hint)
        case None:
            hint = "It is slow, or something on the way swallows the connection. Posts wait until it answers."
            yield wrong("servers", f"{name}: {account.server} did not answer in time", hint)
        case _:
            hint = f"Look at {account.server} in a browser."
            yield doubtful("servers", f"{name}: {account.server} could not be asked ({type(answer).__name__})", hint)


def _said(found: Visit) -> str:
    words = [found.software] if found.software else []
    if found.limits is not None:
        words.append(f"{found.limits.characters} characters a post, {found.limits.media} pictures")
    return ", ".join(words)
