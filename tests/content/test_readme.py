"""README's format reference has every key, each with an example that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fedisched.content.keys import KEYS
from fedisched.content.reader import read_post
from tests.content.conftest import SETTINGS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([a-z_]+)` \| (?:`([^`]+)`)? ?\|", re.MULTILINE)
ROWS = dict(_ROW.findall(README.partition("## The post file")[2].partition("### Long texts")[0]))
_BLOCKS = re.findall(
    r"```yaml\n(.*?)```", README.partition("## The post file")[2].partition("## Your own server")[0], re.S
)


def test_every_key_is_there() -> None:
    assert sorted(ROWS) == sorted(KEYS)
    assert [key for key, example in ROWS.items() if not example] == ["results"]


@pytest.mark.parametrize(("key", "example"), [(key, example) for key, example in ROWS.items() if example])
def test_each_example_can_be_read(key: str, example: str) -> None:
    _assert_readable(f"{key}: {example}\n")


@pytest.mark.parametrize("block", _BLOCKS)
def test_so_can_each_block(block: str) -> None:
    keys = re.findall(r"^(\w+):", block, re.MULTILINE)
    # Ways to say the same thing stand below each other.
    if len(set(keys)) == len(keys):
        _assert_readable(block)
        return
    for line in block.splitlines():
        _assert_readable(f"{line}\n")


def _assert_readable(front: str) -> None:
    front = front if front.startswith("time:") else f"time: 2026-12-01 09:00\n{front}"
    reading = read_post(f"---\n{front}---\nHello\n".encode(), "posts/a.md", SETTINGS)
    assert [problem for problem in reading.problems if problem.is_error] == []
