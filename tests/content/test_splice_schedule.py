"""`publish --now` writes this moment into a draft, and nothing else."""

from __future__ import annotations

import pytest

from fedisched.content.splice import splice_schedule
from fedisched.model.errors import CannotSplice
from fedisched.model.post import Status

MOMENT = "2026-12-01T09:00:00+01:00"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: draft\n", f"time: {MOMENT}\nstatus: scheduled\n"),
        ("title: x\n", f"title: x\ntime: {MOMENT}\nstatus: scheduled\n"),
        (
            "# mine\ntime: 2030-01-01 09:00  # later\nstatus: 'draft'\n",
            f"# mine\ntime: {MOMENT}  # later\nstatus: 'scheduled'\n",
        ),
        ('time: "2030-01-01 09:00"\nresults: {}\n', f'time: "{MOMENT}"\nstatus: scheduled\nresults: {{}}\n'),
        ("{status: draft, x-a: [1, 2]}\n", f"{{status: scheduled, x-a: [1, 2], time: {MOMENT}}}\n"),
        ("", f"time: {MOMENT}\nstatus: scheduled\n"),
    ],
)
def test_time_and_status_are_set_and_the_rest_stays(old: str, new: str) -> None:
    found = splice_schedule(f"---\n{old}---\nbody\n".encode(), MOMENT, Status.SCHEDULED)
    assert found.decode() == f"---\n{new}---\nbody\n"


def test_the_time_alone_can_be_set() -> None:
    found = splice_schedule(b"---\r\ntime: 2030-01-01 09:00\r\nx-a: 1\r\n---\r\nbody", MOMENT, None)
    assert found == f"---\r\ntime: {MOMENT}\r\nx-a: 1\r\n---\r\nbody".encode()


def test_a_time_that_is_no_single_word_is_refused_with_what_to_write() -> None:
    with pytest.raises(CannotSplice, match="Write by hand") as refused:
        splice_schedule(b"---\ntime: [2030, 2031]\n---\nbody\n", MOMENT, Status.SCHEDULED)
    assert f"`time: {MOMENT}`" in refused.value.hint
