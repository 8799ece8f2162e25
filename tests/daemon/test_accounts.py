"""What the daemon says of an account that cannot be used: at once, once, and again when it can be."""

from __future__ import annotations

from fedisched.sandbox import Fault, What
from tests.daemon.service import Service, environ_of
from tests.stage import Stage

VERIFY = "/api/v1/accounts/verify_credentials"


def test_an_account_that_cannot_be_used_is_told_at_once_and_when_it_can_be_again(stage: Stage) -> None:
    fault = stage.sandbox.faults.add(Fault(What.PROXY_ERROR, VERIFY, times=None))
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.post("b.md", stage.soon(25), targets="bluesky")
    with Service(stage.folder, environ_of(stage)) as service:
        at = service.until("waiting", "mastodon", "502")
        # The publisher is still there, for what falls due next.
        assert len(service.children()) == 1
        assert fault.struck.is_set()
        stage.sandbox.faults.clear()
        at = service.until("usable", "mastodon", after=at)
        service.until("published", "posts/a.md")
        assert service.stop() == 0
    assert service.count("502") == 1 and service.count("usable") == 1


def test_a_daemon_that_is_restarted_with_another_token_tries_at_once(stage: Stage) -> None:
    config = stage.folder / "fedisched.toml"
    config.write_text(config.read_text().replace('first = "1s"\nlongest = "2s"', 'first = "1h"\nlongest = "1h"'))
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    with Service(stage.folder, environ_of(stage, FEDISCHED_MASTODON_TOKEN="revoked")) as service:
        service.until("paused", "mastodon", "Set FEDISCHED_MASTODON_TOKEN to it, and restart a daemon")
        assert service.stop() == 0
    with Service(stage.folder, environ_of(stage)) as service:
        service.until("published", "posts/a.md")
        assert service.stop() == 0
    assert stage.texts()[0] == ["Hello!"]
