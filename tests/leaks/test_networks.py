"""Nothing leaks when a network misbehaves: each way to go wrong, on both, before the send and at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fedisched.networks import bluesky_session, mastodon
from fedisched.networks.mastodon_status import shown
from fedisched.networks.wire import Wire
from fedisched.publisher import publisher
from fedisched.sandbox import Fault, Sandbox, What
from fedisched.vault import binding
from tests.leaks.planted import TOKEN, VERBOSITIES, Planted

ECHOES = [
    *(Fault(What.ECHO, status=status) for status in (401, 200, 403, 422, 429, 500)),
    *(Fault(What.ECHO_HTML, status=status) for status in (200, 302, 500)),
]
REFUSING = [
    Fault(What.UNAUTHORIZED),
    Fault(What.FORBIDDEN),
    Fault(What.EXPIRED_TOKEN),
    Fault(What.RATE_LIMIT, seconds=60),
    Fault(What.REDIRECT),
    Fault(What.OK_HTML),
    *ECHOES,
]
UNCLEAR = [Fault(What.FAIL_AFTER), Fault(What.CUT_ANSWER), Fault(What.DROP_REQUEST), Fault(What.HANG)]
WHERE = {
    "opening": ("*",),
    "sending": ("/api/v1/statuses", "*.putRecord"),
    "uploading": ("/api/v2/media", "*.uploadBlob"),
    "renewing": ("*.refreshSession", "*.getSession", "*/verify_credentials"),
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


def name_of(fault: Fault) -> str:
    return f"{fault.what}-{fault.status}" if fault.status else str(fault.what)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mastodon, bluesky_session):
        monkeypatch.setattr(module, "Wire", lambda now: Wire(now, piece_within=0.3, answer_within=0.6))
    monkeypatch.setattr(publisher, "STAY_FOR_LOOK_UPS", 0)
    # Slow to guess is not what is tried here.
    monkeypatch.setattr(binding, "_COST", {"n": 2, "r": 8, "p": 1})


@pytest.fixture
def calm(sandbox: Sandbox) -> Iterator[Sandbox]:
    yield sandbox
    sandbox.faults.clear()


@pytest.mark.parametrize("fault", REFUSING, ids=name_of)
def test_nothing_leaks_when_a_server_refuses_to_let_us_in(
    calm: Sandbox, tmp_path: Path, tokens: list[str], fault: Fault
) -> None:
    planted = Planted(tmp_path / "at-once", calm.url)
    strike(calm, fault, WHERE["opening"], times=None)
    publish(planted, tokens)


@pytest.mark.parametrize(
    ("where", "faults"),
    [
        ("sending", UNCLEAR + ECHOES[1:]),
        ("uploading", [Fault(What.CUT_ANSWER), ECHOES[3], ECHOES[-1]]),
        ("renewing", [ECHOES[0], ECHOES[1]]),
    ],
    ids=["sending", "uploading", "renewing"],
)
def test_nothing_leaks_when_a_server_turns_on_us_later(
    calm: Sandbox, tmp_path: Path, tokens: list[str], where: str, faults: list[Fault]
) -> None:
    for number, fault in enumerate(faults):
        tokens.clear()
        planted = Planted(tmp_path / f"{number}", calm.url, in_vault=bool(number % 2))
        if where == "renewing":
            # There is a session, and it is over.
            planted.post("before.md")
            planted.run("publish")
            strike(calm, Fault(What.EXPIRED_TOKEN), ("*.getSession",), times=1)
        strike(calm, fault, WHERE[where], times=1)
        publish(planted, tokens)
        calm.faults.clear()


@pytest.mark.parametrize("verbosity", VERBOSITIES, ids=lambda words: "".join(words) or "as it is")
def test_nothing_leaks_however_much_is_said(
    calm: Sandbox, tmp_path: Path, tokens: list[str], verbosity: tuple[str, ...]
) -> None:
    strike(calm, Fault(What.ECHO, status=422), WHERE["sending"], times=1)
    publish(Planted(tmp_path, calm.url), tokens, verbosity)


def test_nothing_leaks_into_a_repository_or_a_job_of_github(calm: Sandbox, tmp_path: Path, tokens: list[str]) -> None:
    planted = Planted(tmp_path, calm.url, repository=True)
    planted.environ |= {
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTIONS": "true",
    }
    strike(calm, Fault(What.ECHO, status=422), WHERE["sending"], times=2)
    for name in ("a.md", "b.md"):
        planted.post(name)
    planted.tokens = tokens
    planted.run("publish", "--format", "github", "-vv")
    planted.run("queue", "-v")
    planted.run("queue", "--json")
    log = planted.run("publish", "--now", "posts/b.md").output
    assert planted.leaks() == [], log
    assert b"[hidden]" in b"".join(planted.said), "the server did echo them"


def test_a_status_that_carries_a_secret_in_its_address_takes_none_into_the_file() -> None:
    from fedisched.model.secret import keep_secret

    keep_secret(TOKEN)
    status = {"id": "1", "content": "<p>x</p>", "url": f"https://evil.example/?{TOKEN}"}
    read = shown(status)
    assert read is not None and read.url == "https://evil.example/?[hidden]"
    assert shown({**status, "id": TOKEN}) is None


def strike(sandbox: Sandbox, fault: Fault, paths: tuple[str, ...], times: int | None) -> None:
    for path in paths:
        sandbox.faults.add(Fault(fault.what, path, seconds=fault.seconds, status=fault.status, times=times))


def publish(planted: Planted, tokens: list[str], verbosity: tuple[str, ...] = ("-vv",)) -> None:
    planted.tokens = tokens
    (planted.folder / "posts" / "p.png").write_bytes(PIXEL)
    planted.post("a.md", body="Hello!\n\n![A pixel](p.png)")
    done = planted.run("publish", *verbosity)
    planted.run("queue", "-v")
    assert done.exit_code in (0, 1, 75), done.output
    assert planted.leaks() == [], done.output
