"""A server that takes requests and never answers: nobody else's posts wait for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fedisched.clock import SECOND
from fedisched.sandbox import Fault, Sandbox, What
from tests.daemon.service import PATIENT, Service, environ_of
from tests.stage import TOKEN, Stage

PUT_RECORD = "/xrpc/com.atproto.repo.putRecord"
SOON = SECOND
"""Far less than any time-out, and far more than a busy machine needs."""


@pytest.fixture
def hanging(stage: Stage) -> Iterator[Sandbox]:
    """The Mastodon account's server, apart from the Bluesky account's."""
    with Sandbox() as other:
        other.add_mastodon("me", TOKEN)
        config = stage.folder / "fedisched.toml"
        mastodon = f'network = "mastodon"\nserver = "{stage.sandbox.url}"'
        config.write_text(config.read_text().replace(mastodon, f'network = "mastodon"\nserver = "{other.url}"'))
        yield other


@pytest.mark.parametrize("where", ["*", "/api/v1/statuses"])
def test_one_account_s_server_that_hangs_delays_no_other_account_s_posts(
    stage: Stage, hanging: Sandbox, where: str
) -> None:
    hanging.faults.add(Fault(What.HANG, where, times=None))
    stage.post("first.md", stage.soon(-1))
    with Service(stage.folder, environ_of(stage)):
        # From here on the publisher is there, however long its start takes on this machine.
        assert stage.sandbox.wait_until(lambda: bool(stage.sandbox.records()), PATIENT)
        assert hanging.wait_until(lambda: bool(hanging.requests(path=where if where != "*" else None)), PATIENT)
        due = stage.soon(2)
        dues = [due, due + SECOND]
        for number, due in enumerate(dues):
            stage.post(f"{number}.md", due, body=f"Number {number}")
        assert stage.sandbox.wait_until(lambda: len(stage.sandbox.records()) == 3, PATIENT)
    arrived = [seen.arrived for seen in stage.sandbox.requests(path=PUT_RECORD)][1:]
    late = [came - due for came, due in zip(arrived, dues, strict=True)]
    print(f"late by {[f'{one / 1000:.1f} ms' for one in late]}")
    assert all(0 <= one < SOON for one in late), late
    assert not hanging.statuses()
