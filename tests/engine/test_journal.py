from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from fedisched.clock import SECOND
from fedisched.engine.accounts import Accounts
from fedisched.engine.index import Index
from fedisched.engine.journal import FILE_NAME, Arming, Journal
from fedisched.model.delivery import Delivery, State
from fedisched.model.network import Identity, Upload
from fedisched.model.outcome import SentPart
from fedisched.model.post import Status
from fedisched.model.rendered import Limits
from tests.engine.support import DUE, EVERY_STATE, HOUR, IDS, PATH, RENDERED, armed, brought_to, entry, key_of, part

NOW = DUE + HOUR
W, S, U, P, R, H, C = (
    State.WAITING,
    State.SENDING,
    State.UNSURE,
    State.PUBLISHED,
    State.REFUSED,
    State.HELD,
    State.CANCELLED,
)

Move = Callable[[Journal, Delivery], bool]
MOVES: dict[str, tuple[Move, State, set[State]]] = {
    "begin_sending": (lambda j, d: j.begin_sending(d, RENDERED, (), NOW), S, {W}),
    "take_back": (lambda j, d: j.take_back(d), W, {S}),
    "block": (lambda j, d: j.block(d, "too long", "Shorten it.", NOW), W, {W}),
    "try_again": (lambda j, d: j.try_again(d, NOW), W, {W, R, C}),
    "cancel": (lambda j, d: j.cancel(d), C, {W, R, H}),
    "record_published": (lambda j, d: j.record_published(d, (part(),), NOW), P, {W, S, U, H}),
    "record_waiting": (lambda j, d: j.record_waiting(d, "no route", NOW), W, {W, S, U}),
    "record_not_prepared": (lambda j, d: j.record_not_prepared(d, "no route", NOW, NOW), W, {W}),
    "record_refused": (lambda j, d: j.record_refused(d, "too long", "Shorten it."), R, {W, S, U}),
    "record_unsure": (lambda j, d: j.record_unsure(d, "cut off", NOW, NOW), U, {S, U}),
    "look_again": (lambda j, d: j.look_again(d, "slow", NOW), U, {U}),
    "asked_to_look": (lambda j, d: j.asked_to_look(d, "asked", NOW), U, {H}),
    "adopt": (lambda j, d: j.adopt(d, key="new", due=DUE, digest="new"), W, {W, R, C, H}),
    "record_held": (lambda j, d: j.record_held(d, "perhaps", "Look."), H, {W, U}),
}


@pytest.mark.parametrize("state", EVERY_STATE)
@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_made_from_the_states_it_is_for_and_from_no_other(journal: Journal, name: str, state: State) -> None:
    move, to, only_from = MOVES[name]
    before = brought_to(journal, state)
    assert move(journal, before) == (state in only_from)
    after = journal.delivery(before.id)
    assert after.state is (to if state in only_from else state)
    if state not in only_from:
        assert replace(after, parts=()) == replace(before, parts=())


@pytest.mark.parametrize("state", EVERY_STATE)
def test_the_file_is_followed_only_where_nothing_can_be_on_its_way(journal: Journal, state: State) -> None:
    before = brought_to(journal, state)
    follows = state in (W, C, R)
    assert journal.change_unsent(before, key="k", due=DUE + HOUR, digest="new", now=NOW) == follows
    after = journal.delivery(before.id)
    assert (after.due, after.digest) == ((DUE + HOUR, "new") if follows else (before.due, before.digest))
    assert after.state is state


def test_a_new_key_makes_it_as_if_never_sent_but_for_the_parts_that_are_there(journal: Journal) -> None:
    known = brought_to(journal, H)
    journal.record_parts(known, (part(1),))
    assert journal.adopt(known, key="new", due=DUE + HOUR, digest="new")
    found = journal.delivery(known.id)
    assert (found.key, found.due, found.digest, found.armed_at) == ("new", DUE + HOUR, "new", known.armed_at)
    assert (found.since, found.sent, found.uploads, found.last_try, found.attempts) == (None, None, (), None, 0)
    assert found.first_try == known.first_try and found.parts == (part(1),)
    assert (found.error, found.hint) == ("", "")


def test_a_new_key_is_taken_once_and_never_if_it_is_another_delivery_s(journal: Journal) -> None:
    known, other = brought_to(journal, H), brought_to(journal, P, "posts/b.md")
    assert not journal.adopt(known, key=other.key, due=DUE, digest="new")
    assert journal.adopt(known, key="new", due=DUE, digest="new")
    assert not journal.adopt(known, key="newer", due=DUE, digest="newer"), "it was seen with its old key"
    assert journal.delivery(known.id).key == "new"


