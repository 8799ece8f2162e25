"""Characters that nobody sees in what is published."""

from __future__ import annotations

import pytest

from fedisched.content.glance import glance
from fedisched.content.reader import read_post
from tests.content.conftest import SETTINGS

RLO, PDF, RLI, FSI, PDI, LRE = "\u202e", "\u202c", "\u2067", "\u2068", "\u2069", "\u202a"


def found(front: str, body: str = "Hello\n") -> list[tuple[str, str, int, int]]:
    data = f"---\n{front}---\n{body}".encode()
    problems = read_post(data, "posts/a.md", SETTINGS).problems
    first = next((problem for problem in problems if problem.is_error), None)
    entry = glance(data, "posts/a.md", SETTINGS).problem
    assert entry == first or front
    return [(problem.code, problem.severity, problem.line, problem.column) for problem in problems]


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x0b", "\x0c", "\x7f", "\x85", "\x9b"])
def test_a_control_character_in_the_text_is_an_error_at_its_place(character: str) -> None:
    assert found("", f"Hello\n\nWor{character}ld\n") == [("control-character", "error", 5, 4)]


def test_tabs_and_line_breaks_are_none() -> None:
    assert found("", "a\tb\r\n\r\nc\n") == []


@pytest.mark.parametrize(
    ("front", "line", "column"),
    [
        ('cw: "a\\ab"\n', 2, 7),
        ('poll: [Tea, "Cof\\x1bfee"]\n', 2, 17),
        ('media: [{file: a.png, alt: "A\\0cat"}]\n', 2, 30),
        ('override:\n  mastodon:\n    text: "one\n      two\\e"\n', 5, 10),
    ],
)
def test_so_is_one_that_is_written_as_an_escape(front: str, line: int, column: int) -> None:
    assert found(front) == [("control-character", "error", line, column)]


@pytest.mark.parametrize(
    ("front", "body", "place"),
    [
        ("", f"one\ntwo {RLO}three\nfour\n", (4, 5)),
        ("", f"{RLI}one {LRE}two{PDF}\n", (3, 1)),
        ("", f"{RLO}one {RLI}two{PDF}{PDI}\n", (3, 1)),
        (f"cw: a{RLO}b\n", "x\n", (2, 6)),
        (f"poll: [Tea, 'Cof{FSI}fee']\n", "x\n", (2, 17)),
        (f"media: [{{file: a.png, alt: A {RLO}cat}}]\n", "x\n", (2, 30)),
        ("", f"![A {RLO}cat](a.png)\n", (3, 5)),
        (f"override:\n  mastodon:\n    text: >\n      one\n      t{LRE}wo\n", "x\n", (6, 8)),
    ],
)
def test_a_change_of_direction_without_an_end_is_a_warning(front: str, body: str, place: tuple[int, int]) -> None:
    assert found(front, body) == [("direction", "warning", *place)]


def test_it_names_the_character_and_what_ends_it() -> None:
    (problem,) = read_post(f"---\n---\n{RLI}a\n".encode(), "posts/a.md", SETTINGS).problems
    assert "U+2067 (RIGHT-TO-LEFT ISOLATE)" in problem.message
    assert "U+2069 (POP DIRECTIONAL ISOLATE)" in problem.hint


@pytest.mark.parametrize(
    "body",
    [
        "مرحبا بالعالم, and שלום\n",
        "\u200fשלום\u200e!\n",
        "👨‍👩‍👧‍👧 👩🏽‍🚀 🏳️‍🌈 \u200b\u2060\u00ad\n",
        f"{RLI}אב{PDI} and {RLO}ab{PDF}, {LRE}{RLI}x{PDI}{PDF}\n",
        f"{RLI}a {LRE}b{PDI}\n",
        f"{PDF}{PDI}\n",
    ],
)
def test_ordinary_text_of_any_script_is_fine(body: str) -> None:
    assert found(f'cw: "{body.strip()}"\n', body) == []
