"""The workflow that publishes, run as GitHub's runner runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fedisched.cli.workflows import PUBLISH
from fedisched.sandbox import Fault, What
from tests.actions.hub import FOLDER, Hub, git
from tests.actions.runner import Finished, Runner
from tests.daemon.service import PATIENT

HOSTILE = "::error::forged\n$(touch x) `touch x` ${{ github.token }}\n##[error]forged\n</pre> | forged |"
NAME = 'it\'s "a" $(touch x) fïle.md'


def run(hub: Hub, runner: Runner | None = None, **options: object) -> Finished:
    at_work = runner or hub.runner()
    return at_work.run(at_work.workspace / PUBLISH, **options)  # type: ignore[arg-type]


def test_what_is_due_is_published_and_its_results_are_pushed(hub: Hub) -> None:
    hub.served.post(NAME, body=HOSTILE)
    hub.push()
    runner = hub.runner("push", installs=True)
    finished = run(hub, runner)
    assert finished.code == 0, finished.log
    assert [len(texts) for texts in hub.served.texts()] == [1, 1] and "::error::forged" in hub.served.texts()[1][0]
    said = hub.file(f"posts/{NAME}")
    assert "status: published" in said and said.count("url: http") == 2 and HOSTILE in said
    # Where the look at the results falls between two of them, the last commit has only the second.
    subject = git(hub.bare, "log", "-1", "--format=%an %s", "main").strip()
    assert subject.startswith(f"github-actions[bot] published: posts/{NAME} → ") and subject.endswith(("don", "sky"))
    assert git(hub.bare, "show", "--name-only", "--format=", "-z", "main").strip("\0") == f"{FOLDER}/posts/{NAME}"
    assert not finished.commands, "no words of a post became a command"
    assert "sandbox-token" not in runner.seen, "pip has no use for credentials"
    assert "https" not in finished.summary and finished.summary.count("[http") == 2
    assert "<code>posts&#47;it&#39;s &#34;a&#34;" in finished.summary
    assert not list(runner.workspace.rglob("x"))
    assert git(runner.workspace, "status", "--porcelain") == "?? .fedisched-source/\n"


def test_when_nothing_is_due_no_server_is_asked(hub: Hub) -> None:
    hub.served.post("later.md", 7 * 24 * 3600)
    hub.push()
    before = git(hub.bare, "rev-parse", "main")
    runner = hub.runner()
    finished = run(hub, runner)
    assert finished.code == 0, finished.log
    assert finished.summary == "Nothing was due.\n" and not finished.commands
    assert "a-token" not in runner.seen, "the right to push is git's alone"
    assert "FEDISCHED_MASTODON_TOKEN=" in runner.seen
    assert not hub.served.sandbox.requests()
    assert git(hub.bare, "rev-parse", "main") == before


def test_a_push_that_is_rejected_is_made_again_and_no_result_is_lost(hub: Hub) -> None:
    path = hub.served.post("a.md")
    hub.push()
    runner = hub.runner()
    # Just when the results arrive, somebody else pushes: another file, and a line in the very post.
    path.write_text(path.read_text().replace("Hello!", "Hello! Edited."))
    hub.served.post("other.md", 7 * 24 * 3600)
    git(hub.person, "add", "-A")
    git(hub.person, "commit", "-q", "-m", "in between")
    _once(hub, f"git -C '{hub.person}' push -q origin HEAD:main")
    finished = run(hub, runner)
    assert finished.code == 0, finished.log
    said = hub.file("posts/a.md")
    assert "status: published" in said and said.count("url: http") == 2 and "Hello! Edited." in said
    assert "status" not in hub.file("posts/other.md")
    assert [len(texts) for texts in hub.served.texts()] == [1, 1]
    assert git(hub.bare, "log", "--format=%s", "main").splitlines()[:2] == [
        "published: posts/a.md → mastodon, bluesky",
        "in between",
    ]


def test_what_is_pushed_while_it_waits_is_on_time_and_results_do_not_wait(hub: Hub) -> None:
    hub.served.post("first.md", body="First", targets="mastodon")
    # The run ends after this one: on a busy machine too, the third has to be there by then.
    hub.served.post("second.md", 30, body="Second", targets="mastodon")
    hub.push()
    runner = hub.runner()
    runner.environ["LOOK_EVERY"] = "0.5"
    # Just when the first result arrives, somebody else has changed that post: the publisher at work writes it again.
    other = hub.top / "other"
    git(hub.top, "clone", "-q", str(hub.bare), str(other))
    first = other / FOLDER / "posts" / "first.md"
    first.write_text(first.read_text().replace("First", "First, edited"))
    git(other, "commit", "-q", "-a", "-m", "edit")
    mark = _once(hub, f"git -C '{other}' push -q origin HEAD:main")

    def meanwhile() -> None:
        wait = 'until [ -e "$1" ]; do sleep 0.1; done'
        subprocess.run(["timeout", "60", "sh", "-c", wait, "sh", str(mark)], check=True)
        hub.served.post("third.md", 9, body="Third", targets="mastodon")
        hub.push()

    finished = run(hub, runner, meanwhile=meanwhile)
    assert finished.code == 0, finished.log
    assert sorted(hub.served.texts()[0]) == ["First", "Second", "Third"]
    for name in ("first", "second", "third"):
        assert "status: published" in hub.file(f"posts/{name}.md")
    subjects = git(hub.bare, "log", "--format=%s", "main").splitlines()
    assert "First, edited" in hub.file("posts/first.md")
    assert "published: posts/first.md → mastodon" in subjects[1:], "the first result was there before the last"


def test_a_refused_post_fails_the_job_with_its_reason_after_the_others_results(hub: Hub) -> None:
    hub.served.sandbox.faults.add(Fault(What.PROXY_ERROR, "/api/v1/statuses", times=None, status=422))
    hub.served.post("a.md")
    hub.push()
    finished = run(hub)
    assert finished.code == 1
    (error,) = finished.annotated("error")
    assert error.properties["file"] == f"{FOLDER}/posts/a.md" and error.properties["title"] == "mastodon: failed"
    assert "Then type: fedisched retry posts/a.md" in error.data
    assert "status: failed" in hub.file("posts/a.md") and "| ❌ |" in finished.summary
    # The next on schedule says it again, but does not fail again; by hand it does.
    again = run(hub)
    assert again.code == 0, again.log
    assert not again.annotated("error") and len(again.annotated("warning")) == 1
    # Of what comes anew it does; and by hand of all.
    hub.served.post("b.md", None, tme="2026-12-01 09:00")
    hub.push()
    finished = run(hub)
    assert finished.code == 1
    assert [error.properties["title"] for error in finished.annotated("error")] == ["broken"]
    assert run(hub, hub.runner("workflow_dispatch")).code == 1
    assert git(hub.bare, "branch", "--list").split() == ["*", "main"]


def test_results_that_cannot_be_pushed_fail_the_job_and_stand_in_its_log(hub: Hub) -> None:
    hub.served.post("a.md", targets="mastodon")
    hub.push()
    hook = hub.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho ::error::forged; exit 1\n")
    hook.chmod(0o755)
    finished = run(hub)
    assert finished.code == 1
    (error,) = finished.annotated("error")
    assert error.properties["title"] == "Results not pushed"
    assert "+status: published" in finished.log and "remote: ::error::forged" in finished.log
    hook.unlink()
    assert run(hub).code == 0
    assert "status: published" in hub.file("posts/a.md") and len(hub.served.texts()[0]) == 1


def test_by_hand_one_post_is_published_now(hub: Hub) -> None:
    hub.served.post(NAME, 7 * 24 * 3600, body="Now!", targets="mastodon")
    hub.served.post("other.md", 7 * 24 * 3600, targets="mastodon")
    hub.push()
    runner = hub.runner("workflow_dispatch")
    runner.inputs = {"paths": f"posts/{NAME}", "now": True}
    finished = run(hub, runner)
    assert finished.code == 0, finished.log
    assert hub.served.texts()[0] == ["Now!"] and not list(runner.workspace.rglob("x"))


def test_a_push_to_another_branch_or_a_tag_publishes_nothing(hub: Hub) -> None:
    hub.served.post("a.md")
    hub.push()
    runner = hub.runner("workflow_dispatch")
    git(runner.workspace, "checkout", "-q", "--detach")
    finished = run(hub, runner)
    assert finished.code == 1 and finished.annotated("error")[0].properties["title"] == "No branch"
    assert not hub.served.sandbox.requests()


def test_cancelled_it_sends_nothing_more_and_brings_the_results_home(hub: Hub) -> None:
    hub.served.post("first.md", body="First", targets="mastodon")
    hub.served.post("second.md", 600, body="Second", targets="mastodon")
    hub.push()
    runner = hub.runner()

    def cancel() -> None:
        assert hub.served.sandbox.wait_until(lambda: hub.served.texts()[0] == ["First"], PATIENT)
        runner.cancel()

    finished = run(hub, runner, meanwhile=cancel)
    assert finished.code == 130, finished.log
    assert "status: published" in hub.file("posts/first.md") and "status" not in hub.file("posts/second.md")
    assert hub.served.texts()[0] == ["First"]


def _once(hub: Hub, command: str) -> Path:
    """Have the hub's repository run a command when it is pushed to the next time, before it takes the push. Gives the
    file that is there from then on."""
    hook = hub.bare / "hooks" / "pre-receive"
    mark = hub.top / "was-here"
    quiet = "env -u GIT_DIR -u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES"
    script = Path(hub.top / "once.sh")
    script.write_text(f"{command}\n")
    hook.write_text(
        f"#!/bin/sh\n[ -e '{mark}.begun' ] && exit 0\ntouch '{mark}.begun'\n"
        f"{quiet} sh '{script}' >/dev/null 2>&1\ntouch '{mark}'\n"
    )
    hook.chmod(0o755)
    return mark


def test_with_claims_the_publisher_may_push_them(hub: Hub) -> None:
    config = hub.served.folder / "fedisched.toml"
    config.write_text(f'{config.read_text()}\n[git]\nremote = "origin"\nclaim = true\n')
    for name in ("a.md", "b.md"):
        hub.served.post(name)
        hub.push(name)
        runner = hub.runner()
        workflow = runner.workspace / PUBLISH
        text = workflow.read_text()
        workflow.write_text(text.replace("          wait: ", '          claim: "true"\n          wait: ', 1))
        assert text != workflow.read_text()
        finished = run(hub, runner)
        assert finished.code == 0, finished.log
        assert "status: published" in hub.file(f"posts/{name}")
        assert "AUTHORIZATION: basic" in runner.seen
    assert [len(texts) for texts in hub.served.texts()] == [2, 2]
    # Those of the first run are cleared away by the second.
    assert len(git(hub.bare, "for-each-ref", "refs/fedisched/claims").splitlines()) == 2
