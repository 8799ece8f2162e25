"""What goes wrong on the way, told apart: what was certainly not sent, what nobody can tell, what was refused."""

from __future__ import annotations

import pytest

from fedisched.model.network import Identity
from fedisched.model.outcome import Absent, CannotTell, Found, NotSent, Outcome, Published, Refused, Unsure
from fedisched.sandbox import Fault, What
from tests.networks.places import Place, prepared, publish, read_png, text_of_its_own
from tests.networks.rendering import picture

SENDING = {"mastodon": "/api/v1/statuses", "bluesky": "*putRecord"}
SENDING_A_THREAD = {"mastodon": "/api/v1/statuses", "bluesky": "*applyWrites"}
UPLOADING = {"mastodon": "/api/v2/media", "bluesky": "*uploadBlob"}
LOOKING_UP = {"mastodon": "/api/v1/accounts/*/statuses", "bluesky": "*getRecord"}

# What a fault on the publishing request means, and how many posts there are after it.
MEANINGS: list[tuple[Fault, type[Outcome], int]] = [
    (Fault(What.DROP_REQUEST), Unsure, 0),
    (Fault(What.DROP_ANSWER), Unsure, 1),
    (Fault(What.CUT_ANSWER), Unsure, 1),
    (Fault(What.PROXY_ERROR), Unsure, 0),
    (Fault(What.PROXY_ERROR, status=503), Unsure, 0),
    (Fault(What.PROXY_ERROR, status=504), Unsure, 0),
    (Fault(What.PROXY_ERROR, status=408), Unsure, 0),
    (Fault(What.FAIL_AFTER, status=502), Unsure, 1),
    (Fault(What.REDIRECT), Unsure, 0),
    (Fault(What.REDIRECT, status=301), Unsure, 0),
    (Fault(What.REDIRECT, status=307), Unsure, 0),
    (Fault(What.OK_ERROR), Unsure, 0),
    (Fault(What.OK_HTML), Unsure, 0),
    (Fault(What.RATE_LIMIT, seconds=30), NotSent, 0),
    (Fault(What.FIREWALL), NotSent, 0),
    (Fault(What.UNAUTHORIZED), Refused, 0),
    (Fault(What.FORBIDDEN), Refused, 0),
]


def _named(fault: Fault) -> str:
    return f"{fault.what}-{fault.status}" if fault.status else str(fault.what)


def _on(fault: Fault, path: str) -> Fault:
    return Fault(fault.what, path, method="POST", status=fault.status, seconds=fault.seconds)


@pytest.mark.parametrize(("fault", "meaning", "posts"), MEANINGS, ids=[_named(fault) for fault, _, _ in MEANINGS])
def test_a_fault_on_the_publishing_request_means(
    faulty_place: Place, fault: Fault, meaning: type[Outcome], posts: int
) -> None:
    network = faulty_place.open()
    text = text_of_its_own()
    ready = prepared(network, faulty_place.task(faulty_place.post(text)))
    faulty_place.faults.faults.add(_on(fault, SENDING[faulty_place.network]))
    outcome = network.publish(ready, ())
    assert type(outcome) is meaning, outcome
    assert faulty_place.reader.texts().count(text) == posts


@pytest.mark.parametrize(("fault", "meaning", "posts"), MEANINGS, ids=[_named(fault) for fault, _, _ in MEANINGS])
def test_after_any_fault_a_look_up_and_a_second_try_make_one_post(
    faulty_place: Place, fault: Fault, meaning: type[Outcome], posts: int
) -> None:
    network = faulty_place.open()
    text = text_of_its_own()
    task = faulty_place.task(faulty_place.post(text))
    ready = prepared(network, task)
    faulty_place.faults.faults.add(_on(fault, SENDING[faulty_place.network]))
    network.publish(ready, ())
    (finding,) = network.find([task])
    if posts:
        assert isinstance(finding, Found)
        assert faulty_place.reader.read(finding.parts[0]).text == text
    else:
        assert finding == Absent()
        assert isinstance(network.publish(ready, ()), Published)
    assert faulty_place.reader.texts().count(text) == 1


@pytest.mark.parametrize("what", [What.DROP_REQUEST, What.PROXY_ERROR, What.REDIRECT, What.OK_HTML, What.OK_ERROR])
def test_a_fault_on_an_upload_means_that_nothing_was_sent(faulty_place: Place, what: What) -> None:
    network = faulty_place.open()
    task = faulty_place.task(faulty_place.post(text_of_its_own(), media=[picture()]))
    faulty_place.faults.faults.add(Fault(what, UPLOADING[faulty_place.network]))
    assert isinstance(network.prepare(task, read_png), NotSent)
    publish(network, task)


