"""What every network does, on every server there is: one suite for the Protocol in `fedisched.model.network`."""

from __future__ import annotations

import socket
from dataclasses import replace

from fedisched.model.network import Identity, Prepared
from fedisched.model.outcome import Absent, CannotTell, Found, NotSent, Published, Refused
from tests.networks.places import KeptSession, Place, no_media, prepared, publish, read_png, text_of_its_own
from tests.networks.rendering import picture


def closed_port() -> str:
    """The address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_it_says_who_we_are_and_what_the_server_allows(place: Place) -> None:
    identity = place.open().identify()
    assert isinstance(identity, Identity)
    expected = "did:" if place.network == "bluesky" else f"{place.account.server}#"
    assert identity.account_id.startswith(expected)
    assert len(identity.account_id) > len(expected)
    assert identity.limits.characters >= 300
    assert identity.limits.media >= 4


def test_it_compares_the_clocks(place: Place) -> None:
    identity = place.open().identify()
    assert isinstance(identity, Identity)
    assert identity.clock_offset is not None
    assert abs(identity.clock_offset) < 60


def test_the_account_id_is_the_same_each_time(place: Place) -> None:
    first, second = place.open().identify(), place.open().identify()
    assert isinstance(first, Identity)
    assert isinstance(second, Identity)
    assert first.account_id == second.account_id


def test_a_post_is_published_as_it_was_rendered(place: Place) -> None:
    text = text_of_its_own("Grüße, नमस्ते 👩‍👩‍👧!")
    (part,) = publish(place.open(), place.task(place.post(text)), no_media)
    assert place.reader.read(part).text == text
    assert part.number == 1
    assert part.url.startswith("http")


def test_what_was_not_sent_is_absent(place: Place) -> None:
    assert place.open().find([place.task(place.post(text_of_its_own()))]) == [Absent()]


def test_what_was_published_is_found_by_somebody_who_knows_nothing_of_it(place: Place) -> None:
    task = place.task(place.post(text_of_its_own()))
    parts = publish(place.open(), task)
    assert place.open().find([task]) == [Found(parts)]


def test_a_batch_has_one_finding_for_each_task_in_order(place: Place) -> None:
    network = place.open()
    tasks = [place.task(place.post(text_of_its_own())) for _ in range(3)]
    parts = publish(network, tasks[1])
    assert network.find(tasks) == [Absent(), Found(parts), Absent()]
    assert list(network.find([])) == []


def test_the_same_key_twice_makes_one_post(place: Place) -> None:
    assert place.remembers_keys
    text = text_of_its_own()
    task = place.task(place.post(text))
    first, second = publish(place.open(), task), publish(place.open(), task)
    assert first == second
    assert place.reader.texts().count(text) == 1


def test_a_thread_is_a_chain_of_replies(place: Place) -> None:
    texts = [text_of_its_own(words) for words in ("One", "Two", "Three")]
    parts = publish(place.open(), place.task(place.post(*texts)))
    read = [place.reader.read(part) for part in parts]
    names = [part.uri or part.id for part in parts]
    assert [part.text for part in read] == texts
    assert [part.parent for part in read] == ["", names[0], names[1]]
    assert [part.number for part in parts] == [1, 2, 3]


def test_a_thread_is_found_whole(place: Place) -> None:
    task = place.task(place.post(*(text_of_its_own(words) for words in ("One", "Two", "Three"))))
    parts = publish(place.open(), task)
    assert place.open().find([task]) == [Found(parts)]


def test_parts_that_are_known_are_not_found_again(place: Place) -> None:
    task = place.task(place.post(text_of_its_own("One"), text_of_its_own("Two")))
    parts = publish(place.open(), task)
    assert place.open().find([replace(task, done=parts[:1])]) == [Found(parts[1:])]


def test_nothing_is_left_to_send_when_every_part_is_there(place: Place) -> None:
    network = place.open()
    task = place.task(place.post(text_of_its_own()))
    ready = prepared(network, task)
    outcome = network.publish(ready, ())
    assert isinstance(outcome, Published)
    assert network.publish(ready, outcome.parts) == Published(())


def test_a_thread_twice_makes_one_thread(place: Place) -> None:
    texts = [text_of_its_own(words) for words in ("One", "Two")]
    task = place.task(place.post(*texts))
    first, second = publish(place.open(), task), publish(place.open(), task)
    assert first == second
    assert [place.reader.texts().count(text) for text in texts] == [1, 1]


def test_an_image_arrives_with_its_description(place: Place) -> None:
    task = place.task(place.post(text_of_its_own(), media=[picture("red, and nothing else")]))
    (part,) = publish(place.open(), task)
    assert place.reader.read(part).alts == ("red, and nothing else",)


def test_a_post_with_an_image_is_found_without_knowing_its_upload(place: Place) -> None:
    task = place.task(place.post(text_of_its_own(), media=[picture()]))
    parts = publish(place.open(), task)
    assert place.open().find([task]) == [Found(parts)]


def test_uploads_that_are_known_are_not_made_again(place: Place) -> None:
    task = place.task(place.post(text_of_its_own(), media=[picture()]))
    uploads = prepared(place.open(), task).uploads
    again = prepared(place.open(), replace(task, uploads=uploads), no_media)
    assert again.uploads == uploads
    assert [(upload.part, upload.position) for upload in uploads] == [(1, 1)]


def test_parts_that_are_done_need_no_uploads(place: Place) -> None:
    task = place.task(place.post(text_of_its_own("One"), text_of_its_own("Two"), media=[picture()]))
    network = place.open()
    outcome = network.publish(prepared(network, task), ())
    assert isinstance(outcome, Published)
    ready = prepared(place.open(), replace(task, done=outcome.parts), no_media)
    assert ready.uploads == ()


def test_a_wrong_credential_is_the_accounts_trouble_and_not_the_posts(place: Place) -> None:
    network = place.open(credential="never-was-one", sessions=KeptSession())
    task = place.task(place.post(text_of_its_own()))
    for said in (network.identify(), network.prepare(task, read_png)):
        assert isinstance(said, Refused)
        assert said.account
        assert said.hint.endswith(".")
        assert "never-was-one" not in repr(said)
    (finding,) = network.find([task])
    assert isinstance(finding, CannotTell)
    assert finding.account


def test_a_server_that_is_down_got_nothing(place: Place) -> None:
    network = place.open(server=closed_port(), sessions=KeptSession())
    task = place.task(place.post(text_of_its_own()))
    assert isinstance(network.identify(), NotSent)
    assert isinstance(network.prepare(task, read_png), NotSent)
    assert isinstance(network.find([task])[0], CannotTell)
    assert isinstance(network.publish(Prepared(task, (), [{"status": "x", "text": "x"}]), ()), NotSent)
    network.warm()


def test_a_text_that_is_too_long_is_refused_in_the_servers_words(place: Place) -> None:
    network = place.open()
    outcome = network.publish(prepared(network, place.task(place.post("x" * 6000))), ())
    assert isinstance(outcome, Refused)
    assert not outcome.account
    assert len(outcome.reason) > len(f"{place.account.server} refused it")


def test_secrets_are_in_no_name(place: Place) -> None:
    network = place.open()
    identity = network.identify()
    assert place.credential not in repr(network) + repr(identity)


def test_a_closed_network_opens_again(place: Place) -> None:
    network = place.open()
    network.warm()
    network.close()
    network.close()
    assert isinstance(network.identify(), Identity)
