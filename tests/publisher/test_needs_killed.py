"""A publisher that dies anywhere between a question and its answer: in the end each is there once, and in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fedisched.model.post import Status
from fedisched.model.settings import Retry
from fedisched.sandbox import Sandbox
from tests.publisher.mortal import FlyingClock, MortalStage

MOST_RUNS = 30


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[MortalStage]:
    truth = FlyingClock()
    with Sandbox(now=truth.now) as sandbox:
        stage = MortalStage(tmp_path, sandbox, truth, lambda before, after: None)
        # The clock flies, and what was due half a minute before must not be given up while it does.
        stage.settings = replace(stage.settings, retry=Retry(first=0.2, longest=1.0, give_up_after=86400.0))
        yield stage


@pytest.mark.parametrize("acts", [5, 9, 12, 15, 18, 22, 27, 34, 45])
def test_whenever_it_dies_the_answer_follows_the_question(mortal: MortalStage, acts: int) -> None:
    named = {"reply_to": "question.md", "quote": "question.md"}
    mortal.post("answer.md", mortal.soon(-30), "The answer", **named)
    mortal.post("question.md", mortal.soon(-30), "The question")
    mortal.live(acts)
    mortal.live(acts)
    for _ in range(MOST_RUNS):
        if all(mortal.entry(name).status is Status.PUBLISHED for name in ("question.md", "answer.md")):
            break
        mortal.live()
    toots = {status.text: status for status in mortal.sandbox.statuses(mortal.mastodon_id)}
    assert sorted(mortal.texts()[0]) == ["The answer", "The question"]
    assert toots["The answer"].in_reply_to_id == toots["The answer"].quoted_id == toots["The question"].id
    records = {str(record.value["text"]): record for record in mortal.sandbox.records(mortal.did)}
    assert sorted(mortal.texts()[1]) == ["The answer", "The question"]
    question = {"uri": records["The question"].uri, "cid": records["The question"].cid}
    assert records["The answer"].value["reply"] == {"root": question, "parent": question}
    assert records["The answer"].value["embed"]["record"] == question