def test_what_another_clone_began_is_armed_with_the_parts_that_are_there(journal: Journal) -> None:
    begun = Arming(PATH, "m", IDS["m"], "k", DUE, "digest", parts=(part(1), part(2)), in_doubt=True)
    (known,) = journal.arm_all([begun], NOW)
    assert (known.state, known.since, [each.number for each in known.parts]) == (U, None, [1, 2])
    assert journal.arm_all([replace(begun, parts=(part(3),))], NOW) == [known]


def test_what_is_armed_is_waiting_and_arming_again_changes_nothing(journal: Journal) -> None:
    first = armed(journal)
    assert (first.state, first.key, first.due, first.armed_at) == (W, key_of(), DUE, DUE - HOUR)
    assert journal.arm(PATH, "other", IDS["m"], "k", DUE + 1, "new", NOW) == first
    assert armed(journal, "posts/b.md").id != first.id
    assert [known.path for known in journal.deliveries()] == [PATH, "posts/b.md"]
    assert journal.deliveries(path=PATH, account=IDS["m"]) == [first]
    assert journal.deliveries(account=IDS["b"]) == []
    with pytest.raises(KeyError):
        journal.delivery(99)


def test_the_key_follows_the_file_until_the_first_send_and_then_stays(journal: Journal) -> None:
    known = armed(journal)
    assert journal.change_unsent(known, key="moved", due=DUE, digest="2", now=NOW)
    known = journal.delivery(known.id)
    assert known.key == "moved"
    assert journal.begin_sending(known, RENDERED, (), NOW)
    assert journal.record_waiting(known, "no route", NOW)
    assert journal.change_unsent(known, key="again", due=DUE + HOUR, digest="3", now=NOW)
    assert journal.delivery(known.id).key == "moved"


def test_nothing_is_sent_under_a_key_that_the_journal_no_longer_has(journal: Journal) -> None:
    seen = armed(journal)
    assert journal.change_unsent(seen, key="moved", due=DUE, digest="2", now=NOW)
    assert not journal.begin_sending(seen, RENDERED, (), NOW)
    assert journal.delivery(seen.id).state is W


def test_a_change_on_top_of_one_that_was_not_seen_is_refused(journal: Journal) -> None:
    seen = armed(journal)
    assert journal.change_unsent(seen, key="k", due=DUE, digest="2", now=NOW)
    assert not journal.change_unsent(seen, key="k", due=DUE, digest="3", now=NOW)


def test_a_changed_text_keeps_the_moment_of_arming_and_a_changed_time_does_not(journal: Journal) -> None:
    known = armed(journal)
    assert journal.change_unsent(known, key="k", due=DUE, digest="2", now=NOW)
    assert journal.delivery(known.id).armed_at == DUE - HOUR
    assert journal.change_unsent(journal.delivery(known.id), key="k", due=DUE + 9, digest="3", now=NOW)
    assert journal.delivery(known.id).armed_at == NOW


def test_patience_counts_for_the_due_moment_it_was_tried_at(journal: Journal) -> None:
    known = armed(journal)
    assert journal.record_not_prepared(known, "no route", NOW, DUE)
    assert journal.change_unsent(known, key="k", due=DUE, digest="2", now=NOW)
    same = journal.delivery(known.id)
    assert (same.attempts, same.first_try, same.next_try, same.error) == (1, DUE, None, "")
    assert journal.change_unsent(same, key="k", due=DUE + HOUR, digest="3", now=NOW)
    moved = journal.delivery(known.id)
    assert (moved.attempts, moved.first_try, moved.due) == (0, None, DUE + HOUR)


def test_the_intent_says_what_leaves_and_since_when(journal: Journal) -> None:
    known = armed(journal)
    uploads = (Upload(1, 1, json.dumps({"ref": "ba\u2028f"})), Upload(1, 2, "17"))
    assert journal.begin_sending(known, RENDERED, uploads, NOW)
    found = journal.delivery(known.id)
    assert (found.uploads, found.sent) == (uploads, RENDERED)
    assert (found.attempts, found.first_try, found.since, found.last_try) == (1, NOW, NOW, NOW)
    assert journal.record_waiting(found, "no route", NOW + 5)
    assert journal.begin_sending(found, RENDERED, uploads, NOW + 9)
    again = journal.delivery(known.id)
    assert (again.attempts, again.first_try, again.since, again.last_try) == (2, NOW, NOW, NOW + 9)
    assert (again.next_try, again.error) == (None, "")


