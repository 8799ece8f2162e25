"""What failed is left in peace until its next try: however early things are prepared, and whichever run does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread

import pytest

from fedisched.clock import SECOND
from fedisched.engine.journal import Journal
from fedisched.engine.pace import LONGEST_LEAD, Paces
from fedisched.model.settings import Retry
from fedisched.publisher.publisher import Publisher
from fedisched.sandbox import Fault, What
from tests.compose.media.photos import photo
from tests.daemon.service import PATIENT, wait_until
from tests.stage import Stage

UPLOADS = {"mastodon": "/api/v2/media", "bluesky": "/xrpc/com.atproto.repo.uploadBlob"}
STATUSES = "/api/v1/statuses"
VERIFY = "/api/v1/accounts/verify_credentials"


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.settings = replace(stage.settings, retry=Retry(first=2.0, longest=2.0))
    return stage


def be_slow(stage: Stage, target: str) -> None:
    """As if preparing had once taken minutes: everything is begun as early as can be."""
    journal = Journal(stage.state / "journal.sqlite3")
    paces = Paces(journal)
    paces.prepared(target, 0, 300 * SECOND)
    paces.keep(target)
    journal.close()


@contextmanager
def staying(stage: Stage) -> Iterator[list[int]]:
    """A publisher that stays, as the daemon's does; gives the moments of its reports."""
    desk, moments = stage.desk(), list[int]()
    publisher = Publisher(desk, lambda report: moments.append(stage.clock.now()), stage.notices.append)
    run = Thread(target=publisher.run, args=(lambda now: now + 20 * SECOND,))
    run.start()
    try:
        yield moments
    finally:
        desk.stop()
        run.join(PATIENT)
        desk.journal.close()


def test_a_missing_picture_is_told_again_at_its_next_try_and_no_sooner(stage: Stage) -> None:
    be_slow(stage, "mastodon")
    stage.post("a.md", stage.soon(-1), body="![A picture](there-is-none.png)", targets="mastodon")
    with staying(stage) as reports:
        assert wait_until(lambda: len(reports) >= 2)
    assert reports[1] - reports[0] > SECOND


@pytest.mark.parametrize("target", ["mastodon", "bluesky"])
def test_an_upload_that_fails_is_not_made_again_before_its_next_try(stage: Stage, target: str) -> None:
    (stage.folder / "posts/a.jpg").write_bytes(photo())
    be_slow(stage, target)
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, UPLOADS[target], times=None))
    stage.post("a.md", stage.soon(-1), body="![A picture](a.jpg)", targets=target)
    with staying(stage) as reports:
        assert wait_until(lambda: len(reports) >= 2)
    first, second, *_ = [seen.arrived for seen in stage.sandbox.requests("POST", UPLOADS[target])]
    assert second - first > SECOND


def test_a_run_of_the_daemon_leaves_an_account_in_peace_that_was_given_time(stage: Stage) -> None:
    stage.settings = replace(stage.settings, retry=Retry())
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, VERIFY, times=None))
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    asked = len(stage.sandbox.requests(path=VERIFY))
    stage.publish(ahead=LONGEST_LEAD)
    assert len(stage.sandbox.requests(path=VERIFY)) == asked
    stage.publish()
    assert len(stage.sandbox.requests(path=VERIFY)) == asked + 1


def test_when_its_time_has_come_the_run_that_waited_for_it_asks_the_account(stage: Stage) -> None:
    stage.settings = replace(stage.settings, retry=Retry(first=1.0, longest=1.0))
    stage.publish()
    stage.sandbox.faults.add(Fault(What.PROXY_ERROR, VERIFY))
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    assert not stage.sandbox.statuses()
    stage.publish(wait=3.0, ahead=LONGEST_LEAD)
    assert stage.texts()[0] == ["Hello!"]


def test_what_waited_for_the_account_goes_out_oldest_first(stage: Stage) -> None:
    stage.settings = replace(stage.settings, retry=Retry(first=1.0, longest=1.0))
    stage.publish()
    slow_down = stage.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, seconds=2))
    for number in range(3):
        # Their names do not tell their order.
        stage.post(f"{3 - number}.md", stage.soon(-20 + number), body=f"Number {number}", targets="mastodon")
    stage.publish(wait=4)
    assert slow_down.struck.is_set()
    assert stage.texts()[0] == ["Number 0", "Number 1", "Number 2"]


@pytest.mark.parametrize(
    ("target", "path", "words"),
    [
        ("mastodon", STATUSES, "access token in the account's settings (Development, scopes read and write). "),
        ("bluesky", "/xrpc/com.atproto.repo.putRecord", "app password in the app's settings"),
    ],
)
def test_an_account_that_is_refused_while_sending_says_how_to_mend_it(
    stage: Stage, target: str, path: str, words: str
) -> None:
    stage.sandbox.faults.add(Fault(What.UNAUTHORIZED, path))
    stage.post("a.md", stage.soon(-1), targets=target)
    (left,) = stage.publish().left
    variable = stage.settings.accounts[target].variable
    assert "revoked. Make a" in left.error and words in left.error
    assert f"Set {variable} to it, and restart a daemon that runs" in left.error


def test_an_account_that_is_refused_when_it_is_looked_up_says_how_to_mend_it(stage: Stage) -> None:
    stage.publish()
    stage.sandbox.faults.add(Fault(What.UNAUTHORIZED, "*/statuses", method="GET"))
    stage.post("a.md", stage.soon(-600), targets="mastodon")
    (left,) = stage.publish().left
    assert "Make a new access token" in left.error and "Set FEDISCHED_MASTODON_TOKEN to it" in left.error
