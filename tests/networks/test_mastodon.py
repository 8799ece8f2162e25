"""Mastodon's own: look-ups that prove, uploads that take their time, answers that are not what was asked for."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from fedisched.model.network import Identity, Prepared, Upload
from fedisched.model.outcome import Absent, Found, NotSent, Perhaps, Published, Refused, Unsure
from fedisched.model.rendered import Limits
from fedisched.networks.mastodon import Mastodon
from fedisched.networks.mastodon_instance import limits_of
from fedisched.sandbox import Fault, Rules, Sandbox, What
from tests.networks.conftest import TOKEN
from tests.networks.places import Place, no_media, now, prepared, publish, read_png, text_of_its_own
from tests.networks.rendering import mastodon_post, picture

MINUTE = 60 * 1_000_000


def account_id(place: Place) -> str:
    return place.faults.add_mastodon("anna", TOKEN)


def test_the_key_goes_along_with_the_parts_number(sandbox_mastodon: Place) -> None:
    task = sandbox_mastodon.task(sandbox_mastodon.post("One", "Two"))
    parts = publish(sandbox_mastodon.open(), task)
    sent = sandbox_mastodon.faults.requests("POST", "/api/v1/statuses")
    assert [seen.key for seen in sent] == [f"{task.key}-1", f"{task.key}-2"] == [part.key for part in parts]


def test_one_request_leaves_at_the_moment(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    ready = prepared(network, sandbox_mastodon.task(sandbox_mastodon.post(text_of_its_own(), media=[picture()])))
    before = len(sandbox_mastodon.faults.requests())
    assert isinstance(network.publish(ready, ()), Published)
    assert len(sandbox_mastodon.faults.requests()) == before + 1


def test_what_a_form_asks_for_arrives(sandbox_mastodon: Place) -> None:
    post = mastodon_post(text_of_its_own(), visibility="unlisted", spoiler_text="Careful", language="de")
    publish(sandbox_mastodon.open(), sandbox_mastodon.task(post))
    (status,) = sandbox_mastodon.faults.statuses()
    assert (status.visibility, status.spoiler_text, status.language) == ("unlisted", "Careful", "de")


# Looking up


def test_a_boost_is_no_post_of_ours(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    text = text_of_its_own()
    sandbox = sandbox_mastodon.faults
    theirs = sandbox.add_status(sandbox.add_mastodon("bob", "token-of-bob"), text)
    sandbox.add_status(account_id(sandbox_mastodon), text, application="fedisched", boost_of=theirs.id)
    assert network.find([sandbox_mastodon.task(sandbox_mastodon.post(text))]) == [Absent()]


def test_what_another_delivery_claims_is_not_found_again(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    text = "Good morning"
    (last_week,) = publish(network, sandbox_mastodon.task(sandbox_mastodon.post(text)))
    today = sandbox_mastodon.task(sandbox_mastodon.post(text), claimed=frozenset({last_week.id}))
    assert network.find([today]) == [Absent()]


def test_a_post_from_long_before_is_not_found(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    task = sandbox_mastodon.task(sandbox_mastodon.post(text_of_its_own()))
    publish(network, task)
    assert network.find([replace(task, since=now() + 6 * MINUTE)]) == [Absent()]
    assert isinstance(network.find([replace(task, since=now() + 4 * MINUTE)])[0], Found)


@pytest.mark.parametrize("ahead", [60 * MINUTE, -60 * MINUTE], ids=["ahead", "behind"])
def test_the_time_that_counts_is_the_servers(ahead: int) -> None:
    with Sandbox(now=lambda: now() + ahead) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        place = _place_on(sandbox)
        task = place.task(place.post(text_of_its_own()))
        network = place.open()
        publish(network, task)
        for number in range(45):
            sandbox.add_status(account_id(place), f"By hand {number}")
        assert isinstance(network.find([task])[0], Found)
        assert network.find([replace(task, since=now() + 6 * MINUTE)]) == [Absent()]
        place.close()


@pytest.mark.parametrize("there", [0, 1, 2, 3])
def test_of_identical_posts_as_many_are_found_as_are_there(sandbox_mastodon: Place, there: int) -> None:
    network = sandbox_mastodon.open()
    tasks = [sandbox_mastodon.task(sandbox_mastodon.post("Good morning")) for _ in range(3)]
    sent = {publish(network, task)[0].id for task in tasks[:there]}
    findings = network.find(tasks)
    found = [finding.parts[0].id for finding in findings if isinstance(finding, Found)]
    assert set(found) == sent
    assert len(found) == there
    assert findings.count(Absent()) == 3 - there


def test_of_identical_posts_the_later_one_does_not_take_the_earlier_ones(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    early = sandbox_mastodon.task(sandbox_mastodon.post("Good morning"))
    (part,) = publish(network, early)
    late = replace(sandbox_mastodon.task(early.rendered), since=now() + 10 * MINUTE)
    assert network.find([late, early]) == [Absent(), Found((part,))]


def test_of_identical_posts_the_later_delivery_is_the_one_that_a_later_post_is(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    late = sandbox_mastodon.task(sandbox_mastodon.post("Good morning"))
    early = replace(sandbox_mastodon.task(late.rendered), since=late.since - 30 * MINUTE)
    parts = publish(network, late)
    assert network.find([early, late]) == [Absent(), Found(parts)]


def test_posts_that_differ_only_in_their_pictures_are_told_apart(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    tasks = []
    for _ in range(2):
        task = sandbox_mastodon.task(sandbox_mastodon.post("Look", media=[picture()]))
        ready = network.prepare(task, read_png)
        assert isinstance(ready, Prepared)
        tasks.append(replace(task, uploads=ready.uploads))
    (first,) = publish(network, tasks[0], no_media)
    assert network.find(tasks) == [Found((first,)), Absent()]
    (second,) = publish(network, tasks[1], no_media)
    assert network.find(tasks) == [Found((first,)), Found((second,))]


def test_a_post_of_ours_with_another_text_is_perhaps_it(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    task = sandbox_mastodon.task(sandbox_mastodon.post("As it was before an edit"))
    (part,) = publish(network, task)
    (finding,) = network.find([replace(task, rendered=sandbox_mastodon.post("As it is now"))])
    assert isinstance(finding, Perhaps)
    assert (finding.url, finding.parts) == (part.url, ())


def test_what_follows_a_part_of_ours_with_another_text_was_sent_with_it(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    task = sandbox_mastodon.task(sandbox_mastodon.post("The first", "The second as it was"))
    first, second = publish(network, task)
    (finding,) = network.find([replace(task, rendered=sandbox_mastodon.post("The first", "The second now"))])
    assert isinstance(finding, Perhaps)
    assert (finding.url, finding.parts) == (second.url, (first,))


def test_what_a_person_writes_meanwhile_is_nobodys_business(sandbox_mastodon: Place) -> None:
    sandbox_mastodon.faults.add_status(account_id(sandbox_mastodon), "By hand", application="Web")
    assert sandbox_mastodon.open().find([sandbox_mastodon.task(sandbox_mastodon.post("Ours"))]) == [Absent()]


def test_the_same_text_in_answer_to_somebody_is_not_a_threads_beginning(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    text = text_of_its_own("Two")
    parts = publish(network, sandbox_mastodon.task(sandbox_mastodon.post("One", text)))
    claimed = frozenset({parts[0].id})
    task = sandbox_mastodon.task(sandbox_mastodon.post(text), claimed=claimed)
    assert network.find([task]) == [Absent()]


def test_a_thread_that_stopped_in_the_middle_is_found_as_far_as_it_came(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    task = sandbox_mastodon.task(sandbox_mastodon.post("One", "Two", "Three"))
    ready = prepared(network, task)
    first = network.publish(ready, ())
    assert isinstance(first, Published)
    assert network.find([task]) == [Found(first.parts)]
    second = network.publish(ready, first.parts)
    assert isinstance(second, Published)
    assert sandbox_mastodon.open().find([task]) == [Found(first.parts + second.parts)]


def test_every_page_is_looked_at(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    task = sandbox_mastodon.task(sandbox_mastodon.post(text_of_its_own()))
    parts = publish(network, task)
    for number in range(95):
        sandbox_mastodon.faults.add_status(account_id(sandbox_mastodon), f"By hand {number}")
    assert network.find([task]) == [Found(parts)]
    pages = [seen for seen in sandbox_mastodon.faults.requests("GET") if seen.path.endswith("/statuses")]
    assert len(pages) >= 3


def test_a_source_that_may_not_be_read_leaves_the_html(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    text = 'A "quoted" <tag> & @someone@example.com: https://example.com/a/very/long/path/that/is/shortened?q=1'
    task = sandbox_mastodon.task(sandbox_mastodon.post(text))
    parts = publish(network, task)
    sandbox_mastodon.faults.faults.add(Fault(What.FORBIDDEN, "*/source", times=None))
    assert network.find([task]) == [Found(parts)]


def test_a_look_up_that_is_refused_for_want_of_a_scope_does_not_pause_the_account(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    network.identify()
    sandbox_mastodon.faults.faults.add(Fault(What.FORBIDDEN, "/api/v1/accounts/*/statuses"))
    (finding,) = network.find([sandbox_mastodon.task(sandbox_mastodon.post("One"))])
    assert (type(finding).__name__, getattr(finding, "account", None)) == ("CannotTell", False)


def test_a_batch_is_looked_up_with_one_listing(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    tasks = [sandbox_mastodon.task(sandbox_mastodon.post(text_of_its_own())) for _ in range(10)]
    network.find(tasks)
    assert len([seen for seen in sandbox_mastodon.faults.requests("GET") if seen.path.endswith("/statuses")]) == 1


# Keys and uploads


def test_a_server_that_forgets_keys_is_fenced_by_its_uploads() -> None:
    with Sandbox(rules=Rules(key_seconds=0)) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        place = _place_on(sandbox)
        network = place.open()
        ready = prepared(network, place.task(place.post(text_of_its_own(), media=[picture()])))
        assert isinstance(network.publish(ready, ()), Published)
        outcome = network.publish(ready, ())
        assert isinstance(outcome, Unsure)
        assert "already attached" in outcome.reason
        assert len(sandbox.statuses()) == 1
        place.close()


def test_an_upload_is_waited_for_until_it_is_worked_over() -> None:
    with Sandbox(rules=Rules(processing_looks=3)) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        waits: list[float] = []
        network = _impatient(sandbox, waits)
        place = _place_on(sandbox)
        publish(network, place.task(place.post(text_of_its_own(), media=[picture()])))
        assert len(waits) == 4
        network.close()


def test_an_upload_that_takes_too_long_is_neither_lost_nor_made_again() -> None:
    with Sandbox(rules=Rules(processing_looks=15)) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        network = _impatient(sandbox, [])
        place = _place_on(sandbox)
        task = place.task(place.post(text_of_its_own(), media=[picture()]))
        said = network.prepare(task, read_png)
        assert isinstance(said, NotSent)
        assert said.retry_after
        publish(network, task)
        assert sandbox.uploads() == 1
        network.close()


def test_an_upload_that_is_not_worked_over_yet_is_not_a_refusal() -> None:
    with Sandbox(rules=Rules(processing_looks=5)) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        network = _impatient(sandbox, [])
        place = _place_on(sandbox)
        post = place.post(text_of_its_own(), media=[picture()])
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        files = {"file": ("red.png", read_png(picture()), "image/png")}
        media_id = httpx.post(f"{sandbox.url}/api/v2/media", files=files, headers=bearer).json()["id"]
        ready = prepared(network, place.task(post, uploads=(Upload(1, 1, media_id),)), no_media)
        outcome = network.publish(ready, ())
        assert isinstance(outcome, NotSent)
        assert outcome.retry_after
        network.close()


def test_a_file_that_is_no_picture_is_refused(sandbox_mastodon: Place) -> None:
    task = sandbox_mastodon.task(sandbox_mastodon.post("Look", media=[picture()]))
    said = sandbox_mastodon.open().prepare(task, lambda attachment: b"not a picture")
    assert isinstance(said, Refused)
    assert not said.account


# What came back


def test_an_empty_status_is_published_with_a_warning(sandbox_mastodon: Place) -> None:
    network = sandbox_mastodon.open()
    ready = prepared(network, sandbox_mastodon.task(sandbox_mastodon.post(text_of_its_own())))
    sandbox_mastodon.faults.faults.add(Fault(What.EMPTY, "/api/v1/statuses"))
    outcome = network.publish(ready, ())
    assert isinstance(outcome, Published)
    assert "the text is missing" in outcome.warning


def test_what_servers_do_to_every_text_is_no_difference(sandbox_mastodon: Place) -> None:
    text = "Hi @bob@example.com,\n\n\n  look: https://example.com/a/path/that/is/long/enough/to/be/cut?x=1&y=2 #Tag \n"
    publish(sandbox_mastodon.open(), sandbox_mastodon.task(sandbox_mastodon.post(text)))


# Limits


def test_limits_are_the_instances() -> None:
    with Sandbox(rules=Rules(max_characters=1000, max_media=6)) as sandbox:
        sandbox.add_mastodon("anna", TOKEN)
        place = _place_on(sandbox)
        identity = place.open().identify()
        limits = getattr(identity, "limits", None)
        assert isinstance(limits, Limits)
        assert (limits.characters, limits.media, limits.source, limits.characters_per_url) == (1000, 6, "server", 23)
        place.close()


@pytest.mark.parametrize(
    ("told", "counting"),
    [
        (
            {"version": "0.19.1+git-abc", "source_url": "https://codeberg.org/superseriousbusiness/gotosocial"},
            "code points",
        ),
        # Set to pass for a Mastodon, as some apps want it.
        (
            {"version": "3.5.3+0.19.1", "source_url": "https://codeberg.org/superseriousbusiness/gotosocial"},
            "code points",
        ),
        ({"version": "3.5.3+0.19.1", "configuration": {"statuses": {}, "oidc_enabled": False}}, "code points"),
        ({"version": "2.7.2 (compatible; Pleroma 2.6.2)"}, "graphemes"),
        ({"version": "2.7.2 (compatible; Akkoma 3.13.2)"}, "graphemes"),
        ({"version": "4.6.0+glitch", "source_url": "https://github.com/glitch-soc/mastodon"}, "discounted"),
        ({"version": "4.6.0"}, "discounted"),
        ({"version": None, "source_url": 7}, "discounted"),
    ],
)
def test_how_a_server_counts_is_known_by_what_it_is(told: dict[str, object], counting: str) -> None:
    limits = limits_of({"max_toot_chars": 5000, **told})
    assert limits is not None
    assert (limits.counting, limits.characters) == (counting, 5000)


def test_a_gotosocial_that_tells_no_limits_has_its_own() -> None:
    limits = limits_of({"source_url": "https://codeberg.org/superseriousbusiness/gotosocial"})
    assert limits is not None
    assert (limits.characters, limits.media, limits.counting) == (5000, 6, "code points")


def test_an_accounts_own_visibility_is_told_with_its_limits(sandbox_mastodon: Place) -> None:
    identity = sandbox_mastodon.open().identify()
    assert isinstance(identity, Identity)
    assert identity.limits.visibility == "public"


def test_an_instance_that_does_not_answer_leaves_the_networks_limits(sandbox_mastodon: Place) -> None:
    sandbox_mastodon.faults.faults.add(Fault(What.PROXY_ERROR, "/api/v*/instance*", times=None))
    limits = getattr(sandbox_mastodon.open().identify(), "limits", None)
    assert isinstance(limits, Limits)
    assert (limits.characters, limits.source) == (500, "default")


@pytest.mark.parametrize(
    "instance",
    [
        {},
        {"configuration": None},
        {"configuration": []},
        {"configuration": {"statuses": {"max_characters": "many"}}},
        {"configuration": {"statuses": {"max_characters": True}}},
        {"configuration": {"statuses": {"max_characters": -1}}},
    ],
)
def test_an_instance_that_tells_nothing_of_use_tells_nothing(instance: dict[str, object]) -> None:
    assert limits_of(instance) is None


def test_an_old_instance_tells_its_length_elsewhere() -> None:
    limits = limits_of({"max_toot_chars": 5000})
    assert limits is not None
    assert limits.characters == 5000


def test_how_long_to_settle_can_be_said(sandbox_mastodon: Place) -> None:
    assert sandbox_mastodon.open().settle == 120.0
    assert Mastodon(sandbox_mastodon.account, TOKEN, now, settle=0.0).settle == 0.0


def _place_on(sandbox: Sandbox) -> Place:
    from fedisched.model.settings import Account
    from tests.networks.places import MastodonReader

    account = Account("here", "mastodon", sandbox.url)
    return Place(account, TOKEN, MastodonReader(sandbox.url, TOKEN), sandbox=sandbox)


def _impatient(sandbox: Sandbox, waits: list[float]) -> Mastodon:
    """A network that notes its waits instead of waiting."""
    return Mastodon(_place_on(sandbox).account, TOKEN, now, wait=waits.append)