def test_an_intent_that_is_taken_back_leaves_no_try_behind(journal: Journal) -> None:
    known = armed(journal)
    assert journal.begin_sending(known, RENDERED, (), NOW)
    assert journal.take_back(known)
    found = journal.delivery(known.id)
    assert (found.attempts, found.first_try, found.since, found.last_try) == (0, None, None, None)


def test_trying_again_counts_anew_and_still_knows_that_it_was_tried(journal: Journal) -> None:
    known = brought_to(journal, R)
    assert journal.try_again(known, NOW)
    again = journal.delivery(known.id)
    assert (again.attempts, again.first_try, again.since, again.error) == (0, DUE, DUE, "")
    assert journal.begin_sending(again, RENDERED, (), NOW)
    assert journal.delivery(known.id).first_try == NOW


def test_a_refusal_before_any_attempt_counts_as_tried_when_a_person_asks_again(journal: Journal) -> None:
    known = armed(journal)
    assert journal.record_refused(known, "too large", "Shrink it.")
    assert journal.try_again(known, NOW)
    assert journal.delivery(known.id).first_try == known.armed_at


def test_a_file_that_is_back_is_as_untried_as_it_was(journal: Journal) -> None:
    known = brought_to(journal, C)
    assert journal.try_again(known, NOW)
    found = journal.delivery(known.id)
    assert (found.state, found.first_try, found.armed_at) == (W, None, NOW)


def test_a_look_that_a_person_asks_for_does_not_move_the_end_of_the_connection(journal: Journal) -> None:
    known = brought_to(journal, H)
    assert journal.asked_to_look(known, "asked", NOW)
    found = journal.delivery(known.id)
    assert (found.state, found.last_try, found.next_try) == (U, known.last_try, NOW)


def test_parts_that_are_there_are_recorded_whatever_became_of_the_delivery(journal: Journal) -> None:
    known = brought_to(journal, C)
    journal.record_parts(known, (part(2), part(1)))
    assert not journal.record_published(known, (part(3),), NOW)
    found = journal.delivery(known.id)
    assert [each.number for each in found.parts] == [1, 2, 3]
    assert (found.state, found.url) == (C, part(1).url)
    assert journal.claimed_ids(IDS["m"]) == {"1", "2", "3"}
    assert journal.claimed_ids(IDS["b"]) == frozenset()


def test_a_hostile_answer_is_recorded_all_the_same(journal: Journal) -> None:
    known = brought_to(journal, S)
    assert journal.record_published(known, (SentPart(1, "k", "https://m.example/\ud800", "1\ud800\0"),), NOW, "\udfff")
    found = journal.delivery(known.id)
    assert (found.state, found.url, found.error) == (P, "https://m.example/?", "?")


def test_the_first_moment_of_publishing_stays(journal: Journal) -> None:
    known = brought_to(journal, S)
    assert journal.record_published(known, (part(),), NOW, "the server changed the text")
    found = journal.delivery(known.id)
    assert (found.published_at, found.error, found.next_try) == (NOW, "the server changed the text", None)


def test_a_rename_takes_the_place_of_a_cancelled_delivery_and_of_no_other(journal: Journal) -> None:
    known = brought_to(journal, U)
    brought_to(journal, C, "posts/b.md")
    brought_to(journal, W, "posts/c.md")
    assert not journal.rename(known, "posts/c.md")
    assert journal.rename(known, "posts/b.md")
    assert not journal.rename(known, "posts/d.md"), "it was seen at its old path"
    assert journal.delivery(known.id) == replace(known, path="posts/b.md")
    assert {each.path for each in journal.deliveries()} == {"posts/b.md", "posts/c.md"}


def test_what_a_dead_run_left_sending_is_unsure_for_its_account_only(journal: Journal) -> None:
    mine, other = brought_to(journal, S), brought_to(journal, S, target="b")
    waiting = brought_to(journal, W, "posts/c.md")
    assert journal.sending_found_at_start(IDS["m"], NOW) == 1
    found = journal.delivery(mine.id)
    assert (found.state, found.last_try, found.next_try, found.since) == (U, NOW, None, mine.since)
    assert found.error
    assert [journal.delivery(each.id).state for each in (other, waiting)] == [S, W]
    assert journal.sending_found_at_start(IDS["m"], NOW) == 0


def test_our_own_write_back_is_known_through_a_chain_of_them(journal: Journal) -> None:
    known = armed(journal)
    journal.note_write_back(PATH, known.digest, "one")
    journal.note_write_back(PATH, "one", "two")
    journal.note_write_back(PATH, "a person's", "three")
    found = journal.delivery(known.id)
    assert found.knows(known.digest)
    assert found.knows("two")
    assert not found.knows("three")


