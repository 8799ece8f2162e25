"""Bluesky's own: rich text, records under keys, sessions. On the sandbox and on a real personal data server."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from fedisched.model.network import Identity, Upload
from fedisched.model.outcome import CannotTell, NotSent, Perhaps, Published, Refused, Unsure
from fedisched.model.rendered import Pending
from fedisched.model.tid import part_key
from fedisched.networks.cid import cid_of_blob
from fedisched.sandbox import Fault, What
from tests.networks.pds.server import Pds
from tests.networks.places import KeptSession, Place, now, prepared, publish, text_of_its_own
from tests.networks.rendering import bluesky_post, facet, picture


def kept(sessions: KeptSession) -> list[str]:
    """A kept session's fields: handle, DID, access token, refresh token, server."""
    return str(json.loads(sessions.session or "")["session"]).split(":::")


def with_tokens(sessions: KeptSession, access: str, refresh: str) -> KeptSession:
    handle, did, _, _, server = kept(sessions)
    whole = json.loads(sessions.session or "")
    return KeptSession(json.dumps({**whole, "session": ":::".join((handle, did, access, refresh, server))}))


def test_rich_text_reads_back_as_it_was_rendered(bluesky_place: Place) -> None:
    other = bluesky_place.account.handle  # a handle that both servers know
    text = f"👋🏽 @{other}: see example.com/ä and #Übung {text_of_its_own()}"
    facets = [
        facet(text, f"@{other}", "mention", other),
        facet(text, "example.com/ä", "link", "https://example.com/ä"),
        facet(text, "#Übung", "tag", "Übung"),
    ]
    network = bluesky_place.open()
    identity = network.identify()
    assert isinstance(identity, Identity)
    (part,) = publish(network, bluesky_place.task(bluesky_post(text, facets=facets)))
    read = bluesky_place.reader.read(part).facets
    features = [found["features"][0] for found in read]
    assert [{name: value for name, value in feature.items() if name != "$type"} for feature in features] == [
        {"did": identity.account_id},
        {"uri": "https://example.com/ä"},
        {"tag": "Übung"},
    ]
    spans = [text.encode()[found["index"]["byteStart"] : found["index"]["byteEnd"]].decode() for found in read]
    assert spans == [f"@{other}", "example.com/ä", "#Übung"]


def test_a_mention_of_nobody_is_plain_text_and_is_found(bluesky_place: Place) -> None:
    text = f"@nobody-at-all.test and #all {text_of_its_own()}"
    facets = [
        facet(text, "@nobody-at-all.test", "mention", "nobody-at-all.test"),
        facet(text, "#all", "tag", "all"),
    ]
    network = bluesky_place.open()
    task = bluesky_place.task(bluesky_post(text, facets=facets))
    (part,) = publish(network, task)
    assert [found["features"][0]["tag"] for found in bluesky_place.reader.read(part).facets] == ["all"]
    assert type(network.find([task])[0]).__name__ == "Found"


def test_a_post_whose_only_mention_is_nobody_has_no_facets(bluesky_place: Place) -> None:
    text = f"@nobody-at-all.test {text_of_its_own()}"
    network = bluesky_place.open()
    task = bluesky_place.task(
        bluesky_post(text, facets=[facet(text, "@nobody-at-all.test", "mention", "nobody-at-all.test")])
    )
    ready = prepared(network, task)
    assert "facets" not in ready.requests[0]
    assert ready.notes["unknown_handles"] == ("nobody-at-all.test",)


def test_parts_are_under_the_keys_that_follow_the_deliverys(bluesky_place: Place) -> None:
    task = bluesky_place.task(bluesky_place.post(text_of_its_own("One"), text_of_its_own("Two")))
    parts = publish(bluesky_place.open(), task)
    assert [part.key for part in parts] == [task.key, part_key(task.key, 2)]
    did = kept(bluesky_place.sessions)[1]
    assert parts[1].uri == f"at://{did}/app.bsky.feed.post/{part_key(task.key, 2)}"
    assert parts[0].url == f"https://bsky.app/profile/{did}/post/{task.key}"


