"""A post of which nobody can tell whether it is on the network."""

from __future__ import annotations

from pathlib import Path

from fedisched.engine.journal import Journal
from fedisched.model.delivery import Delivery
from fedisched.model.post import Status
from fedisched.sandbox import Fault, What
from tests.stage import Stage

STATUSES = "/api/v1/statuses"
IN_DOUBT = "Who wrote this?"
"""A post of ours by its application that no file knows: it may be the one that is missing."""


def hold(stage: Stage, name: str = "a.md", body: str = "Hello!", targets: str = "mastodon", nth: int = 1) -> Path:
    """A post whose `nth` part was lost on its way to a Mastodon server that ignores keys, while another one appeared
    there: it is held."""
    stage.sandbox.rules.key_seconds = 0
    path = stage.post(name, stage.soon(-1), body=body, targets=targets)
    fault = stage.sandbox.faults.add(Fault(What.DROP_REQUEST, STATUSES, method="POST", nth=nth))
    if nth == 1:
        stage.sandbox.add_status(stage.mastodon_id, IN_DOUBT, application="fedisched")
    stage.publish()
    assert fault.struck.is_set() and stage.entry(name).status is Status.HELD, path.read_text()
    return path


def deliveries(stage: Stage) -> list[Delivery]:
    """What the journal knows."""
    journal = Journal(stage.state / "journal.sqlite3")
    try:
        return journal.deliveries()
    finally:
        journal.close()