@pytest.mark.parametrize("what", [What.DROP_REQUEST, What.PROXY_ERROR, What.REDIRECT, What.OK_HTML, What.OK_ERROR])
def test_a_fault_on_a_look_up_is_never_a_no(faulty_place: Place, what: What) -> None:
    network = faulty_place.open()
    task = faulty_place.task(faulty_place.post(text_of_its_own()))
    publish(network, task)
    faulty_place.faults.faults.add(Fault(what, LOOKING_UP[faulty_place.network]))
    assert isinstance(network.find([task])[0], CannotTell)
    assert isinstance(network.find([task])[0], Found)


@pytest.mark.parametrize("what", [What.DROP_REQUEST, What.PROXY_ERROR, What.REDIRECT, What.OK_HTML, What.OK_ERROR])
def test_a_fault_on_who_we_are_is_not_a_refusal(faulty_place: Place, what: What) -> None:
    faulty_place.faults.faults.add(Fault(what))
    network = faulty_place.open()
    assert isinstance(network.identify(), NotSent)
    assert isinstance(network.identify(), Identity)


def test_a_server_that_asks_to_slow_down_says_for_how_long(faulty_place: Place) -> None:
    network = faulty_place.open()
    ready = prepared(network, faulty_place.task(faulty_place.post(text_of_its_own())))
    faulty_place.faults.faults.add(Fault(What.RATE_LIMIT, SENDING[faulty_place.network], seconds=42))
    outcome = network.publish(ready, ())
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == pytest.approx(42, abs=2)


def test_a_look_up_that_must_slow_down_says_for_how_long(faulty_place: Place) -> None:
    network = faulty_place.open()
    task = faulty_place.task(faulty_place.post(text_of_its_own()))
    network.identify()
    faulty_place.faults.faults.add(Fault(What.RATE_LIMIT, LOOKING_UP[faulty_place.network], seconds=42))
    (finding,) = network.find([task])
    assert isinstance(finding, CannotTell)
    assert finding.retry_after == pytest.approx(42, abs=2)


def test_a_refused_account_says_so(faulty_place: Place) -> None:
    network = faulty_place.open()
    ready = prepared(network, faulty_place.task(faulty_place.post(text_of_its_own())))
    faulty_place.faults.revoke(faulty_place.credential)
    outcome = network.publish(ready, ())
    assert isinstance(outcome, Refused)
    assert outcome.account
    assert faulty_place.credential not in repr(outcome)


def test_a_thread_whose_answer_is_lost_is_found_and_finished(faulty_place: Place) -> None:
    network = faulty_place.open()
    texts = [text_of_its_own(words) for words in ("One", "Two", "Three")]
    task = faulty_place.task(faulty_place.post(*texts))
    ready = prepared(network, task)
    faulty_place.faults.faults.add(Fault(What.DROP_ANSWER, SENDING_A_THREAD[faulty_place.network]))
    assert isinstance(network.publish(ready, ()), Unsure)
    (finding,) = network.find([task])
    assert isinstance(finding, Found)
    parts = finding.parts
    while len(parts) < 3:
        outcome = network.publish(ready, parts)
        assert isinstance(outcome, Published)
        parts += outcome.parts
    assert sorted(faulty_place.reader.texts()) == sorted(texts)
    names = [part.uri or part.id for part in parts]
    assert [faulty_place.reader.read(part).parent for part in parts] == ["", *names[:2]]


def test_an_upload_is_remembered_when_a_later_one_fails(faulty_place: Place) -> None:
    network = faulty_place.open()
    media = [picture("one"), picture("two", "other.png")]
    task = faulty_place.task(faulty_place.post(text_of_its_own(), media=media))
    reads: list[str] = []

    def read(attachment: object) -> bytes:
        reads.append(str(attachment))
        return read_png(media[0]) + str(attachment).encode()

    faulty_place.faults.faults.add(Fault(What.PROXY_ERROR, UPLOADING[faulty_place.network], nth=2))
    assert isinstance(network.prepare(task, read), NotSent)
    prepared(network, task, read)
    assert faulty_place.faults.uploads() == 2


def test_a_clock_that_is_wrong_shows(faulty_place: Place) -> None:
    faulty_place.faults.faults.add(Fault(What.WRONG_DATE, seconds=3600, times=None))
    identity = faulty_place.open().identify()
    assert isinstance(identity, Identity)
    assert identity.clock_offset == pytest.approx(3600, abs=3)