def test_created_at_is_the_moment_of_the_attempt_and_not_of_the_preparation(bluesky_place: Place) -> None:
    task = bluesky_place.task(bluesky_place.post(text_of_its_own()))
    network = bluesky_place.open()
    ready = prepared(network, task)
    assert ready.requests[0]["createdAt"] == Pending("created_at")
    assert isinstance(network.publish(ready, ()), Published)


@pytest.mark.parametrize("texts", [("One",), ("One", "Two")], ids=["post", "thread"])
def test_another_post_under_the_key_is_never_taken_for_ours(bluesky_place: Place, texts: tuple[str, ...]) -> None:
    network = bluesky_place.open()
    theirs = bluesky_place.task(bluesky_place.post(text_of_its_own("Theirs")))
    publish(network, theirs)
    mine = text_of_its_own("Mine")
    task = replace(bluesky_place.task(bluesky_place.post(mine, *texts[1:])), key=theirs.key)
    outcome = network.publish(prepared(network, task), ())
    assert isinstance(outcome, Unsure)
    (finding,) = network.find([task])
    assert isinstance(finding, Perhaps)
    assert finding.url.endswith(theirs.key)
    assert mine not in bluesky_place.reader.texts()


def test_a_later_part_without_the_first_is_no_thread_of_ours(bluesky_place: Place) -> None:
    network = bluesky_place.open()
    thread = bluesky_place.task(bluesky_place.post("One", text := text_of_its_own("Two")))
    lone = bluesky_post(text, reply=thread.rendered.parts[1].body["reply"])
    lone = replace(lone, parts=(replace(lone.parts[0], body={**lone.parts[0].body, "reply": _reply(network)}),))
    publish(network, replace(bluesky_place.task(lone), key=part_key(thread.key, 2)))
    assert isinstance(network.find([thread])[0], Perhaps)


def _reply(network: Any) -> dict[str, Any]:
    identity = network.identify()
    cid = "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"
    reference = {"uri": f"at://{identity.account_id}/app.bsky.feed.post/3kgone2222222", "cid": cid}
    return {"root": reference, "parent": reference}


def test_a_session_is_kept_and_no_second_login_is_made(bluesky_place: Place) -> None:
    first = bluesky_place.open().identify()
    assert bluesky_place.sessions.saved == 1
    # With a password that is wrong, only the kept session can have opened it.
    assert bluesky_place.open(credential="wrong").identify().__class__ is first.__class__ is Identity
    assert bluesky_place.sessions.saved == 1


@pytest.mark.parametrize("damaged", ["", "{}", "null", "[1]", "x:::y", '{"session": 7}', "{" * 5000])
def test_a_damaged_session_costs_a_login(bluesky_place: Place, damaged: str) -> None:
    sessions = KeptSession(damaged)
    assert isinstance(bluesky_place.open(sessions=sessions).identify(), Identity)
    assert sessions.saved == 1


def test_another_accounts_session_is_not_used(bluesky_place: Place) -> None:
    bluesky_place.open().identify()
    whole = json.loads(bluesky_place.sessions.session or "")
    sessions = KeptSession(json.dumps({**whole, "handle": "somebody.else.test"}))
    assert isinstance(bluesky_place.open(sessions=sessions).identify(), Identity)
    assert sessions.saved == 1


def test_an_access_token_that_is_not_accepted_any_more_is_renewed(bluesky_place: Place) -> None:
    bluesky_place.open().identify()
    _, _, access, refresh, _ = kept(bluesky_place.sessions)
    spoilt = access[:-6] + ("AAAAAA" if not access.endswith("AAAAAA") else "BBBBBB")
    sessions = with_tokens(bluesky_place.sessions, spoilt, refresh)
    network = bluesky_place.open(credential="wrong", sessions=sessions)
    publish(network, bluesky_place.task(bluesky_place.post(text_of_its_own())))
    assert sessions.saved == 1
    assert kept(sessions)[2] != spoilt


