"""What the daemon says of posts that need a person: the reason, and the command to type; and that it follows them."""

from __future__ import annotations

from fedisched.engine.journal import Journal
from fedisched.model.delivery import State
from fedisched.model.post import Status
from fedisched.sandbox import Fault, What
from tests.cli.support import call
from tests.daemon.service import Service, environ_of, wait_until
from tests.publisher.held import IN_DOUBT, STATUSES, hold
from tests.stage import Stage, as_text


def running(stage: Stage) -> Service:
    return Service(stage.folder, environ_of(stage))


def test_three_hundred_old_posts_are_one_question(stage: Stage) -> None:
    for number in range(300):
        stage.post(f"{number:03}.md", stage.soon(-86400 * (number + 2)))
    before = {path: path.read_bytes() for path in (stage.folder / "posts").iterdir()}
    with running(stage) as service:
        service.until(
            "late", "300 posts", "posts/299.md, posts/298.md, posts/297.md and 297 more", "publish PATH --now"
        )
        stage.post("next.md", stage.soon(3600))
        service.until("armed", "posts/next.md")
        assert service.stop() == 0
    assert service.count("late  ") == 1 and not stage.sandbox.requests()
    assert {path: path.read_bytes() for path in before} == before


def test_old_posts_that_are_dropped_in_meanwhile_are_asked_about_together(stage: Stage) -> None:
    with running(stage) as service:
        aside = stage.folder / "aside"
        aside.mkdir()
        for number in range(50):
            due = as_text(stage.soon(-86400 * (number + 2)))
            (aside / f"{number}.md").write_text(f"---\ntime: {due}\n---\nHello!\n")
        aside.rename(stage.folder / "posts/old")
        service.until("late", "50 posts")
        assert service.stop() == 0
    assert service.count("late  ") == 1


def test_at_the_start_it_counts_what_waits_for_a_person(stage: Stage) -> None:
    hold(stage)
    with running(stage) as service:
        assert service.count("watching", "1 held or failed: fedisched queue --failed says what to type") == 1
        assert service.stop() == 0


def test_what_fails_is_told_with_the_command_and_goes_out_when_it_is_typed(stage: Stage) -> None:
    fault = stage.sandbox.faults.add(Fault(What.PROXY_ERROR, STATUSES, status=422))
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    with running(stage) as service:
        service.until("failed", "posts/a.md", "Then type: fedisched retry posts/a.md")
        assert fault.struck.is_set() and wait_until(lambda: stage.entry("a.md").status is Status.FAILED)
        assert call("retry", str(stage.folder / "posts/a.md"), "-C", str(stage.folder)).exit_code == 0
        service.until("published", "posts/a.md")
        assert service.stop() == 0
    assert stage.texts()[0] == ["Hello!"]


def test_what_is_held_goes_out_when_a_person_says_so_and_nothing_else_is_due(stage: Stage) -> None:
    hold(stage)
    # Of a server without keys the new daemon would first wait for what a dead run may have sent: minutes.
    stage.sandbox.rules.key_seconds = 3600
    with running(stage) as service:
        assert call("resolve", str(stage.folder / "posts/a.md"), "--retry", "-C", str(stage.folder)).exit_code == 0
        service.until("published", "posts/a.md")
        assert service.stop() == 0
    assert stage.texts()[0] == [IN_DOUBT, "Hello!"]


def test_what_a_person_found_is_written_into_the_journal_at_once(stage: Stage) -> None:
    path = hold(stage)
    text = path.read_text()
    by_hand = stage.sandbox.add_status(stage.mastodon_id, "In other words")
    url = f"{stage.sandbox.url}/@me/{by_hand.id}"
    with running(stage) as service:
        assert call("resolve", str(path), "--sent", url, "-C", str(stage.folder)).exit_code == 0
        assert wait_until(lambda: _states(stage) == [State.PUBLISHED])
        path.write_text(text.partition("status:")[0] + "---\nHello!\n")
        assert wait_until(lambda: stage.entry("a.md").status is Status.PUBLISHED)
        assert service.stop() == 0
    assert stage.entry("a.md").claims[0].url == url and "Hello!" not in stage.texts()[0]


def test_a_copy_of_a_published_post_is_told_with_the_lines_to_delete(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    with running(stage) as service:
        stage.write("new.md", path.read_text().replace("status: published", "status: scheduled"))
        service.until(
            "problem", "posts/new.md:5:1: ", "If this is a new post, delete lines 5 to 10, its whole `results`"
        )
        time = path.read_text().partition("time: ")[2].partition("\n")[0]
        stage.write("plain.md", path.read_text().replace(time, as_text(stage.soon(3600)), 1))
        service.until("problem", "posts/plain.md:5:1: ", "delete lines 5 to 10", "write `status: scheduled` in line 4")
        stage.write("other.md", f"---\ntime: {as_text(stage.soon(3600))}\nstatus: published\n---\nHello!\n")
        service.until("problem", "posts/other.md:3:1: its status is published, but it has no results")
        # Somebody else wrote: everything is looked at again, and nothing is told twice.
        assert call("queue", "-C", str(stage.folder)).exit_code == 1
        stage.post("next.md", stage.soon(7200))
        service.until("armed", "posts/next.md")
        assert service.stop() == 0
    assert service.count("problem") == 3 and stage.texts()[0] == ["Hello!"]


def test_a_published_post_whose_time_was_changed_is_told_with_the_command(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1), targets="mastodon")
    text = path.read_text()
    stage.publish()
    with running(stage) as service:
        time = text.partition("time: ")[2].partition("\n")[0]
        path.write_text(text.replace(time, as_text(stage.soon(3600))))
        service.until(
            "held", "posts/a.md", "already published", "`fedisched resolve posts/a.md --drop` leaves it at that"
        )
        assert service.stop() == 0
    assert service.count("held  ") == 1 and stage.texts()[0] == ["Hello!"]


def _states(stage: Stage) -> list[State]:
    journal = Journal(stage.state / "journal.sqlite3")
    try:
        return [delivery.state for delivery in journal.deliveries()]
    finally:
        journal.close()
