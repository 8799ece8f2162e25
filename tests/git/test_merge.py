"""Merging two versions of a post by their meaning: in git, with the driver that `init` installs, and as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedisched.git.command import Git
from fedisched.git.merge import merge_posts
from fedisched.model.post import Status
from fedisched.model.results import DROPPED, HELD, Result
from fedisched.model.said import Said, merged
from tests.cli.support import call
from tests.git.places import WORDING, Clone, environ, said

OUT = Result(key="3k1", url="https://example.social/1")
OTHER = Result(key="3k2", url="https://example.social/2")
STUCK = Result(key="3k1", error="time-out", attempts=2)
HELD_BACK = Result(key="3k1", state=HELD, error="unclear", attempts=1)
GONE = Result(key="3k1", dropped="2026-12-01T09:00:00+01:00")
NEVER = Said(Status.SCHEDULED)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "together"),
    [
        (NEVER, Said(Status.PUBLISHED, {"m": OUT}), NEVER, Said(Status.PUBLISHED, {"m": OUT})),
        (NEVER, NEVER, Said(Status.PUBLISHED, {"m": OUT}), Said(Status.PUBLISHED, {"m": OUT})),
        (
            NEVER,
            Said(Status.PUBLISHED, {"m": OUT}),
            Said(Status.PUBLISHED, {"b": OTHER}),
            Said(Status.PUBLISHED, {"m": OUT, "b": OTHER}),
        ),
        (NEVER, Said(Status.DRAFT), Said(Status.PUBLISHED, {"m": OUT}), Said(Status.PUBLISHED, {"m": OUT})),
        (Said(None), Said(Status.DRAFT), Said(Status.PUBLISHED, {"m": OUT}), Said(Status.PUBLISHED, {"m": OUT})),
        (
            NEVER,
            Said(Status.PUBLISHING, {"m": STUCK}),
            Said(Status.PUBLISHED, {"m": OUT}),
            Said(Status.PUBLISHED, {"m": OUT}),
        ),
        (
            Said(Status.HELD, {"m": HELD_BACK}),
            Said(Status.PUBLISHED, {"m": GONE}),
            Said(Status.HELD, {"m": HELD_BACK}),
            Said(Status.PUBLISHED, {"m": GONE}),
        ),
        (Said(Status.HELD, {"m": HELD_BACK}), Said(Status.SCHEDULED), Said(Status.HELD, {"m": HELD_BACK}), NEVER),
        (NEVER, Said(Status.HELD, {"m": HELD_BACK}), Said(Status.HELD, {"m": GONE}), Said(Status.HELD, {"m": GONE})),
        (
            Said(Status.PUBLISHED, {"m": OUT}),
            Said(Status.SCHEDULED),
            Said(Status.PUBLISHED, {"m": OUT, "b": OTHER}),
            Said(Status.SCHEDULED, {"b": OTHER}),
        ),
    ],
)
def test_of_what_both_sides_say_published_wins(base: Said, ours: Said, theirs: Said, together: Said) -> None:
    assert merged(base, ours, theirs) == together
    assert GONE.stands == DROPPED


def _post(body: str, said: Said = NEVER) -> bytes:
    text = f"---\ntime: 2026-12-01 09:00\nstatus: scheduled\n---\n{body}\n".encode()
    written = WORDING.write(text, said)
    assert written is not None
    return written


def merge(base: bytes, ours: bytes, theirs: bytes) -> tuple[str, bool]:
    data, conflict = merge_posts(Git(Path.cwd(), environ()), base, ours, theirs, WORDING)
    return data.decode(), conflict


def test_their_text_and_our_results() -> None:
    published = Said(Status.PUBLISHED, {"m": OUT})
    text, conflict = merge(_post("One\n\nTwo"), _post("One\n\nTwo", published), _post("One, better\n\nTwo"))
    assert not conflict and text.encode() == _post("One, better\n\nTwo", published)


def test_a_conflict_of_words_is_left_to_the_person_and_the_results_are_whole() -> None:
    published = Said(Status.PUBLISHED, {"m": OUT})
    text, conflict = merge(_post("One"), _post("Ours", published), _post("Theirs"))
    assert conflict and "<<<<<<< ours\nOurs\n=======\nTheirs\n>>>>>>> theirs\n" in text
    assert text.count("results:") == 1 and text.index("results:") < text.index("<<<<<<<")


def test_a_file_that_both_added() -> None:
    text, conflict = merge(b"", _post("Same", Said(Status.PUBLISHED, {"m": OUT})), _post("Same"))
    assert not conflict and text.encode() == _post("Same", Said(Status.PUBLISHED, {"m": OUT}))


def test_what_is_no_post_is_merged_as_any_text() -> None:
    assert merge(b"a\nb\nc\n", b"a\nb\nd\n", b"x\nb\nc\n") == ("x\nb\nd\n", False)


@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_git_calls_the_driver_that_init_installed(tmp_path: Path, how: str) -> None:
    clone = Clone(tmp_path / "clone")
    clone.top.mkdir()
    clone.git("init", "-q", "-b", "main")
    assert "merge.fedisched" in call("init", str(clone.top)).stdout
    clone.post("deep/a.md", "One\n\nTwo")
    clone.save("Begin")
    clone.git("switch", "-q", "-c", "mine")
    clone.post("deep/a.md", "One, better\n\nTwo", "time: 2026-12-01 10:00\nstatus: draft")
    clone.save("Mine")
    clone.git("switch", "-q", "main")
    clone.publish("deep/a.md")
    clone.commit_results()
    clone.git("switch", "-q", "mine")
    clone.git(how, "-q", "main")
    text = clone.path("deep/a.md").read_text()
    assert "One, better" in text and "10:00" in text and "status: published" in text and said(text)
    assert clone.is_clean()