def test_a_session_that_has_ended_altogether_costs_a_login(bluesky_place: Place) -> None:
    bluesky_place.open().identify()
    _, _, access, refresh, _ = kept(bluesky_place.sessions)
    sessions = with_tokens(bluesky_place.sessions, access[:-6] + "AAAAAA", refresh[:-6] + "AAAAAA")
    assert isinstance(bluesky_place.open(sessions=sessions).identify(), Identity)
    assert sessions.saved == 1


def test_an_uploads_handle_is_the_blob_itself(bluesky_place: Place) -> None:
    task = bluesky_place.task(bluesky_place.post(text_of_its_own(), media=[picture()]))
    (upload,) = prepared(bluesky_place.open(), task).uploads
    blob = json.loads(upload.handle)
    assert blob["mimeType"] == "image/png"
    assert blob["ref"]["$link"].startswith("bafkrei")


def test_uploads_that_the_server_has_lost_are_made_again(bluesky_place: Place) -> None:
    network = bluesky_place.open()
    task = bluesky_place.task(bluesky_place.post(text_of_its_own(), media=[picture()]))
    lost = {"$type": "blob", "ref": {"$link": cid_of_blob(b"lost")}, "mimeType": "image/png", "size": 4}
    task = replace(task, uploads=(Upload(1, 1, json.dumps(lost)),))
    outcome = network.publish(prepared(network, task), ())
    assert isinstance(outcome, NotSent), outcome
    assert outcome.retry_after == 0.0
    (part,) = publish(network, task)
    assert bluesky_place.reader.read(part).alts == ("a red square",)


def test_a_session_that_the_library_would_renew_in_the_publishing_request_is_renewed_before(
    sandbox_bluesky: Place,
) -> None:
    sandbox, network = sandbox_bluesky.faults, sandbox_bluesky.open()
    rules, usual = sandbox.rules, sandbox.rules.access_seconds
    rules.access_seconds = 15 * 60 + 30
    ready = prepared(network, sandbox_bluesky.task(sandbox_bluesky.post(text_of_its_own())))
    rules.access_seconds = usual
    refresh = "/xrpc/com.atproto.server.refreshSession"
    assert not sandbox.requests(path=refresh)
    network.warm()
    network.warm()
    assert len(sandbox.requests(path=refresh)) == 1
    before = len(sandbox.requests())
    assert isinstance(network.publish(ready, ()), Published)
    assert len(sandbox.requests()) == before + 1


def test_an_expired_token_heals_in_the_middle_of_a_publication(sandbox_bluesky: Place) -> None:
    network = sandbox_bluesky.open()
    ready = prepared(network, sandbox_bluesky.task(sandbox_bluesky.post(text_of_its_own())))
    sandbox_bluesky.faults.faults.add(Fault(What.EXPIRED_TOKEN, "*putRecord"))
    assert isinstance(network.publish(ready, ()), Published)
    assert len(sandbox_bluesky.faults.requests("POST", "/xrpc/com.atproto.server.createSession")) == 1


def test_a_500_that_is_a_proxys_settles_nothing(sandbox_bluesky: Place) -> None:
    network = sandbox_bluesky.open()
    ready = prepared(network, sandbox_bluesky.task(sandbox_bluesky.post("One", "Two")))
    sandbox_bluesky.faults.faults.add(Fault(What.PROXY_ERROR, "*applyWrites", status=500))
    assert isinstance(network.publish(ready, ()), Unsure)
    assert isinstance(network.publish(ready, ()), Published)