def test_only_what_is_open_or_asked_for_is_relevant(journal: Journal) -> None:
    index = Index(journal, "1")
    kept = {
        (state, status): brought_to(journal, state, f"posts/{state}-{status}.md")
        for state in EVERY_STATE
        for status in Status
    }
    found = [(known.path, 1, 0, 0, 0, 0) for known in kept.values()]
    by_path = {known.path: entry(known.path, status=status) for (_, status), known in kept.items()}
    index.refresh(found, by_path.get, 2 * 10**18)
    relevant = {known.path for known in journal.relevant_deliveries()}
    for (state, status), known in kept.items():
        is_settled = state in (P, C) and status in (Status.PUBLISHED, Status.DRAFT)
        assert (known.path in relevant) != is_settled, (state, status)


def test_settled_deliveries_of_files_that_fall_due_later_are_not_looked_at_yet(journal: Journal) -> None:
    index = Index(journal, "1")
    dues = {"soon": DUE, "far": DUE + HOUR, "whenever": None, "open": DUE + HOUR}
    for name in dues:
        brought_to(journal, W if name == "open" else C, f"posts/{name}.md")
    found = {f"posts/{name}.md": entry(f"posts/{name}.md", due=due) for name, due in dues.items()}
    index.refresh([(path, 1, 0, 0, 0, 0) for path in found], found.get, 2 * 10**18)
    relevant = {known.path for known in journal.relevant_deliveries(DUE)}
    assert relevant == {"posts/soon.md", "posts/whenever.md", "posts/open.md"}


def test_of_two_who_move_at_once_one_is_told_that_it_did(journal: Journal) -> None:
    known = armed(journal)
    others = [Journal(journal.file) for _ in range(4)]
    answers: list[bool] = []
    barrier = Barrier(len(others))

    def move(own: Journal) -> None:
        barrier.wait()
        answers.append(own.begin_sending(known, RENDERED, (), NOW))

    threads = [Thread(target=move, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert sorted(answers) == [False, False, False, True]
    assert journal.delivery(known.id).attempts == 1


def test_threads_share_one_journal(journal: Journal) -> None:
    def work(number: int) -> None:
        for each in range(10):
            known = armed(journal, f"posts/{number}-{each}.md")
            assert journal.begin_sending(known, RENDERED, (), NOW)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [known.state for known in journal.deliveries()] == [S] * 40


def test_a_transaction_that_breaks_off_leaves_nothing(journal: Journal) -> None:
    known = armed(journal)
    with pytest.raises(RuntimeError), journal.transaction() as connection:
        connection.execute("DELETE FROM delivery")
        raise RuntimeError
    assert journal.deliveries() == [known]
    assert journal.cancel(known), "the next transaction begins anew"


def test_what_was_written_is_there_for_the_next_who_opens(tmp_path: Path) -> None:
    first = Journal(tmp_path / FILE_NAME)
    known = brought_to(first, U)
    first.close()
    again = Journal(tmp_path / FILE_NAME)
    assert again.deliveries() == [known]
    again.close()


def test_a_break_of_our_own_rules_is_a_bug_and_not_a_damaged_file(journal: Journal) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        journal.record_parts(replace(armed(journal), id=99), (part(),))
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError):
        journal.deliveries()


def test_an_account_is_kept_with_what_its_server_said(journal: Journal) -> None:
    accounts = Accounts(journal)
    limits = Limits(500, 4, "server", alt_characters=1500)
    accounts.verified("m", "https://m.example", "print", Identity(IDS["m"], "me@m.example", limits))
    known = accounts.all()["m"]
    assert (known.account_id, known.handle, known.limits, known.next_try) == (IDS["m"], "me@m.example", limits, None)
    accounts.unreachable(known, "no route", NOW)
    accounts.paused(accounts.all()["m"], "token revoked", NOW + SECOND)
    paused = accounts.all()["m"]
    assert (paused.paused, paused.error, paused.failures, paused.next_try) == (
        "token revoked", "no route", 2, NOW + SECOND,
    )  # fmt: skip
    assert paused.account_id == IDS["m"]
    accounts.verified("m", "https://m.example", "print", Identity(IDS["m"], "me@m.example", limits))
    assert accounts.all() == {"m": known}


def test_an_account_with_a_new_name_takes_its_deliveries_along(journal: Journal) -> None:
    mine, other = armed(journal), armed(journal, target="b")
    identity = Identity(IDS["m"], "me", Limits(500, 4))
    Accounts(journal).verified("renamed", "https://m.example", "print", identity)
    assert [journal.delivery(each.id).target for each in (mine, other)] == ["renamed", "b"]
