"""The rules that carry the promise, each with a way to take it out: the suite has to fail without it.

Nothing of this is in the product: a rule is taken out of the running program, from outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fedisched.clock import Clock
from fedisched.engine.journal import Journal
from fedisched.model.network import Network, Prepared, Task
from fedisched.model.outcome import Absent, Finding, Outcome, Refused, SentPart
from fedisched.model.settings import Account
from fedisched.model.tid import derive_key
from fedisched.publisher import opening
from fedisched.publisher.desk import Open, Opened
from fedisched.vault import Vault


def _look_up(network: Network) -> None:
    def find(tasks: Sequence[Task]) -> Sequence[Finding]:
        return [Absent()] * len(tasks)

    network.find = find  # type: ignore[method-assign]


def _settle(network: Network) -> None:
    network.settle = 0.0


def _derived_key(network: Network) -> None:
    publish = network.publish

    def with_another_key(prepared: Prepared, done: Sequence[SentPart]) -> Outcome:
        key = derive_key(os.urandom(8).hex(), prepared.task.key, prepared.task.since)
        return publish(replace(prepared, task=replace(prepared.task, key=key)), done)

    network.publish = with_another_key  # type: ignore[method-assign]


def _intent() -> None:
    """What is being sent is known only once it has been answered."""
    Journal.begin_sending = lambda *_: True  # type: ignore[method-assign]


RULES: Mapping[str, str] = {
    "look-up": "the network is asked before anything is sent again",
    "settle": "a look-up that comes too early is not a no",
    "derived-key": "a delivery's key is derived, not drawn",
    "intent": "the intent is in the journal before the request leaves",
}
"""Every rule that can be taken out, with what it says."""

_OF_A_NETWORK: Mapping[str, Callable[[Network], None]] = {
    "look-up": _look_up,
    "settle": _settle,
    "derived-key": _derived_key,
}
_OF_THE_WHOLE: Mapping[str, Callable[[], None]] = {"intent": _intent}


def take_out(rule: str) -> None:
    """Take a rule out of this process; nothing for an empty name. Raises KeyError for one that is not known."""
    if rule in _OF_A_NETWORK:
        _change_networks(_OF_A_NETWORK[rule])
    elif rule:
        _OF_THE_WHOLE[rule]()


def _change_networks(change: Callable[[Network], None]) -> None:
    as_it_is = opening.open_from_environment

    def changed(state: Path, environ: Mapping[str, str], clock: Clock, vault: Vault | None = None) -> Open:
        open_account = as_it_is(state, environ, clock, vault)

        def opened(account: Account) -> Opened | Refused:
            found = open_account(account)
            if isinstance(found, Opened):
                change(found.network)
            return found

        return opened

    opening.open_from_environment = changed
