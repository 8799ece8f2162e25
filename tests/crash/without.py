"""Rules taken out, one at a time: a suite that passes without them would prove nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from fedisched.engine import plan, reconcile, rules
from fedisched.engine.journal import Journal
from fedisched.model.outcome import NotSent, Unsure
from fedisched.networks import bluesky, mastodon, mastodon_matching
from fedisched.publisher import courier, publisher
from tests.crash import scripts
from tests.crash.life import Script


@dataclass(frozen=True, slots=True)
class Rule:
    """`patches` take it out; in some of these `lives` it is missed."""

    patches: Callable[[], list[Any]]
    lives: Callable[[], Iterator[Script]] = scripts.cut_while_sending


_is_on_time = plan.is_on_time_first_send
_after_send = rules.Rules.after_send
_task = courier.Courier._task


def _drawn_key(account_id: str, path: str, due: int) -> str:
    alphabet = "234567abcdefghijklmnopqrstuvwxyz"
    return "3" + "".join(random.choice(alphabet) for _ in range(12))


def _blind(self: rules.Rules, delivery: Any, outcome: Any, *args: Any) -> Any:
    """What many scripts do: what went wrong is tried again."""
    return _after_send(self, delivery, NotSent(outcome.reason) if isinstance(outcome, Unsure) else outcome, *args)


def _forgets_uploads(self: courier.Courier, *args: Any) -> Any:
    return replace(_task(self, *args), uploads=())


def _uncovered() -> Any:
    """Servers that lock no keys are waited for at each start, which would cover for other rules: without that, too."""
    return mock.patch.object(mastodon.Mastodon, "settle_unrecorded", 0.0)


RULES: Mapping[str, Rule] = {
    "look before every send that is not an on-time first send": Rule(
        lambda: [mock.patch.object(courier.Courier, "needs_a_look", lambda self, job, now: False)]
    ),
    "on time is only what this run had before it was due": Rule(
        lambda: [
            mock.patch.object(courier, "is_on_time_first_send", lambda known, now, began: _is_on_time(known, now, 0))
        ]
    ),
    "an unclear outcome is unsure": Rule(
        lambda: [mock.patch.object(rules.Rules, "after_send", _blind), _uncovered()], scripts.late_landings
    ),
    "too early is not a no": Rule(
        lambda: [mock.patch.object(rules, "_settled_at", lambda delivery, now, settle: now), _uncovered()],
        scripts.late_landings,
    ),
    "too early is not a no, where nothing is recorded": Rule(lambda: [_uncovered()]),
    "keys are derived, not drawn": Rule(
        lambda: [
            mock.patch.object(plan, "derive_key", _drawn_key),
            mock.patch.object(reconcile, "derive_key", _drawn_key),
        ]
    ),
    "the intent is written before the act": Rule(
        lambda: [mock.patch.object(Journal, "begin_sending", lambda self, *args: True), _uncovered()],
        scripts.late_landings,
    ),
    "a look-up passes over what others claim": Rule(
        lambda: [mock.patch.object(courier.Courier, "_to_look_up", courier.Courier._task)]
    ),
    "a look-up passes over what is older": Rule(
        lambda: [
            mock.patch.object(mastodon_matching, "EARLIER", 30 * 86400 * 1_000_000),
            mock.patch.object(mastodon, "EARLIER", 30 * 86400 * 1_000_000),
        ],
    ),
    "media are never uploaded again after an unclear outcome": Rule(
        lambda: [
            mock.patch.object(courier.Courier, "_task", _forgets_uploads),
            _uncovered(),
        ],
        scripts.beyond,
    ),
    "each round looks for what the files do not say yet": Rule(
        lambda: [mock.patch.object(publisher, "_has_news", lambda deliveries: False)]
    ),
    "a 500 of Bluesky's own is looked up": Rule(lambda: [mock.patch.object(bluesky, "error_name", lambda heard: "")]),
}


@contextmanager
def without(rule: str) -> Iterator[None]:
    """Everything as it is, but for one rule."""
    patches = RULES[rule].patches()
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
