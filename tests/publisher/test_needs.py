"""Posts that answer and quote each other: whole runs of the publisher against the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fedisched.engine.journal import Journal
from fedisched.model.delivery import State
from fedisched.model.post import Status
from fedisched.sandbox import Fault, What
from fedisched.sandbox import Status as Toot
from tests.stage import Stage, as_text

STATUSES = "/api/v1/statuses"


def toots(stage: Stage) -> Mapping[str, Toot]:
    return {status.text: status for status in stage.sandbox.statuses(stage.mastodon_id)}


def records(stage: Stage) -> Mapping[str, Any]:
    return {str(record.value["text"]): record for record in stage.sandbox.records(stage.did)}


def reference(record: Any) -> dict[str, str]:
    return {"uri": record.uri, "cid": record.cid}


def test_an_answer_leaves_after_what_it_answers_though_it_is_due_before(stage: Stage) -> None:
    stage.post("answer.md", stage.soon(-60), "The answer", reply_to="question.md")
    stage.post("question.md", stage.soon(-30), "The question")
    summary = stage.publish()
    assert not summary.waits and not summary.needs_a_person
    toot, record = toots(stage), records(stage)
    assert toot["The answer"].in_reply_to_id == toot["The question"].id
    question = reference(record["The question"])
    assert record["The answer"].value["reply"] == {"root": question, "parent": question}
    assert {stage.entry(name).status for name in ("answer.md", "question.md")} == {Status.PUBLISHED}


def test_an_answer_to_an_answer_has_its_threads_root_and_a_thread_is_answered_at_its_end(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-90), "One\n\n---\n\nTwo")
    stage.post("b.md", stage.soon(-60), "Three\n\n---\n\nFour", reply_to="a.md")
    stage.post("c.md", stage.soon(-30), "Five", reply_to="b.md")
    assert not stage.publish().waits
    toot, record = toots(stage), records(stage)
    chain = ["One", "Two", "Three", "Four", "Five"]
    for text, parent in zip(chain[1:], chain, strict=False):
        assert toot[text].in_reply_to_id == toot[parent].id
        assert record[text].value["reply"] == {"root": reference(record["One"]), "parent": reference(record[parent])}


def test_a_quote_shows_the_other_posts_beginning(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-90), "One\n\n---\n\nTwo")
    stage.post("b.md", stage.soon(-60), "Look at this", quote="a.md")
    stage.publish()
    assert toots(stage)["Look at this"].quoted_id == toots(stage)["One"].id
    embed = records(stage)["Look at this"].value["embed"]
    assert embed == {"$type": "app.bsky.embed.record", "record": reference(records(stage)["One"])}


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "draft"])
def test_it_waits_for_a_post_that_is_not_published(stage: Stage, missing: bool) -> None:
    stage.post("b.md", stage.soon(-60), "The answer", reply_to="a.md")
    if not missing:
        stage.write("a.md", "---\nstatus: draft\n---\nNot yet\n")
    before = (stage.folder / "posts/b.md").read_bytes()
    summary = stage.publish()
    assert summary.waits and not summary.needs_a_person
    assert stage.texts() == ([], [])
    why = "waits for posts/a.md, which is not there" if missing else "waits for posts/a.md, which is a draft"
    assert {(report.outcome, report.error) for report in stage.reports} == {("waiting", why)}
    assert (stage.folder / "posts/b.md").read_bytes() == before
    stage.post("a.md", stage.soon(-30), "The question")
    assert not stage.publish().waits
    assert toots(stage)["The answer"].in_reply_to_id == toots(stage)["The question"].id


def test_without_the_journal_the_others_file_is_enough(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-60), "The question")
    stage.publish()
    for file in stage.state.glob("journal.sqlite3*"):
        file.unlink()
    stage.post("b.md", stage.soon(-30), "The answer", reply_to="a.md")
    stage.publish()
    assert toots(stage)["The answer"].in_reply_to_id == toots(stage)["The question"].id
    assert records(stage)["The answer"].value["reply"]["root"] == reference(records(stage)["The question"])


def test_after_a_lost_answer_the_reply_is_found_and_not_sent_again(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-60), "The question", targets="mastodon")
    stage.post("b.md", stage.soon(-30), "The answer", targets="mastodon", reply_to="a.md")
    stage.sandbox.faults.add(Fault(What.DROP_ANSWER, path=STATUSES, method="POST", nth=2))
    stage.publish()
    stage.publish()
    assert sorted(stage.texts()[0]) == ["The answer", "The question"]
    assert stage.entry("b.md").status is Status.PUBLISHED


def test_while_it_is_unclear_whether_the_other_is_there_nothing_answers_it(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-60), "The question", targets="mastodon")
    stage.post("b.md", stage.soon(-30), "The answer", targets="mastodon", reply_to="a.md")
    stage.settle = None  # a "not there" is trusted two minutes later
    stage.sandbox.faults.add(Fault(What.DROP_REQUEST, path=STATUSES, method="POST"))
    stage.publish()
    assert stage.texts()[0] == []
    journal = Journal(stage.state / "journal.sqlite3")
    known = {delivery.path: delivery.state for delivery in journal.deliveries()}
    journal.close()
    assert known == {"posts/a.md": State.UNSURE, "posts/b.md": State.WAITING}


def test_a_run_that_died_between_the_two_is_gone_on_with(stage: Stage) -> None:
    question = stage.post("a.md", stage.soon(-60), "The question")
    as_written = question.read_text()
    stage.publish()
    question.write_text(as_written)  # it died before it wrote the results
    stage.post("b.md", stage.soon(-30), "The answer", reply_to="a.md")
    stage.publish()
    assert sorted(stage.texts()[0]) == ["The answer", "The question"]
    assert toots(stage)["The answer"].in_reply_to_id == toots(stage)["The question"].id
    assert stage.entry("a.md").status is Status.PUBLISHED


def test_posts_elsewhere_are_answered_and_quoted_by_their_addresses(stage: Stage) -> None:
    stage.post("a.md", stage.soon(-60), "The question")
    stage.publish()
    toot, record = toots(stage)["The question"], records(stage)["The question"]
    page = f"{stage.sandbox.url}/@me/{toot.id}"
    quoted = f"https://bsky.app/profile/me.test/post/{record.rkey}"
    front = f"reply_to:\n  mastodon: {page}\n  bluesky: {record.uri}\nquote:\n  bluesky: {quoted}\n"
    stage.write("b.md", f"---\ntime: {as_text(stage.soon(-30))}\n{front}---\nThe answer\n")
    stage.publish()
    assert toots(stage)["The answer"].in_reply_to_id == toot.id
    value = records(stage)["The answer"].value
    assert value["reply"]["parent"] == reference(record)
    assert value["embed"]["record"] == reference(record)


def test_a_post_that_is_gone_is_a_refusal_that_says_so(stage: Stage) -> None:
    page = f"{stage.sandbox.url}/@me/12345"
    uri = f"at://{stage.did}/app.bsky.feed.post/3kaaaaaaaaaaa"
    front = f"reply_to:\n  mastodon: {page}\n  bluesky: {uri}\n"
    stage.write("b.md", f"---\ntime: {as_text(stage.soon(-30))}\n{front}---\nThe answer\n")
    assert stage.publish().needs_a_person
    assert stage.texts() == ([], [])
    assert {report.error for report in stage.reports} == {
        f"there is no post at {page} (any more)",
        f"there is no post at {uri} (any more)",
    }


def test_what_targets_get_otherwise_is_what_they_get(stage: Stage) -> None:
    text = "    text: |\n      Tea or coffee?\n    tags: [tea]\n"
    front = f"override:\n  mastodon:\n    poll: [Tea, Coffee]\n  bluesky:\n{text}"
    stage.write("a.md", f"---\ntime: {as_text(stage.soon(-30))}\n{front}---\nWhat do you drink?\n")
    summary = stage.publish()
    assert not summary.needs_a_person, stage.reports
    (toot,) = toots(stage).values()
    (record,) = records(stage).values()
    assert (toot.text, (toot.poll or {})["options"]) == ("What do you drink?", ["Tea", "Coffee"])
    assert (record.value["text"], record.value["tags"]) == ("Tea or coffee?", ["tea"])