@pytest.mark.parametrize("texts", [("One",), ("One", "Two")], ids=["post", "thread"])
def test_a_500_of_the_server_itself_is_settled_by_what_is_there(sandbox_bluesky: Place, texts: tuple[str, ...]) -> None:
    network = sandbox_bluesky.open()
    ready = prepared(network, sandbox_bluesky.task(sandbox_bluesky.post(*texts)))
    sandbox_bluesky.faults.faults.add(Fault(What.FAIL_AFTER, "*repo.*", method="POST"))
    outcome = network.publish(ready, ())
    assert isinstance(outcome, Published)
    assert len(outcome.parts) == len(texts)
    assert network.publish(ready, ()) == outcome


def test_a_password_is_asked_for_once_however_much_is_done(sandbox_bluesky: Place) -> None:
    network = sandbox_bluesky.open()
    for _ in range(3):
        publish(network, sandbox_bluesky.task(sandbox_bluesky.post(text_of_its_own())))
        network.warm()
    assert len(sandbox_bluesky.faults.requests("POST", "/xrpc/com.atproto.server.createSession")) == 1


def test_one_request_leaves_at_the_moment(sandbox_bluesky: Place) -> None:
    network = sandbox_bluesky.open()
    ready = prepared(network, sandbox_bluesky.task(sandbox_bluesky.post(text_of_its_own())))
    before = len(sandbox_bluesky.faults.requests())
    assert isinstance(network.publish(ready, ()), Published)
    assert len(sandbox_bluesky.faults.requests()) == before + 1


@pytest.mark.pds
def test_an_account_that_is_taken_down_is_not_read_as_not_published(pds: Pds) -> None:
    place = _member_of(pds, "taken.test")
    network = place.open()
    task = place.task(place.post(text_of_its_own()))
    publish(network, task)
    ready = prepared(network, place.task(place.post(text_of_its_own())))
    did = kept(place.sessions)[1]
    pds.take_down(did)
    (finding,) = network.find([task])
    assert isinstance(finding, CannotTell)
    for said in (network.identify(), network.publish(ready, ()), place.open(sessions=KeptSession()).identify()):
        assert isinstance(said, Refused)
        assert said.account
    pds.take_down(did, applied=False)
    assert isinstance(network.publish(ready, ()), Published)


@pytest.mark.pds
def test_tokens_that_have_run_out_while_nothing_was_due_are_renewed(pds: Pds) -> None:
    place = _member_of(pds, "waited.test")
    place.open().identify()
    _, did, _, refresh, _ = kept(place.sessions)
    ended = now() // 1_000_000 - 60
    claims = {"scope": "com.atproto.access", "aud": "did:web:localhost", "sub": did, "iat": ended - 60, "exp": ended}
    sessions = with_tokens(place.sessions, pds.token(claims, "at+jwt"), refresh)
    assert isinstance(place.open(credential="wrong", sessions=sessions).identify(), Identity)
    assert sessions.saved == 1


@pytest.mark.pds
def test_a_real_server_that_asks_to_slow_down_says_for_how_long(pds: Pds) -> None:
    place = _member_of(pds, "hasty.test")
    network = place.open()
    ready = prepared(network, place.task(place.post(text_of_its_own())))
    _, did, access, _, _ = kept(place.sessions)
    # More writes than an hour allows, all of them invalid: the points are counted first.
    write = {"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c", "value": {}}
    body = {"repo": did, "writes": [write] * 1667}
    headers = {"Authorization": f"Bearer {access}"}
    used_up = httpx.post(f"{pds.url}/xrpc/com.atproto.repo.applyWrites", json=body, headers=headers)
    assert used_up.status_code == 429
    outcome = network.publish(ready, ())
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after is not None
    assert 0 < outcome.retry_after <= 3600


def _member_of(pds: Pds, handle: str) -> Place:
    from fedisched.model.settings import Account
    from tests.networks.places import BlueskyReader

    member = pds.add_account(handle)
    reader = BlueskyReader(pds.url, lambda: member.did)
    return Place(Account("here", "bluesky", pds.url, member.handle), member.password, reader)
