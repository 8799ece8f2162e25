"""The daemon and a post that waits for another one: it is looked at when that one's file changes."""

from __future__ import annotations

from tests.cli.support import call
from tests.daemon.service import Service, environ_of
from tests.stage import Stage, as_text


def test_an_answer_goes_out_when_what_it_answers_appears_though_the_daemon_was_killed_meanwhile(stage: Stage) -> None:
    stage.post("b.md", stage.soon(-30), "The answer", targets="mastodon", reply_to="a.md")
    with Service(stage.folder, environ_of(stage)) as service:
        service.process.kill()
        service.wait()
    queue = call("queue", "-C", str(stage.folder), environ=environ_of(stage), now=as_text(stage.clock.now()))
    assert "waits for posts/a.md, which is not there" in queue.stdout
    with Service(stage.folder, environ_of(stage)) as service:
        stage.post("c.md", stage.soon(3600), "The end", targets="mastodon", reply_to="b.md")
        service.until("waits", "posts/c.md", "for posts/b.md, which is not published yet")
        stage.post("a.md", stage.soon(-20), "The question", targets="mastodon")
        service.until("published", "posts/a.md")
        service.until("published", "posts/b.md")
        service.until("armed", "posts/c.md")
        assert service.stop() == 0
    found = {status.text: status for status in stage.sandbox.statuses(stage.mastodon_id)}
    assert found["The answer"].in_reply_to_id == found["The question"].id


def test_a_change_of_the_others_file_is_enough(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-30), "The question", targets="mastodon")
    stage.publish()
    path = stage.folder / "posts/a.md"
    published = path.read_text()
    path.rename(stage.folder / "a.md")
    stage.post("b.md", stage.soon(-20), "The answer", targets="mastodon", reply_to="a.md")
    with Service(stage.folder, environ_of(stage)) as service:
        path.write_text(published)
        service.until("published", "posts/b.md")
        assert service.stop() == 0
    assert sorted(stage.texts()[0]) == ["The answer", "The question"]
