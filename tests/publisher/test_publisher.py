"""A file in, a post out, the result back in the file: whole runs of the publisher against the sandbox."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from threading import Thread

import httpx

from fedisched.engine.journal import Journal
from fedisched.engine.plan import Stand
from fedisched.model.delivery import Delivery, State
from fedisched.model.post import Status
from fedisched.model.settings import Retry, Settings
from fedisched.sandbox import Fault, What
from tests.stage import Stage

STATUSES = "/api/v1/statuses"
PUT_RECORD = "/xrpc/com.atproto.repo.putRecord"


def test_what_is_due_is_published_to_every_target_and_written_back(stage: Stage) -> None:
    path = stage.write(
        "a.md",
        """
        ---
        # my own remark
        time: 2026-03-02 09:00   # Berlin
        targets: [ mastodon,bluesky ]
        x-mine: "keep  this"
        ---
        Hello, *world*!
        """,
    )
    stage.settings = _patient(stage)
    before = path.read_text()

    summary = stage.publish()

    assert not summary.needs_a_person and not summary.waits
    assert stage.texts() == (["Hello, *world*!"], ["Hello, *world*!"])
    after = path.read_text()
    assert stage.entry("a.md").status is Status.PUBLISHED
    assert re.sub(r"(?m)^(status: published\n)?results:\n(  .*\n)+", "", after) == before
    for url in re.findall(r"url: (\S+)", after):
        assert httpx.get(url).status_code == 200
    assert {report.outcome for report in stage.reports} == {"published"}


def test_a_second_run_sends_nothing_again(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-10))
    stage.publish()
    again = len(stage.reports)
    summary = stage.publish()
    assert len(stage.reports) == again and not summary.waits
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_without_the_journal_the_file_alone_keeps_it_from_going_out_again(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-10))
    stage.publish()
    _lose_the_journal(stage)
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_without_journal_and_results_the_networks_keep_it_from_going_out_again(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-10))
    as_written = path.read_text()
    stage.publish()
    _lose_the_journal(stage)
    path.write_text(as_written)
    summary = stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert not summary.needs_a_person and stage.entry("a.md").status is Status.PUBLISHED


def test_what_is_due_soon_leaves_at_its_moment_and_never_before(stage: Stage) -> None:
    due = stage.soon(4)
    stage.post("a.md", due)
    stage.publish(wait=10)
    sent = [seen for seen in stage.sandbox.requests("POST") if seen.path in (STATUSES, PUT_RECORD)]
    assert sorted(seen.path for seen in sent) == [STATUSES, PUT_RECORD]
    assert all(seen.arrived >= due for seen in sent)


def test_what_is_not_due_yet_is_left_alone(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(3600))
    before = path.read_bytes()
    summary = stage.publish()
    assert path.read_bytes() == before and not summary.waits and not stage.sandbox.requests()


def test_a_draft_and_a_broken_post_are_never_sent(stage: Stage) -> None:
    stage.write("draft.md", "---\nstatus: draft\ntime: 2026-01-01 09:00\n---\nNot yet\n")
    stage.write("broken.md", "---\ntime: 2026-01-01 09:00\ntime: 2026-01-02 09:00\n---\nTwice\n")
    summary = stage.publish()
    assert not stage.sandbox.requests()
    assert summary.needs_a_person and [step.stand for step in summary.left] == [Stand.BROKEN]


def test_long_overdue_is_asked_about_and_its_file_is_not_touched(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-13 * 3600))
    before = path.read_bytes()
    summary = stage.publish()
    assert {step.stand for step in summary.left} == {Stand.LATE}
    assert path.read_bytes() == before and stage.texts() == ([], [])


def test_a_person_can_send_a_late_post_now(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-13 * 3600))
    stage.publish(asked=["posts/a.md"])
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_a_lost_answer_is_looked_up_and_not_sent_again(stage: Stage) -> None:
    for path in (STATUSES, PUT_RECORD):
        stage.sandbox.faults.add(Fault(What.DROP_ANSWER, path))
    stage.post("a.md", stage.soon(-1))
    stage.publish(wait=20)
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert stage.entry("a.md").status is Status.PUBLISHED


def test_a_lost_request_is_looked_up_and_sent_again(stage: Stage) -> None:
    for path in (STATUSES, PUT_RECORD):
        stage.sandbox.faults.add(Fault(What.DROP_REQUEST, path))
    stage.post("a.md", stage.soon(-1))
    stage.publish(wait=20)
    assert stage.texts() == (["Hello!"], ["Hello!"])


def test_what_cannot_be_sent_now_waits_and_the_file_says_so(stage: Stage) -> None:
    stage.settings = _patient(stage)
    stage.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, times=None, seconds=600))
    stage.post("a.md", stage.soon(-1))
    summary = stage.publish()
    assert summary.waits and not summary.needs_a_person
    entry = stage.entry("a.md")
    assert entry.status is Status.PUBLISHING
    assert {claim.target: claim.published for claim in entry.claims} == {"mastodon": False, "bluesky": True}
    stage.sandbox.faults.clear()
    stage.publish(wait=1)
    assert stage.texts() == ([], ["Hello!"]), "it waits until the moment that the server named"


def test_a_wrong_credential_pauses_its_account_and_no_other(stage: Stage) -> None:
    stage.environ["FEDISCHED_MASTODON_TOKEN"] = "wrong"
    stage.post("a.md", stage.soon(-1))
    summary = stage.publish()
    assert {step.stand for step in summary.left} == {Stand.PAUSED}
    assert stage.texts() == ([], ["Hello!"])
    stage.environ["FEDISCHED_MASTODON_TOKEN"] = "sandbox-token"
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert stage.entry("a.md").status is Status.PUBLISHED


def test_a_refused_post_fails_at_once_with_the_servers_words(stage: Stage) -> None:
    stage.sandbox.rules.max_characters = 3
    stage.settings = _patient(stage)
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    assert stage.texts() == ([], [])


def test_an_edit_between_preparing_and_sending_is_what_is_sent(stage: Stage) -> None:
    due = stage.soon(5)
    path = stage.post("a.md", due, body="First thoughts", targets="mastodon")

    def edit_when_prepared() -> None:
        stage.sandbox.wait_until(lambda: bool(stage.sandbox.requests(path="/api/v1/accounts/verify_credentials")))
        path.write_text(path.read_text().replace("First", "Second"))

    editor = Thread(target=edit_when_prepared)
    editor.start()
    stage.publish(wait=12)
    editor.join()
    assert stage.texts()[0] == ["Second thoughts"]


def test_a_draft_made_of_it_in_the_last_moment_is_not_sent(stage: Stage) -> None:
    due = stage.soon(5)
    path = stage.post("a.md", due, targets="mastodon")

    def withdraw() -> None:
        stage.sandbox.wait_until(lambda: bool(stage.sandbox.requests(path="/api/v1/accounts/verify_credentials")))
        path.write_text(path.read_text().replace("---\n", "---\nstatus: draft\n", 1))

    editor = Thread(target=withdraw)
    editor.start()
    stage.publish(wait=8)
    editor.join()
    assert stage.texts()[0] == [] and stage.entry("a.md").status is Status.DRAFT


def test_an_interrupted_thread_goes_on_where_it_stopped(stage: Stage) -> None:
    stage.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, nth=3, seconds=1))
    stage.post("a.md", stage.soon(-1), body="One\n\n---\n\nTwo\n\n---\n\nThree", targets="mastodon")
    stage.publish(wait=20)
    statuses = stage.sandbox.statuses(stage.mastodon_id)
    assert [status.text for status in statuses] == ["One", "Two", "Three"]
    assert [status.in_reply_to_id for status in statuses] == [None, statuses[0].id, statuses[1].id]


def test_without_the_journal_an_interrupted_thread_goes_on_after_the_parts_in_its_file(stage: Stage) -> None:
    _interrupted_thread(stage)
    _lose_the_journal(stage)
    stage.publish(wait=5)
    assert stage.texts()[0] == ["One", "Two"] and stage.entry("a.md").status is Status.PUBLISHED


def test_without_the_journal_an_interrupted_thread_goes_on_though_its_first_part_was_edited(stage: Stage) -> None:
    path = _interrupted_thread(stage)
    _lose_the_journal(stage)
    path.write_text(path.read_text().replace("One\n", "One, at last\n"))
    stage.publish(wait=5)
    assert stage.texts()[0] == ["One", "Two"] and stage.entry("a.md").status is Status.PUBLISHED


def _interrupted_thread(stage: Stage) -> Path:
    """A thread with its first part on a server that ignores keys, and its second refused for the moment."""
    stage.sandbox.rules.key_seconds = 0
    stage.sandbox.faults.add(Fault(What.RATE_LIMIT, STATUSES, nth=2, seconds=60))
    path = stage.post("a.md", stage.soon(-1), body="One\n\n---\n\nTwo", targets="mastodon")
    stage.publish()
    assert stage.texts()[0] == ["One"] and "parts:" in path.read_text()
    return path


def test_a_thread_on_bluesky_is_written_in_one_step(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-1), body="One\n---\nTwo\n---\nThree", targets="bluesky")
    stage.publish()
    assert stage.texts()[1] == ["One", "Two", "Three"]
    assert len(stage.sandbox.requests(path="/xrpc/com.atproto.repo.applyWrites")) == 1


def test_what_a_dead_run_was_sending_is_looked_up_first(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    stage.publish()
    journal = Journal(stage.state / "journal.sqlite3")
    with journal.transaction() as connection:
        connection.execute("UPDATE delivery SET state = 'sending', published_at = NULL")
        connection.execute("DELETE FROM part")
    journal.close()
    path = stage.folder / "posts/a.md"
    path.write_text(path.read_text().replace("published", "publishing", 1).partition("results:")[0] + "---\nHello!\n")
    stage.publish(wait=5)
    assert stage.texts()[0] == ["Hello!"]
    assert [delivery.state for delivery in _deliveries(stage)] == [State.PUBLISHED]


def test_an_old_buffer_saved_over_the_results_gets_them_back(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1))
    stage.post("later.md", stage.soon(6), body="Later")
    as_written = path.read_text()

    def save_the_old_buffer() -> None:
        assert stage.sandbox.wait_until(lambda: stage.texts() == (["Hello!"], ["Hello!"]))
        while stage.entry("a.md").status is not Status.PUBLISHED:
            stage.sandbox.wait_until(lambda: False, timeout=0.02)
        path.write_text(as_written)

    editor = Thread(target=save_the_old_buffer)
    editor.start()
    stage.publish(wait=9)
    editor.join()
    assert stage.entry("a.md").status is Status.PUBLISHED and len(stage.entry("a.md").claims) == 2
    assert stage.texts() == (["Hello!", "Later"], ["Hello!", "Later"])


def test_a_plain_run_finds_what_a_dead_one_was_sending(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-1))
    stage.sandbox.faults.add(Fault(What.DROP_ANSWER, STATUSES))
    stage.sandbox.faults.add(Fault(What.DROP_ANSWER, PUT_RECORD))
    stage.publish()
    journal = Journal(stage.state / "journal.sqlite3")
    with journal.transaction() as connection:
        connection.execute("UPDATE delivery SET state = 'sending', published_at = NULL")
        connection.execute("DELETE FROM part")
    journal.close()
    summary = stage.publish()
    assert not summary.waits and not summary.needs_a_person
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert stage.entry("a.md").status is Status.PUBLISHED


def test_with_the_servers_gone_a_run_ends_and_says_what_waits(stage: Stage) -> None:
    stage.settings = _patient(stage)
    stage.post("a.md", stage.soon(-1))
    stage.sandbox.faults.add(Fault(What.DROP_REQUEST, STATUSES, times=None))
    stage.publish()
    stage.post("b.md", stage.soon(-1))
    stage.sandbox.stop()
    stage.reports.clear()
    summary = stage.publish()
    assert summary.waits
    told = {(report.path, report.target): report for report in stage.reports}
    assert set(told) == {("posts/a.md", "mastodon"), ("posts/b.md", "mastodon"), ("posts/b.md", "bluesky")}
    assert all(report.outcome == "waiting" and report.error and report.next_try for report in told.values())
    stage.sandbox.faults.clear()
    stage.sandbox.start()
    stage.publish(wait=1)
    assert sorted(stage.texts()[0]) == ["Hello!", "Hello!"] and len(stage.texts()[1]) == 2


def test_an_old_buffer_saved_under_the_new_name_of_a_published_file_is_no_new_post(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1))
    as_written = path.read_text()
    stage.publish()
    renamed = path.rename(path.with_name("renamed.md"))
    stage.publish()
    renamed.write_text(as_written)
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert stage.entry("renamed.md").status is Status.PUBLISHED and len(stage.entry("renamed.md").claims) == 2


def test_a_published_file_that_comes_back_under_another_name_without_its_results_is_no_new_post(stage: Stage) -> None:
    path = stage.post("a.md", stage.soon(-1))
    as_written = path.read_text()
    stage.publish()
    path.unlink()
    path.with_name("back.md").write_text(as_written)
    stage.publish()
    assert stage.texts() == (["Hello!"], ["Hello!"])
    assert stage.entry("back.md").status is Status.PUBLISHED


def test_another_folders_post_to_the_same_account_holds_up_nothing(stage: Stage) -> None:
    stage.sandbox.add_status(stage.mastodon_id, "From elsewhere", application="fedisched")
    stage.post("a.md", stage.soon(-1), targets="mastodon")
    summary = stage.publish()
    assert not summary.needs_a_person
    assert stage.texts()[0] == ["From elsewhere", "Hello!"]


def test_two_publishers_at_once_send_it_once(stage: Stage) -> None:
    for number in range(5):
        stage.post(f"{number}.md", stage.soon(2), body=f"Hello {number}!")
    runs = [Thread(target=stage.publish, kwargs={"wait": 8.0}) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    expected = [f"Hello {number}!" for number in range(5)]
    assert (sorted(stage.texts()[0]), sorted(stage.texts()[1])) == (expected, expected)


def test_a_hanging_server_does_not_hold_up_another_account(stage: Stage) -> None:
    hanging = stage.sandbox.faults.add(Fault(What.HANG, network="mastodon", times=None))
    stage.post("a.md", stage.soon(-1))
    run = Thread(target=stage.publish)
    run.start()
    assert stage.sandbox.wait_until(lambda: len(stage.sandbox.records(stage.did)) == 1)
    assert run.is_alive()
    stage.sandbox.stop()
    hanging.release()
    run.join()


def _patient(stage: Stage) -> Settings:
    """Everything is on time, and what was not sent waits for a minute."""
    return replace(stage.settings, late_after=10_000 * 3600.0, retry=Retry())


def _lose_the_journal(stage: Stage) -> None:
    for file in stage.state.glob("journal.sqlite3*"):
        file.unlink()


def _deliveries(stage: Stage) -> list[Delivery]:
    journal = Journal(stage.state / "journal.sqlite3")
    try:
        return list(journal.deliveries())
    finally:
        journal.close()
